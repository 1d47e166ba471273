"""Who is in the configuration of a Fabric channel, and the updates that brought or took others. Pure.

A channel's members stand in its configuration, and so do the orderers that agree on its blocks. The policies for both
are ``MAJORITY Admins`` (facts A1; configtx files of fabric-genesis): more than half of the members, or of the
organizations that order, must sign an update, those included that do not answer any more. So every update is kept with
its signers: the next one is counted from what the last one left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bevel_tui.network.fabric import channels, fabric_roles, orderer_name, syschannel
from bevel_tui.network.model import Network

#: participants of each channel when it was made
Made = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Update:
    """One organization that joins a channel that is there (or leaves it), by the `number`-th update of the channel; or,
    with its release as `orderer`, one orderer of that organization.

    `signers` sign one after the other; the last one submits.
    """

    channel: str
    number: int
    organization: str
    joins: bool
    signers: tuple[str, ...]
    orderer: str = ""


@dataclass(frozen=True, slots=True)
class Unsigned:
    """An update that cannot be: of `members`, `needed` must sign, and only `there` are in the network."""

    channel: str
    organization: str
    joins: bool
    members: tuple[str, ...]
    needed: int
    there: tuple[str, ...]
    orderer: str = ""


def members(channel: str, made: Made, updates: Iterable[Update]) -> tuple[str, ...]:
    """The organizations that a channel's configuration names."""
    found = dict.fromkeys(made.get(channel, ()))
    for update in updates:
        if update.orderer:
            continue
        if update.channel == channel and update.joins:
            found[update.organization] = None
        elif update.channel == channel:
            found.pop(update.organization, None)
    return tuple(found)


def majority(members: Collection[str]) -> int:
    """How many must sign: more than half."""
    return len(members) // 2 + 1


def grown(network: Network, made: Made, updates: Sequence[Update]) -> tuple[tuple[Update, ...], tuple[Unsigned, ...]]:
    """The updates after which the channels have the participants that `network` wants, and those that nobody can sign.

    Of each organization in a channel only the last update is kept. Channels that are not in `made` need none.
    """
    there = [organization.name for organization in network.organizations]
    found, unsigned = list(updates), []
    for channel in channels(network):
        if channel.name not in made:
            continue
        for name, joins in _changes(channel.participants, members(channel.name, made, found)):
            known = members(channel.name, made, found)
            needed = majority(known)
            # whoever leaves is asked last: the others are to decide it if they can
            able = sorted((one for one in known if one in there), key=lambda one: one == name)
            if len(able) < needed:
                unsigned.append(Unsigned(channel.name, name, joins, known, needed, tuple(able)))
                continue
            found = _with(found, Update(channel.name, 0, name, joins, tuple(able[:needed])))
    wanted = {channel.name for channel in channels(network)}
    return tuple(u for u in found if u.channel in wanted), tuple(unsigned)


def _changes(wanted: Sequence[str], known: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """First who leaves: fewer have to sign for those who come."""
    yield from ((name, False) for name in known if name not in wanted)
    yield from ((name, True) for name in wanted if name not in known)


def _with(updates: Iterable[Update], new: Update) -> list[Update]:
    """The updates and one more, numbered; of what it is about only this one stays."""
    found = list(updates)
    number = 1 + max((u.number for u in found if u.channel == new.channel), default=0)
    about = (new.channel, new.organization, new.orderer)
    return [*(u for u in found if (u.channel, u.organization, u.orderer) != about), replace(new, number=number)]


# ---------------------------------------------------------------- who orders


def orderers(network: Network) -> tuple[str, ...]:
    """All orderers of a network, as ``organization/release``."""
    return tuple(
        f"{organization.name}/{orderer_name(network, organization, index)}"
        for organization in network.organizations
        for index in range(fabric_roles(organization).orderers)
    )


def consenters(channel: str, made: Made, updates: Iterable[Update]) -> tuple[str, ...]:
    """The orderers that a channel's configuration names, as `orderers` does."""
    found = dict.fromkeys(made.get(channel, ()))
    for update in updates:
        if update.channel == channel and update.orderer:
            name = f"{update.organization}/{update.orderer}"
            if update.joins:
                found[name] = None
            else:
                found.pop(name, None)
    return tuple(found)


def ordered(network: Network, made: Made, updates: Sequence[Update]) -> tuple[tuple[Update, ...], tuple[Unsigned, ...]]:
    """The updates after which every channel is ordered by all orderers of `network`, one after the other as Raft wants
    it, and those that nobody can sign.

    Only orderers of organizations that order already come and go this way: another organization is not in the
    channel's group of those who order. `made`: the orderers of each channel when it was made. Fabric 2.5: with 2.2 the
    system channel would have to be changed too.
    """
    if syschannel(network):
        return tuple(updates), ()
    found, unsigned = list(updates), []
    there = {organization.name for organization in network.organizations}
    for channel in channels(network):
        if channel.name not in made:
            continue
        groups = tuple(dict.fromkeys(name.partition("/")[0] for name in made[channel.name]))
        known = consenters(channel.name, made, found)
        wanted = [name for name in orderers(network) if name.partition("/")[0] in groups]
        changes = [(n, True) for n in wanted if n not in known] + [(n, False) for n in known if n not in wanted]
        for name, joins in changes:
            owner, _, orderer = name.partition("/")
            needed = majority(groups)
            # its owner knows its certificate, and must sign for its own addresses besides
            able = sorted((group for group in groups if group in there), key=lambda group: group != owner)
            if owner not in there or len(able) < needed:
                unsigned.append(Unsigned(channel.name, owner, joins, groups, needed, tuple(able), orderer))
                continue
            found = _with(found, Update(channel.name, 0, owner, joins, tuple(able[:needed]), orderer))
    return tuple(found), tuple(unsigned)
