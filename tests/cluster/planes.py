"""Real control planes on loopback: etcd, API server, controller manager and scheduler, one set per cluster.

Real TLS, real RBAC, three users per cluster (admin, deployer: one namespace only, reader). No kubelet: whoever wants
pods to live drives nodes and pod status through the ordinary API.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import secrets
import signal
import socket
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

USERS = {"admin": "system:masters", "deployer": "deployers", "reader": "readers"}


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Plane:
    """One running control plane. `tokens` are bearer tokens by user; `ca` is PEM."""

    name: str
    folder: Path
    port: int
    ca: bytes
    tokens: dict[str, str]
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    @property
    def server(self) -> str:
        """URL of the API server."""
        return f"https://127.0.0.1:{self.port}"

    def entry(self, user: str = "admin", context: str | None = None) -> dict[str, dict[str, Any]]:
        """Cluster, user and context for a kubeconfig; the context is named as the cluster unless told otherwise."""
        name = context or self.name
        return {
            "cluster": {
                "name": name,
                "cluster": {
                    "server": self.server,
                    "certificate-authority-data": base64.b64encode(self.ca).decode(),
                },
            },
            "user": {"name": name, "user": {"token": self.tokens[user]}},
            "context": {"name": name, "context": {"cluster": name, "user": name}},
        }

    async def stop(self, *names: str) -> None:
        """End processes (all when none is named), gently, then for good."""
        chosen = [(n, p) for n, p in self.processes.items() if not names or n in names]
        for _, process in chosen:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        for name, process in chosen:
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                process.kill()
                await process.wait()
            del self.processes[name]


def write_kubeconfig(path: Path, planes: list[Plane], user: str = "admin") -> Path:
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


async def start(binary: Path, name: str, folder: Path) -> Plane:
    """Start one control plane and wait until it is ready. `folder` holds its keys, data and logs."""
    folder.mkdir(parents=True)
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
    (folder / "tokens.csv").write_text(
        "".join(f'{tokens[user]},{user},{user},"{group}"\n' for user, group in USERS.items())
    )
    (folder / "tokens.csv").chmod(0o600)
    plane = Plane(name, folder, free_port(), authority.cert_pem.bytes(), tokens)
    await _spawn_etcd(binary, plane)
    await spawn_apiserver(binary, plane)
    admin = write_kubeconfig(folder / "admin.kubeconfig", [plane])
    common = ["--kubeconfig", str(admin), "--leader-elect=false", "--v=0"]
    await _spawn(
        plane,
        binary,
        "kube-controller-manager",
        *common,
        "--service-account-private-key-file",
        str(folder / "sa.key"),
        "--root-ca-file",
        str(_ca_file(plane)),
        "--use-service-account-credentials=false",
        # Nodes are simulated: nobody renews their heartbeats.
        "--controllers=*,-node-lifecycle-controller,-device-taint-eviction-controller",
        "--secure-port=0",
        "--concurrent-deployment-syncs=2",
    )
    await _spawn(plane, binary, "kube-scheduler", *common, "--secure-port=0")
    return plane


def _ca_file(plane: Plane) -> Path:
    path = plane.folder / "ca.crt"
    path.write_bytes(plane.ca)
    return path


async def _spawn_etcd(binary: Path, plane: Plane) -> None:
    client, peer = free_port(), free_port()
    (plane.folder / "etcd.port").write_text(str(client))
    await _spawn(
        plane,
        binary,
        "etcd",
        f"--data-dir={plane.folder / 'etcd'}",
        f"--listen-client-urls=http://127.0.0.1:{client}",
        f"--advertise-client-urls=http://127.0.0.1:{client}",
        f"--listen-peer-urls=http://127.0.0.1:{peer}",
        f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
        f"--initial-cluster=default=http://127.0.0.1:{peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    )


async def spawn_apiserver(binary: Path, plane: Plane) -> None:
    """Start (or start again) the API server of a plane and wait until it is ready."""
    folder = plane.folder
    etcd = (folder / "etcd.port").read_text()
    await _spawn(
        plane,
        binary,
        "kube-apiserver",
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={plane.port}",
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
        "--v=0",
    )
    await asyncio.to_thread(_wait_ready, plane, 60)


def _wait_ready(plane: Plane, seconds: float) -> None:
    context = ssl.create_default_context(cadata=plane.ca.decode())
    request = urllib.request.Request(
        f"{plane.server}/readyz", headers={"Authorization": f"Bearer {plane.tokens['admin']}"}
    )
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(request, timeout=2, context=context):
                return
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > deadline:
                log = (plane.folder / "kube-apiserver.log").read_text()[-2000:]
                raise RuntimeError(f"the API server of {plane.name} did not become ready: {error}\n{log}") from None
            time.sleep(0.1)


async def _spawn(plane: Plane, binary: Path, name: str, *flags: str) -> None:
    with (plane.folder / f"{name}.log").open("ab") as log:
        plane.processes[name] = await asyncio.create_subprocess_exec(
            str(binary),
            name,
            *flags,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(plane.folder), "GOMAXPROCS": "2"},
        )
