"""Besu: each rule of the planner, the work-rounds of chart defects among them (facts A2)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from bevel_tui.network.model import Network
from bevel_tui.platforms.besu import DROP_WS_MAPPING, steps
from bevel_tui.platforms.besu_manifests import manifests
from bevel_tui.platforms.ids import address_step_id, gateway_crds_id
from bevel_tui.records.steps import ClusterFact, HandoffStep, ObjectRef, ReleaseStep, SecretStep, SecretValue
from tests.platforms.networks import CLUSTERS, REGISTRY, VAULT, besu

FOUNDER = "east/supplychain-bes"


def releases(network: Network) -> dict[str, ReleaseStep]:
    return {s.id: s for s in steps(network) if isinstance(s, ReleaseStep)}


def handoffs(network: Network) -> list[HandoffStep]:
    return [s for s in steps(network) if isinstance(s, HandoffStep)]


def members(count: int, cluster: str = "east", **more: Any) -> list[dict[str, Any]]:
    return [{"name": "supplychain", "cluster": cluster, "besu": {"validators": 1, "members": count}, **more}]


def test_nodes_of_a_namespace_come_one_after_the_other() -> None:
    """Their hooks rewrite one ConfigMap without a lock (facts A2.1, B02); validators first, in ascending order."""
    found = releases(besu())
    chain = ["genesis", *(f"validator-{i}" for i in range(1, 5)), "member-supplychain-1"]
    for before, after in itertools.pairwise(chain):
        assert f"{FOUNDER}/{before}" in found[f"{FOUNDER}/{after}"].needs
    lanes = {s.lane for s in found.values() if s.chart == "besu-node"}
    assert lanes == {f"{FOUNDER}/besu-peers", "west/carrier-bes/besu-peers"}


def test_routes_wait_for_the_gateways_crds() -> None:
    assert gateway_crds_id("east") in releases(besu())[f"{FOUNDER}/validator-1"].needs
    assert not any("crds" in need for s in releases(besu("none")).values() for need in s.needs)


def test_an_existing_gateway_has_its_crds_when_its_address_is_known() -> None:
    network = besu(organizations=members(1, "north"), clusters=CLUSTERS[2:])
    assert address_step_id("north") in releases(network)["north/supplychain-bes/validator-1"].needs


def test_further_organizations_take_over_what_the_founder_ends_with() -> None:
    """After the founder's last node has entered itself, and frozen: hooks go on writing these maps (facts A2.1)."""
    found = handoffs(besu())
    assert [(h.source.name, h.key, h.target_file) for h in found] == [
        ("besu-genesis", "genesis.json", "files/genesis.json"),
        ("besu-peers", "static-nodes.json", "files/static-nodes.json"),
    ]
    assert {h.policy for h in found} == {"frozen"}
    assert {h.needs for h in found} == {(f"{FOUNDER}/member-supplychain-1",)}
    assert {h.target_step for h in found} == {"west/carrier-bes/genesis"}
    secondary = releases(besu())["west/carrier-bes/genesis"]
    assert secondary.values["settings"]["secondaryGenesis"] is True
    assert "rawGenesisConfig" not in secondary.values


def test_an_organization_in_the_founders_cluster_takes_over_too() -> None:
    assert {(h.cluster, h.target_cluster) for h in handoffs(besu("none"))} == {("east", "east")}


def test_bootnodes() -> None:
    """The first validator is the bootnode; it cannot use itself, the map has no such key yet (facts A2.2)."""
    network = besu(platform={"bootnodes": True})
    node = {name.rpartition("/")[2]: s.values["node"] for name, s in releases(network).items() if "node" in s.values}
    assert {name for name, values in node.items() if values["isBootnode"]} == {"validator-1"}
    assert {name for name, values in node.items() if not values["usesBootnodes"]} == {"validator-1"}
    assert handoffs(network)[-1].key == "bootnodes-json"


def test_genesis_makes_as_many_keys_as_there_are_validators() -> None:
    genesis = releases(besu())[f"{FOUNDER}/genesis"]
    assert genesis.values["rawGenesisConfig"]["blockchain"]["nodes"] == {"generate": True, "count": 4}
    secrets = [p.ref.name for p in genesis.produces if p.ref.kind == "Secret"]
    assert secrets == [f"besu-node-validator-{i}-keys" for i in range(1, 5)]
    keys = next(p for p in genesis.produces if p.ref.kind == "Secret")
    assert {"nodekey", "accountPrivate.key"} <= set(keys.private)
    assert keys.keep


def test_consensus_reaches_the_genesis() -> None:
    network = besu(platform={"consensus": "ibft2", "chain_id": 7, "block_period": 3})
    config = releases(network)[f"{FOUNDER}/genesis"].values["rawGenesisConfig"]["genesis"]["config"]
    assert config == {"chainId": 7, "algorithm": {"consensus": "ibft2", "blockperiodseconds": 3}}


def test_p2p_ports_are_unique_at_each_gateway() -> None:
    """Given out from the low end of the range, per cluster (facts A2.3)."""
    found = {name: s.values["global"]["proxy"]["p2p"] for name, s in releases(besu()).items() if s.chart == "besu-node"}
    assert [found[f"{FOUNDER}/validator-{i}"] for i in range(1, 5)] == [15010, 15011, 15012, 15013]
    assert found["west/carrier-bes/member-carrier-1"] == 15010
    given = {("east", "supplychain-bes", f"validator-{i}"): 16000 + i for i in range(1, 5)}
    given |= {("east", "supplychain-bes", "member-supplychain-1"): 1, ("west", "carrier-bes", "member-carrier-1"): 2}
    planned = {s.id: s for s in steps(besu(), given) if isinstance(s, ReleaseStep)}
    assert planned[f"{FOUNDER}/validator-3"].values["global"]["proxy"]["p2p"] == 16003


def test_the_ws_mapping_is_dropped_without_ambassador() -> None:
    """Rendered for every gateway, refused by clusters without the CRDs (facts A2 CRD PREREQUISITE, I, G16)."""
    for gateway, patches, kinds in (("none", (DROP_WS_MAPPING,), set()), ("ambassador", (), {"Mapping"})):
        node = releases(besu(gateway))[f"{FOUNDER}/validator-1"]
        assert node.patches == patches
        assert {m["kind"] for m in manifests(node)} & {"Mapping"} == kinds
        assert {e.ref.kind for e in node.expects} & {"Mapping"} == kinds


def test_transaction_pool_is_counted_in_bytes() -> None:
    """The chart's default of 12 would reject every transaction (facts A2.2, N B20)."""
    node = releases(besu())[f"{FOUNDER}/validator-1"]
    assert node.values["node"]["besu"]["txPool"]["maxCapacity"] == 12_500_000


def test_image_is_the_version_asked_for() -> None:
    node = releases(besu(platform={"version": "24.1.0"}))[f"{FOUNDER}/validator-1"]
    assert node.values["image"]["besu"]["tag"] == "24.1.0"


def test_uninstalling_leaves_keys_and_genesis_with_the_chain_data() -> None:
    """facts G, B05, G35: they are removed together, with --purge-data."""
    network = besu("none", platform={"transaction_manager": "tessera"})
    found = releases(network)
    assert found[f"{FOUNDER}/genesis"].values["settings"]["removeGenesisOnDelete"] is False
    member = found[f"{FOUNDER}/member-supplychain-1"]
    assert member.values["node"]["removeKeysOnDelete"] is False
    assert member.values["tessera"]["tessera"]["removeKeysOnDelete"] is False


def test_tessera_stands_beside_members_only() -> None:
    found = releases(besu("none", platform={"transaction_manager": "tessera"}))
    enabled = {name for name, s in found.items() if s.chart == "besu-node" and s.values["tessera"]["enabled"]}
    assert enabled == {f"{FOUNDER}/member-supplychain-1", "east/carrier-bes/member-carrier-1"}


def test_tessera_without_vault_speaks_plainly() -> None:
    """STRICT needs certificates from Vault (facts A2.4, B10); its volumes use the node's StorageClass (A2.2)."""
    found = releases(besu("none", platform={"transaction_manager": "tessera"}))
    values = found["east/carrier-bes/member-carrier-1"].values
    assert values["tls"] == {"enabled": False}
    assert values["tessera"]["tessera"]["tlsMode"] == "OFF"
    assert values["tessera"]["storage"]["enabled"] is False
    assert values["tessera"]["tessera"]["peerNodes"] == [
        {"url": "http://tessera-member-supplychain-1.supplychain-bes:9000"}
    ]
    first = found[f"{FOUNDER}/member-supplychain-1"].values["tessera"]["tessera"]
    assert "peerNodes" not in first


def test_one_tls_job_in_a_namespace() -> None:
    """The tls sub-chart's names are fixed (facts A2.2, B11): the first member has it, the others use its Secret."""
    network = besu(organizations=members(2), platform={"transaction_manager": "tessera"}, vault=VAULT)
    found = releases(network)
    first, second = (found[f"{FOUNDER}/member-supplychain-{i}"] for i in (1, 2))
    assert (first.values["tls"]["enabled"], second.values["tls"]["enabled"]) == (True, False)
    assert second.values["tessera"]["tessera"]["tlsMode"] == "STRICT"
    endpoint = second.endpoints[-1]
    assert endpoint.trust == (ObjectRef("v1", "Secret", "tls-tls-certs", "supplychain-bes"), "tls.crt")
    assert endpoint.certificate_names == ("member-supplychain-1.east.example.test",)
    assert first.endpoints[-1].certificate_names == ()


def test_tessera_is_known_by_its_name_at_the_gateway() -> None:
    network = besu(platform={"transaction_manager": "tessera"}, vault=VAULT)
    values = releases(network)["west/carrier-bes/member-carrier-1"].values["tessera"]["tessera"]
    assert values["port"] == 443
    assert values["peerNodes"] == [{"url": "https://member-supplychain-1.east.example.test:443"}]


def test_endpoints_behind_ambassador() -> None:
    """No dot before rpc and ws (facts A2.3, B)."""
    node = releases(besu())["west/carrier-bes/member-carrier-1"]
    assert [(e.host, e.port, e.probe, e.exposed) for e in node.endpoints] == [
        ("member-carrier-1rpc.west.example.test", 80, "json-rpc", True),
        ("member-carrier-1ws.west.example.test", 80, "ws", True),
        ("member-carrier-1.west.example.test", 15010, "tcp", True),
    ]
    assert node.endpoints[0].service == "besu-node-member-carrier-1.carrier-bes:8545"


def test_endpoints_without_a_gateway_are_the_clusters_own() -> None:
    node = releases(besu("none"))["east/carrier-bes/member-carrier-1"]
    host = "besu-node-member-carrier-1.carrier-bes.svc.cluster.local"
    assert [(e.host, e.port, e.exposed) for e in node.endpoints] == [
        (host, 8545, False),
        (host, 8546, False),
        (host, 30303, False),
    ]


# ---------------------------------------------------------------- what platforms share (groundwork)


def test_one_vault_path_per_organization() -> None:
    """A login path shared by two namespaces works for the last one only (facts E, G08)."""
    network = besu(vault=VAULT)
    vaults = {s.namespace: s.values["global"]["vault"] for s in releases(network).values()}
    assert {v["authPath"] for v in vaults.values()} == {"net-supplychain", "net-carrier"}
    assert {v["secretPrefix"] for v in vaults.values()} == {"data/net-supplychain", "data/net-carrier"}
    genesis = releases(network)[f"{FOUNDER}/genesis"].values["global"]
    assert genesis["vault"]["network"] == "besu"
    assert genesis["cluster"]["kubernetesUrl"] == ClusterFact("server")
    known = besu(vault={**VAULT, "kubernetes_urls": {"east": "https://api.east"}})
    assert releases(known)[f"{FOUNDER}/genesis"].values["global"]["cluster"]["kubernetesUrl"] == "https://api.east"


def test_secrets_that_charts_expect() -> None:
    """facts 0.12; Vault's CA under both keys that charts ask for (facts E)."""
    found = [s for s in steps(besu(vault=VAULT, registry=REGISTRY)) if isinstance(s, SecretStep)]
    ours = {s.name: s for s in found if s.cluster == "east"}
    assert ours["roottoken"].data == (("token", SecretValue(env="TOKEN")),)
    assert [key for key, _ in ours["vault-ca"].data] == ["ca.crt.pem", "ca-crt.pem"]
    assert ours["regcred"].secret_type == "kubernetes.io/dockerconfigjson"
    genesis = releases(besu(vault=VAULT, registry=REGISTRY))[f"{FOUNDER}/genesis"]
    assert {s.id for s in ours.values()} <= set(genesis.needs)
    assert not [s for s in steps(besu()) if isinstance(s, SecretStep)]


def test_pull_secret_reaches_sub_charts_too() -> None:
    """Sub-charts do not inherit image.pullSecret."""
    network = besu("none", platform={"transaction_manager": "tessera"}, registry=REGISTRY)
    values = releases(network)[f"{FOUNDER}/member-supplychain-1"].values
    assert values["image"]["pullSecret"] == values["tessera"]["image"]["pullSecret"] == "regcred"
    genesis = releases(network)[f"{FOUNDER}/genesis"].values
    assert genesis["bevel-vault-mgmt"]["image"]["pullSecret"] == "regcred"


@pytest.mark.parametrize(
    ("cluster", "provider", "provisioner", "parameters"),
    [
        ({"provider": "gcp"}, "gcp", None, None),
        (
            {"provider": "kind"},
            "kind",
            ClusterFact("provisioner"),
            {"kind": ClusterFact("parameters")},
        ),
        (
            {"provider": "aws", "storage": {"class": "fast"}},
            "other",
            ClusterFact("provisioner", "fast"),
            {"other": ClusterFact("parameters", "fast")},
        ),
        (
            {"provider": "aws", "storage": {"provisioner": "ebs.csi.aws.com", "parameters": {"type": "gp3"}}},
            "other",
            "ebs.csi.aws.com",
            {"other": {"type": "gp3"}},
        ),
        ({"provider": "other", "storage": {"provisioner": "csi.example"}}, "other", "csi.example", None),
    ],
)
def test_storage(cluster: dict[str, Any], provider: str, provisioner: Any, parameters: Any) -> None:
    """No provisioner is rendered for providers that Bevel does not know (facts F): the cluster's default serves."""
    clusters = [{"name": "east", "context": "c", **cluster}]
    node = releases(besu("none", clusters=clusters))[f"{FOUNDER}/validator-1"]
    assert node.values["global"]["cluster"]["provider"] == provider
    assert node.values["storage"].get("provisioner") == provisioner
    assert node.values["storage"].get("parameters") == parameters
    # node-local provisioners accept nothing else, and zones meet
    assert node.values["storage"]["volumeBindingMode"] == "WaitForFirstConsumer"


def test_placement_is_a_patch_and_values_for_it() -> None:
    """Bevel's charts have no such values."""
    placement = {"node_selector": {"pool": "ledger"}, "tolerations": [{"key": "x", "operator": "Exists"}]}
    for step in releases(besu("none", placement=placement)).values():
        assert "pod-placement" in step.patches
        assert step.values["global"]["placement"] == {
            "nodeSelector": {"pool": "ledger"},
            "tolerations": [{"key": "x", "operator": "Exists"}],
        }
        pods = [m["spec"]["template"]["spec"] for m in manifests(step) if "template" in m.get("spec", {})]
        assert pods
        assert all(pod["nodeSelector"] == {"pool": "ledger"} for pod in pods)
    plain = releases(besu("none"))[f"{FOUNDER}/genesis"]
    assert plain.patches == ()
    assert "placement" not in plain.values["global"]


def test_steps_of_others_are_planned_but_not_ours() -> None:
    organizations = [
        {"name": "supplychain", "cluster": "east", "besu": {"validators": 4, "members": 1}},
        {"name": "carrier", "cluster": "west", "managed": False},
    ]
    found = {s.id: s.managed for s in steps(besu(organizations=organizations))}
    assert found["west/carrier-bes"] is False
    assert found["west/carrier-bes/member-carrier-1"] is False
    assert found["handoff/genesis/supplychain->carrier"] is False
    assert found[f"{FOUNDER}/validator-1"] is True


def test_account_password_is_a_reference() -> None:
    network = besu("none", platform={"transaction_manager": "tessera", "account_password": {"env": "PW"}})
    found, wanted = releases(network), SecretValue(env="PW", word=True)  # scripts take it unquoted (A3 Q4)
    assert found[f"{FOUNDER}/genesis"].values["rawGenesisConfig"]["blockchain"]["accountPassword"] == wanted
    member = found[f"{FOUNDER}/member-supplychain-1"].values
    assert member["node"]["besu"]["account"]["password"] == wanted
    assert member["tessera"]["tessera"]["password"] == wanted


def test_another_platforms_network_is_refused() -> None:
    from tests.platforms.networks import fabric

    with pytest.raises(TypeError, match="fabric"):
        steps(fabric())
