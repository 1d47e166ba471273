"""The topologies that Bevel's READMEs install line by line, as Networks of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bevel_tui.network.model import Network


@dataclass(frozen=True)
class Topology:
    """`lines` is the part of the contract's list that installs this topology."""

    name: str
    platform: str
    lines: slice
    document: dict[str, Any]

    @property
    def network(self) -> Network:
        return Network.model_validate(self.document)


def _document(
    platform: dict[str, Any], gateway: dict[str, Any], organizations: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    return {
        "apiVersion": "bevel-tui/v1",
        "kind": "Network",
        "name": "contract",
        "platform": platform,
        "gateway": gateway,
        "organizations": organizations,
        **more,
    }


VAULT = {
    "address": "http://vault.example:8200",
    "token": {"env": "VAULT_TOKEN"},
}
BESU = [
    {"name": "supplychain", "cluster": "one", "besu": {"validators": 4, "members": 1}},
    {"name": "carrier", "cluster": "one", "besu": {"members": 1}},
]
FABRIC = [
    {"name": "supplychain", "cluster": "one", "fabric": {"orderers": 3, "peers": 2, "cli": True}},
    {"name": "carrier", "cluster": "one", "fabric": {"peers": 1, "cli": True}},
]
PLAIN = [{"name": "one", "context": "one", "provider": "aws"}]
PROXIED = [{"name": "one", "context": "one", "provider": "aws", "domain": "test.yourdomain.com"}]

TOPOLOGIES = (
    Topology(
        "besu-none",
        "besu",
        slice(0, 8),
        _document({"type": "besu", "transaction_manager": "tessera"}, {"type": "none"}, BESU, clusters=PLAIN),
    ),
    Topology(
        "besu-ambassador-vault",
        "besu",
        slice(8, 16),
        _document(
            {"type": "besu", "transaction_manager": "tessera"},
            {"type": "ambassador", "p2p_ports": "15011-15050"},
            BESU,
            clusters=PROXIED,
            vault=VAULT,
        ),
    ),
    Topology(
        "fabric-none", "fabric", slice(0, 13), _document({"type": "fabric"}, {"type": "none"}, FABRIC, clusters=PLAIN)
    ),
    Topology(
        "fabric-haproxy-vault",
        "fabric",
        slice(17, 30),
        _document({"type": "fabric"}, {"type": "haproxy"}, FABRIC, clusters=PROXIED, vault=VAULT),
    ),
)
