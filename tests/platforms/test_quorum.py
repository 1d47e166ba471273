"""GoQuorum: each rule of the planner, the work-rounds of chart defects among them (facts A3)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from bevel_tui.helm.patches import PATCHES
from bevel_tui.network.model import Network
from bevel_tui.platforms.quorum import steps
from bevel_tui.platforms.quorum_manifests import manifests
from bevel_tui.records.steps import HandoffStep, KeysStep, ObjectRef, ReleaseStep, SecretValue
from tests.platforms.networks import VAULT, fabric, quorum

FOUNDER = "east/supplychain-quo"
MEMBER = f"{FOUNDER}/member-supplychain-0"
FURTHER = "west/carrier-quo/member-carrier-0"


def releases(network: Network) -> dict[str, ReleaseStep]:
    return {s.id: s for s in steps(network) if isinstance(s, ReleaseStep)}


def keys(network: Network) -> dict[str, KeysStep]:
    return {s.id: s for s in steps(network) if isinstance(s, KeysStep)}


def script(step: ReleaseStep, kind: str, name: str) -> str:
    pod = next(m for m in manifests(step) if (m["kind"], m["metadata"]["name"]) == (kind, name))["spec"]["template"]
    return "\n".join(text for c in pod["spec"]["containers"] for text in c.get("args", ()))


def test_validators_count_from_zero_and_come_one_after_the_other() -> None:
    """facts A3 NAME RULE; the hooks rewrite one ConfigMap without a lock."""
    found = releases(quorum())
    chain = ["genesis", *(f"validator-{i}" for i in range(4)), "member-supplychain-0"]
    for before, after in itertools.pairwise(chain):
        assert f"{FOUNDER}/{before}" in found[f"{FOUNDER}/{after}"].needs
    assert {s.lane for s in found.values() if s.chart == "quorum-node"} == {
        f"{FOUNDER}/quorum-peers",
        "west/carrier-quo/quorum-peers",
    }


def test_genesis_makes_the_keys_that_validators_mount() -> None:
    found = releases(quorum())
    genesis = found[f"{FOUNDER}/genesis"]
    assert genesis.values["rawGenesisConfig"]["blockchain"]["nodes"] == {"generate": True, "count": 4}
    made = [p for p in genesis.produces if p.ref.kind == "Secret"]
    assert [p.ref.name for p in made] == [f"quorum-node-validator-{i}-supplychain-quo-keys" for i in range(4)]
    assert all(p.keep and {"nodekey", "accountPrivateKey"} <= set(p.private) for p in made)
    for number, secret in enumerate(made):
        node = next(m for m in manifests(found[f"{FOUNDER}/validator-{number}"]) if m["kind"] == "StatefulSet")
        volumes = node["spec"]["template"]["spec"]["volumes"]
        assert [v["secret"]["secretName"] for v in volumes if "secret" in v] == [secret.ref.name]


@pytest.mark.parametrize("vault", [None, VAULT])
def test_keys_of_members_are_made_first(vault: dict[str, Any] | None) -> None:
    """Q1: the hook would write seven empty values and a peer without a key. Validators have theirs from the genesis."""
    network = quorum(vault=vault, platform={"account_password": {"env": "PW"}})
    found = keys(network)
    assert {s.name: s.password for s in found.values()} == {
        "quorum-node-member-supplychain-0-supplychain-quo-keys": SecretValue(env="PW", word=True),
        "quorum-node-member-carrier-0-carrier-quo-keys": SecretValue(env="PW", word=True),
    }
    nodes = {s.id: set(s.needs) & set(found) for s in releases(network).values() if s.chart == "quorum-node"}
    assert {name for name, needs in nodes.items() if needs} == {MEMBER, FURTHER}
    assert all(step.needs == (f"{step.cluster}/{step.namespace}",) for step in found.values())


def test_keys_of_others_are_theirs_to_make() -> None:
    organizations = [
        {"name": "supplychain", "cluster": "east", "quorum": {"validators": 4, "members": 1}},
        {"name": "carrier", "cluster": "west", "managed": False},
    ]
    assert {s.namespace: s.managed for s in keys(quorum(organizations=organizations)).values()} == {
        "supplychain-quo": True,
        "carrier-quo": False,
    }


def test_the_account_password_is_one_word() -> None:
    """Q4: scripts pass it on by splitting at blanks, and put it on a command line without quotes."""
    network = quorum("none", platform={"transaction_manager": "tessera", "account_password": {"env": "PW"}})
    found, wanted = releases(network), SecretValue(env="PW", word=True)
    assert found[f"{FOUNDER}/genesis"].values["rawGenesisConfig"]["blockchain"]["accountPassword"] == wanted
    assert found[f"{FOUNDER}/validator-0"].values["node"]["quorum"]["account"]["password"] == wanted
    assert found[MEMBER].values["tessera"]["tessera"]["password"] == wanted


def test_what_the_uninstall_hook_leaves_goes_with_the_data() -> None:
    """Q3: it looks for Secrets under their old name. Keys, genesis and list of peers are purged by us or stay."""
    found = releases(quorum())
    hook = script(found[MEMBER], "Job", "quorum-node-member-supplychain-0-pre-delete-hook")
    assert '"quorum-node-member-supplychain-0-keys"' in hook, "not the name that the node has"
    kept = {p.ref for s in found.values() for p in s.produces if p.keep}
    assert {
        ObjectRef("v1", "ConfigMap", name, "supplychain-quo") for name in ("quorum-genesis", "quorum-peers")
    } <= kept
    assert found[f"{FOUNDER}/genesis"].values["settings"]["removeGenesisOnDelete"] is False


def test_contract_size_is_text() -> None:
    """A number is printed as 2.147483647e+09 (facts A3, I)."""
    genesis = releases(quorum())[f"{FOUNDER}/genesis"]
    assert genesis.values["rawGenesisConfig"]["genesis"]["contractSizeLimit"] == "2147483647"
    assert "--maxCodeSize 2147483647 " in script(genesis, "Job", "quorum-genesis-init")


def test_settings_reach_genesis_and_nodes() -> None:
    """Under node.quorum, not node.goquorum as in Bevel's samples (B14); the image is not `latest`."""
    network = quorum(platform={"consensus": "ibft", "chain_id": 7, "network_id": 8, "block_period": 3})
    found = releases(network)
    config = found[f"{FOUNDER}/genesis"].values["rawGenesisConfig"]["genesis"]["config"]
    assert config == {"chainId": 7, "algorithm": {"consensus": "ibft", "blockperiodseconds": 3}}
    node = found[FURTHER].values
    assert node["node"] == {"quorum": {"networkId": 8, "miner": {"blockPeriod": 3}}}
    assert node["image"]["quorum"] == {"repository": "quorumengineering/quorum", "tag": "24.4.1"}


def test_patches_of_a_node() -> None:
    """Each only where it is needed, and each one that helm knows."""
    tessera = {"transaction_manager": "tessera"}
    plain = releases(quorum("none"))
    assert plain["east/carrier-quo/member-carrier-0"].patches == ("drop-ws-mapping", "quorum-data-volume")
    assert releases(quorum())[MEMBER].patches == ("quorum-ws-upgrade", "quorum-data-volume")
    inside = releases(quorum("none", platform=tessera))
    assert inside[f"{FOUNDER}/validator-0"].patches == ("drop-ws-mapping", "quorum-data-volume")
    assert inside[MEMBER].patches == (
        "drop-ws-mapping",
        "quorum-data-volume",
        "quorum-ptm-url",
        "quorum-tessera-script",
    )
    outside = releases(quorum(platform=tessera, vault=VAULT))
    assert outside[MEMBER].patches == (
        "quorum-ws-upgrade",
        "quorum-data-volume",
        "quorum-ptm-url",
        "quorum-tls-host",
    )
    assert {name for step in (*inside.values(), *outside.values()) for name in step.patches} <= set(PATCHES)


def test_a_node_writes_its_chain_to_its_volume_and_knows_its_tessera() -> None:
    step = releases(quorum("none", platform={"transaction_manager": "tessera"}))[MEMBER]
    name = "quorum-node-member-supplychain-0"
    pod = next(m for m in manifests(step) if (m["kind"], m["metadata"]["name"]) == ("StatefulSet", name))["spec"]
    (container,) = pod["template"]["spec"]["containers"]
    assert {"name": "data", "mountPath": "/member-supplychain-0/data"} in container["volumeMounts"]
    assert "--ptm.url http://tessera-member-supplychain-0.supplychain-quo:9101" in container["args"][0]


def test_certificates_are_where_the_gateway_looks_and_for_the_right_host() -> None:
    """tls.nameOverride=tls (facts I, B09), and the patch that keeps that name out of the host."""
    network = quorum(platform={"transaction_manager": "tessera"}, vault=VAULT)
    step = releases(network)[FURTHER]
    assert step.values["tls"] == {"enabled": True, "nameOverride": "tls"}
    found = {(m["kind"], m["metadata"]["name"]): m for m in manifests(step)}
    job = found["Job", "tls"]["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "EXTERNAL_URL", "value": "member-carrier-0.west.example.test"} in job["env"]
    assert "tls-tls-certs" in job["args"][0]
    host = found["Host", "member-carrier-0-host"]["spec"]
    assert (host["hostname"], host["tlsSecret"]["name"]) == ("member-carrier-0.west.example.test", "tls-tls-certs")
    assert step.endpoints[-1].host == host["hostname"]
    assert step.endpoints[-1].trust == (ObjectRef("v1", "Secret", "tls-tls-certs", "carrier-quo"), "tls.crt")


def test_websockets_may_be_upgraded() -> None:
    """facts A3, N B22."""
    step = releases(quorum())[MEMBER]
    mapping = next(m for m in manifests(step) if m["metadata"]["name"].endswith("-json-ws"))
    assert mapping["spec"]["allow_upgrade"] == ["websocket"]
    inside = releases(quorum("none"))[MEMBER]
    assert "getambassador.io/v3alpha1" not in {m["apiVersion"] for m in manifests(inside)}


def test_further_organizations_take_over_what_the_founder_ends_with() -> None:
    found = [s for s in steps(quorum()) if isinstance(s, HandoffStep)]
    assert [(h.source.name, h.key, h.target_file, h.policy) for h in found] == [
        ("quorum-genesis", "genesis.json", "files/genesis.json", "frozen"),
        ("quorum-peers", "static-nodes.json", "files/static-nodes.json", "frozen"),
    ]
    assert {h.needs for h in found} == {(MEMBER,)}
    secondary = releases(quorum())["west/carrier-quo/genesis"]
    assert secondary.values["settings"]["secondaryGenesis"] is True
    assert "rawGenesisConfig" not in secondary.values


def test_p2p_ports_and_endpoints() -> None:
    found = releases(quorum())
    given = [found[f"{FOUNDER}/validator-{i}"].values["global"]["proxy"]["p2p"] for i in range(4)]
    assert given == [15010, 15011, 15012, 15013]
    assert [(e.host, e.port, e.probe, e.service) for e in found[FURTHER].endpoints] == [
        ("member-carrier-0rpc.west.example.test", 80, "json-rpc", "quorum-node-member-carrier-0.carrier-quo:8545"),
        ("member-carrier-0ws.west.example.test", 80, "ws", "quorum-node-member-carrier-0.carrier-quo:8546"),
        ("member-carrier-0.west.example.test", 15010, "tcp", "quorum-node-member-carrier-0.carrier-quo:30303"),
    ]


def test_a_network_of_another_platform_is_refused() -> None:
    with pytest.raises(TypeError, match="fabric"):
        steps(fabric())
