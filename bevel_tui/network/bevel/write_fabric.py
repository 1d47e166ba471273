"""Fabric written as network.yaml; the other direction is in `fabric` and `chaincodes`."""

from __future__ import annotations

import re
from typing import Any

from bevel_tui.network.bevel.chaincodes import arguments
from bevel_tui.network.bevel.source import lookup
from bevel_tui.network.bevel.writing import Writing
from bevel_tui.network.fabric import chaincodes, channels, fabric_roles, orderer_name
from bevel_tui.network.model import Chaincode, Fabric, Network, Organization
from bevel_tui.network.naming import founder, namespace_of


def network(writing: Writing) -> dict[str, Any]:
    """`version`, `consensus`, `orderers` and `channels`."""
    own = writing.network
    platform = own.platform
    if not isinstance(platform, Fabric):
        raise TypeError(platform.type)
    written = _chaincodes(writing)
    first = founder(own).name
    owners = [o.name for o in own.organizations if fabric_roles(o).orderers]
    for i, channel in enumerate(platform.channels):
        if not channel.participants or channel.creator in (None, *channel.participants[:1]):
            continue
        if channel.creator not in channel.participants:
            writing.lose(("platform", "channels", i, "creator"), "is no participant")
    return {
        "version": platform.version,
        "consensus": {"name": "raft"},
        "orderers": [
            {
                "orderer": None,
                "type": "orderer",
                "name": orderer_name(own, o, i),
                "org_name": o.name,
                "uri": _address(writing, o, orderer_name(own, o, i), 7050),
            }
            for o in own.organizations
            for i in range(fabric_roles(o).orderers)
        ],
        "channels": [
            {
                "channel": None,
                "consortium": "SupplyChainConsortium",
                "channel_name": channel.name,
                "channel_status": "new",
                "osn_creator_org": {"name": first},
                "chaincodes": [c.name for c in written if c.channel == channel.name],
                "orderers": owners,
                "participants": [
                    _participant(writing, _by_name(own, name), creator=name == channel.creator)
                    for name in channel.participants
                ],
            }
            for channel in channels(own)
        ],
    }


def organization(writing: Writing, index: int) -> dict[str, Any]:
    """What an organization has: subject, users, CA, orderers and peers."""
    own = writing.network.organizations[index]
    roles = fabric_roles(own)
    if roles.ca_admin is not None:
        writing.lose(("organizations", index, "fabric", "ca_admin"), "Bevel's playbooks have no such setting")
    place = writing.place(own)
    services: dict[str, Any] = {
        "ca": {
            "name": "ca",
            "subject": f"/C={place['country']}/ST={place['state']}/L={place['location']}/O={own.name.capitalize()}",
            "type": "ca",
            "grpc": {"port": 7054},
        },
        "consensus": {"name": "raft"},
    }
    if roles.orderers:
        services["orderers"] = [
            {
                "orderer": None,
                "name": orderer_name(writing.network, own, i),
                "type": "orderer",
                "consensus": "raft",
                "grpc": {"port": 7050},
                "ordererAddress": _address(writing, own, orderer_name(writing.network, own, i), 7050),
            }
            for i in range(roles.orderers)
        ]
    if roles.peers:
        installed = [_chaincode(writing, c) for c in _chaincodes(writing) if own.name in c.organizations]
        services["peers"] = [
            {
                "peer": None,
                "name": f"peer{i}",
                "type": "nonanchor" if i else "anchor",
                "gossippeeraddress": f"peer{i}.{namespace_of(writing.network, own)}:7051",
                "peerAddress": _address(writing, own, f"peer{i}", 7051),
                "cli": "enabled" if roles.cli and i == roles.peers - 1 else "disabled",
                "grpc": {"port": 7051},
                "events": {"port": 7053},
                "couchdb": {"port": 5984},
                **({"chaincodes": installed} if installed else {}),
            }
            for i in range(roles.peers)
        ]
    elif roles.cli:
        writing.lose(("organizations", index, "fabric", "cli"), "stands beside a peer, and there is none")
    found = {
        **place,
        "subject": writing.subject(own),
        "org_status": "new",
        "orderer_org": founder(writing.network).name,
        "fabric_console": "enabled" if roles.console else "disabled",
    }
    if roles.users:
        found["users"] = [
            {
                "user": None,
                "identity": user.name,
                "attributes": [{"key": key, "value": value} for key, value in user.attributes.items()],
            }
            for user in roles.users
        ]
    return {**found, "services": services}


def _address(writing: Writing, own: Organization, release: str, port: int) -> str:
    """Where others reach an orderer or a peer."""
    namespace = namespace_of(writing.network, own)
    if writing.network.gateway.type == "none":
        return f"{release}.{namespace}:{port}"
    return f"{release}.{namespace}.{writing.host(own)}:443"


def _by_name(network: Network, name: str) -> Organization:
    return next(o for o in network.organizations if o.name == name)


def _participant(writing: Writing, own: Organization, *, creator: bool) -> dict[str, Any]:
    first = founder(writing.network)
    return {
        "organization": None,
        "name": own.name,
        "type": "creator" if creator else "joiner",
        "org_status": "new",
        "peers": [
            {
                "peer": None,
                "name": f"peer{i}",
                "type": "nonanchor" if i else "anchor",
                "gossipAddress": _address(writing, own, f"peer{i}", 7051),
                "peerAddress": _address(writing, own, f"peer{i}", 7051),
            }
            for i in range(fabric_roles(own).peers)
        ],
        "ordererAddress": _address(writing, first, orderer_name(writing.network, first, 0), 7050),
    }


def _chaincodes(writing: Writing) -> list[Chaincode]:
    """Chaincodes that a network.yaml can hold; the others are lost, and so are details of some."""
    found = []
    own = writing.network
    order = [o.name for o in own.organizations]
    for i, chaincode in enumerate(chaincodes(own)):
        path = ("platform", "chaincodes", i)
        if chaincode.external and chaincode.external.address:
            writing.lose(("platform", "chaincodes"), "a server that runs already has no place in a network.yaml")
            continue
        if not re.fullmatch("[0-9]{1,5}", chaincode.version):
            writing.lose((*path, "version"), "Bevel's schema takes whole numbers only; 1 stands there")
        if list(chaincode.organizations) != sorted(chaincode.organizations, key=order.index):
            writing.lose((*path, "organizations"), "stand in the order of the file, and the first one commits")
        if chaincode.external and (chaincode.lang, chaincode.main_directory) != ("golang", "cmd"):
            writing.lose((*path, "lang"), "a server has none")
            writing.lose((*path, "main_directory"), "a server has none")
        found.append(chaincode)
    return found


def _chaincode(writing: Writing, chaincode: Chaincode) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": chaincode.name,
        "version": chaincode.version if chaincode.version.isdigit() else "1",
        "sequence": str(chaincode.sequence),
        "arguments": arguments(chaincode.init),
        "endorsements": chaincode.endorsement or "",
        "init_required": chaincode.init is not None,
    }
    if chaincode.external:
        return {**found, "external_chaincode": True, "image": chaincode.external.image}
    source = chaincode.repository
    if source is None:
        return found
    login = {
        "username": source.username or "",
        "password": lookup(writing.ref(source.password)) if source.password else "",
    }
    return {
        **found,
        "lang": chaincode.lang,
        "maindirectory": chaincode.main_directory,
        "repository": {**login, "url": source.url, "branch": source.branch, "path": source.path},
    }
