"""Small preset documents, as plain data, for tests to spoil."""

from __future__ import annotations

import copy
from typing import Any

from bevel_tui.network.model import Network
from bevel_tui.network.problem import where
from bevel_tui.network.rules import problems

Json = dict[str, Any]

BESU: Json = {
    "apiVersion": "bevel-tui/v1",
    "kind": "Network",
    "name": "net",
    "platform": {"type": "besu"},
    "gateway": {"type": "ambassador"},
    "clusters": [
        {"name": "east", "context": "c-east", "domain": "east.example.test"},
        {"name": "west", "context": "c-west", "domain": "west.example.test"},
    ],
    "organizations": [
        {"name": "supplychain", "cluster": "east", "besu": {"validators": 4, "members": 1}},
        {"name": "carrier", "cluster": "west", "besu": {"members": 1}},
    ],
}

QUORUM: Json = {
    **BESU,
    "platform": {"type": "quorum"},
    "organizations": [
        {"name": "supplychain", "cluster": "east", "quorum": {"validators": 4, "members": 1}},
        {"name": "carrier", "cluster": "west", "quorum": {"members": 1}},
    ],
}

FABRIC: Json = {
    **BESU,
    "platform": {"type": "fabric"},
    "gateway": {"type": "haproxy"},
    "organizations": [
        {"name": "supplychain", "cluster": "east", "fabric": {"orderers": 3, "peers": 1, "ca_admin": {"env": "A"}}},
        {"name": "carrier", "cluster": "west", "fabric": {"peers": 1, "ca_admin": {"env": "B"}}},
    ],
}

CORDA: Json = {
    **BESU,
    "platform": {"type": "corda"},
    "organizations": [
        {"name": "supplychain", "cluster": "east", "corda": {"notaries": 1, "nodes": 0}},
        {"name": "manufacturer", "cluster": "west", "corda": {"nodes": 1}},
    ],
}
ENTERPRISE: Json = {
    **CORDA,
    "platform": {"type": "corda-enterprise"},
    "registry": {"server": "registry.example.test", "username": {"env": "U"}, "password": {"env": "P"}},
}

SUBSTRATE: Json = {
    **BESU,
    "platform": {"type": "substrate"},
    "organizations": [
        {"name": "oem", "cluster": "east", "substrate": {"validators": 2, "members": 1, "ipfs": 2}},
        {"name": "tierone", "cluster": "west", "substrate": {"validators": 2, "members": 1}},
    ],
}

INDY: Json = {
    **BESU,
    "platform": {"type": "indy"},
    "clusters": [{"name": "east", "context": "c-east"}, {"name": "west", "context": "c-west"}],
    "organizations": [
        {"name": "authority", "cluster": "east", "indy": {"trustee": True}},
        {"name": "university", "cluster": "west", "indy": {"stewards": 4, "endorser": True}},
    ],
}


def change(document: Json, *changes: tuple[str, Any]) -> Json:
    """A copy with values put in by dotted path (``organizations.0.besu.members``); `...` removes."""
    changed = copy.deepcopy(document)
    for path, value in changes:
        *parents, last = [int(p) if p.isdigit() else p for p in path.split(".")]
        node: Any = changed
        for part in parents:
            node = node.setdefault(part, {}) if isinstance(node, dict) else node[part]
        if value is ...:
            del node[last]
        elif isinstance(node, list) and last == len(node):
            node.append(value)
        else:
            node[last] = value
    return changed


def network(document: Json, *changes: tuple[str, Any]) -> Network:
    """The Network of a document, changed."""
    return Network.model_validate(change(document, *changes))


def found(document: Json, *changes: tuple[str, Any]) -> set[tuple[str, str, str]]:
    """What the rules say of a document: (severity, code, path)."""
    return {(p.severity, p.code, where(p.path)) for p in problems(network(document, *changes))}
