"""Substrate in network.yaml: the image, the chain, and peers of five types."""

from __future__ import annotations

from bevel_tui.network.bevel.reading import Part, Reading
from bevel_tui.network.bevel.source import Node

#: the node for which Bevel's charts are made (facts A7)
IMAGE = "dscp-node"
#: Bevel's playbooks start bootnodes as validators that others dial [create/bootnode/tasks/main.yaml]
VALIDATORS = ("validator", "bootnode")


def read(reading: Reading) -> Part:
    """What network.yaml says of a Substrate network."""
    config = reading.network.get("config")
    part = Part({"type": "substrate"}, "substrate", {}, founds=_founds)
    version, image = reading.network.text("version"), config.text("node_image", IMAGE)
    if image.rsplit("/", maxsplit=1)[-1] != IMAGE:
        config.get("node_image").note(
            "changed",
            f"the key generation and genesis of Bevel's charts are made for {IMAGE}; the preset runs it, in the charts' version",
        )
    elif version:
        part.platform["version"] = version
        part.origins["platform", "version"] = reading.network.get("version")
    config.text("command")
    chain = config.text("chain")
    if chain:
        part.platform["chain"] = chain
        part.origins["platform", "chain"] = config.get("chain")
    for organization in reading.organizations:
        _organization(reading, part, organization)
    return part


def _founds(organization: Node) -> bool:
    return any(peer.text("type") in VALIDATORS for peer in organization.get("services").items("peers"))


def _organization(reading: Reading, part: Part, organization: Node) -> None:
    name = organization.text("name")
    if organization.get("auth").text("type", "NONE") != "NONE":
        organization.get("auth").whole()
        organization.get("auth").note("left-out", "belongs to the Inteli application, which Bevel's charts do not have")
    counts = {"validators": 0, "members": 0, "ipfs": 0}
    for peer in organization.get("services").items("peers"):
        kind = peer.text("type", "member")
        if kind in VALIDATORS:
            role, count = "validator", "validators"
        elif kind in ("ipfs", "ipfs-bootnode"):
            role, count = "ipfs", "ipfs"
        else:
            role, count = "member", "members"
        part.names[name, role, counts[count]] = peer.get("name")
        ports = peer.get("ipfs") if role == "ipfs" else peer.get("p2p")
        part.ports[name, role, counts[count]] = ports.get("ambassador")
        counts[count] += 1
        if role == "member" and peer.get("ipfs").on("enabled"):
            part.ports[name, "ipfs", counts["ipfs"]] = peer.get("ipfs").get("ambassador")
            counts["ipfs"] += 1
        subject = reading.subject(peer.get("subject"), name) if role == "member" else None
        if subject:
            part.subjects.setdefault(name, subject)
    part.roles[name] = counts
