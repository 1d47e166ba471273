"""The final names: Bevel's conventions, and what its charts make of them."""

from __future__ import annotations

from typing import Any

import pytest

from bevel_tui.network import corda, ethereum, fabric, names, naming
from tests.network.documents import BESU, CORDA, ENTERPRISE, FABRIC, QUORUM, SUBSTRATE, Json, change, network


def test_namespaces_follow_bevel_unless_chosen() -> None:
    besu, fabric = network(BESU), network(FABRIC, ("organizations.1.namespace", "mine"))
    assert [naming.namespace_of(besu, o) for o in besu.organizations] == ["supplychain-bes", "carrier-bes"]
    assert [naming.namespace_of(fabric, o) for o in fabric.organizations] == ["supplychain-net", "mine"]


def test_besu_releases() -> None:
    n = network(BESU)
    first, second = n.organizations
    assert [r.name for r in names.releases(n, first)] == [
        "genesis",
        "validator-1",
        "validator-2",
        "validator-3",
        "validator-4",
        "member-supplychain-1",
    ]
    assert [(r.name, r.role, r.chart) for r in names.releases(n, second)] == [
        ("genesis", "genesis", "besu-genesis"),
        ("member-carrier-1", "member", "besu-node"),
    ]


def test_quorum_releases() -> None:
    """Validators count from 0: only there do they find the keys that the genesis made (facts A3, NAME RULE)."""
    n = network(QUORUM)
    first, second = n.organizations
    assert [naming.namespace_of(n, o) for o in n.organizations] == ["supplychain-quo", "carrier-quo"]
    assert [r.name for r in names.releases(n, first)] == [
        "genesis",
        "validator-0",
        "validator-1",
        "validator-2",
        "validator-3",
        "member-supplychain-0",
    ]
    assert [(r.name, r.role, r.chart) for r in names.releases(n, second)] == [
        ("genesis", "genesis", "quorum-genesis"),
        ("member-carrier-0", "member", "quorum-node"),
    ]
    assert [(h.host, h.port) for h in names.hosts(n, second, names.releases(n, second)[1])] == [
        ("member-carrier-0rpc.west.example.test", 80),
        ("member-carrier-0ws.west.example.test", 80),
        ("member-carrier-0.west.example.test", 15010),
    ]


def test_fabric_releases() -> None:
    n = network(
        FABRIC,
        ("platform.channels", [{"name": "all"}, {"name": "own", "participants": ["supplychain"]}]),
        ("organizations.0.fabric.peers", 2),
    )
    first, second = n.organizations
    assert [r.name for r in names.releases(n, first)] == [
        *["supplychain-ca", "orderer1", "orderer2", "orderer3", "peer0", "peer1", "genesis", "all", "own"],
        *["peer0-all", "peer1-all", "peer0-own", "peer1-own"],
    ]
    assert [(r.name, r.role, r.peer, r.channel) for r in names.releases(n, second)] == [
        ("carrier-ca", "ca", None, None),
        ("peer0", "peer", "peer0", None),
        ("peer0-all", "join", "peer0", "all"),
    ]


def test_one_channel_of_all_is_the_default() -> None:
    n = network(FABRIC, ("organizations.0.fabric.peers", 0))
    assert [(c.name, c.participants) for c in fabric.channels(n)] == [("allchannel", ("carrier",))]
    assert fabric.channels(network(BESU)) == ()


def test_corda_releases_in_the_order_of_their_installation() -> None:
    def named(document: Json, *changes: tuple[str, Any]) -> list[list[str]]:
        n = network(document, *changes)
        return [[r.name for r in names.releases(n, o)] for o in n.organizations]

    nodes = ("organizations.0.corda", {"notaries": 2, "nodes": 1})
    assert named(CORDA, nodes, ("gateway.type", "none")) == [
        ["init", "supplychain", "notary-supplychain-1", "notary-supplychain-2", "node-supplychain-1"],
        ["init", "node-manufacturer-1"],
    ]
    assert named(ENTERPRISE) == [
        ["init", "cenm", "notary-supplychain-1", "notary-supplychain-1-p2p", "networkmap"],
        ["init", "node-manufacturer-1", "node-manufacturer-1-p2p"],
    ]


def test_corda_nodes_have_legal_names_of_their_own() -> None:
    n = network(
        CORDA,
        ("organizations.0.corda", {"notaries": 2, "nodes": 2}),
        ("organizations.1.subject", "OU=Sales,O=Manufacturer,L=Zurich,C=CH"),
        ("organizations.1.corda", {"notaries": 1, "nodes": 2}),
    )
    first, second = (
        [corda.legal_name(o, r) for r in names.releases(n, o) if r.role in ("notary", "node")] for o in n.organizations
    )
    place = "L=51.50/-0.13/London,C=GB"
    assert first == [
        f"O=Supplychain,OU=Notary,{place}",
        f"O=Supplychain,OU=Notary 2,{place}",
        f"O=Supplychain,{place}",
        f"O=Supplychain,OU=Node 2,{place}",
    ]
    assert second == [
        "O=Manufacturer,OU=Notary,L=Zurich,C=CH",
        "OU=Sales,O=Manufacturer,L=Zurich,C=CH",
        "O=Manufacturer,OU=Node 2,L=Zurich,C=CH",
    ]


@pytest.mark.parametrize(
    ("document", "gateway", "doorman", "network_map"),
    [
        (CORDA, "none", "http://supplychain-doorman.supplychain-ns:8080", "http://supplychain-nms.supplychain-ns:8080"),
        (
            CORDA,
            "ambassador",
            "https://supplychain-doorman.east.example.test",
            "https://supplychain-nms.east.example.test",
        ),
        (ENTERPRISE, "none", "http://idman.supplychain-ent:10000", "http://cenm-networkmap.supplychain-ent:10000"),
        (ENTERPRISE, "ambassador", "https://cenm-doorman.east.example.test", "https://cenm-nms.east.example.test"),
    ],
)
def test_corda_services_are_found(document: Json, gateway: str, doorman: str, network_map: str) -> None:
    n = network(document, ("gateway.type", gateway))
    assert (corda.doorman_url(n), corda.network_map_url(n)) == (doorman, network_map)


def test_full_names_as_the_charts_make_them() -> None:
    assert naming.full_name("besu-node", "validator-1") == "besu-node-validator-1"
    assert naming.full_name("besu-node", "my-besu-node-1") == "my-besu-node-1"
    assert naming.full_name("tessera", "x" * 80) == "tessera-" + "x" * 55
    assert naming.full_name("tessera", "x" * 54 + "-yy") == "tessera-" + "x" * 54
    assert naming.storage_class("peer0") == "storage-peer0"


def test_p2p_ports_are_unique_per_cluster_and_start_again_in_the_next() -> None:
    assert names.p2p_ports(network(BESU)) == {
        **{("east", "supplychain-bes", f"validator-{i}"): 15009 + i for i in range(1, 5)},
        ("east", "supplychain-bes", "member-supplychain-1"): 15014,
        ("west", "carrier-bes", "member-carrier-1"): 15010,
    }


def test_besu_hosts() -> None:
    n = network(BESU, ("platform.transaction_manager", "tessera"))
    carrier = n.organizations[1]
    member = names.releases(n, carrier)[1]
    assert [(h.host, h.port, h.purpose) for h in names.hosts(n, carrier, member)] == [
        ("member-carrier-1rpc.west.example.test", 80, "rpc"),
        ("member-carrier-1ws.west.example.test", 80, "ws"),
        ("member-carrier-1.west.example.test", 15010, "p2p"),
        ("member-carrier-1.west.example.test", 443, "tessera"),
    ]
    validator = names.releases(n, n.organizations[0])[1]
    assert "tessera" not in [h.purpose for h in names.hosts(n, n.organizations[0], validator)]


def test_fabric_hosts() -> None:
    n = network(FABRIC)
    carrier = n.organizations[1]
    ca, peer, join = names.releases(n, carrier)
    assert [(h.host, h.port) for h in names.hosts(n, carrier, ca)] == [
        ("ca.carrier-net.west.example.test", 443),
        ("ca-ops.carrier-net.west.example.test", 80),
    ]
    assert [(h.host, h.port) for h in names.hosts(n, carrier, peer)] == [
        ("peer0.carrier-net.west.example.test", 443),
        ("peer0-proxy.carrier-net.west.example.test", 443),
        ("peer0-ops.carrier-net.west.example.test", 80),
    ]
    assert names.hosts(n, carrier, join) == ()


def test_without_a_gateway_there_are_no_hosts() -> None:
    n = network(change(FABRIC, ("gateway.type", "none")))
    assert [names.hosts(n, o, r) for o, r in names.nodes(n)] == [()] * len(list(names.nodes(n)))


def test_enode_addresses_inside_and_outside() -> None:
    outside, inside = network(BESU), network(BESU, ("gateway.type", "none"))
    first = outside.organizations[0]
    genesis, validator, *_ = names.releases(outside, first)
    assert ethereum.enode_addresses(outside, first, genesis, names.p2p_ports(outside)) == ()
    assert ethereum.enode_addresses(outside, first, validator, names.p2p_ports(outside)) == (
        "besu-node-validator-1.supplychain-bes:30303?discport=0",
        "validator-1.east.example.test:15010?discport=0",
    )
    assert ethereum.enode_addresses(inside, first, validator, names.p2p_ports(inside))[1] == (
        "besu-node-validator-1-0.besu-node-validator-1.supplychain-bes.svc.cluster.local:30303?discport=0"
    )


def test_substrate_releases() -> None:
    """Keys first, then the genesis in the first organization, then a node for each of the keys (facts A7)."""
    n = network(SUBSTRATE)
    first, second = n.organizations
    assert [naming.namespace_of(n, o) for o in n.organizations] == ["oem-subs", "tierone-subs"]
    assert [(r.name, r.role, r.index) for r in names.releases(n, first)] == [
        ("oem-validator-1", "keys", 0),
        ("oem-validator-2", "keys", 1),
        ("oem-member-1", "keys", 2),
        ("oem-genesis", "genesis", 0),
        ("oem-validator-1-node", "validator", 0),
        ("oem-validator-2-node", "validator", 1),
        ("oem-member-1-node", "member", 0),
        ("dscp-ipfs-node-oem-1", "ipfs", 0),
        ("dscp-ipfs-node-oem-2", "ipfs", 1),
    ]
    assert [r.name for r in names.releases(n, second) if r.role != "keys"] == [
        "tierone-validator-1-node",
        "tierone-validator-2-node",
        "tierone-member-1-node",
    ]


def test_substrate_hosts_and_ports() -> None:
    """Nodes advertise `<release>-substrate-node-0.<domain>`; IPFS nodes get their ports after all others."""
    n = network(SUBSTRATE, ("organizations.1.cluster", "east"), ("clusters.1", ...))
    hosts = {h.host: h.port for o, r in names.nodes(n) for h in names.hosts(n, o, r)}
    assert hosts == {
        "oem-validator-1-node-substrate-node-0.east.example.test": 15010,
        "oem-validator-2-node-substrate-node-0.east.example.test": 15011,
        "oem-member-1-node-substrate-node-0.east.example.test": 15012,
        "tierone-validator-1-node-substrate-node-0.east.example.test": 15013,
        "tierone-validator-2-node-substrate-node-0.east.example.test": 15014,
        "tierone-member-1-node-substrate-node-0.east.example.test": 15015,
        "dscp-ipfs-node-oem-1-swarm.east.example.test": 15016,
        "dscp-ipfs-node-oem-2-swarm.east.example.test": 15017,
    }
