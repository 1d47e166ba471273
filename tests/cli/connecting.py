"""Whether connection material leads somebody who has nothing else to the nodes of the network that runs."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dns.resolver
import yaml

from bevel_tui.kube.client import KubeClient
from bevel_tui.records.simulation import CONFIGMAP_KEY, CONFIGMAP_NAME, CONFIGMAP_NAMESPACE, Simulation
from bevel_tui.records.steps import ObjectRef
from tests.cli.operating import CONTEXTS, Operator


def profiles(operator: Operator, folder: Path) -> dict[str, dict[str, Any]]:
    """The Fabric connection profile of each organization, as `bevel-tui connect` writes it now; JSON and YAML agree."""
    done = operator("connect", "--output", str(folder), "--force")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    found = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    assert found == {path.stem: yaml.safe_load(path.read_text()) for path in folder.glob("*.yaml")}
    return found


def handshakes(kubeconfig: str, profile: dict[str, Any]) -> list[str]:
    """Greets every orderer, peer and CA of a profile as an SDK does: its address, the name it overrides, its CA
    certificate and no other. Raises ssl.SSLError for a name or a certificate that is not what the gateway serves."""
    simulation = asyncio.run(_simulation(kubeconfig))
    greeted = []
    for kind in ("orderers", "peers", "certificateAuthorities"):
        for name, node in profile[kind].items():
            pem = node["tlsCACerts"]["pem"]
            context = ssl.create_default_context(cadata=pem if isinstance(pem, str) else "".join(pem))
            address = urlsplit(node["url"])
            host = str(address.hostname)
            server = node.get("grpcOptions", {}).get("ssl-target-name-override", host)
            there, port = _dialled(simulation, host, int(address.port or 443))
            with socket.create_connection((there, port), 30) as plain:
                # SNI leads through the gateway, the name overridden is what the certificate is held against
                context.check_hostname = server == host
                with context.wrap_socket(plain, server_hostname=host) as secure:
                    names = {value for _, value in (secure.getpeercert() or {}).get("subjectAltName", ())}
                    assert server in names, (name, server, names)
            greeted.append(name)
    return greeted


def leaked(kubeconfig: str, folder: Path) -> list[str]:
    """Secrets of the clusters of which a private value stands in a file of the folder."""
    texts = "\n".join(path.read_text() for path in folder.iterdir())
    return [name for name, value in asyncio.run(_private(kubeconfig)) if value in texts]


def _dialled(simulation: Simulation, host: str, port: int) -> tuple[str, int]:
    """Where the sandbox's name server sends whoever asks for the host, and what listens there on loopback."""
    server, _, number = simulation.dns.rpartition(":")
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [server], int(number)
    (record, *_) = resolver.resolve(host, "A")
    there, _, mapped = simulation.dial[f"{record}:{port}"].rpartition(":")
    return there, int(mapped)


async def _simulation(kubeconfig: str) -> Simulation:
    async with await KubeClient.connect(CONTEXTS[0], kubeconfig) as client:
        found = await client.get(ObjectRef("v1", "ConfigMap", CONFIGMAP_NAME, CONFIGMAP_NAMESPACE))
    assert found is not None
    return Simulation.model_validate_json(found["data"][CONFIGMAP_KEY])


async def _private(kubeconfig: str) -> list[tuple[str, str]]:
    found = []
    for context in CONTEXTS:
        async with await KubeClient.connect(context, kubeconfig) as client:
            for secret in await client.list("v1", "Secret"):
                for key, value in (secret.get("data") or {}).items():
                    text = base64.b64decode(value).decode(errors="replace")
                    if "PRIVATE KEY" in text:
                        line = text.partition("PRIVATE KEY-----\n")[2].partition("\n")[0]
                        found.append((f"{secret['metadata']['name']}/{key}", line))
    assert found, "a Fabric network has private keys"
    return found
