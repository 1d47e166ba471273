"""What a player gets: its container as rendered, its cluster, and the ways out of the pod.

A player is told nothing that the real script could not know: environment, arguments, mounted files, the API,
the network. It fails by raising `ContainerFailed` with the script's own words.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bevel_tui.kube.client import ApiError
from bevel_tui.reachability.dialer import Dialer
from bevel_tui.sandbox.workloads.view import Object
from bevel_tui.sandbox.world import Site, World


class ContainerFailed(Exception):  # noqa: N818 - what happened, in the words of the vocabulary
    """The container ends with `exit_code` after writing `message` (which may have several lines)."""

    def __init__(self, exit_code: int, message: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.message = message


@dataclass(frozen=True, slots=True)
class PodContext:
    """One run of one container. `files` are the mounted ConfigMaps and Secrets by path; `args` is command and
    arguments as one text; `groups` what the workload's name gave (``release``)."""

    world: World
    site: Site
    pod: Object
    container: str
    workload: str
    groups: Mapping[str, str]
    env: Mapping[str, str]
    args: str
    files: Mapping[str, bytes]
    log: Callable[[str], None]
    #: hands what was logged to the log at once, for those who never end
    flush: Callable[[], Awaitable[None]] | None = None

    @property
    def namespace(self) -> str:
        """The pod's namespace."""
        return str(self.pod["metadata"]["namespace"])

    @property
    def release(self) -> str:
        """The Helm release, from the workload's name or its labels."""
        labels = self.pod["metadata"].get("labels") or {}
        for key in ("app.kubernetes.io/release", "app.kubernetes.io/instance", "app"):
            if key in labels and "release" not in self.groups:
                return str(labels[key])
        return self.groups.get("release", "")

    @property
    def account(self) -> str:
        """The pod's ServiceAccount."""
        return str(self.pod["spec"].get("serviceAccountName", "default"))

    def text(self, path: str) -> str:
        """A mounted file as text, empty when it is not mounted."""
        return self.files.get(path, b"").decode(errors="replace")

    def fail(self, message: str, exit_code: int = 1) -> ContainerFailed:
        """The error to raise."""
        return ContainerFailed(exit_code, message)

    async def tell(self, text: str) -> None:
        """Log, for all to see now."""
        for line in text.splitlines():
            self.log(line)
        if self.flush is not None:
            await self.flush()

    # ------------------------------------------------------------ the API, as the script's kubectl uses it

    async def read(self, kind: str, name: str) -> dict[str, bytes] | None:
        """The data of a ConfigMap or Secret of the pod's namespace; None when it is not there."""
        from bevel_tui.records.steps import ObjectRef

        found = await self.site.client.get(ObjectRef("v1", kind, name, self.namespace))
        if found is None:
            self.log(f'Error from server (NotFound): {kind.lower()}s "{name}" not found')
            return None
        data = found.get("data") or {}
        if kind == "Secret":
            return {key: base64.b64decode(value) for key, value in data.items()}
        return {key: str(value).encode() for key, value in data.items()}

    async def write(
        self,
        kind: str,
        name: str,
        data: Mapping[str, str | bytes],
        secret_type: str = "Opaque",  # noqa: S107
    ) -> bool:
        """kubectl create; False when it exists already."""
        raw = {key: value.encode() if isinstance(value, str) else value for key, value in data.items()}
        body: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": kind,
            "metadata": {"name": name, "namespace": self.namespace},
        }
        if kind == "Secret":
            body |= {"type": secret_type, "data": {k: base64.b64encode(v).decode() for k, v in raw.items()}}
        else:
            body["data"] = {key: value.decode() for key, value in raw.items()}
        try:
            made = await self.site.client.create(body)
        except ApiError as error:
            if error.status == 409:
                self.log(f'error: failed to create {kind.lower()}: {kind.lower()}s "{name}" already exists')
                return False
            raise self.fail(f"error: failed to create {kind.lower()}: {error.message}") from None
        self.site.view.put(made)
        self.log(f"{kind.lower()}/{name} created")
        return True

    async def replace(self, name: str, data: Mapping[str, str]) -> None:
        """kubectl create configmap --dry-run | kubectl replace: labels and other keys of the old object are lost."""
        from bevel_tui.records.steps import ObjectRef

        body: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": self.namespace},
            "data": dict(data),
        }
        ref = ObjectRef("v1", "ConfigMap", name, self.namespace)
        for _ in range(5):
            old = await self.site.client.get(ref)
            if old is None:
                raise self.fail(f'Error from server (NotFound): configmaps "{name}" not found')
            # kubectl replace keeps what the object's owner wrote beside the data only if it is sent again: it is not
            body["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
            try:
                self.site.view.put(await self.site.client.replace(body))
            except ApiError as error:
                if error.status == 409:
                    continue
                raise self.fail(f"Error from server: {error.message}") from None
            self.log(f"configmap/{name} replaced")
            return
        raise self.fail(f"Error from server (Conflict): configmaps {name!r} kept changing")

    async def merge(self, kind: str, name: str, data: Mapping[str, bytes]) -> None:
        """kubectl patch secret -p: the keys given are set, others stay."""
        from bevel_tui.records.steps import ObjectRef

        body = {"data": {key: base64.b64encode(value).decode() for key, value in data.items()}}
        try:
            self.site.view.put(await self.site.client.patch(ObjectRef("v1", kind, name, self.namespace), body))
        except ApiError as error:
            self.log(f"Error from server ({error.reason}): {error.message}")
            return
        self.log(f"{kind.lower()}/{name} patched")

    async def remove(self, kind: str, name: str) -> bool:
        """kubectl delete; False when it was not there."""
        from bevel_tui.records.steps import ObjectRef

        gone = await self.site.client.delete(ObjectRef("v1", kind, name, self.namespace))
        self.log(
            f'{kind.lower()} "{name}" deleted'
            if gone
            else f'Error from server (NotFound): {kind.lower()}s "{name}" not found'
        )
        return gone

    # ------------------------------------------------------------ the network

    async def tls(self, host: str, port: int, trust: bytes, *, purpose: str) -> bytes:
        """Open TLS to ``host:port`` as the pod would, verified by the PEM in `trust`; the server's certificate (PEM).

        In-cluster names lead to Services, all others through the DNS server and a gateway. Raises
        ContainerFailed with `purpose` and the words of Go's resolver, dialer or TLS.
        """
        from bevel_tui.sandbox.components import Unreachable, in_cluster

        where = f"{host}:{port}"
        try:
            backend = in_cluster(self.world, self.site, host, port)
            if backend is not None:
                problem = backend.verify(host, trust)
                if problem:
                    raise self.fail(f"{purpose}: {problem}")
                return backend.certificate or b""
            addresses = self.world.names.addresses(host)
            if not addresses:
                raise self.fail(f"{purpose}: dial tcp: lookup {host}: no such host")
            return await self._outside(addresses[0], host, port, trust)
        except Unreachable as error:
            raise self.fail(f"{purpose}: dial tcp {where}: {error}") from None
        except ssl.SSLCertVerificationError as error:
            raise self.fail(f"{purpose}: tls: failed to verify certificate: x509: {_go_words(error, host)}") from None
        except (OSError, TimeoutError) as error:
            words = "connect: connection refused"
            if isinstance(error, TimeoutError):
                words = "i/o timeout"
            elif isinstance(error, ConnectionResetError):
                words = "read: connection reset by peer"
            elif isinstance(error, ssl.SSLError):
                words = "EOF"
            raise self.fail(f"{purpose}: dial tcp {where}: {words}") from None

    async def _outside(self, address: str, host: str, port: int, trust: bytes) -> bytes:
        context = ssl.create_default_context(cadata=trust.decode())
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        dialer = Dialer(routes=self.world.dial)
        if f"{address}:{port}" not in self.world.dial:
            raise ConnectionRefusedError(address)
        _, writer = await dialer.open(address, port, tls=context, server_name=host, timeout=10.0)
        tls = writer.get_extra_info("ssl_object")
        writer.close()
        return ssl.DER_cert_to_PEM_cert(tls.getpeercert(binary_form=True)).encode()


def _go_words(error: ssl.SSLCertVerificationError, host: str) -> str:
    if "Hostname mismatch" in str(error) or error.verify_code == 62:
        return f"certificate is not valid for any names, but wanted to match {host}"
    return "certificate signed by unknown authority"
