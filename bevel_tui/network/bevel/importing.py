"""network.yaml -> Network: what Bevel would deploy, or a precise list of what cannot be brought about, and why."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from bevel_tui.network import rules, wording
from bevel_tui.network.bevel import comments, consistency, corda, ethereum, fabric, ignored, indy, shared, substrate
from bevel_tui.network.bevel.notes import HEADINGS, Note, merged
from bevel_tui.network.bevel.reading import Options, Part, Reading, default_subject
from bevel_tui.network.bevel.source import Node, Source
from bevel_tui.network.fabric import DEFAULT_CHANNEL, chaincodes, channels, fabric_roles
from bevel_tui.network.model import API_VERSION, Channel, Fabric, Network
from bevel_tui.network.names import p2p_ports, releases
from bevel_tui.network.naming import NamedRelease, namespace_of
from bevel_tui.network.problem import YamlPath, printable, where
from bevel_tui.network.tree import YamlSyntaxError
from bevel_tui.network.tree import read as read_tree
from bevel_tui.records.errors import BevelError, Code

READERS: dict[str, Callable[[Reading], Part]] = {
    "besu": ethereum.read,
    "quorum": ethereum.read,
    "fabric": fabric.read,
    "indy": indy.read,
    "corda": corda.read,
    "corda-enterprise": corda.read,
    "substrate": substrate.read,
}
#: field of an organization that holds its node counts, where it is not called as the platform
ROLES = {"corda-enterprise": "corda"}
#: where images come from that Bevel built itself; the others' come from their makers
OWN_IMAGES = {"fabric": shared.IMAGES, "indy": shared.IMAGES, "corda": shared.IMAGES, "substrate": shared.IMAGES}


@dataclass(frozen=True, slots=True)
class Imported:
    """A Network read from a network.yaml, and what a person must know of it, ordered and merged."""

    network: Network
    notes: tuple[Note, ...]


def read(text: str, *, source: str = "network.yaml", options: Options | None = None) -> Imported:
    """Read a network.yaml.

    Raises BevelError: PRESET_SYNTAX for what is no YAML document, NETWORK_YAML with one line per obstacle in `details`.
    No secret of the file is in the result, in a note or in an error.
    """
    shown = printable(source, 200)
    try:
        tree = read_tree(text)
    except YamlSyntaxError as exc:
        place = f" at line {exc.line}, column {exc.column}" if exc.line else ""
        raise BevelError(Code.PRESET_SYNTAX, f"{shown}{place}: {exc.message}") from None
    reading = Reading(Source(tree, text.split("\n")), options or Options())
    for problem in tree.problems:
        reading.source.notes.append(Note("refused", where(problem.path), problem.message, (tree.line(problem.path),)))
    network = _network(reading, shown)
    notes = merged(reading.source.notes)
    refused = [note for note in notes if note.kind == "refused"]
    if refused or network is None:
        count = "1 obstacle" if len(refused) == 1 else f"{len(refused)} obstacles"
        raise BevelError(Code.NETWORK_YAML, f"{shown} cannot be imported: {count}", details=tuple(map(str, refused)))
    return Imported(network, notes)


def header(notes: tuple[Note, ...], source: str) -> str:
    """What a person must know, as comment lines for the top of the preset."""
    lines = [f"# Imported from {printable(source, 200)}."]
    for kind in ("secret", "fill-in", "changed"):
        told = [note for note in notes if note.kind == kind]
        if told:
            lines += ["#", f"# {HEADINGS[kind]}:", *(f"#   {note}" for note in told)]
    return "\n".join(lines) + "\n"


def _network(reading: Reading, source: str) -> Network | None:
    network, kind = reading.network, reading.network.text("type")
    if not isinstance(network.data, dict):
        raise BevelError(
            Code.NETWORK_YAML,
            f"{source} is no network.yaml of Bevel: it has no mapping `network` at the top",
        )
    if kind not in READERS:
        reading.network.get("type").note("refused", f"is no platform of Bevel{wording.meant(kind, READERS)}")
        return None
    if not reading.organizations:
        reading.network.get("organizations").note("refused", "lists no organization")
        return None
    if any(not organization.text("name") for organization in reading.organizations):
        reading.network.get("organizations").note("refused", "every organization needs a name")
        return None
    _status(reading)
    part = READERS[kind](reading)
    built, origins = _document(reading, part)
    found = _validated(reading, built, origins)
    if found is not None:
        _names(reading, found, part)
    reading.source.notes += consistency.notes(reading)
    _leftovers(reading)
    return found


def _status(reading: Reading) -> None:
    """What the file calls existing was made by Bevel's playbooks, under other names; what it calls deleted is not wanted."""
    found: dict[str, list[Node]] = {"existing": [], "delete": []}
    _statuses(reading.network, found)
    for node in found["delete"]:
        node.note("refused", "to remove an organization take it out of the preset and deploy again (docs/day-two.md)")
    if not reading.options.as_new:
        for node in found["existing"]:
            node.note(
                "refused",
                "this file changes a network that runs, made by Bevel's playbooks under other names, so its plan would be "
                "another one; with --as-new everything in it is taken for new",
            )


def _statuses(node: Node, found: dict[str, list[Node]]) -> None:
    if isinstance(node.data, dict):
        for key, value in node.data.items():
            child = Node(node.source, (*node.path, key), value)
            if (
                key in ("org_status", "status", "peerstatus", "channel_status")
                and isinstance(value, str)
                and value in found
            ):
                found[value].append(child)
            _statuses(child, found)
    elif isinstance(node.data, tuple):
        for i, value in enumerate(node.data):
            _statuses(Node(node.source, (*node.path, i), value), found)


# ---------------------------------------------------------------- the preset


def _document(reading: Reading, part: Part) -> tuple[dict[str, Any], dict[YamlPath, Node]]:
    """The preset as plain data, and where its parts were read."""
    clusters, homes = shared.clusters(reading, part)
    origins = dict(part.origins)
    origins["gateway",] = reading.network.get("env").get("proxy")
    origins["gateway", "p2p_ports"] = reading.network.get("env").get("ambassadorPorts")
    origins["vault",] = reading.organizations[0].get("vault")
    listed = reading.organizations
    first = next((node for node in listed if part.founds(node)), listed[0])
    ordered = [first, *(node for node in listed if node.path != first.path)]
    if first.path != reading.organizations[0].path:
        first.note("changed", "founds the network, so it comes first in the preset")
    organizations = []
    for i, node in enumerate(ordered):
        name = node.text("name")
        origins["organizations", i] = node
        item: dict[str, Any] = {"name": name, "cluster": homes.get(name, "?")}
        if name in part.subjects:
            item["subject"] = part.subjects[name]
        organizations.append({**item, part.roles_field: part.roles.get(name, {})})
    for i, cluster in enumerate(clusters):
        home = next((node for node in ordered if homes.get(node.text("name")) == cluster["name"]), first)
        origins["clusters", i] = home.get("k8s")
        origins["clusters", i, "domain"] = home.get("external_url_suffix")
    kind = reading.network.text("type")
    built: dict[str, Any] = {
        "apiVersion": API_VERSION,
        "kind": "Network",
        "name": _name(reading),
        "platform": part.platform,
        "gateway": shared.gateway(reading),
        "clusters": clusters,
        "organizations": organizations,
    }
    more = {
        "dns": shared.dns(reading),
        "registry": shared.registry(reading, OWN_IMAGES.get(kind)),
        "vault": shared.vault(reading),
    }
    return {**built, **{key: value for key, value in more.items() if value}}, origins


def _name(reading: Reading) -> str:
    given = reading.network.text("name")
    fallback = f"{reading.network.text('type')}-{reading.network.get('env').text('type')}".strip("-")
    wanted = reading.options.name or given or fallback
    return re.sub(r"[^a-z0-9]+", "-", wanted.lower()).strip("-")[:40].strip("-") or "network"


def _validated(reading: Reading, built: dict[str, Any], origins: dict[YamlPath, Node]) -> Network | None:
    """The Network, or notes on what it would break, at the lines of the file that say so."""
    try:
        network = Network.model_validate(built)
    except ValidationError as exc:
        found = wording.without_echoes(wording.problems(exc.errors(include_url=False)))
        for problem in found:
            _refuse(reading, origins, problem.path, problem.message)
        return None
    for problem in rules.problems(network):
        if problem.severity == "error":
            _refuse(reading, origins, problem.path, problem.message)
    return canonical(network)


def canonical(network: Network) -> Network:
    """The one way to say a Network: node counts that are the defaults are left out, members of channels are listed."""
    field = ROLES.get(network.platform.type, network.platform.type)
    organizations = []
    for organization in network.organizations:
        roles = getattr(organization, field)
        default = roles is not None and roles == type(roles)()
        subject = None if organization.subject == default_subject(organization.name) else organization.subject
        organizations.append(organization.model_copy(update={field: None if default else roles, "subject": subject}))
    update: dict[str, Any] = {"organizations": tuple(organizations)}
    if isinstance(network.platform, Fabric):
        update["platform"] = _canonical_fabric(network, network.platform)
    return network.model_copy(update=update)


def _canonical_fabric(network: Network, platform: Fabric) -> Fabric:
    listed = tuple(
        channel.model_copy(update={"creator": None}) if channel.creator in channel.participants[:1] else channel
        for channel in channels(network)
    )
    everyone = tuple(o.name for o in network.organizations if fabric_roles(o).peers)
    first = listed[0].name
    codes = tuple(
        code.model_copy(update={"channel": None}) if code.channel == first else code for code in chaincodes(network)
    )
    default = listed == (Channel(name=DEFAULT_CHANNEL, participants=everyone),)
    return platform.model_copy(update={"channels": () if default else listed, "chaincodes": codes})


def _refuse(reading: Reading, origins: dict[YamlPath, Node], path: YamlPath, message: str) -> None:
    near = path
    while near and near not in origins:
        near = near[:-1]
    node = origins.get(near, reading.network)
    reading.source.notes.append(Note("refused", where(node.path), f"(preset {where(path)}) {message}", (node.line,)))


# ---------------------------------------------------------------- what the plan calls and numbers otherwise


def _names(reading: Reading, network: Network, part: Part) -> None:
    """Note nodes that the plan calls or numbers otherwise than the file."""
    ports = p2p_ports(network)
    renamed: list[tuple[Node, str]] = []
    moved: list[tuple[Node, str]] = []
    for organization in network.organizations:
        counts: dict[str, int] = {}
        for release in releases(network, organization):
            place = (organization.name, release.role, counts.get(release.role, 0))
            counts[release.role] = place[2] + 1
            node, port = part.names.get(place), part.ports.get(place)
            if node is not None and node.data != release.name and release.role != "identity":
                renamed.append((node, f"{printable(str(node.data))} -> {release.name}"))
            ours = ports.get((organization.cluster, namespace_of(network, organization), release.name))
            if port and ours is not None and port.data != ours and _has_ports(network, release):
                moved.append((port, f"{release.name} {port.data} -> {ours}"))
    _together(reading, "names", renamed, "nodes are called otherwise, because Bevel's charts take names for granted")
    _together(reading, "ports", moved, "ports at gateways are given out in order")


def _together(reading: Reading, path: str, found: list[tuple[Node, str]], why: str) -> None:
    if found:
        lines = tuple(node.line for node, _ in found)
        reading.source.notes.append(Note("changed", path, f"{why}: {', '.join(text for _, text in found)}", lines))


def _has_ports(network: Network, release: NamedRelease) -> bool:
    return network.gateway.type == "ambassador" or (network.platform.type == "indy" and release.role == "steward")


def _leftovers(reading: Reading) -> None:
    """What nobody asked for: without meaning here, or unknown."""
    for path in list(reading.source.unread()):
        why = ignored.reason(path)
        line = reading.source.tree.line(path)
        if why:
            # one note per key, wherever it stands
            name = str(path[-1]) if not isinstance(path[-1], int) else where(path)
            reading.source.notes.append(Note("left-out", name, why, (line,)))
        else:
            reading.source.notes.append(Note("unknown", where(path), "is no key that Bevel's file has here", (line,)))
    reading.source.notes += comments.found(reading.source.lines, ignored.KEYS)
