"""What a newcomer must know of each platform and gateway before choosing: one sentence, what it needs, what it allows.

Which pairs are possible is never written down here: the rules are asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import cast, get_args

from bevel_tui.network.model import GatewayName, Network, PlatformName
from bevel_tui.network.rules import gateway as rules


@dataclass(frozen=True, slots=True)
class About:
    """A platform or gateway in words."""

    title: str
    sentence: str
    needs: str = ""


PLATFORMS: Mapping[str, About] = {
    "besu": About(
        "Hyperledger Besu",
        "Ethereum for consortia: validators agree within seconds, applications speak JSON-RPC.",
        "four validators at the founder (they stand the loss of one), a member node for each organization",
    ),
    "fabric": About(
        "Hyperledger Fabric",
        "Channels and chaincode: members share some ledgers with some others, and nothing with the rest.",
        "three orderers at the founder (they stand the loss of one), a CA and a peer for each organization",
    ),
    "quorum": About(
        "GoQuorum",
        "Ethereum in Go with private transactions: as Besu, with Tessera for what only some may see.",
        "four validators at the founder at least, a member node for each organization",
    ),
    "indy": About(
        "Hyperledger Indy",
        "A ledger for digital identities: stewards hold it, trustees and endorsers write to it.",
        "four stewards in all, a trustee at the founder, and a fixed IPv4 address for every cluster",
    ),
    "corda": About(
        "R3 Corda",
        "Contracts between parties who know each other: only those concerned see a transaction.",
        "doorman, network map and a notary at the founder, a node for each organization",
    ),
    "corda-enterprise": About(
        "R3 Corda Enterprise",
        "Corda with R3's network manager (CENM), for production.",
        "R3's licensed images in a registry of yours, the network manager and a notary at the founder",
    ),
    "substrate": About(
        "Substrate",
        "The Inteli project's chain for supply chains: its genesis says who may join, files go to IPFS.",
        "four validators over the first organizations, a member node for each",
    ),
}

GATEWAYS: Mapping[str, About] = {
    "haproxy": About(
        "HAProxy Ingress", "Passes TLS through to the nodes, by the name that the client asks for.", "443 (TLS), 80"
    ),
    "ambassador": About(
        "Ambassador",
        "Routes names to nodes and gives every node a TCP port of its own for the others.",
        "80 or 443, and of the P2P ports one for each node",
    ),
    "istio": About("Istio", "A service mesh.", ""),
    "none": About(
        "No gateway",
        "Everything stays inside one cluster; nothing is reachable from outside, no DNS is needed.",
        "none",
    ),
}


def platform_names() -> tuple[str, ...]:
    """All platforms, in the order in which they are offered."""
    assert set(PLATFORMS) == set(get_args(PlatformName))  # noqa: S101 - a platform without words is a bug
    return tuple(PLATFORMS)


@cache
def refusals(platform: str, clusters: int) -> Mapping[str, str | None]:
    """For each gateway why it cannot serve this platform over so many clusters; None where it can."""
    return {name: _refusal(platform, name, max(clusters, 1)) for name in cast("tuple[str, ...]", get_args(GatewayName))}


def _refusal(platform: str, gateway: str, clusters: int) -> str | None:
    network = Network.model_validate(
        {
            "apiVersion": "bevel-tui/v1",
            "kind": "Network",
            "name": "x",
            "platform": {"type": platform},
            "gateway": {"type": gateway},
            "clusters": tuple({"name": f"c{i}", "context": f"c{i}"} for i in range(clusters)),
            "organizations": tuple({"name": f"o{i}", "cluster": f"c{i}"} for i in range(clusters)),
        }
    )
    found = [*rules.matrix(network), *rules.none_is_one_cluster(network)]
    if not found:
        return None
    return found[0].message.replace(" (" + ", ".join(c.name for c in network.clusters) + ")", "")
