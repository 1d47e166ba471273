"""Real control planes on loopback: etcd, API server, controller manager and scheduler, one set per cluster.

Real TLS, real RBAC, and users told apart: `admin` (may do everything), `deployer` (nothing until a test binds it to a
role in a namespace), `reader` (sees everything but Secrets), `simulator` (whoever plays nodes and pods), `components`
(the controllers). No kubelet: nodes and pod status are driven through the ordinary API (`playing.py`).
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

USERS = {
    "admin": "system:masters",
    "deployer": "deployers",
    "reader": "readers",
    "simulator": "system:masters",
    "components": "system:masters",
}
#: audited are people's requests, once answered; that is what "zero mutating requests" is counted with
_AUDIT = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted", "Panic"],
    "rules": [{"level": "Metadata", "users": ["admin", "deployer", "reader"]}, {"level": "None"}],
}
#: who may look at everything
READERS = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "readers"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "readers"}],
}
_READY_SECONDS = 90.0
_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def die_with_parent() -> None:
    """For `preexec_fn`: the kernel kills this child when the thread that starts it ends, however it ends (Linux).

    So children are started from the main thread, and even a SIGKILL of pytest leaves none behind.
    """
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass
class Plane:
    """One control plane. `tokens` are bearer tokens by user; `ca` is PEM; `folder` holds keys, data and logs."""

    name: str
    folder: Path
    binary: Path
    port: int
    ca: bytes = field(repr=False)
    tokens: dict[str, str] = field(repr=False)
    etcd: int = 0
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict, repr=False)

    @property
    def server(self) -> str:
        """URL of the API server."""
        return f"https://127.0.0.1:{self.port}"

    def entry(self, user: str = "admin", context: str | None = None) -> dict[str, dict[str, Any]]:
        """Cluster, user and context for a kubeconfig; the context is named as the cluster unless told otherwise."""
        name = context or self.name
        certificate = base64.b64encode(self.ca).decode()
        return {
            "cluster": {
                "name": name,
                "cluster": {"server": self.server, "certificate-authority-data": certificate},
            },
            "user": {"name": name, "user": {"token": self.tokens[user]}},
            "context": {"name": name, "context": {"cluster": name, "user": name}},
        }

    def request(self, method: str, path: str, body: Any = None, *, user: str = "admin") -> Any:
        """One blocking request, answered as JSON (or text). Raises urllib.error.URLError and OSError."""
        request = urllib.request.Request(
            self.server + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.tokens[user]}", "Content-Type": "application/json"},
        )
        context = ssl.create_default_context(cadata=self.ca.decode())
        with urllib.request.urlopen(request, timeout=5, context=context) as response:
            text = response.read().decode()
            return json.loads(text) if "json" in response.headers.get_content_type() else text

    # ------------------------------------------------------------ processes

    def spawn_etcd(self) -> None:
        """Start the store."""
        peer = free_port()
        self._spawn(
            "etcd",
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls=http://127.0.0.1:{self.etcd}",
            f"--advertise-client-urls=http://127.0.0.1:{self.etcd}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-cluster=default=http://127.0.0.1:{peer}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        )

    def spawn_apiserver(self, *flags: str) -> None:
        """Start (or start again) the API server; `wait_ready` tells when it serves. Later flags win."""
        folder = self.folder
        self._spawn(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self.etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--tls-cert-file={folder / 'serving.crt'}",
            f"--tls-private-key-file={folder / 'serving.key'}",
            f"--cert-dir={folder / 'apiserver'}",
            f"--token-auth-file={folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--anonymous-auth=false",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={folder / 'sa.key'}",
            f"--service-account-signing-key-file={folder / 'sa.key'}",
            "--endpoint-reconciler-type=none",
            "--event-ttl=1h",
            # simulated kubelets listen where simulated nodes are seen from outside
            "--kubelet-preferred-address-types=ExternalIP",
            f"--audit-policy-file={folder / 'audit-policy.json'}",
            f"--audit-log-path={folder / 'audit.log'}",
            "--audit-log-mode=blocking",
            "--v=0",
            *flags,
        )

    def spawn_controllers(self) -> None:
        """Start the controller manager and the scheduler."""
        kubeconfig = write_kubeconfig(self.folder / "components.kubeconfig", [self], user="components")
        common = ["--kubeconfig", str(kubeconfig), "--leader-elect=false", "--v=0", "--secure-port=0"]
        self._spawn(
            "kube-controller-manager",
            *common,
            f"--service-account-private-key-file={self.folder / 'sa.key'}",
            f"--root-ca-file={self.folder / 'ca.crt'}",
            # a node is as alive as its Lease; a busy machine must not make them look dead
            "--node-monitor-grace-period=300s",
            "--namespace-sync-period=30s",
        )
        self._spawn("kube-scheduler", *common)

    def wait_ready(self, seconds: float = _READY_SECONDS) -> None:
        """Return when the API server is ready. Raises RuntimeError with the end of its log."""
        deadline = time.monotonic() + seconds
        process = self.processes["kube-apiserver"]
        while True:
            try:
                self.request("GET", "/readyz")
                return
            except (urllib.error.URLError, OSError) as error:
                if time.monotonic() > deadline or process.poll() is not None:
                    log = (self.folder / "kube-apiserver.log").read_text()[-2000:]
                    raise RuntimeError(f"the API server of {self.name} is not ready: {error}\n{log}") from None
                time.sleep(0.05)

    def wait_roles(self, seconds: float = 30.0) -> None:
        """Return when `reader` may read: a controller puts the role `view` together. Raises URLError."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.request("GET", "/api/v1/configmaps", user="reader")
                return
            except urllib.error.HTTPError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def forget(self) -> None:
        """Forget all old versions of objects: compact the store, and start the API server (which caches some) anew."""
        revision = self.request("GET", "/api/v1/namespaces")["metadata"]["resourceVersion"]
        body = json.dumps({"revision": revision, "physical": True}).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.etcd}/v3/kv/compaction", data=body, timeout=10):
            pass
        self.stop("kube-apiserver")
        self.spawn_apiserver()
        self.wait_ready()

    def stop(self, *names: str) -> None:
        """End processes (all when none is named), gently, then for good."""
        chosen = [n for n in reversed(self.processes) if not names or n in names]
        for name in chosen:
            with contextlib.suppress(ProcessLookupError):
                self.processes[name].send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 3
        for name in chosen:
            process = self.processes.pop(name)
            try:
                process.wait(max(deadline - time.monotonic(), 0.01))
            except subprocess.TimeoutExpired:  # an API server waits for its watches
                process.kill()
                process.wait()

    def _spawn(self, name: str, *flags: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [str(self.binary), name, *flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, its function found beforehand
                env={
                    "PATH": os.environ.get("PATH", ""),
                    "HOME": str(self.folder),
                    "GOMAXPROCS": "2",
                    "GOGC": "400",  # a hundred MB more, a fifth less work
                },
            )

    # ------------------------------------------------------------ what was asked of it

    def audited(self, user: str = "admin") -> list[dict[str, Any]]:
        """The answered requests of a user so far, oldest first (audit.k8s.io/v1 Events)."""
        lines = (self.folder / "audit.log").read_text().splitlines()
        found = [json.loads(line) for line in lines]
        return [event for event in found if event["user"]["username"] == user]

    def mutations(self, user: str = "admin") -> Counter[str]:
        """Mutating requests of a user so far, as ``verb resource``; access reviews are questions and do not count."""
        found: Counter[str] = Counter()
        for event in self.audited(user):
            about = event.get("objectRef") or {}
            if event["verb"] in {"get", "list", "watch"} or about.get("apiGroup") == "authorization.k8s.io":
                continue
            found[f"{event['verb']} {about.get('resource')}/{about.get('name')}"] += 1
        return found


def write_kubeconfig(path: Path, planes: Sequence[Plane], user: str = "admin") -> Path:
    """A kubeconfig with one context per plane, mode 0600."""
    entries = [plane.entry(user) for plane in planes]
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": planes[0].name,
        **{kind + "s": [e[kind] for e in entries] for kind in ("cluster", "user", "context")},
    }
    path.touch(0o600)
    path.write_text(json.dumps(document))
    return path


def start(binary: Path, folder: Path, names: Iterable[str]) -> list[Plane]:
    """Start control planes side by side and wait until all of them serve. Stops what was started when one fails."""
    planes: list[Plane] = []
    try:
        for name in names:
            planes.append(_furnish(binary, folder / name, name))
            planes[-1].spawn_etcd()
            planes[-1].spawn_apiserver()
        for plane in planes:
            plane.wait_ready()
            plane.spawn_controllers()
            plane.request("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", READERS, user="components")
        for plane in planes:
            plane.wait_roles()
    except BaseException:
        for plane in planes:
            plane.stop()
        raise
    return planes


def _furnish(binary: Path, folder: Path, name: str) -> Plane:
    """Keys, tokens and policies of one cluster in a private folder."""
    folder.mkdir(mode=0o700, parents=True)
    authority = trustme.CA()
    serving = authority.issue_cert("127.0.0.1", "localhost", "kubernetes.default.svc")
    serving.private_key_pem.write_to_path(folder / "serving.key")
    for i, pem in enumerate(serving.cert_chain_pems):
        pem.write_to_path(folder / "serving.crt", append=i > 0)
    key = rsa.generate_private_key(65537, 2048)
    (folder / "sa.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    tokens = {user: secrets.token_hex(16) for user in USERS}
    rows = (f'{tokens[user]},{user},{user},"{group}"\n' for user, group in USERS.items())
    (folder / "tokens.csv").write_text("".join(rows))
    (folder / "audit-policy.json").write_text(json.dumps(_AUDIT))
    (folder / "audit.log").touch()
    ca = authority.cert_pem.bytes()
    (folder / "ca.crt").write_bytes(ca)
    return Plane(name, folder, binary, free_port(), ca, tokens, etcd=free_port())
