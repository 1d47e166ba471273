"""What in a network.yaml contradicts itself: the rules across fields that Bevel's schema does not check (facts D)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bevel_tui.network.bevel.notes import Note
from bevel_tui.network.bevel.reading import Reading
from bevel_tui.network.bevel.source import Node
from bevel_tui.network.problem import printable, where

#: keys of network.yaml that hold host[:port], by what kind of address it is
PEERS = ("peerAddress", "gossipAddress", "gossippeeraddress")
ORDERERS = ("uri", "ordererAddress")
_URL = re.compile(r"^(https?)://([^/:]+)(?::(\d+))?")
#: Ambassador's raw TCP ports; HTTP is told apart by host names, so 80 and 443 may stand often (facts D 5)
HTTP = (80, 443)


def notes(reading: Reading) -> Iterator[Note]:
    """Everything that contradicts itself, with its line."""
    for check in (_suffixes, _urls, _ports_of_addresses, _members, _gateway_ports, _paths, _booleans, _peer_names):
        yield from check(reading)


def _doubt(node: Node, message: str) -> Note:
    return Note("doubt", where(node.path), message, (node.line,))


def _walk(node: Node) -> Iterator[Node]:
    """Every value below, without marking it as read."""
    if isinstance(node.data, dict):
        for key, value in node.data.items():
            yield from _walk(Node(node.source, (*node.path, key), value))
    elif isinstance(node.data, tuple):
        for i, value in enumerate(node.data):
            yield from _walk(Node(node.source, (*node.path, i), value))
    else:
        yield node


def _all_suffixes(reading: Reading) -> dict[str, str]:
    return {o.text("name"): o.text("external_url_suffix") for o in reading.organizations}


def _suffixes(reading: Reading) -> Iterator[Note]:
    """Rule 1: an address of an organization ends in its external_url_suffix."""
    if reading.gateway == "none":
        return
    suffixes = {name: suffix for name, suffix in _all_suffixes(reading).items() if suffix}
    for node in _walk(reading.network):
        if node.path[-1] not in (*PEERS, *ORDERERS) or not isinstance(node.data, str) or node.data.startswith("http"):
            continue
        host = node.data.rsplit(":", maxsplit=1)[0]
        labels = host.split(".")
        owner = labels[1].rsplit("-", maxsplit=1)[0] if len(labels) > 1 else ""
        if len(labels) > 2 and owner in suffixes and not host.endswith("." + suffixes[owner]):
            yield _doubt(node, f"does not end in the external_url_suffix of {owner}, {suffixes[owner]}")


def _urls(reading: Reading) -> Iterator[Note]:
    """Rule 1 for URLs: those of transaction managers and of Corda's services are under some organization's suffix."""
    suffixes = {suffix for suffix in _all_suffixes(reading).values() if suffix}
    nodes = [node for key in ("tm_nodes", "besu_nodes") for node in reading.network.get("config").items(key)]
    nodes += [item.get("uri") for item in reading.network.items("network_services")]
    for node in nodes:
        found = _URL.match(node.data) if isinstance(node.data, str) else None
        if found is None:
            continue
        if reading.gateway == "ambassador" and not any(found[2].endswith("." + suffix) for suffix in suffixes):
            yield _doubt(node, f"{printable(found[2], 120)} is under no external_url_suffix of this file")


def _ports_of_addresses(reading: Reading) -> Iterator[Note]:
    """Rule 2: addresses of Fabric have a port, 443 behind haproxy."""
    if reading.network.text("type") != "fabric":
        return
    for node in _walk(reading.network):
        if node.path[-1] not in (*PEERS, *ORDERERS) or not isinstance(node.data, str):
            continue
        host, colon, port = node.data.partition(":")
        inside = host.endswith(("-net", ".local")) and host.count(".") <= 4
        if not colon:
            yield _doubt(node, "has no port")
        elif reading.gateway == "haproxy" and port != "443" and not inside:
            yield _doubt(node, f"has port {port}, and haproxy serves 443")
        elif reading.gateway == "none" and port not in ("7050", "7051"):
            yield _doubt(node, f"has port {port}; without a gateway orderers have 7050 and peers 7051")


def _members(reading: Reading) -> Iterator[Note]:
    """Rule 3: what is said of an organization is said of one of this file. (A channel's participants stop the import.)"""
    known = {organization.text("name") for organization in reading.organizations}
    network = reading.network
    nodes = [item.get("org_name") for item in network.items("orderers")]
    for channel in network.items("channels"):
        nodes += channel.items("orderers")
        nodes += [item.get("name") for item in channel.items("endorsers")]
        nodes.append(channel.get("osn_creator_org").get("name"))
    nodes += [organization.get("orderer_org") for organization in reading.organizations]
    for node in nodes:
        if node.data is not None and str(node.data) not in known:
            yield _doubt(node, f"names an organization, {printable(str(node.data))}, that this file does not list")


def _gateway_ports(reading: Reading) -> Iterator[Note]:
    """Rule 5: raw TCP ports are one per node at a gateway, and opened there."""
    if reading.gateway != "ambassador":
        return
    given = reading.network.get("env").get("ambassadorPorts")
    low, high = given.get("portRange").number("from"), given.get("portRange").number("to")
    opened = set(range(low, high + 1)) if low is not None and high is not None else set()
    opened |= {node.data for node in given.items("ports") if isinstance(node.data, int)}
    seen: dict[tuple[str, int], Node] = {}
    for organization in reading.organizations:
        context = organization.get("k8s").text("context")
        for node in _walk(organization.get("services")):
            if node.path[-1] != "ambassador" or not isinstance(node.data, int) or node.data in HTTP:
                continue
            if node.path[-2] not in ("p2p", "node", "client", "raft", "ipfs"):
                continue
            first = seen.setdefault((context, node.data), node)
            if first.path != node.path:
                yield _doubt(node, f"port {node.data} is given out at this gateway already, in line {first.line}")
            if opened and node.data not in opened:
                yield _doubt(node, f"port {node.data} is not among network.env.ambassadorPorts, so it would stay shut")


def _paths(reading: Reading) -> Iterator[Note]:
    """Rule 11: paths are absolute."""
    config = reading.network.get("config")
    nodes = [config.get(key) for key in ("genesis", "staticnodes", "bootnodes", "ipfsbootnodes") if config.get(key)]
    nodes += [o.get("ca_data").get("certificate") for o in reading.organizations if o.get("ca_data")]
    for node in nodes:
        if isinstance(node.data, str) and not node.data.startswith("/"):
            yield _doubt(node, "is no absolute path, which Bevel's playbooks need")


def _booleans(reading: Reading) -> Iterator[Note]:
    """Rule 13: on and off without quotes are true and false for Ansible, where its roles compare with a word."""
    for node in _walk(reading.network):
        if node.path[-1] in ("tls", "tm_tls") and node.data in ("on", "off", "yes", "no"):
            line = node.source.lines[node.line - 1]
            if f'"{node.data}"' not in line and f"'{node.data}'" not in line:
                yield _doubt(node, f"{node.data} without quotes is a truth value for Ansible; write it in quotes")


def _peer_names(reading: Reading) -> Iterator[Note]:
    """Rule 4: Fabric's peers are called peer0, peer1..., in this order."""
    if reading.network.text("type") != "fabric":
        return
    for organization in reading.organizations:
        for i, peer in enumerate(organization.get("services").items("peers")):
            if peer.text("name") != f"peer{i}":
                yield _doubt(peer.get("name"), f"Bevel's playbooks expect peer{i} here")
