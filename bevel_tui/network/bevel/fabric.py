"""Fabric in network.yaml: orderers, peers, channels, users; chaincodes are in `chaincodes`."""

from __future__ import annotations

from typing import Any

from bevel_tui.network.bevel import chaincodes
from bevel_tui.network.bevel.reading import Part, Reading
from bevel_tui.network.bevel.source import Node

VERSIONS = ("2.2.2", "2.5.4")


def read(reading: Reading) -> Part:
    """What network.yaml says of a Fabric network."""
    network = reading.network
    part = Part({"type": "fabric"}, "fabric", {}, founds=lambda node: bool(node.get("services", "orderers").data))
    _refusals(reading)
    version = network.text("version")
    if version in VERSIONS:
        part.platform["version"] = version
    else:
        network.get("version").note(
            "refused", f"Fabric {version} is not supported; {' and '.join(VERSIONS)} are, for which Bevel has images"
        )
    for organization in reading.organizations:
        _organization(reading, part, organization)
    found = [_channel(reading, part, node) for node in network.items("channels")]
    part.platform["channels"] = [channel for channel in found if channel is not None]
    for i, node in enumerate(network.items("channels")):
        part.origins["platform", "channels", i] = node
    if not part.platform["channels"]:
        network.note("changed", "names no channel; the preset opens one, allchannel, to all organizations with peers")
    elif _default(part):
        part.platform["channels"] = []
    chaincodes.read(reading, part)
    return part


def _refusals(reading: Reading) -> None:
    network = reading.network
    env = network.get("env")
    if env.text("type") == "operator":
        env.get("type").note(
            "refused", "the operator mode of Bevel installs another operator instead of Bevel's charts"
        )
    if network.get("configtx").on("custom"):
        network.get("configtx").note("refused", "a configtx.yaml of your own is not supported")
    if network.on("upgrade"):
        network.get("upgrade").note("refused", "upgrades are made by changing platform.version of a preset")
    places = [network.get("consensus")] + [o.get("services", "consensus") for o in reading.organizations]
    places += [node for o in reading.organizations for node in o.get("services").items("orderers")]
    for node in places:
        word = node.get("name") if node.path[-1] == "consensus" else node.get("consensus")
        if word.data not in (None, "raft"):
            word.note("refused", "Kafka is gone from Fabric since 2.x; orderers agree by raft (name: raft)")
            node.whole()


def _organization(reading: Reading, part: Part, organization: Node) -> None:
    name = organization.text("name")
    services = organization.get("services")
    orderers, peers = services.items("orderers"), services.items("peers")
    roles: dict[str, Any] = {"orderers": len(orderers), "peers": len(peers)}
    for role, nodes in (("orderer", orderers), ("peer", peers)):
        for i, node in enumerate(nodes):
            part.names[name, role, i] = node.get("name")
    clis = [peer for peer in peers if peer.on("cli")]
    if clis or organization.on("cli"):
        roles["cli"] = True
        if peers and [peer.path for peer in clis] != [peers[-1].path]:
            (clis[0].get("cli") if clis else organization.get("cli")).note(
                "changed", "the CLI stands beside the last peer"
            )
    if organization.on("fabric_console"):
        roles["console"] = True
    users = [_user(node) for node in organization.items("users")]
    if users:
        roles["users"] = users
        part.origins["organizations", name, "fabric", "users"] = organization.get("users")
    subject = reading.subject(organization.get("subject"), name)
    if subject:
        part.subjects[name] = subject
    part.roles[name] = roles


def _user(node: Node) -> dict[str, Any]:
    identity = node.text("identity")
    if identity != identity.lower():
        node.get("identity").note(
            "changed", f"Secrets are called after users, so names are lower-case: {identity.lower()}"
        )
    attributes = {item.text("key"): item.text("value") for item in node.items("attributes")}
    return {"name": identity.lower(), **({"attributes": attributes} if attributes else {})}


def _channel(reading: Reading, part: Part, node: Node) -> dict[str, Any] | None:
    name = node.text("channel_name")
    if name != name.lower():
        node.get("channel_name").note("changed", f"Bevel's playbooks write channels in lower case: {name.lower()}")
    participants, creators = [], []
    for item in node.items("participants"):
        who = item.text("name")
        participants.append(who)
        if item.text("type") == "creator":
            creators.append(who)
        _joined(part, item, who)
    if len(creators) != 1:
        node.get("participants").note("doubt", f"a channel has one creator, and this one has {len(creators)}")
    channel: dict[str, Any] = {"name": name.lower(), "participants": participants}
    if creators and creators[0] != participants[0]:
        channel["creator"] = creators[0]
    return channel


def _joined(part: Part, item: Node, who: str) -> None:
    """All peers of an organization join its channels; a list that has fewer is told of."""
    peers = item.items("peers")
    for peer in peers:
        peer.text("name")
    wanted = part.roles.get(who, {}).get("peers")
    if wanted is not None and len(peers) != wanted:
        item.get("peers").note(
            "changed", f"all {wanted} peers of {who} join its channels; {len(peers)} are listed here"
        )


def _default(part: Part) -> bool:
    """Whether the channels are those of a preset that names none."""
    everyone = [name for name, roles in part.roles.items() if roles["peers"]]
    return list(part.platform["channels"]) == [{"name": "allchannel", "participants": everyone}]
