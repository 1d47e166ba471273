"""What a watch does not bring: last log lines of failing containers, Helm's last words, public facts of certificates,
Vault's health. Each is read when something says that it is worth reading, and once for the same state."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping
from typing import Any

from bevel_tui.diagnosis.evidence import containers, name, namespace
from bevel_tui.kube.client import ApiError, KubeClient
from bevel_tui.records.snapshot import CertificateFacts, ClusterSnapshot, Object, ReleaseState, VaultHealth
from bevel_tui.records.steps import ObjectRef

LINES = 20
_AT_ONCE = 6
_PREFIX = "sh.helm.release.v1."


class Logs:
    """Last lines of containers that ended badly, once per restart; what pods that are gone wrote is kept for a while."""

    def __init__(self) -> None:
        self.lines: dict[str, tuple[str, ...]] = {}
        #: uid, container, restarts, and how it was: running and unready, ended, or started again since
        self._read: set[tuple[str, str, int, str]] = set()
        self._limit = asyncio.Semaphore(_AT_ONCE)

    def wanted(self, pods: tuple[Object, ...]) -> list[tuple[Object, str, bool]]:
        """(pod, container, previous run) of logs that are news."""
        found = []
        for pod in pods:
            for container, entry in containers(pod):
                state, last = entry.get("state") or {}, entry.get("lastState") or {}
                ended = state.get("terminated") or last.get("terminated") or {}
                unready = "running" in state and not entry.get("ready") and _old(pod)
                if not ended.get("exitCode") and not unready:
                    continue
                previous = bool(ended.get("exitCode")) and not state.get("terminated")
                how = "before" if previous else "ended" if ended.get("exitCode") else "running"
                key = (str(pod["metadata"].get("uid")), container, int(entry.get("restartCount") or 0), how)
                if key not in self._read:
                    self._read.add(key)
                    found.append((pod, container, previous))
        return found

    async def read(self, client: KubeClient, wanted: list[tuple[Object, str, bool]]) -> bool:
        """Read them; True when there is something new. A log is evidence, not a condition: no failure leaves here."""

        async def one(pod: Object, container: str, previous: bool) -> bool:
            async with self._limit:
                try:
                    where = str(namespace(pod))
                    lines = await client.logs(where, name(pod), container, previous=previous, tail=LINES)
                except ApiError:
                    return False
            if lines:
                self.lines[f"{namespace(pod)}/{name(pod)}/{container}"] = lines
            return bool(lines)

        return any(await asyncio.gather(*(one(*each) for each in wanted)))


def _old(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c.get("type") == "Ready" and c.get("status") == "False" for c in conditions)


def releases(secrets: tuple[Object, ...], words: Mapping[str, str], label: str) -> tuple[ReleaseState, ...]:
    """The newest revision of every release, from the labels of Helm's Secrets. `words` are descriptions by Secret's
    ``namespace/name``; `label` is the label that names a network."""
    best: dict[tuple[str, str], ReleaseState] = {}
    for secret in secrets:
        meta = secret["metadata"]
        labels = meta.get("labels") or {}
        if not str(meta["name"]).startswith(_PREFIX) or labels.get("owner") != "helm" or "name" not in labels:
            continue
        revision = int(labels.get("version") or 0)
        key = (str(meta.get("namespace")), str(labels["name"]))
        if key in best and best[key].revision >= revision:
            continue
        stamp = str(labels.get("modifiedAt") or labels.get("createdAt") or "")
        best[key] = ReleaseState(
            *key,
            revision=revision,
            status=str(labels.get("status") or "unknown"),
            modified=float(stamp) if stamp.isdigit() else None,
            network=labels.get(label),
            description=words.get(f"{key[0]}/{meta['name']}", ""),
        )
    return tuple(best[key] for key in sorted(best))


async def helms_words(client: KubeClient, where: str, secret: str) -> str:
    """Helm's description of one revision ("Release "x" failed: ..."); the record's values are not kept."""
    from bevel_tui.helm.releases import decode

    try:
        found = await client.get(ObjectRef("v1", "Secret", secret, where))
        return decode(found).description if found else ""
    except (ApiError, ValueError):
        return ""


def served(snapshot: ClusterSnapshot) -> dict[str, tuple[str, str]]:
    """(namespace, name) of the Secrets whose certificates routes show, by what changes when such a Secret does."""
    named = [
        (route, str(entry["secretName"]))
        for route in snapshot.of("Ingress")
        for entry in (route.get("spec") or {}).get("tls") or ()
        if entry.get("secretName")
    ]
    for route in snapshot.of("Host"):
        if secret := ((route.get("spec") or {}).get("tlsSecret") or {}).get("name"):
            named.append((route, str(secret)))
    wanted = {}
    for route, secret in named:
        place = str(route["metadata"].get("namespace"))
        if (found := snapshot.find("Secret", place, secret)) is not None:
            wanted[f"{place}/{secret}@{found['metadata'].get('resourceVersion')}"] = (place, secret)
    return wanted


async def certificates(client: KubeClient, where: str, secret: str) -> tuple[CertificateFacts, ...]:
    """Public facts of the certificates in a Secret that a route names; its keys are not looked at."""
    try:
        found = await client.get(ObjectRef("v1", "Secret", secret, where))
    except ApiError:
        return ()
    facts = []
    for key in ("tls.crt", "cert.pem", "server.crt"):
        try:
            text = base64.b64decode(((found or {}).get("data") or {}).get(key) or "")
            if text:
                facts.append(await asyncio.to_thread(_facts, where, secret, key, text))
        except (binascii.Error, ValueError):
            continue
    return tuple(facts)


def _facts(where: str, secret: str, key: str, pem: bytes) -> CertificateFacts:
    """Raises ValueError."""
    from cryptography import x509

    found = x509.load_pem_x509_certificate(pem)
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        listed = tuple(map(str, (*names.get_values_for_type(x509.DNSName), *names.get_values_for_type(x509.IPAddress))))
    except x509.ExtensionNotFound:
        listed = ()
    return CertificateFacts(
        where,
        "Secret",
        secret,
        key,
        found.not_valid_after_utc.timestamp(),
        listed,
        found.subject.rfc4514_string(),
        found.issuer.rfc4514_string(),
    )


def vault_addresses(pods: tuple[Object, ...]) -> dict[str, set[str]]:
    """Vaults that pods are told of: address -> namespaces."""
    found: dict[str, set[str]] = {}
    for pod in pods:
        spec = pod.get("spec") or {}
        for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
            for variable in container.get("env") or ():
                value = str(variable.get("value") or "")
                if value.startswith(("http://", "https://")):
                    found.setdefault(value.rstrip("/"), set()).add(str(namespace(pod)))
    return found


#: what the status codes of /v1/sys/health say [Vault: api-docs, system/health]
_HEALTH: dict[int, Any] = {
    200: "ok",
    429: "standby",
    472: "standby",
    473: "standby",
    501: "uninitialised",
    503: "sealed",
}


async def vault_health(address: str, namespaces: set[str], seconds: float = 5.0) -> VaultHealth:
    """Ask a Vault how it is, without a token. TLS is verified by this machine's trust store."""
    import aiohttp

    named = tuple(sorted(namespaces))
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds), trust_env=True) as session,
            session.get(f"{address}/v1/sys/health", allow_redirects=False) as response,
        ):
            state = _HEALTH.get(response.status, "strange")
            return VaultHealth(address, state, f"HTTP {response.status}", named)
    except aiohttp.ClientConnectorCertificateError as error:
        return VaultHealth(address, "untrusted", str(error.certificate_error), named)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        return VaultHealth(address, "unreachable", str(error) or "no answer in time", named)
