"""What cannot be changed in a Fabric network that runs, and why. Pure.

Members come and go by updates of the channels' configurations (`network.membership`); where a majority cannot sign, or
where what would have to change is in no channel's hands, that is said here, one rule per function.
"""

from __future__ import annotations

from collections.abc import Iterator

from bevel_tui.network.consequence import GENESIS, Consequence
from bevel_tui.network.fabric import channels, fabric_roles, syschannel
from bevel_tui.network.membership import consenters, grown, members, ordered
from bevel_tui.network.membership import orderers as orderers_of
from bevel_tui.network.model import Fabric, Network
from bevel_tui.network.past import Past


def consequences(past: Past, wanted: Network) -> Iterator[Consequence]:
    """All of them; none for other platforms."""
    if not isinstance(past.founding.platform, Fabric) or not isinstance(wanted.platform, Fabric):
        return
    for rule in RULES:
        yield from rule(past, wanted)


def orderers(past: Past, wanted: Network) -> Iterator[Consequence]:
    """Orderers of an organization that orders come and go by updates of the channels (2.5); others cannot (facts A1.1b)."""
    was = {organization.name: fabric_roles(organization).orderers for organization in past.founding.organizations}
    for index, organization in enumerate(wanted.organizations):
        count = fabric_roles(organization).orderers
        before = was.get(organization.name, 0)
        if count == before or (count and before and not syschannel(wanted)):
            continue
        yield Consequence(
            f"organizations[{index}].fabric.orderers",
            str(before),
            str(count),
            "found",
            GENESIS,
            "with Fabric 2.2 the system channel names the orderers, and new ones begin with its latest block, for which "
            "Bevel has playbooks but no chart"
            if syschannel(wanted)
            else "the organizations that order are a group of every channel's configuration, made with the channel; only "
            "how many orderers each of them has can change",
        )


def unordered(past: Past, wanted: Network) -> Iterator[Consequence]:
    """An orderer comes or goes by the signatures of more than half of the organizations that order."""
    made = {
        channel.name: past.consenters[channel.name] for channel in channels(wanted) if channel.name in past.consenters
    }
    for one in ordered(wanted, made, past.updates)[1]:
        if one.joins:
            yield Consequence(
                f"channel {one.channel}",
                "orderers",
                one.orderer,
                "never",
                "",
                f"{one.orderer} can order only if {one.needed} of {', '.join(one.members)} sign, and only "
                f"{', '.join(one.there) or 'none'} of them is in the network",
            )


def leaderless(past: Past, wanted: Network) -> Iterator[Consequence]:
    """An organization that orders and leaves stays among the consenters: with half of them or fewer Raft has no leader."""
    made = {c.name: past.consenters[c.name] for c in channels(wanted) if c.name in past.consenters}
    updates, _ = ordered(wanted, made, past.updates)
    there = set(orderers_of(wanted))
    for channel in made:
        known = consenters(channel, made, updates)
        alive = [name for name in known if name in there]
        if known and len(alive) * 2 <= len(known) and there:
            yield Consequence(
                f"channel {channel}",
                f"{len(known)} orderers",
                f"{len(alive)} of them",
                "never",
                "",
                f"{len(alive)} of {len(known)} orderers are no majority, and {channel} would take no transaction any "
                "more; let the organization that leaves have fewer orderers first, and apply that",
            )


def unsigned(past: Past, wanted: Network) -> Iterator[Consequence]:
    """Who joins a channel needs the signatures of more than half of its members, those included that are gone."""
    made = {channel.name: past.channels[channel.name] for channel in channels(wanted) if channel.name in past.channels}
    participants = {channel.name: channel.participants for channel in channels(wanted)}
    for one in grown(wanted, made, past.updates)[1]:
        if one.joins:
            yield Consequence(
                f"channel {one.channel}",
                ", ".join(one.members),
                ", ".join(participants[one.channel]),
                "never",
                "",
                f"{one.organization} can join only if {one.needed} of the channel's members sign ({', '.join(one.members)}), "
                f"and only {', '.join(one.there) or 'none'} of them is in the network: the configuration still names "
                f"who left without an update. Open a channel of its own for {one.organization}",
            )


def known_by_other_keys(past: Past, wanted: Network) -> Iterator[Consequence]:
    """Who left while a channel still names it cannot come again: its certificates there are those it had."""
    there = {organization.name for organization in past.applied.organizations}
    for channel in channels(wanted):
        known = members(channel.name, past.channels, past.updates)
        for name in channel.participants:
            if name in known and name not in there:
                yield Consequence(
                    f"channel {channel.name}",
                    ", ".join(known),
                    ", ".join(channel.participants),
                    "never",
                    "",
                    f"{name} left, and {channel.name} still knows it by the certificates that went with it: give it "
                    "another name, or a channel of its own",
                )


def consortium(past: Past, wanted: Network) -> Iterator[Consequence]:
    """2.2: only members of the system channel's consortium can be in a channel when it is made (facts A1.1)."""
    if not syschannel(wanted):
        return
    first = channels(past.founding)[0].participants
    for channel in channels(wanted):
        lacking = [name for name in channel.participants if name not in first]
        if channel.name not in past.channels and lacking:
            yield Consequence(
                f"channel {channel.name}",
                "none",
                ", ".join(channel.participants),
                "never",
                "",
                f"{', '.join(lacking)} came after the genesis: with Fabric 2.2 a channel is made of members of the "
                "system channel's consortium. Make it without, and let them join it when it is there",
            )


def known_in(past: Past, organization: str) -> tuple[str, ...]:
    """The channels whose configuration holds an organization's certificates, which it keeps only where it is."""
    return tuple(c for c in past.channels if organization in members(c, past.channels, past.updates))


RULES = (orderers, unordered, leaderless, unsigned, known_by_other_keys, consortium)
