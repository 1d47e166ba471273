"""What doorman (or identity manager) and network map of a simulated Corda network know and answer.

A zone is who registered with the doorman, who is a notary, and which nodes were published. Doorman and network map of a
namespace share one; it lasts as long as the sandbox. What they answer is their protocol's paths, with plain text in
the place of Corda's signed bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bevel_tui.sandbox.components import Component
    from bevel_tui.sandbox.world import World

#: how a Java key store begins; what follows in the sandbox's is readable
MAGIC = b"\xfe\xed\xfe\xed\x00\x00\x00\x02"
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)
#: mounted files in which a service has the network's root certificate, open source and Enterprise
_ROOTS = ("/certs/rootcakeystore", "/certs/network-root-truststore.jks")


@dataclass(slots=True)
class Zone:
    """One network. `identities`: legal name -> who registered it; `nodes`: legal name -> advertised addresses."""

    identities: dict[str, str] = field(default_factory=dict)
    notaries: set[str] = field(default_factory=set)
    nodes: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain"


def key_store(*certificates: bytes, name: str = "") -> bytes:
    """Bytes that look like a Java key store: certificates in it are real, keys are not there at all."""
    return MAGIC + hashlib.sha256(name.encode() + b"".join(certificates)).digest() + b"".join(certificates)


def root_in(store: bytes) -> bytes | None:
    """The first certificate (PEM) in a simulated key store; None for what is none."""
    found = _CERTIFICATE.search(store) if store.startswith(MAGIC) else None
    return found.group(0) if found else None


def zone_of(world: World, component: Component) -> Zone:
    """The zone that a doorman or network map serves."""
    return world.zones.setdefault((component.site.name, component.pod["metadata"]["namespace"]), Zone())


def answer(world: World, component: Component, method: str, path: str, body: bytes) -> Answer:
    """What a doorman or network map answers to a request."""
    zone = zone_of(world, component)
    if component.serves.protocol == "doorman":
        return _doorman(world, component, zone, method, path, body)
    return _network_map(world, component, zone, method, path, body)


def _root(world: World, component: Component) -> bytes:
    files = world.mounted.get(component.pod["metadata"]["uid"], {})
    return next((root for name in _ROOTS if (root := root_in(files.get(name, b"")))), b"")


def _doorman(world: World, component: Component, zone: Zone, method: str, path: str, body: bytes) -> Answer:
    if path in {"/", "/status"}:
        return Answer(200, b"simulated doorman\n")
    if method != "POST" or path != "/certificate":
        return Answer(404, b"Not Found\n")
    request = json.loads(body)
    name, node = str(request["legalName"]), str(request["node"])
    if zone.identities.setdefault(name, node) != node:
        return Answer(400, f"The legal name {name} is taken".encode())
    return Answer(200, _root(world, component))


def _network_map(world: World, component: Component, zone: Zone, method: str, path: str, body: bytes) -> Answer:
    match method, path:
        case "GET", "/network-map/truststore":
            return Answer(200, key_store(_root(world, component)), "application/octet-stream")
        case "GET", "/network-map":
            listed = {"notaries": sorted(zone.notaries), "nodes": {k: list(v) for k, v in sorted(zone.nodes.items())}}
            return Answer(200, json.dumps(listed).encode(), "application/octet-stream")
        case "POST", "/network-map/publish":
            published = json.loads(body)
            if published["legalName"] not in zone.identities:
                return Answer(400, b"Node certificate is no longer valid")
            zone.nodes[published["legalName"]] = tuple(published["addresses"])
            return Answer(200)
        case "POST", "/admin/api/login":
            return _login(component, body)
        case "POST", ("/admin/api/notaries/validating" | "/admin/api/notaries/nonValidating"):
            request = json.loads(body)
            if request["token"] != _token(component):
                return Answer(401, b"Unauthorized")
            zone.notaries.add(request["legalName"])
            return Answer(200, b"OK")
    return Answer(404, b"Not Found\n")


def _password(component: Component) -> str:
    text = "\n".join(str(arg) for c in component.pod["spec"].get("containers") or () for arg in c.get("args") or ())
    found = re.search(r"^\s*export NETWORKMAP_AUTH_PASSWORD=(\S*)", text, re.MULTILINE)
    return found.group(1) if found else "admin"


def _token(component: Component) -> str:
    return hashlib.sha256(f"{component.pod['metadata']['namespace']}/{_password(component)}".encode()).hexdigest()


def _login(component: Component, body: bytes) -> Answer:
    request = json.loads(body)
    if (request.get("user"), request.get("password")) != ("sa", _password(component)):
        return Answer(401, b"Unauthorized")
    return Answer(200, _token(component).encode())
