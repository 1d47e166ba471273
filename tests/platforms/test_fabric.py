"""Fabric: each rule of the planner, the work-rounds of chart defects among them (facts A1)."""

from __future__ import annotations

from typing import Any

import pytest

from bevel_tui.network.model import Network, Organization
from bevel_tui.platforms.fabric import steps
from bevel_tui.platforms.fabric_organizations import ca_subject, subject_of
from bevel_tui.platforms.ids import dns_step_id
from bevel_tui.records.steps import HandoffStep, ObjectRef, ReleaseStep, SecretValue
from tests.platforms.networks import REGISTRY, VAULT, besu, fabric

FOUNDER, OTHER = "east/supplychain-net", "west/carrier-net"


def releases(network: Network) -> dict[str, ReleaseStep]:
    return {s.id: s for s in steps(network) if isinstance(s, ReleaseStep)}


def handoffs(network: Network) -> dict[str, HandoffStep]:
    return {s.id: s for s in steps(network) if isinstance(s, HandoffStep)}


def organizations(*roles: dict[str, Any], cluster: str = "east") -> list[dict[str, Any]]:
    names = ["supplychain", "carrier", "store"]
    return [{"name": names[i], "cluster": cluster, "fabric": r} for i, r in enumerate(roles)]


def test_order_within_the_founder() -> None:
    """facts A1.1: CA, first orderer, then all others side by side, peers behind the first peer."""
    found = releases(fabric())
    assert found[f"{FOUNDER}/supplychain-ca"].needs == (FOUNDER,)
    assert f"{FOUNDER}/supplychain-ca" in found[f"{FOUNDER}/orderer1"].needs
    for name in ("orderer2", "orderer3", "peer0"):
        assert f"{FOUNDER}/orderer1" in found[f"{FOUNDER}/{name}"].needs
        assert f"{FOUNDER}/orderer2" not in found[f"{FOUNDER}/{name}"].needs
    assert f"{FOUNDER}/peer0" in found[f"{FOUNDER}/peer1"].needs


def test_enrolment_waits_for_the_cas_name_behind_a_gateway() -> None:
    """The Jobs reach their CA by its public name (facts A1.4, F06); the CA itself need not wait."""
    found = releases(fabric())
    for name in (f"{FOUNDER}/orderer1", f"{FOUNDER}/peer1", f"{OTHER}/peer0"):
        assert dns_step_id(name.partition("/")[0]) in found[name].needs
    assert dns_step_id("west") not in found[f"{OTHER}/carrier-ca"].needs
    assert not any("dns" in need for s in releases(fabric("none")).values() for need in s.needs)


@pytest.mark.parametrize(
    ("gateway", "ca", "orderer", "suffix"),
    [
        ("haproxy", "ca.supplychain-net.east.example.test", "orderer1.supplychain-net.east.example.test:443", "east.example.test"),
        ("none", "ca.supplychain-net:7054", "orderer1.supplychain-net:7050", "supplychain-net"),
    ],
)  # fmt: skip
def test_addresses(gateway: str, ca: str, orderer: str, suffix: str) -> None:
    """No port behind a gateway, the chart names a file after the address (facts A1.4; F05)."""
    peer = releases(fabric(gateway))[f"{FOUNDER}/peer0"].values
    assert peer["certs"]["orgData"]["caAddress"] == ca
    assert peer["peer"]["ordererAddress"] == orderer
    assert peer["global"]["proxy"]["externalUrlSuffix"] == suffix


def test_scripts_come_with_the_first_enrolment_of_a_namespace() -> None:
    """F19, F20: two owners are refused, none leaves Jobs hanging."""
    found = releases(fabric())
    first = {n for n, s in found.items() if "certs" in s.values and s.values["certs"]["settings"]["createConfigMaps"]}
    assert first == {f"{FOUNDER}/orderer1", f"{OTHER}/peer0"}


def test_removing_one_node_does_not_take_from_the_others() -> None:
    """facts G TRAP, F25: the clean-up flags of Bevel's samples delete the namespace's shared Secrets."""
    for step in releases(fabric()).values():
        if "certs" in step.values:
            settings = step.values["certs"]["settings"]
            assert (settings["removeCertsOnDelete"], settings["removeOrdererTlsOnDelete"]) == (False, False)
        if step.chart == "fabric-ca-server":
            assert step.values["server"]["removeCertsOnDelete"] is False
        if step.chart == "fabric-genesis":
            assert step.values["settings"]["removeConfigMapOnDelete"] is False


def test_a_second_peer0_in_a_cluster_uses_the_first_ones_storage_class() -> None:
    """Classes are cluster-wide and have one owner (facts F, G03); so it has to wait for the first."""
    found = releases(fabric("none"))
    assert found[f"{FOUNDER}/peer0"].values["storage"]["enabled"] is True
    second = found["east/carrier-net/peer0"]
    assert second.values["storage"] == {"enabled": False, "peer": "512Mi", "couchdb": "512Mi"}
    assert f"{FOUNDER}/peer0" in second.needs
    assert not [e for e in second.expects if e.ref.kind == "StorageClass"]
    assert releases(fabric())[f"{OTHER}/peer0"].values["storage"]["enabled"] is True


def test_third_organization_borrows_from_the_first_that_has_the_peer() -> None:
    network = fabric("none", organizations=organizations({"orderers": 1, "peers": 1}, {"peers": 2}, {"peers": 2}))
    found = releases(network)
    assert found["east/carrier-net/peer1"].values["storage"]["enabled"] is True
    third = found["east/store-net/peer1"]
    assert third.values["storage"]["enabled"] is False
    assert "east/carrier-net/peer1" in third.needs


def test_two_names_for_one_cluster_are_one_cluster() -> None:
    clusters = [{"name": name, "context": "same", "domain": f"{name}.example.test"} for name in ("east", "west")]
    second = releases(fabric(clusters=clusters))[f"{OTHER}/peer0"]
    assert second.values["storage"]["enabled"] is False


def test_orderers_ca_goes_to_every_peer_elsewhere() -> None:
    """h1 (facts A1.2, F15), one per peer: each peer's joining mounts its own copy."""
    network = fabric(
        organizations=[
            {"name": "supplychain", "cluster": "east", "fabric": {"orderers": 1, "peers": 1}},
            {"name": "carrier", "cluster": "west", "fabric": {"peers": 2}},
        ]
    )
    found = [h for h in handoffs(network).values() if h.source.name == "orderer-tls-cacert"]
    assert [(h.key, h.target_step, h.target_file, h.needs) for h in found] == [
        ("cacert", f"{OTHER}/peer{i}", "files/orderer.crt", (f"{FOUNDER}/orderer1",)) for i in (0, 1)
    ]
    assert releases(network)[f"{FOUNDER}/peer0"].files == ()


def test_only_public_material_goes_into_the_genesis() -> None:
    """h2 without keystore and signcerts (facts A1.2 SECURITY, F23); h3; both before the genesis Job runs."""
    found = handoffs(fabric())
    msp = found["handoff/msp/carrier->supplychain/genesis"]
    assert msp.source == ObjectRef("v1", "Secret", "admin-msp", "carrier-net")
    assert (msp.key, msp.keep) == (None, ("admincerts", "cacerts", "tlscacerts"))
    config = found["handoff/msp-config/carrier->supplychain/genesis"]
    assert (config.source.name, config.keep) == ("peer0-msp-config", ("mspConfig",))
    assert {msp.policy, config.policy} == {"frozen"}
    genesis = releases(fabric())[f"{FOUNDER}/genesis"]
    assert genesis.files == ("files/carrier.json", "files/carrier-config-file.json")
    nodes = {f"{FOUNDER}/{name}" for name in ("orderer1", "orderer2", "orderer3", "peer0", "peer1")}
    assert nodes | {msp.id, config.id} == set(genesis.needs)


def test_genesis_lists_who_is_where() -> None:
    values = releases(fabric())[f"{FOUNDER}/genesis"].values
    assert values["organizations"][1] == {
        "name": "carrier",
        "peers": [{"name": "peer0", "peerAddress": "peer0.carrier-net.west.example.test:443"}],
    }
    assert values["channels"] == [
        {
            "name": "allchannel",
            "consortium": "SupplyChainConsortium",
            "orderers": ["supplychain"],
            "participants": ["supplychain", "carrier"],
        }
    ]


def test_every_channel_has_its_release_and_its_joins() -> None:
    """The release's name is the channel's (F14); one anchor per organization (facts A1.1)."""
    network = fabric(platform={"channels": [{"name": "trade"}, {"name": "audit", "participants": ["supplychain"]}]})
    found = releases(network)
    assert found[f"{FOUNDER}/audit"].needs == (f"{FOUNDER}/genesis",)
    joins = {n: s for n, s in found.items() if s.chart == "fabric-channel-join"}
    assert sorted(joins) == [
        f"{FOUNDER}/peer0-audit",
        f"{FOUNDER}/peer0-trade",
        f"{FOUNDER}/peer1-audit",
        f"{FOUNDER}/peer1-trade",
        f"{OTHER}/peer0-trade",
    ]
    assert joins[f"{OTHER}/peer0-trade"].needs == (f"{FOUNDER}/trade", f"{OTHER}/peer0")
    anchors = {n for n, s in joins.items() if s.values["peer"]["type"] == "anchor"}
    assert anchors == {n for n in joins if "/peer0-" in n}
    hooks = {e.ref.name: e.hook for e in joins[f"{FOUNDER}/peer0-trade"].expects if e.hook}
    assert hooks == {"joinchannel-peer0-trade": "post-install", "anchorpeer-peer0-trade": "post-install"}
    assert [e.hook for e in joins[f"{FOUNDER}/peer1-trade"].expects] == [None, "post-install"]


def test_orderers_join_inside_their_cluster() -> None:
    """The admin port is never exposed (facts A1.3, A1.5)."""
    values = releases(fabric())[f"{FOUNDER}/allchannel"].values
    assert values["orderers"][2] == {"name": "orderer3", "adminAddress": "orderer3.supplychain-net:7055"}


def test_endpoints_behind_haproxy() -> None:
    """facts A1.5: passthrough on 443 by name, operations plain on 80; grpc-web shows the node's own certificate."""
    found = releases(fabric())
    peer = found[f"{OTHER}/peer0"].endpoints
    zone = "carrier-net.west.example.test"
    assert [(e.host, e.port, e.probe, e.certificate_names) for e in peer] == [
        (f"peer0.{zone}", 443, "fabric-grpc", ()),
        (f"peer0-proxy.{zone}", 443, "tls", (f"peer0.{zone}",)),
        (f"peer0-ops.{zone}", 80, "fabric-operations", ()),
    ]
    assert peer[0].trust == (ObjectRef("v1", "Secret", "peer0-tls", "carrier-net"), "cacrt")
    ca = found[f"{OTHER}/carrier-ca"].endpoints
    assert [(e.host, e.port, e.probe) for e in ca] == [
        (f"ca.{zone}", 443, "fabric-ca"),
        (f"ca-ops.{zone}", 80, "fabric-operations"),
    ]
    assert ca[0].trust == (ObjectRef("v1", "Secret", "fabric-ca-server-certs", "carrier-net"), "tls.crt")


def test_endpoints_without_a_gateway_are_the_clusters_own() -> None:
    """The CA's certificate holds the short name only (facts A1.3)."""
    ca = releases(fabric("none"))[f"{FOUNDER}/supplychain-ca"].endpoints[0]
    assert (ca.host, ca.port, ca.exposed) == ("ca.supplychain-net.svc.cluster.local", 7054, False)
    assert ca.certificate_names == ("ca.supplychain-net",)


def test_ca_password_is_a_reference() -> None:
    roles = {"orderers": 1, "peers": 1, "ca_admin": {"file": "pw"}}
    found = releases(fabric("none", organizations=organizations(roles, {"peers": 1})))
    wanted = SecretValue(file="pw", url=True)  # enrolment scripts put it into a URL
    assert found[f"{FOUNDER}/supplychain-ca"].values["server"]["adminPassword"] == wanted
    assert found[f"{FOUNDER}/orderer1"].values["certs"]["orgData"]["caAdminPassword"] == wanted
    assert found["east/carrier-net/carrier-ca"].values["server"]["adminPassword"] == "carrier-adminpw"


@pytest.mark.parametrize(
    ("subject", "component", "ca"),
    [
        (None, "O=Acme,L=51.50/-0.13/London,C=GB", "/C=GB/ST=London/L=London/O=Acme"),
        ("O=Acme,OU=Ops,L=52.37/4.89/Amsterdam,C=NL", "O=Acme,OU=Ops,L=52.37/4.89/Amsterdam,C=NL", "/C=NL/ST=Amsterdam/L=Amsterdam/O=Acme/OU=Ops"),
        ("O=Acme,ST=Ohio,C=US", "O=Acme,ST=Ohio,C=US", "/C=US/ST=Ohio/O=Acme"),
    ],
)  # fmt: skip
def test_subjects(subject: str | None, component: str, ca: str) -> None:
    """One form for certificate requests, another for openssl, where a slash begins a new part (facts A1.4)."""
    organization = Organization(name="acme", cluster="east", subject=subject)
    assert (subject_of(organization), ca_subject(organization)) == (component, ca)


def test_cli_stands_beside_the_last_peer() -> None:
    roles = {"orderers": 1, "peers": 2, "cli": True}
    found = releases(fabric("none", organizations=organizations(roles), registry=REGISTRY))
    assert [s.values["peer"]["cliEnabled"] for n, s in found.items() if n.endswith(("/peer0", "/peer1"))] == [
        False,
        True,
    ]
    assert ("Deployment", "peer1-cli") in [(e.ref.kind, e.ref.name) for e in found[f"{FOUNDER}/peer1"].expects]
    assert found[f"{FOUNDER}/peer1"].values["peer"]["image"] == {"pullSecret": "regcred"}


def test_gossip_starts_inside_the_namespace() -> None:
    found = releases(fabric())
    assert found[f"{OTHER}/peer0"].values["peer"]["gossipPeerAddress"] == "peer0.carrier-net:7051"


def test_vault_policy_is_fabrics() -> None:
    """An unknown network name would write an empty policy (facts E)."""
    found = releases(fabric(vault=VAULT))
    assert found[f"{OTHER}/carrier-ca"].values["global"]["vault"]["network"] == "fabric"
    assert "Job" in {e.ref.kind for e in found[f"{OTHER}/carrier-ca"].expects if e.ref.name == "bevel-vault-mgmt"}


def test_what_enrolment_writes_is_kept_and_known() -> None:
    produced = {p.ref.name: p for p in releases(fabric())[f"{FOUNDER}/orderer1"].produces}
    assert set(produced) == {"orderer1-tls", "orderer1-msp", "admin-tls", "admin-msp", "orderer-tls-cacert"}
    assert produced["admin-msp"].private == ("keystore",)
    assert all(p.keep for p in produced.values())
    assert {p.ref.name for p in releases(fabric())[f"{FOUNDER}/orderer2"].produces} == {"orderer2-tls", "orderer2-msp"}


def test_another_platforms_network_is_refused() -> None:
    with pytest.raises(TypeError, match="besu"):
        releases(besu())
