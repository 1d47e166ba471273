"""Indy: each rule of the planner, the work-rounds of chart defects among them (facts A4)."""

from __future__ import annotations

from typing import Any

import pytest

from bevel_tui.network.model import Network
from bevel_tui.plan.build import build
from bevel_tui.platforms.ids import address_step_id, gateway_crds_id
from bevel_tui.platforms.indy import PRIVATE_SECRETS, PUBLIC_SECRETS, steps
from bevel_tui.platforms.indy_manifests import GENESIS_ONCE, manifests
from bevel_tui.records.steps import AddressStep, ClusterFact, DnsStep, HandoffStep, ReleaseStep
from tests.platforms.networks import CLUSTERS, NAMELESS, REGISTRY, VAULT, indy

FOUNDER, OTHER = "east/authority-ns", "west/university-ns"


def releases(network: Network) -> dict[str, ReleaseStep]:
    return {s.id: s for s in steps(network) if isinstance(s, ReleaseStep)}


def handoffs(network: Network) -> list[HandoffStep]:
    return [s for s in steps(network) if isinstance(s, HandoffStep)]


def test_releases_are_the_documented_ones() -> None:
    assert [(s.id, s.chart) for s in releases(indy()).values()] == [
        (f"{FOUNDER}/authority-keys", "indy-key-mgmt"),
        (f"{FOUNDER}/genesis", "indy-genesis"),
        (f"{FOUNDER}/university-endorser-id", "indy-register-identity"),
        (f"{OTHER}/university-keys", "indy-key-mgmt"),
        (f"{OTHER}/genesis", "indy-genesis"),
        *((f"{OTHER}/university-steward-{i}", "indy-node") for i in range(1, 5)),
    ]


def test_an_organization_without_a_trustee_says_so() -> None:
    """The chart's default is the sample's trustee: left out, every organization would make its keys (values.yaml)."""
    found = releases(indy())
    assert found[f"{FOUNDER}/authority-keys"].values["settings"]["identities"] == {
        "trustee": "authority-trustee", "endorser": "", "stewards": [],
    }  # fmt: skip
    assert found[f"{OTHER}/university-keys"].values["settings"]["identities"] == {
        "trustee": "",
        "endorser": "university-endorser",
        "stewards": [f"university-steward-{i}" for i in range(1, 5)],
    }


def test_keys_are_kept_and_known_as_public_or_private() -> None:
    keys = releases(indy())[f"{OTHER}/university-keys"]
    assert keys.values["settings"]["removeKeysOnDelete"] is False
    assert len(keys.produces) == 5 * (len(PUBLIC_SECRETS) + len(PRIVATE_SECRETS))
    assert all(product.keep for product in keys.produces)
    for product in keys.produces:
        private = "-private" in product.ref.name.removeprefix("university-")
        assert product.private == (("value",) if private else ())


def test_the_founder_gets_the_public_keys_of_all() -> None:
    """k1: did and verkey of all, BLS key and proof of stewards (facts A4.1)."""
    found = [h for h in handoffs(indy()) if h.target_step == f"{FOUNDER}/genesis"]
    assert [(h.source.name, h.member, h.target_file) for h in found[:6]] == [
        ("authority-trustee-identity-public", "did", "files/authority-trustee-did.json"),
        ("authority-trustee-node-public-verif-keys", "verification-key", "files/authority-trustee-verkey.json"),
        ("university-steward-1-identity-public", "did", "files/university-steward-1-did.json"),
        ("university-steward-1-node-public-verif-keys", "verification-key", "files/university-steward-1-verkey.json"),
        ("university-steward-1-node-public-bls-keys", "bls-key-pop", "files/university-steward-1-blspop.json"),
        ("university-steward-1-node-public-bls-keys", "bls-public-key", "files/university-steward-1-blspub.json"),
    ]
    assert len(found) == 2 + 4 * 4
    assert not any("private" in h.source.name for h in handoffs(indy()))
    assert {(h.cluster, h.needs) for h in found} == {
        ("east", (f"{FOUNDER}/authority-keys",)),
        ("west", (f"{OTHER}/university-keys",)),
    }


def test_everybody_else_gets_the_genesis() -> None:
    """k2, frozen: a genesis never changes (facts A4.1)."""
    found = [h for h in handoffs(indy()) if h.target_step == f"{OTHER}/genesis"]
    assert [(h.source.name, h.key, h.target_file, h.policy) for h in found] == [
        ("dtg", "domain_transactions_genesis", "files/domain_transactions_genesis.json", "frozen"),
        ("ptg", "pool_transactions_genesis", "files/pool_transactions_genesis.json", "frozen"),
    ]
    genesis = releases(indy())[f"{OTHER}/genesis"]
    assert genesis.values["settings"]["secondaryGenesis"] is True
    assert {"dtg", "ptg"} <= {e.ref.name for e in genesis.expects}
    assert genesis.produces == ()


def test_the_genesis_waits_for_every_gateway_with_stewards() -> None:
    """Their addresses are written into it for good (facts A4.3)."""
    genesis = releases(indy())[f"{FOUNDER}/genesis"]
    assert address_step_id("west") in genesis.needs
    assert address_step_id("east") not in genesis.needs, "no steward lives there"
    (trustee,) = genesis.values["settings"]["trustees"]
    west = ClusterFact("gateway-address", cluster="west")
    assert trustee["name"] == "authority-trustee"
    assert trustee["stewards"][1] == {
        "name": "university-steward-2", "publicIp": west, "nodePort": 15012, "clientPort": 15013,
    }  # fmt: skip


def test_an_address_that_the_preset_says_needs_no_waiting() -> None:
    clusters = [NAMELESS[0], {**NAMELESS[1], "public_ip": "192.0.2.7"}]
    genesis = releases(indy(clusters=clusters))[f"{FOUNDER}/genesis"]
    assert not any("address" in need for need in genesis.needs)
    assert {s["publicIp"] for s in genesis.values["settings"]["trustees"][0]["stewards"]} == {"192.0.2.7"}
    endpoint = releases(indy(clusters=clusters))[f"{OTHER}/university-steward-1"].endpoints[0]
    assert (endpoint.host, endpoint.address) == ("192.0.2.7", None)


def test_own_trustees_vouch_for_own_stewards_and_endorsers() -> None:
    organizations = [
        {"name": "authority", "cluster": "east", "indy": {"trustee": True}},
        {"name": "employer", "cluster": "west", "indy": {"trustee": True, "stewards": 1, "endorser": True}},
        {"name": "university", "cluster": "west", "indy": {"stewards": 3, "endorser": True}},
    ]
    found = releases(indy(organizations=organizations))
    trustees = {t["name"]: t["stewards"] for t in found[f"{FOUNDER}/genesis"].values["settings"]["trustees"]}
    assert {name: [s["name"] for s in stewards] for name, stewards in trustees.items()} == {
        "authority-trustee": ["university-steward-1", "university-steward-2", "university-steward-3"],
        "employer-trustee": ["employer-steward-1"],
    }
    own = found["west/employer-ns/employer-endorser-id"]
    assert own.values["admin"] == "employer-trustee"
    assert found[f"{FOUNDER}/university-endorser-id"].values["admin"] == "authority-trustee"


def test_endorsers_are_registered_once_the_whole_pool_runs() -> None:
    """k3; in the trustee's namespace, where its Secrets are (I08)."""
    step = releases(indy())[f"{FOUNDER}/university-endorser-id"]
    assert {f"{OTHER}/university-steward-{i}" for i in range(1, 5)} <= set(step.needs)
    assert step.files == ("files/university-endorser-did.json", "files/university-endorser-verkey.json")
    assert step.values["newIdentity"] == {"name": "university-endorser", "role": "ENDORSER"}


def test_a_genesis_that_is_there_and_the_same_is_no_failure() -> None:
    """The Job creates its maps plainly (facts I, I05); destroying without purging leaves them behind."""
    found = releases(indy())
    assert found[f"{FOUNDER}/genesis"].patches == (GENESIS_ONCE,)
    assert found[f"{OTHER}/genesis"].patches == ()
    job = next(m for m in manifests(found[f"{FOUNDER}/genesis"]) if m["metadata"]["name"] == "indy-genesis")
    assert "kubectl get configmap" in job["spec"]["template"]["spec"]["containers"][0]["args"][0]
    assert {p.ref.name for p in found[f"{FOUNDER}/genesis"].produces} == {"dtg", "ptg"}


def test_stewards_have_two_ports_each_and_no_name() -> None:
    steward = releases(indy())[f"{OTHER}/university-steward-3"]
    assert [(e.id.rpartition("/")[2], e.port, e.service) for e in steward.endpoints] == [
        ("node", 15014, "university-steward-3.university-ns:9711"),
        ("client", 15015, "university-steward-3.university-ns:9712"),
    ]
    assert {e.host for e in steward.endpoints} == {"<gateway of west>"}
    node, client = (e.recorded for e in steward.endpoints)
    assert node is not None
    assert client is not None
    assert (node.ref.namespace, node.name, node.address_at) == (
        "university-ns", "university-steward-3", "txn.data.data.node_ip",
    )  # fmt: skip
    assert client.address_at == "txn.data.data.client_ip"
    assert gateway_crds_id("west") in steward.needs
    ports = {m["spec"]["port"] for m in manifests(steward) if m["kind"] == "TCPMapping"}
    assert ports == {15014, 15015}


def test_no_step_waits_for_names() -> None:
    plan = build(indy())
    assert not any(isinstance(step, DnsStep) for step in plan.steps)
    (address,) = [step for step in plan.steps if isinstance(step, AddressStep)]
    assert (address.cluster, address.ports) == ("west", tuple(range(15010, 15018)))
    named = build(indy(clusters=CLUSTERS[:2]))
    assert not any(isinstance(step, DnsStep) for step in named.steps)


def test_without_a_gateway_stewards_are_at_node_ports() -> None:
    """Over several clusters too; inside and outside the same port (facts A4.3, README)."""
    found = releases(indy("none"))
    steward = found[f"{OTHER}/university-steward-1"]
    assert steward.values["settings"] == {
        "serviceType": "NodePort",
        **{
            side: {"publicIp": ClusterFact("node-address", cluster="west"), "port": port, "externalPort": port}
            for side, port in (("node", 30010), ("client", 30011))
        },
    }
    service = next(m for m in manifests(steward) if m["kind"] == "Service")
    assert [p["nodePort"] for p in service["spec"]["ports"]] == [30010, 30011]
    assert {m["kind"] for m in manifests(steward)} & {"Listener", "TCPMapping"} == set()
    assert all(e.node_port and e.exposed for e in steward.endpoints)
    assert not any("address" in need or "crds" in need for s in found.values() for need in s.needs)


@pytest.mark.parametrize("vault", [None, VAULT])
def test_accounts_and_vault(vault: dict[str, Any] | None) -> None:
    """The first release of a namespace sets up the way to Vault; nodes read Secrets in both modes (facts A4.2)."""
    found = releases(indy(vault=vault))
    account = "bevel-auth" if vault is None else "vault-auth"
    assert {s.values["global"]["serviceAccountName"] for s in found.values() if "global" in s.values} == {account}
    keys = found[f"{OTHER}/university-keys"]
    assert keys.values["global"]["vault"]["network"] == "indy"
    assert "vault" not in found[f"{OTHER}/university-steward-1"].values["global"]
    jobs = {e.ref.name for e in keys.expects if e.ref.kind == "Job"}
    assert ("bevel-vault-mgmt" in jobs) == (vault is not None)


def test_images_and_pull_secret() -> None:
    found = releases(indy(platform={"version": "1.12.1"}, registry=REGISTRY))
    assert found[f"{OTHER}/university-keys"].values["image"] == {
        "keyUtils": "ghcr.io/hyperledger/bevel-indy-key-mgmt:1.12.1", "pullSecret": "regcred",
    }  # fmt: skip
    assert found[f"{OTHER}/university-keys"].values["bevel-vault-mgmt"] == {"image": {"pullSecret": "regcred"}}
    assert found[f"{OTHER}/university-steward-1"].values["image"]["indyNode"]["tag"] == "1.12.1"
    assert found[f"{FOUNDER}/university-endorser-id"].values["image"] == {"pullSecret": "regcred"}


def test_the_gateways_service_can_be_told_of_a_reserved_address() -> None:
    annotations = {"service.beta.kubernetes.io/azure-load-balancer-ipv4": "192.0.2.7"}
    plan = build(indy(clusters=[NAMELESS[0], {**NAMELESS[1], "gateway_annotations": annotations}]))
    gateway = plan.step("west/gateway")
    assert isinstance(gateway, ReleaseStep)
    assert gateway.values["service"]["annotations"] == annotations


def test_what_is_not_ours_is_not_planned_for_us() -> None:
    organizations = indy().model_dump()["organizations"]
    organizations[1]["managed"] = False
    found = {s.id: s.managed for s in steps(indy(organizations=organizations))}
    assert found[f"{FOUNDER}/genesis"] is True
    assert found[f"{OTHER}/genesis"] is False
    assert not any(managed for name, managed in found.items() if name.startswith("handoff/university"))
