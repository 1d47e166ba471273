"""Fabric networks that have changed since their genesis (facts A1.1b): new peers, new channels, other members.

A channel that came later gets a genesis release of its own, ``genesis-<channel>``, since the Job of the first one runs
once. Later peers of an organization are no anchors. Organizations that come into a channel or leave it are a matter of
its configuration (`fabric_updates`).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bevel_tui.network.fabric import channels, fabric_roles
from bevel_tui.network.membership import orderers
from bevel_tui.network.model import Network, Organization
from bevel_tui.network.naming import PortMap, founder, namespace_of
from bevel_tui.network.past import Past
from bevel_tui.platforms import fabric, fabric_updates, groundwork
from bevel_tui.platforms.ids import release_id
from bevel_tui.records.steps import HandoffStep, ReleaseStep, Step

#: what a genesis Job makes for a channel (facts A1.3); organizations have no dash in their names
_MADE = r"{0}-(genesis|channeltx|[a-z0-9]+-anchortx)"


def steps(network: Network, past: Past, ports: PortMap) -> list[Step]:
    """All steps of a network with that past but the gateways'."""
    first = channels(past.founding)
    later = [channel.name for channel in channels(network) if channel.name not in {known.name for known in first}]
    planned = list(fabric.steps(network))
    genesis = _genesis(network, planned)
    if genesis is None:
        return planned
    found: list[Step] = []
    for step in planned:
        if step.id == genesis.id:
            found.append(_as_founded(genesis, network, past))
        elif isinstance(step, HandoffStep) and step.target_step == genesis.id and not _known(step, past):
            continue  # its organization or orderer came later: it is in no genesis block
        elif (named := _channel_of(step, later)) is not None:
            own = release_id(genesis.cluster, str(genesis.namespace), f"genesis-{named}")
            found.append(replace(step, needs=tuple(own if need == genesis.id else need for need in step.needs)))
        elif isinstance(step, ReleaseStep):
            found.append(_late_peer(step, network, past))
        else:
            found.append(step)
    for name in later:
        found += _channel_genesis(name, genesis, network, past, planned)
    found = fabric_updates.steps(network, past, found)
    there = {step.id for step in found}
    return [_without(step, there, planned) for step in found]


def _names(past: Past) -> set[str]:
    return {organization.name for organization in past.founding.organizations}


def _known(step: HandoffStep, past: Past, channel: str | None = None) -> bool:
    """Whether what a genesis Job is handed was there when its channel was made (None: the first ones)."""
    if channel is None and step.organization not in _names(past):
        return False
    ordering = _ordering(past, channel)
    orderer = step.source.name.removesuffix("-tls")
    return not step.source.name.endswith("-tls") or f"{step.organization}/{orderer}" in ordering


def _ordering(past: Past, channel: str | None) -> tuple[str, ...]:
    """The orderers of a channel when it was made, or of the first ones."""
    first = orderers(past.founding)
    return first if channel is None else past.consenters.get(channel, first)


def _with_orderers(organizations: Sequence[Mapping[str, Any]], ordering: Sequence[str]) -> list[dict[str, Any]]:
    """A genesis' organizations with no other orderers than these."""
    return [
        {**one, "orderers": [node for node in one["orderers"] if f"{one['name']}/{node['name']}" in ordering]}
        if "orderers" in one
        else dict(one)
        for one in organizations
    ]


def _groups(wanted: Sequence[str], ordering: Sequence[str], there: Collection[str]) -> list[str]:
    """The organizations that order a channel, as it was made."""
    groups = {name.partition("/")[0] for name in ordering}
    return [name for name in wanted if name in groups and name in there]


def _genesis(network: Network, planned: Sequence[Step]) -> ReleaseStep | None:
    first = founder(network)
    name = release_id(first.cluster, namespace_of(network, first), "genesis")
    return next((step for step in planned if isinstance(step, ReleaseStep) and step.id == name), None)


def _channel_of(step: Step, channels: Sequence[str]) -> str | None:
    """The one of `channels` that a release makes, or whose block or transaction is handed over."""
    if isinstance(step, HandoffStep) and step.source.kind == "ConfigMap":
        return next((name for name in channels if re.fullmatch(_MADE.format(name), step.source.name)), None)
    makes = ("fabric-osnadmin-channel-create", "fabric-channel-create")
    if isinstance(step, ReleaseStep) and step.chart in makes and step.release in channels:
        return step.release
    return None


def _as_founded(genesis: ReleaseStep, network: Network, past: Past) -> ReleaseStep:
    """The first genesis with the channels that it was made with (its values count no more, what it made does)."""
    known = {channel.name for channel in channels(past.founding)}
    values = copy.deepcopy(dict(genesis.values))
    founders = [one for one in values.get("organizations", ()) if one["name"] in _names(past)]
    values["organizations"] = _with_orderers(founders, _ordering(past, None))
    there = {one["name"] for one in values["organizations"]}
    values["channels"] = [
        {
            **one,
            "orderers": _groups(one["orderers"], _ordering(past, None), there),
            "participants": [name for name in _participants(past, one) if name in there],
        }
        for one in values.get("channels", ())
        if one["name"] in known
    ]
    produces = tuple(
        made
        for made in genesis.produces
        if not any(made.ref.name.startswith(f"{c.name}-") for c in channels(network) if c.name not in known)
    )
    return _finished(replace(genesis, values=values, produces=produces))


def _participants(past: Past, channel: Mapping[str, Any]) -> Sequence[str]:
    """Of a channel as the genesis has it: those with which it was made."""
    participants: Sequence[str] = channel["participants"]
    return past.channels.get(channel["name"], tuple(participants))


def _channel_genesis(
    name: str, genesis: ReleaseStep, network: Network, past: Past, planned: Sequence[Step]
) -> list[Step]:
    """The release that makes the genesis block of one later channel, and the handoffs into it."""
    channel = next(one for one in channels(network) if one.name == name)
    ordering = {organization.name for organization in network.organizations if fabric_roles(organization).orderers}
    participants = past.channels.get(name, channel.participants)
    members = {*participants, *ordering, founder(network).name}
    values = copy.deepcopy(dict(genesis.values))
    known = {organization.name for organization in network.organizations}
    values["channels"] = [
        {
            **one,
            "orderers": _groups(one["orderers"], _ordering(past, name), known),
            "participants": [other for other in participants if other in known],
        }
        for one in values["channels"]
        if one["name"] == name
    ]
    those = [one for one in values["organizations"] if one["name"] in members]
    values["organizations"] = _with_orderers(those, _ordering(past, name))
    # the system channel of 2.2 is there already
    values["settings"] = {**values.get("settings", {}), "generateGenesis": False}
    release = f"genesis-{name}"
    target = release_id(genesis.cluster, str(genesis.namespace), release)
    handoffs = [
        replace(step, id=step.id.removesuffix("/genesis") + f"/{release}", target_step=target)
        for step in planned
        if isinstance(step, HandoffStep)
        and step.target_step == genesis.id
        and step.organization in members
        and _known(step, past, name)
    ]
    old = {step.id for step in planned if isinstance(step, HandoffStep) and step.target_step == genesis.id}
    own = _finished(
        replace(
            genesis,
            id=target,
            release=release,
            values=values,
            files=tuple(step.target_file for step in handoffs if step.target_file),
            needs=(*(need for need in genesis.needs if need not in old), *(step.id for step in handoffs)),
            produces=tuple(made for made in genesis.produces if made.ref.name.startswith(f"{name}-")),
            once=True,
        )
    )
    return [*handoffs, own]


def _late_peer(step: ReleaseStep, network: Network, past: Past) -> ReleaseStep:
    """A peer, or its joining, as the charts want it for one that came after its organization."""
    organization = next((o for o in network.organizations if o.name == step.organization), None)
    known = past.joined.get(organization.name) if organization is not None else None
    if organization is None or known is None:
        return step
    count = fabric_roles(known).peers
    if step.chart == "fabric-peernode" and _index(step.release) >= count:
        late = _with(step, {"certs": {"settings": {"addPeerValue": True, "createConfigMaps": False}}})
        return _with(late, {"peer": {"cliEnabled": False}}) if fabric_roles(known).cli else late
    if step.chart == "fabric-channel-join" and _index(str(step.values["peer"]["name"])) >= count:
        return _with(step, {"peer": {"addPeerValue": True, "type": "general"}})
    if step.chart == "fabric-peernode":
        return _same_cli(step, organization, known)
    return step


def _same_cli(step: ReleaseStep, organization: Organization, known: Organization) -> ReleaseStep:
    """The CLI stays beside the peer where it is, though another one is the last now."""
    was = fabric_roles(known)
    wanted = fabric_roles(organization).cli and was.cli and _index(step.release) == was.peers - 1
    return _with(step, {"peer": {"cliEnabled": True}}) if wanted else step


def _index(peer: str) -> int:
    digits = peer.removeprefix("peer")
    return int(digits) if digits.isdigit() else 0


def _with(step: ReleaseStep, values: Mapping[str, Any]) -> ReleaseStep:
    return _finished(replace(step, values=_merged(step.values, values)))


def _merged(tree: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(tree)
    for key, value in new.items():
        result[key] = _merged(result.get(key) or {}, value) if isinstance(value, Mapping) else value
    return result


def _finished(step: ReleaseStep) -> ReleaseStep:
    return groundwork.finish(step, fabric.manifests(step), fabric.behaviours[step.chart])


def _without(step: Step, there: set[str], planned: Sequence[Step]) -> Step:
    """A step that needs none of those that were left out."""
    dropped = {other.id for other in planned} - there
    needs = tuple(need for need in step.needs if need not in dropped)
    return step if needs == step.needs else replace(step, needs=needs)
