"""Indy, both Cordas and Substrate written as network.yaml."""

from __future__ import annotations

from typing import Any

from bevel_tui.network import corda as corda_names
from bevel_tui.network import substrate as substrate_names
from bevel_tui.network.bevel.source import lookup
from bevel_tui.network.bevel.writing import Writing
from bevel_tui.network.indy import indy_roles
from bevel_tui.network.model import Corda, CordaEnterprise, Indy, Substrate
from bevel_tui.network.naming import NamedRelease, founder

#: Bevel's schema wants an image's place for Substrate; the other platforms' charts know theirs
NODE_IMAGE = "inteli-poc/dscp-node"
CORDA_VERSIONS = ("4.4", "4.7", "4.9")
SUBSTRATE_VERSIONS = ("latest", "v4.2.2", "v4.3.1")


# ---------------------------------------------------------------- Indy


def indy(writing: Writing) -> dict[str, Any]:
    """`version` and `genesis`."""
    platform = writing.network.platform
    if not isinstance(platform, Indy):
        raise TypeError(platform.type)
    genesis = {"state": "absent", "pool": "/tmp/pool_genesis", "domain": "/tmp/domain_genesis"}  # noqa: S108
    return {"version": platform.version, "genesis": genesis}


def indy_organization(writing: Writing, index: int) -> dict[str, Any]:
    """Trustee, stewards and endorser."""
    network = writing.network
    own = network.organizations[index]
    roles = indy_roles(own)
    cluster = network.cluster(own.cluster)
    if own.subject:
        writing.lose(("organizations", index, "subject"), "Indy has no subjects")
    address = cluster.public_ip
    homes = [i for i, o in enumerate(network.organizations) if o.cluster == own.cluster and indy_roles(o).stewards]
    if address and not homes:
        at = next(i for i, c in enumerate(network.clusters) if c.name == own.cluster)
        writing.lose(("clusters", at, "public_ip"), "stands beside stewards, and there are none")
    services: dict[str, Any] = {}
    if roles.trustee:
        services["trustee"] = {"trustee": None, "name": f"{own.name}-trustee", "genesis": True}
    if roles.stewards:
        services["stewards"] = [_steward(writing, index, release, address) for release in writing.named(own, "steward")]
    if roles.endorser:
        services["endorser"] = {
            "endorser": None,
            "name": f"{own.name}-endorser",
            "full_name": f"Endorser of {own.name}",
        }
    return {"type": "peer", "publicIps": [address] if address else [], "services": services}


def _steward(writing: Writing, index: int, release: NamedRelease, address: str | None) -> dict[str, Any]:
    port = writing.port(writing.network.organizations[index], release)
    return {
        "steward": None,
        "name": release.name,
        "type": "VALIDATOR",
        "genesis": True,
        "publicIp": address or "",
        "node": {"port": port, "targetPort": port, "ambassador": port},
        "client": {"port": port + 1, "targetPort": port + 1, "ambassador": port + 1},
    }


# ---------------------------------------------------------------- Corda


def corda(writing: Writing) -> dict[str, Any]:
    """`version` and `network_services`."""
    network = writing.network
    platform = network.platform
    if not isinstance(platform, Corda | CordaEnterprise):
        raise TypeError(platform.type)
    notaries = any(corda_names.roles(o).notaries for o in network.organizations)
    if not platform.validating and not notaries:
        writing.lose(("platform", "validating"), "stands beside notaries, and there are none")
    urls = {"doorman": corda_names.doorman_url(network), "networkmap": corda_names.network_map_url(network)}
    if isinstance(platform, Corda):
        if platform.password is not None:
            writing.lose(("platform", "password"), "Bevel's playbooks write passwords that everybody knows")
        version = platform.version
        if version not in CORDA_VERSIONS:
            writing.lose(("platform", "version"), f"Bevel's schema knows {', '.join(CORDA_VERSIONS)} only")
            version = CORDA_VERSIONS[-1]
        services = [{"service": None, "type": kind, "uri": _dotted(url)} for kind, url in urls.items()]
        return {"version": float(version), "network_services": services}
    for name in ("version", "cenm_version", "images"):
        if getattr(platform, name) != type(platform).model_fields[name].default:
            writing.lose(("platform", name), "Bevel's playbooks install the images that Bevel's charts name")
    services = [
        {
            "service": None,
            "name": name,
            "type": name,
            "uri": _dotted(url),
            "certificate": f"/tmp/{name}/ambassador.pem",  # noqa: S108 - where Bevel's playbooks keep it
        }
        for name, url in zip(("idman", "networkmap"), urls.values(), strict=True)
    ]
    return {"version": "4.10", "network_services": services}


def _dotted(url: str) -> str:
    """Bevel's schema wants a dot in every host and the port behind it."""
    scheme, _, rest = url.partition("://")
    host, colon, port = rest.partition(":")
    return f"{scheme}://{host if '.' in host else host + '.svc'}{colon}{port}"


def corda_organization(writing: Writing, index: int) -> dict[str, Any]:
    """Services of the founder, notaries, nodes, CorDapps."""
    network = writing.network
    own = network.organizations[index]
    platform = network.platform
    if not isinstance(platform, Corda | CordaEnterprise):
        raise TypeError(platform.type)
    first, enterprise = own.name == founder(network).name, corda_names.enterprise(network)
    notaries, nodes = writing.named(own, "notary"), writing.named(own, "node")
    subject = writing.subject(own)
    written = [_notary(writing, index, release) for release in notaries]
    services: dict[str, Any] = _founders(enterprise=enterprise) if first else {}
    if enterprise and written:
        services["notaries"] = written
    elif written:
        services["notary"] = written[0]
        if len(written) > 1:
            writing.lose(("organizations", index, "corda", "notaries"), "Bevel's file has one notary per organization")
    if nodes:
        services["peers"] = [
            {"peer": None, "name": r.name, "subject": subject, "type": "node", **_ports(writing, index, r)}
            for r in nodes
        ]
    elif own.subject and notaries and any(p.strip().upper().startswith("OU=") for p in own.subject.split(",")):
        writing.lose(("organizations", index, "subject"), "a notary's unit is its own")
    kind = ("cenm" if enterprise else "network-service") if first else "node" if nodes else "notary"
    found: dict[str, Any] = {"type": kind, **writing.place(own), "subject": subject}
    if enterprise:
        found["version"] = 1.5 if first else 4.7
        if platform.password is not None:
            found["credentials"] = dict.fromkeys(("keystore", "truststore"), lookup(writing.ref(platform.password)))
    if platform.cordapps is not None:
        found["cordapps"] = {
            "jars": [{"jar": {"url": url}} for url in platform.cordapps.jars],
            "username": lookup(writing.ref(platform.cordapps.username)),
            "password": lookup(writing.ref(platform.cordapps.password)),
        }
    return {**found, "services": services}


def _founders(*, enterprise: bool) -> dict[str, Any]:
    ports = {"servicePort": 8080, "targetPort": 8080}
    if not enterprise:
        return {
            "doorman": {"name": "doorman", "subject": "CN=Corda Doorman CA,OU=DLT,O=DLT,L=Berlin,C=DE", "ports": ports},
            "nms": {"name": "networkmap", "subject": "CN=Network Map,OU=FRA,O=FRA,L=Berlin,C=DE", "ports": ports},
        }
    return {
        "zone": {"ports": {"enm": 25000, "admin": 12345}},
        "auth": {"port": 8081},
        "gateway": {"port": 8080},
        "idman": {"ports": {"internal": 5052, "external": 10000, "revocation": 5053, "admin_listener": 6000}},
        "networkmap": {"ports": {"internal": 5050, "external": 10000, "admin_listener": 6000}},
        "signer": {"ports": {"admin_listener": 6000}},
    }


def _notary(writing: Writing, index: int, release: NamedRelease) -> dict[str, Any]:
    own = writing.network.organizations[index]
    return {
        "notary": None,
        "name": release.name,
        "subject": corda_names.legal_name(own, release),
        "serviceName": corda_names.service_name_of_notary(own, release),
        "validating": bool(getattr(writing.network.platform, "validating", True)),
        "type": "notary",
        **_ports(writing, index, release),
    }


def _ports(writing: Writing, index: int, release: NamedRelease) -> dict[str, Any]:
    port = writing.port(writing.network.organizations[index], release)
    return {
        "p2p": {"port": 10002, "targetPort": 10002, "ambassador": port},
        "rpc": {"port": 10003, "targetPort": 10003},
        "rpcadmin": {"port": 10005, "targetPort": 10005},
        "dbtcp": {"port": 9101, "targetPort": 1521},
        "dbweb": {"port": 8080, "targetPort": 81},
    }


# ---------------------------------------------------------------- Substrate


def substrate(writing: Writing) -> dict[str, Any]:
    """`version` and `config`."""
    platform = writing.network.platform
    if not isinstance(platform, Substrate):
        raise TypeError(platform.type)
    version = platform.version
    if version not in SUBSTRATE_VERSIONS:
        writing.lose(("platform", "version"), f"Bevel's schema knows {', '.join(SUBSTRATE_VERSIONS)} only")
        version = SUBSTRATE_VERSIONS[-1]
    config = {
        "subject": "CN=DLT Root CA,OU=DLT,O=DLT,L=London,C=GB",
        "node_image": NODE_IMAGE,
        "command": "./dscp-node",
        "chain": platform.chain,
        "bootnodes": "/tmp/substrate_bootnodes",  # noqa: S108
        "genesis": "/tmp/substrate_genesis",  # noqa: S108
    }
    return {"version": version, "config": config}


def substrate_organization(writing: Writing, index: int) -> dict[str, Any]:
    """Peers: the founder's first validator is the bootnode."""
    own = writing.network.organizations[index]
    if own.subject and not substrate_names.roles(own).members:
        writing.lose(("organizations", index, "subject"), "stands beside members, and there are none")
    peers: list[dict[str, Any]] = []
    for role in ("validator", "member", "ipfs"):
        for release in writing.named(own, role):
            first = role == "validator" and not index and not release.index
            port = writing.port(own, release)
            peers.append(
                {
                    "peer": None,
                    "name": release.name[:30].rstrip("-"),
                    "subject": writing.subject(own),
                    "type": "bootnode" if first else role,
                    "p2p": {"port": 30333, "ambassador": port},
                    **({"ipfs": {"swarmPort": 4001, "ambassador": port, "apiPort": 5001}} if role == "ipfs" else {}),
                    "rpc": {"port": 9933},
                    "ws": {"port": 9944},
                }
            )
    return {"services": {"peers": peers}}
