"""Besu and GoQuorum in network.yaml: network.config, and services.validators and services.peers of organizations."""

from __future__ import annotations

from typing import Any

from bevel_tui.network.bevel.reading import Part, Reading
from bevel_tui.network.bevel.source import Node

#: network.config.consensus -> platform.consensus
CONSENSUS = {"besu": {"ibft": "ibft2", "qbft": "qbft", "clique": "clique"}, "quorum": {"ibft": "ibft", "qbft": "qbft"}}
#: validators of a network whose file has none: the least that stands the loss of one
VALIDATORS = 4


def read(reading: Reading) -> Part:
    """What network.yaml says of a Besu or GoQuorum network."""
    kind = reading.network.text("type")
    config = reading.network.get("config")
    part = Part({"type": kind}, kind, {}, founds=lambda node: bool(node.get("services", "validators").data))
    version = reading.network.text("version")
    if version:
        part.platform["version"] = version
        part.origins["platform", "version"] = reading.network.get("version")
    part.origins["platform", "consensus"] = config.get("consensus")
    raft = _consensus(reading, part, kind, config)
    manager = config.text("transaction_manager", "none")
    if manager not in ("none", "tessera"):
        config.get("transaction_manager").note("refused", "tessera and none are the transaction managers there are")
    elif manager != "none":
        part.platform["transaction_manager"] = manager
        part.origins["platform", "transaction_manager"] = config.get("transaction_manager")
    chain = config.number("chain_id")
    if chain is not None:
        part.platform["chain_id"] = chain
    if config.get("accounts").data:
        config.get("accounts").whole()
        config.get("accounts").note("changed", "no accounts of your own get a balance in the genesis")
    if reading.network.get("permissioning").on("enabled"):
        reading.network.get("permissioning").note("refused", "on-chain permissioning is not supported")
    if config.get("bootnode"):
        config.get("bootnode").whole()
        config.get("bootnode").note("refused", _JOINS)
    if config.get("besu_nodes"):
        config.get("besu_nodes").whole()
        config.get("besu_nodes").note("refused", _JOINS)
    for organization in reading.organizations:
        _organization(reading, part, organization)
    if raft:
        _without_raft(reading, part, config)
    return part


_JOINS = (
    "this file joins a network that runs; a preset describes a whole network, to which organizations are added by adding "
    "them to it (docs/day-two.md): import the file of the whole network"
)


def _consensus(reading: Reading, part: Part, kind: str, config: Node) -> bool:
    wanted = config.text("consensus")
    if wanted in CONSENSUS[kind]:
        part.platform["consensus"] = CONSENSUS[kind][wanted]
        return False
    node = config.get("consensus")
    if kind == "quorum" and wanted == "raft":
        part.platform["consensus"] = "qbft"
        node.note(
            "changed",
            "Bevel's chart starts GoQuorum without --raft and lists peers without a raft port, so a raft network would "
            "never make a block: the preset has qbft",
        )
        return True
    node.note("refused", f"Bevel's charts make networks of {', '.join(CONSENSUS[kind])} only")
    return False


def _organization(reading: Reading, part: Part, organization: Node) -> None:
    name = organization.text("name")
    services = organization.get("services")
    validators = services.items("validators")
    members: list[Node] = []
    for peer in services.items("peers"):
        (validators if peer.text("type") in ("validator", "non-validator") else members).append(peer)
    part.roles[name] = {"validators": len(validators), "members": len(members)}
    for role, nodes in (("validator", validators), ("member", members)):
        for i, node in enumerate(nodes):
            node.text("name")
            part.names[name, role, i] = node.get("name")
            part.ports[name, role, i] = node.get("p2p").get("ambassador")
    for peer in members:
        password = reading.secret(peer.get("geth_passphrase"), "GETH_PASSPHRASE")
        if password:
            part.platform["account_password"] = password
        subject = reading.subject(peer.get("subject"), name)
        if subject and part.subjects.setdefault(name, subject) != subject:
            peer.get("subject").note("changed", "nodes have their organization's subject, that of its first peer")


def _without_raft(reading: Reading, part: Part, config: Node) -> None:
    """Raft has no validators; every other consensus has them in the first organization."""
    if any(roles["validators"] for roles in part.roles.values()) or not reading.organizations:
        return
    first = reading.organizations[0]
    name = first.text("name")
    part.roles[name]["validators"] = VALIDATORS
    config.get("consensus").note(
        "changed",
        f"raft knows no validators and qbft needs them: the first organization, {name}, gets {VALIDATORS} beside its members",
    )


def config_of(kind: str, platform: dict[str, Any]) -> dict[str, Any]:
    """network.config of a network.yaml for a preset's platform settings."""
    back = {ours: theirs for theirs, ours in CONSENSUS[kind].items() if theirs != "qbft" or kind == "besu"}
    found = {
        "consensus": back.get(platform["consensus"], "ibft"),
        "subject": "CN=DLT Root CA,OU=DLT,O=DLT,L=London,C=GB",
        "transaction_manager": platform["transaction_manager"],
        "tm_version": "21.7.3" if kind == "besu" else "23.4.0",
        "tm_trust": "tofu",
    }
    if kind == "besu":
        return {**found, "tm_tls": True, "chain_id": platform["chain_id"]}
    paths = {"tm_nodes": [], "staticnodes": "/tmp/quorum_staticnodes", "genesis": "/tmp/quorum_genesis"}  # noqa: S108
    return {**found, "tm_tls": "strict", **paths}
