"""Who is in the configuration of a Fabric channel, and the updates that brought or took others. Pure.

A channel's members stand in its configuration. Its policy for that is ``MAJORITY Admins`` (facts A1; configtx files of
fabric-genesis): more than half of the members that it names must sign an update, those included that do not answer any
more. So every update is kept with its signers: the next one is counted from what the last one left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bevel_tui.network.fabric import channels
from bevel_tui.network.model import Network

#: participants of each channel when it was made
Made = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Update:
    """One organization that joins a channel that is there (or leaves it), by the `number`-th update of the channel.

    `signers` sign one after the other; the last one submits.
    """

    channel: str
    number: int
    organization: str
    joins: bool
    signers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unsigned:
    """An update that cannot be: of `members`, `needed` must sign, and only `there` are in the network."""

    channel: str
    organization: str
    joins: bool
    members: tuple[str, ...]
    needed: int
    there: tuple[str, ...]


def members(channel: str, made: Made, updates: Iterable[Update]) -> tuple[str, ...]:
    """The organizations that a channel's configuration names."""
    found = dict.fromkeys(made.get(channel, ()))
    for update in updates:
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
            number = 1 + max((u.number for u in found if u.channel == channel.name), default=0)
            found = [u for u in found if (u.channel, u.organization) != (channel.name, name)]
            found.append(Update(channel.name, number, name, joins, tuple(able[:needed])))
    wanted = {channel.name for channel in channels(network)}
    return tuple(u for u in found if u.channel in wanted), tuple(unsigned)


def _changes(wanted: Sequence[str], known: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """First who leaves: fewer have to sign for those who come."""
    yield from ((name, False) for name in known if name not in wanted)
    yield from ((name, True) for name in wanted if name not in known)
