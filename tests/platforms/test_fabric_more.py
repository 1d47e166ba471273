"""Fabric beyond one organization that orders: 2.2, several orderer organizations, users, console (facts A1, F10)."""

from __future__ import annotations

from typing import Any

import pytest

from bevel_tui.network.model import Network
from bevel_tui.platforms.fabric import manifests, steps
from bevel_tui.records.steps import HandoffStep, ObjectRef, ReleaseStep
from tests.platforms.networks import CLUSTERS, REGISTRY, VAULT, fabric

FOUNDER, OTHER = "east/supplychain-net", "west/carrier-net"


def releases(network: Network) -> dict[str, ReleaseStep]:
    return {s.id: s for s in steps(network) if isinstance(s, ReleaseStep)}


def handoffs(network: Network) -> dict[str, HandoffStep]:
    return {s.id: s for s in steps(network) if isinstance(s, HandoffStep)}


def both_order(**more: Any) -> Network:
    return fabric(
        organizations=[
            {"name": "supplychain", "cluster": "east", "fabric": {"orderers": 1, "peers": 1}},
            {"name": "carrier", "cluster": "west", "fabric": {"orderers": 2, "peers": 1}},
        ],
        **more,
    )


# ---------------------------------------------------------------- several organizations order


def test_orderers_of_others_have_names_of_their_own() -> None:
    """The genesis chart finds their certificates by the orderer's name alone (facts A1.2 h3b)."""
    found = releases(both_order())
    assert {i for i, s in found.items() if s.chart == "fabric-orderernode"} == {
        f"{FOUNDER}/orderer1",
        f"{OTHER}/orderer-carrier-1",
        f"{OTHER}/orderer-carrier-2",
    }


def test_only_certificates_of_orderers_go_into_the_genesis() -> None:
    """h3b without serverkey; the file is named as the chart reads it."""
    network = both_order()
    found = handoffs(network)["handoff/orderer-tls-orderer-carrier-2/carrier->supplychain/genesis"]
    assert found.source == ObjectRef("v1", "Secret", "orderer-carrier-2-tls", "carrier-net")
    assert (found.keep, found.target_file) == (("cacrt", "servercrt"), "files/orderer-carrier-2-orderer-tls.json")
    assert found.needs == (f"{OTHER}/orderer-carrier-2",) and found.policy == "frozen"
    genesis = releases(network)[f"{FOUNDER}/genesis"]
    assert found.id in genesis.needs
    orderers = [o["name"] for org in genesis.values["organizations"] for o in org.get("orderers", ())]
    assert orderers == ["orderer1", "orderer-carrier-1", "orderer-carrier-2"]
    assert genesis.values["channels"][0]["orderers"] == ["supplychain", "carrier"]


def test_the_genesis_chart_is_patched_only_where_it_must_be() -> None:
    """F10: it never makes the directory for other organizations' certificates."""
    assert "fabric-foreign-orderers" in releases(both_order())[f"{FOUNDER}/genesis"].patches
    assert "fabric-foreign-orderers" not in releases(fabric())[f"{FOUNDER}/genesis"].patches


def test_orderers_join_in_their_own_cluster() -> None:
    """Port 7055 is not exposed: a run per organization, with a copy of the block (facts A1.3)."""
    network = both_order()
    found, copied = (
        releases(network),
        handoffs(network)["handoff/block-allchannel/supplychain->carrier/allchannel-genesis"],
    )
    assert copied.target_object == ObjectRef("v1", "ConfigMap", "allchannel-genesis", "carrier-net")
    assert (copied.target_cluster, copied.target_step, copied.keep) == ("west", None, ("allchannel-genesis_base64",))
    assert copied.needs == (f"{FOUNDER}/genesis", OTHER)
    theirs = found[f"{OTHER}/allchannel"]
    assert theirs.needs == (copied.id,)
    assert theirs.values["orderers"] == [
        {"name": f"orderer-carrier-{i}", "adminAddress": f"orderer-carrier-{i}.carrier-net:7055"} for i in (1, 2)
    ]
    # raft needs a majority before an anchor can be set
    for join in (f"{FOUNDER}/peer0-allchannel", f"{OTHER}/peer0-allchannel"):
        assert {f"{FOUNDER}/allchannel", f"{OTHER}/allchannel"} <= set(found[join].needs)


def test_peers_use_their_own_organizations_orderers() -> None:
    """The charts mount the orderers' CA that is in the namespace (facts 0.10)."""
    network = both_order()
    peer = releases(network)[f"{OTHER}/peer0"]
    assert peer.values["peer"]["ordererAddress"] == "orderer-carrier-1.carrier-net.west.example.test:443"
    assert not [h for h in handoffs(network).values() if h.source.name == "orderer-tls-cacert"]
    join = next(m for m in manifests(releases(network)[f"{OTHER}/peer0-allchannel"]) if m["kind"] == "Job")
    volumes = {v["name"]: v for v in join["spec"]["template"]["spec"]["volumes"]}
    assert volumes["orderer-tls-cacert"]["configMap"]["name"] == "orderer-tls-cacert"


def test_an_organization_may_only_order() -> None:
    network = fabric(
        organizations=[
            {"name": "supplychain", "cluster": "east", "fabric": {"orderers": 1, "peers": 1}},
            {"name": "carrier", "cluster": "west", "fabric": {"orderers": 2, "peers": 0}},
        ]
    )
    what = {h.partition("/")[2].partition("/")[0] for h in handoffs(network)}
    assert what == {"msp", "orderer-tls-orderer-carrier-1", "orderer-tls-orderer-carrier-2", "block-allchannel"}
    assert f"{OTHER}/allchannel" in releases(network)


# ---------------------------------------------------------------- 2.2


def two_two(**more: Any) -> Network:
    return fabric(platform={"version": "2.2.2", "channels": [{"name": "trade", "creator": "carrier"}]}, **more)


def test_orderers_wait_for_a_block_that_is_made_of_their_certificates() -> None:
    """facts A1.1, F07: the enrolment is waited for with the release, the pod with the genesis."""
    found = releases(two_two())
    sets = {ObjectRef("apps/v1", "StatefulSet", f"fabric-orderernode-orderer{i}", "supplychain-net") for i in (1, 2, 3)}
    assert {ref for i in (1, 2, 3) for ref in found[f"{FOUNDER}/orderer{i}"].later} == sets
    genesis = found[f"{FOUNDER}/genesis"]
    assert set(genesis.awaits) == sets
    assert not any(s.later or s.awaits for s in releases(fabric()).values())
    assert [p.ref.name for p in genesis.produces] == [
        "syschannel-genesis",
        "trade-channeltx",
        "trade-supplychain-anchortx",
        "trade-carrier-anchortx",
    ]


def test_a_peer_of_the_creator_makes_the_channel() -> None:
    """h4; and no osnadmin anywhere."""
    network = two_two()
    found, handed = releases(network), handoffs(network)
    assert "fabric-osnadmin-channel-create" not in {s.chart for s in found.values()}
    channel = found[f"{OTHER}/trade"]
    assert (channel.chart, channel.files) == ("fabric-channel-create", ("files/channeltx.json",))
    transaction = handed["handoff/channel-tx/supplychain->carrier/trade"]
    assert (transaction.source.name, transaction.key) == ("trade-channeltx", "trade-channeltx_base64")
    assert transaction.id in channel.needs and f"{OTHER}/peer0" in channel.needs
    assert f"{FOUNDER}/trade" not in found


def test_anchors_come_as_transactions() -> None:
    """h5, to each organization's first peer, the founder's too."""
    network = two_two()
    anchors = {h.target_step: h for h in handoffs(network).values() if h.target_file == "files/anchortx.json"}
    assert set(anchors) == {f"{FOUNDER}/peer0-trade", f"{OTHER}/peer0-trade"}
    assert anchors[f"{OTHER}/peer0-trade"].key == "trade-carrier-anchortx_base64"
    found = releases(network)
    for step, handoff in anchors.items():
        assert handoff.id in found[str(step)].needs and f"{OTHER}/trade" in found[str(step)].needs
    assert found[f"{FOUNDER}/peer1-trade"].files == ()


def test_orderers_elsewhere_get_the_system_channels_block() -> None:
    network = both_order(platform={"version": "2.2.2"})
    found = releases(network)
    copied = handoffs(network)["handoff/system-block/supplychain->carrier/syschannel-genesis"]
    assert copied.target_object == ObjectRef("v1", "ConfigMap", "syschannel-genesis", "carrier-net")
    assert copied.id in found[f"{FOUNDER}/allchannel"].needs
    assert {ref.name for ref in found[f"{OTHER}/peer0-allchannel"].awaits} == {
        f"fabric-orderernode-orderer-carrier-{i}" for i in (1, 2)
    }


# ---------------------------------------------------------------- users, console, gateway, registry


def test_users_are_enrolled_with_the_first_peer() -> None:
    users = [{"name": "clerk", "attributes": {"department": "trade"}}]
    network = fabric(
        organizations=[
            {"name": "supplychain", "cluster": "east", "fabric": {"orderers": 1, "peers": 2, "users": users}},
        ],
        clusters=CLUSTERS[:1],
    )
    found = releases(network)
    assert found[f"{FOUNDER}/peer0"].values["certs"]["users"]["usersList"] == [
        {"identity": "clerk", "attributes": [{"key": "department", "value": "trade"}]}
    ]
    made = {p.ref.name: p for p in found[f"{FOUNDER}/peer0"].produces}
    assert (made["clerk-msp"].private, made["clerk-tls"].private) == (("keystore",), ("clientkey",))
    assert "users" not in found[f"{FOUNDER}/peer1"].values["certs"]


def test_the_console_keeps_its_data_on_a_class_that_is_there() -> None:
    network = fabric(
        organizations=[
            {"name": "supplychain", "cluster": "east", "fabric": {"orderers": 1, "peers": 1, "console": True}}
        ],
        clusters=CLUSTERS[:1],
    )
    console = releases(network)[f"{FOUNDER}/supplychainconsole"]
    assert console.needs == (f"{FOUNDER}/supplychain-ca",)
    assert console.values["storage"]["couchdb"]["storageclassname"] == "storage-supplychain-ca"
    (endpoint,) = console.endpoints
    assert (endpoint.host, endpoint.port) == ("supplychainconsole.supplychain-net.east.example.test", 443)


def test_enrolments_may_run_again() -> None:
    """F03: their Jobs end well without having enrolled anything."""
    found = releases(fabric())
    assert {s.chart for s in found.values() if s.rerun} == {"fabric-orderernode", "fabric-peernode"}


def test_a_gateway_of_another_class_gets_its_routes() -> None:
    """The charts write ``haproxy``; everything with an Ingress is patched, and nothing else."""
    west = {**CLUSTERS[1], "existing_gateway": {"namespace": "edge", "service": "lb", "ingress_class": "edge"}}
    found = releases(both_order(clusters=[CLUSTERS[0], west]))
    for step in found.values():
        routed = [m for m in manifests(step) if m["kind"] == "Ingress"]
        patched = step.cluster == "west" and bool(routed)
        assert ("fabric-ingress-class" in step.patches) == patched
        assert {m["spec"]["ingressClassName"] for m in routed} <= {"edge" if patched else "haproxy"}


@pytest.mark.parametrize("registry", [None, REGISTRY])
def test_the_account_gets_the_pull_secret(registry: dict[str, Any] | None) -> None:
    """Jobs and hooks that ignore image.pullSecret get it from their ServiceAccount."""
    found = releases(fabric(registry=registry))
    ca = found[f"{FOUNDER}/supplychain-ca"]
    assert ("account-pull-secret" in ca.patches) == (registry is not None)
    account = next(m for m in manifests(ca) if m["kind"] == "ServiceAccount")
    assert account.get("imagePullSecrets") == ([{"name": "regcred"}] if registry else None)
    assert "account-pull-secret" not in found[f"{FOUNDER}/peer0"].patches


def test_jobs_that_never_mounted_vaults_ca_do() -> None:
    """All other pods mount it; without it their curl refuses Vault."""
    for step in releases(fabric(vault=VAULT)).values():
        jobs = [
            m for m in manifests(step) if m["kind"] == "Job" and m["metadata"]["name"].endswith(("-certs-job", "-job"))
        ]
        assert ("fabric-vault-ca" in step.patches) == bool(jobs)
        for job in jobs:
            assert {"name": "own-vault-ca", "secret": {"secretName": "vault-ca"}} in job["spec"]["template"]["spec"][
                "volumes"
            ]
    assert not any("fabric-vault-ca" in s.patches for s in releases(fabric()).values())
