"""Substrate plans: who needs what, what leaves which namespace, and the chart defects that are worked round (facts A7)."""

from __future__ import annotations

from bevel_tui.network.model import Network
from bevel_tui.platforms import substrate as planner
from bevel_tui.records.steps import HandoffStep, ObjectValue, ReleaseStep, Step
from tests.platforms.networks import REGISTRY, VAULT, substrate


def plan(network: Network) -> dict[str, Step]:
    return {step.id: step for step in planner.steps(network)}


def release(network: Network, step: str) -> ReleaseStep:
    found = plan(network)[step]
    assert isinstance(found, ReleaseStep)
    return found


def handoffs(network: Network) -> dict[str, HandoffStep]:
    return {name: step for name, step in plan(network).items() if isinstance(step, HandoffStep)}


def test_the_first_keys_of_a_namespace_prepare_it_for_all_others() -> None:
    steps = plan(substrate())
    for org, cluster in (("oem", "east"), ("tierone", "west")):
        space = f"{cluster}/{org}-subs"
        first, *others = (steps[f"{space}/{org}-{n}"] for n in ("validator-1", "validator-2", "member-1"))
        assert isinstance(first, ReleaseStep)
        assert first.values["tags"] == {"bevel-vault-mgmt": True, "bevel-scripts": True}
        assert first.needs == (space,)
        for other in others:
            assert isinstance(other, ReleaseStep)
            assert other.values["tags"] == {"bevel-vault-mgmt": False, "bevel-scripts": False}
            assert other.needs == (first.id,)
    member = release(substrate(), "east/oem-subs/oem-member-1").values["node"]
    assert (member["isMember"], member["isValidator"]) == (True, False)
    assert member["image"] == "ghcr.io/inteli-poc/dscp-node:v4.3.1", "the chart would take the latest image"


def test_the_genesis_reads_its_own_namespace_only() -> None:
    """No cluster-wide account: what is public of foreign keys is handed into the founder's namespace (S09)."""
    for gateway in ("none", "ambassador"):
        network = substrate(gateway)
        genesis = release(network, "east/oem-subs/oem-genesis")
        assert genesis.values["org_namespaces"] == [
            {"oem-subs": {"validator": ["oem-validator-1", "oem-validator-2"], "member": ["oem-member-1"]}},
            {
                "oem-subs": {
                    "validator": ["tierone-validator-1", "tierone-validator-2"],
                    "member": ["tierone-member-1"],
                }
            },
        ]
        assert genesis.values["global"]["serviceAccountName"] == "vault-auth"
        kinds = {e.ref.kind for s in plan(network).values() if isinstance(s, ReleaseStep) for e in s.expects}
        assert "ClusterRole" not in kinds
        for key in ("validator-1", "validator-2", "member-1"):
            step = handoffs(network)[f"handoff/public-keys/tierone-{key}->oem"]
            assert step.id in genesis.needs
            fields = ["data.node_id", "data.aura_addr", "data.grandpa_addr"]
            assert list(step.keep_fields) == fields + (["data.account_addr"] if key.startswith("member") else [])
            assert step.target_object is not None
            assert (step.target_cluster, step.target_object.namespace) == ("east", "oem-subs")
            assert step.target_object.name == f"tierone-{key}-keys"


def test_the_chain_goes_back_without_the_sudo_phrase() -> None:
    network = substrate()
    step = handoffs(network)["handoff/genesis/oem->tierone"]
    assert (step.keep, step.key, step.policy) == (("genesis",), None, "frozen")
    genesis = release(network, "east/oem-subs/oem-genesis")
    assert [(p.ref.name, p.private) for p in genesis.produces] == [("substrate-genesis", ("sudoKeygenOutput",))]


def test_the_genesis_stays_out_of_vault() -> None:
    """The chart would write it, with the sudo phrase, to a path made of a value that nobody can set."""
    network = substrate(vault=VAULT)
    assert release(network, "east/oem-subs/oem-genesis").values["global"]["vault"] == {"type": "kubernetes"}
    keys = release(network, "west/tierone-subs/tierone-validator-1").values["global"]["vault"]
    assert (keys["type"], keys["authPath"], keys["network"]) == ("hashicorp", "net-tierone", "substrate")
    assert "vault" not in release(network, "east/oem-subs/oem-member-1-node").values["global"]


def dialled(network: Network, step: str) -> tuple[bool, str, int, ObjectValue]:
    boot = release(network, step).values["node"]["isBootnode"]
    return boot["enabled"], boot["bootnodeAddr"], boot["bootnodePort"], boot["boot_node_id"]


def test_everybody_dials_the_founders_first_validator() -> None:
    network = substrate()
    boot = release(network, "east/oem-subs/oem-validator-1-node")
    assert boot.values["node"]["isBootnode"] == {"enabled": False}
    enabled, address, port, known = dialled(network, "east/oem-subs/oem-member-1-node")
    assert (enabled, address, port) == (True, "oem-validator-1-node-substrate-node-0-rc-p2p.oem-subs", 30333)
    assert (known.ref.kind, known.ref.name, known.field) == ("Secret", "oem-validator-1-keys", "data.node_id")
    step = release(network, "west/tierone-subs/tierone-member-1-node")
    assert boot.id in step.needs
    assert {"handoff/boot-node/oem->tierone", "handoff/genesis/oem->tierone"} <= set(step.needs)
    enabled, address, port, known = dialled(network, step.id)
    assert (enabled, address) == (True, "oem-validator-1-node-substrate-node-0.east.example.test")
    assert port == boot.values["proxy"]["p2p"] == boot.endpoints[0].port
    assert (known.ref.kind, known.ref.namespace) == ("ConfigMap", "tierone-subs")
    handed = handoffs(network)["handoff/boot-node/oem->tierone"]
    assert handed.keep_fields == ("data.node_id",)
    assert handed.target_object == known.ref


def test_nodes_and_routes_get_the_values_that_their_chart_reads() -> None:
    """Outside `global` (S02); the sub-chart's own default names a zone of one provider (S01)."""
    node = release(substrate(registry=REGISTRY), "west/tierone-subs/tierone-validator-1-node")
    assert node.values["proxy"] == {"provider": "ambassador", "external_url": "west.example.test", "p2p": 15010}
    assert node.values["node"]["role"] == "validator"
    assert node.values["node_keys_k8s"] == "tierone-validator-1-keys"
    assert node.values["substrate-storage"]["allowedTopologies"] == {"enabled": False}
    assert node.values["imagePullSecrets"] == [{"name": "regcred"}]
    assert release(substrate(), "east/oem-subs/oem-member-1-node").values["node"]["role"] == "full"
    inside = release(substrate("none"), "east/oem-subs/oem-member-1-node")
    assert inside.values["proxy"] == {"provider": "none"}
    assert not inside.endpoints[0].exposed


def test_placement_is_a_value_of_the_nodes_chart_and_a_patch_of_the_others() -> None:
    network = substrate(placement={"node_selector": {"pool": "ledger"}})
    for step in plan(network).values():
        if isinstance(step, ReleaseStep):
            node = step.chart == "substrate-node"
            assert (step.patches == ()) is node
            assert ("nodeSelector" in step.values) is node
            pods = [m for m in planner.manifests(step) if m["kind"] in ("Job", "StatefulSet")]
            selectors = [m["spec"]["template"]["spec"].get("nodeSelector") for m in pods if "-mgmt" not in str(m)]
            assert selectors == [{"pool": "ledger"}] * len(selectors)


def test_the_first_ipfs_nodes_id_is_written_down_and_handed_on() -> None:
    network = substrate()
    first = release(network, "east/oem-subs/dscp-ipfs-node-oem-1")
    assert first.values["config"] == {"nodeHost": "oem-member-1-node-substrate-node-0"}
    assert first.values["storage"]["storageClass"] == "substrate-storage-dscp-ipfs-node-oem-1"
    written = handoffs(network)["handoff/ipfs-peer-id/dscp-ipfs-node-oem-1->oem"]
    assert written.log is not None
    assert (written.source.kind, written.source.name) == ("Pod", "dscp-ipfs-node-oem-1-0")
    assert (written.log.container, written.policy) == ("ipfs-init", "frozen")
    second = release(network, "east/oem-subs/dscp-ipfs-node-oem-2")
    assert written.id in second.needs
    value = second.values["config"]["ipfsBootNodeAddress"]
    assert value.form == "/dns4/dscp-ipfs-node-oem-1-swarm.oem-subs/tcp/4001/p2p/{}"
    other = release(network, "west/tierone-subs/dscp-ipfs-node-tierone-1")
    value = other.values["config"]["ipfsBootNodeAddress"]
    port = first.endpoints[0].port
    assert value.form == f"/dns4/dscp-ipfs-node-oem-1-swarm.east.example.test/tcp/{port}/p2p/{{}}"
    assert value.ref.namespace == "tierone-subs"
    assert "handoff/ipfs-peer-id/dscp-ipfs-node-oem-1->tierone" in other.needs


def test_a_single_ipfs_node_is_dialled_by_nobody() -> None:
    network = substrate(
        organizations=[{"name": "oem", "cluster": "east", "substrate": {"validators": 1, "members": 1, "ipfs": 1}}]
    )
    assert handoffs(network) == {}
