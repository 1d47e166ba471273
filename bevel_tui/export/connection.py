"""Connection material: what an application needs to use a network. Public by construction; no private key is asked for.

`wanted` says which public texts of the clusters go into it, `files` makes the files of what was found. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from bevel_tui.engine.publish import Place
from bevel_tui.export.yamltext import document
from bevel_tui.network.fabric import channels, fabric_roles
from bevel_tui.network.model import Besu, Network, Organization, Quorum
from bevel_tui.network.naming import founder, namespace_of
from bevel_tui.plan.graph import Plan
from bevel_tui.records.steps import Endpoint, ObjectRef

#: Indy: ConfigMap -> data key, in the founder's namespace (facts A4.1)
GENESIS = {"ptg": "pool_transactions_genesis", "dtg": "domain_transactions_genesis"}


def wanted(network: Network, plan: Plan) -> tuple[Place, ...]:
    """The places of public texts: CA certificates of TLS endpoints, Indy's genesis."""
    first = founder(network)
    if network.platform.type == "indy":
        namespace = namespace_of(network, first)
        return tuple(
            Place(first.cluster, ObjectRef("v1", "ConfigMap", name, namespace), key) for name, key in GENESIS.items()
        )
    if network.platform.type != "fabric":
        return ()
    found = (_trust(endpoint) for endpoint in _of(plan.endpoints, "fabric-ca", "fabric-grpc"))
    return tuple(dict.fromkeys(place for place in found if place is not None))


def files(network: Network, plan: Plan, texts: Mapping[Place, str]) -> dict[str, str]:
    """Texts by file name."""
    match network.platform.type:
        case "fabric":
            return _fabric(network, plan, texts)
        case "besu" | "quorum":
            return {"ethereum.json": _json(_ethereum(network, plan))}
        case "indy":
            found = {place.key: text for place, text in texts.items()}
            return {**found, "endpoints.json": _json(_endpoints(network, plan))}
        case _:
            return {"endpoints.json": _json(_endpoints(network, plan))}


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _of(endpoints: Iterable[Endpoint], *probes: str) -> list[Endpoint]:
    return [endpoint for endpoint in endpoints if endpoint.probe in probes]


def _trust(endpoint: Endpoint) -> Place | None:
    return None if endpoint.trust is None else Place(endpoint.cluster, *endpoint.trust)


# ---------------------------------------------------------------- Fabric


def _fabric(network: Network, plan: Plan, texts: Mapping[Place, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for organization in network.organizations:
        if fabric_roles(organization).peers:
            profile = _profile(network, plan, texts, organization)
            found[f"{organization.name}.json"] = _json(profile)
            found[f"{organization.name}.yaml"] = document(profile)
    return found


def _profile(network: Network, plan: Plan, texts: Mapping[Place, str], own: Organization) -> dict[str, Any]:
    """The Common Connection Profile of an organization: its own peers and CA, all orderers, the channels it is in.

    [hyperledger-fabric.readthedocs.io, Common Connection Profile; version 1.0.0]
    """
    nodes = [e for e in _of(plan.endpoints, "fabric-grpc") if not e.id.endswith("/proxy")]
    peers = [e for e in nodes if e.organization == own.name and e.release.startswith("peer")]
    orderers = [e for e in nodes if not e.release.startswith("peer")]
    authorities = [e for e in _of(plan.endpoints, "fabric-ca") if e.organization == own.name]
    joined = [channel for channel in channels(network) if own.name in channel.participants]
    msp = f"{own.name}MSP"
    return {
        "name": f"{network.name}-{own.name}",
        "version": "1.0.0",
        "client": {"organization": own.name, "connection": {"timeout": {"peer": {"endorser": "300"}}}},
        "organizations": {
            own.name: {
                "mspid": msp,
                "peers": [_name(peer) for peer in peers],
                "certificateAuthorities": [_name(authority) for authority in authorities],
            }
        },
        "channels": {
            channel.name: {
                "orderers": [_name(orderer) for orderer in orderers],
                "peers": {
                    _name(peer): {
                        "endorsingPeer": True,
                        "chaincodeQuery": True,
                        "ledgerQuery": True,
                        "eventSource": True,
                    }
                    for peer in peers
                },
            }
            for channel in joined
        },
        "orderers": {_name(orderer): _node(orderer, texts) for orderer in orderers},
        "peers": {_name(peer): _node(peer, texts) for peer in peers},
        "certificateAuthorities": {
            _name(authority): {
                "url": f"https://{authority.host}:{authority.port}",
                # FABRIC_CA_SERVER_CA_NAME [fabric-ca-server/templates/statefulset.yaml]
                "caName": f"{authority.release}.{namespace_of(network, own)}",
                "httpOptions": {"verify": True},
                **_pem(authority, texts, many=True),
            }
            for authority in authorities
        },
    }


def _name(endpoint: Endpoint) -> str:
    """Unique in a profile: peers of several organizations are called peer0."""
    return endpoint.host


def _node(endpoint: Endpoint, texts: Mapping[Place, str]) -> dict[str, Any]:
    host = endpoint.certificate_names[0] if endpoint.certificate_names else endpoint.host
    return {
        "url": f"grpcs://{endpoint.host}:{endpoint.port}",
        "grpcOptions": {"ssl-target-name-override": host, "hostnameOverride": host},
        **_pem(endpoint, texts),
    }


def _pem(endpoint: Endpoint, texts: Mapping[Place, str], *, many: bool = False) -> dict[str, Any]:
    place = _trust(endpoint)
    text = texts.get(place) if place is not None else None
    if not text:
        return {}
    return {"tlsCACerts": {"pem": [text] if many else text}}


# ---------------------------------------------------------------- the others


def _ethereum(network: Network, plan: Plan) -> dict[str, Any]:
    platform = network.platform
    if not isinstance(platform, Besu | Quorum):
        raise TypeError(platform.type)
    nodes: dict[tuple[str, str], dict[str, Any]] = {}
    for endpoint in _of(plan.endpoints, "json-rpc", "ws"):
        node = nodes.setdefault(
            (endpoint.organization, endpoint.release),
            {"organization": endpoint.organization, "node": endpoint.release, "cluster": endpoint.cluster},
        )
        scheme, key = ("ws", "ws") if endpoint.probe == "ws" else (endpoint.protocol, "rpc")
        port = "" if (scheme, endpoint.port) in (("http", 80), ("ws", 80), ("https", 443)) else f":{endpoint.port}"
        node[key] = f"{scheme}://{endpoint.host}{port}"
        node["exposed"] = endpoint.exposed
    found: dict[str, Any] = {"network": network.name, "platform": platform.type, "chainId": platform.chain_id}
    if isinstance(platform, Quorum):
        found["networkId"] = platform.network_id
    return {**found, "consensus": platform.consensus, "nodes": list(nodes.values())}


def _endpoints(network: Network, plan: Plan) -> dict[str, Any]:
    return {
        "network": network.name,
        "platform": network.platform.type,
        "endpoints": [
            {
                "organization": e.organization,
                "cluster": e.cluster,
                "release": e.release,
                "host": e.host,
                "port": e.port,
                "protocol": e.protocol,
                "exposed": e.exposed,
            }
            for e in plan.endpoints
        ],
    }
