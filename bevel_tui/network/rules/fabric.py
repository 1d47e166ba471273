"""Fabric: who orders, which channels there are and who is in them (facts A1, D)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bevel_tui.network import fabric, naming
from bevel_tui.network.fabric_model import Channel
from bevel_tui.network.model import Fabric, Network
from bevel_tui.network.problem import Problem, YamlPath, error, warning
from bevel_tui.network.wording import meant

#: facts D: network.yaml allows Fabric organizations and channel participants this many characters
MOST_NAME = 12


def names_fit(network: Network) -> Iterator[Problem]:
    """Organization names have at most 12 characters (facts D)."""
    if not isinstance(network.platform, Fabric):
        return
    for i, organization in enumerate(network.organizations):
        if len(organization.name) > MOST_NAME:
            yield error(
                "name-too-long",
                ("organizations", i, "name"),
                f"{organization.name} has {len(organization.name)} characters; Fabric organizations may have {MOST_NAME}",
            )


def msp_is_a_word(network: Network) -> Iterator[Problem]:
    """The anchor peer's Job uses ``<org>MSP`` as a bare key of a jq path: letters and digits only, a letter first.

    [fabric-channel-join/templates/anchorpeer.yaml]
    """
    if not isinstance(network.platform, Fabric):
        return
    for i, organization in enumerate(network.organizations):
        if not re.fullmatch(r"[a-z][a-z0-9]*", organization.name):
            yield error(
                "organization-msp",
                ("organizations", i, "name"),
                f"{organization.name}: Fabric organizations may have letters and digits only, a letter first; the Job "
                "that sets the anchor peer reads anything else in the MSP's name as arithmetic",
            )


def orderers(network: Network) -> Iterator[Problem]:
    """The first organization orders, others may; all their orderers are one raft cluster.

    The genesis is made in the first organization's namespace, and organizations without orderers use its own (facts
    A1.1).
    """
    if not isinstance(network.platform, Fabric):
        return
    founder = fabric.fabric_roles(naming.founder(network)).orderers
    count = sum(fabric.fabric_roles(organization).orderers for organization in network.organizations)
    path = ("organizations", 0, "fabric", "orderers")
    if founder == 0:
        yield error(
            "orderers-missing",
            path,
            f"the first organization, {naming.founder(network).name}, founds the network and needs orderers "
            "(1 for tests, 3 or 5 to stand the loss of one or two)",
        )
    elif count % 2 == 0:
        yield warning(
            "orderers-even",
            path,
            f"{count} raft orderers stand no more losses than {count - 1}; use an odd number",
        )


def peers(network: Network) -> Iterator[Problem]:
    """An organization without peers and orderers would have nothing but a CA."""
    if not isinstance(network.platform, Fabric):
        return
    for i, organization in enumerate(network.organizations):
        roles = fabric.fabric_roles(organization)
        if i > 0 and roles.peers + roles.orderers == 0:
            yield error(
                "organization-empty", ("organizations", i, "fabric", "peers"), f"{organization.name} would have no node"
            )
        if roles.cli and not roles.peers:
            yield error(
                "cli-without-peer",
                ("organizations", i, "fabric", "cli"),
                "a CLI stands beside a peer, and there is none",
            )
        if roles.users and not roles.peers:
            yield error(
                "users-without-peer",
                ("organizations", i, "fabric", "users"),
                "users are enrolled by the Job of the first peer, and there is none",
            )


def channels(network: Network) -> Iterator[Problem]:
    """Channels have distinct names, and participants that exist and have peers."""
    if not isinstance(network.platform, Fabric):
        return
    known = {o.name: fabric.fabric_roles(o).peers for o in network.organizations}
    seen: set[str] = set()
    participants = [channel.participants for channel in fabric.channels(network)]
    for i, channel in enumerate(network.platform.channels):
        path = ("platform", "channels", i)
        if channel.name in seen:
            yield error("channel-duplicate", (*path, "name"), f"two channels are called {channel.name}; rename one")
        seen.add(channel.name)
        joined: set[str] = set()
        for j, participant in enumerate(channel.participants):
            here = (*path, "participants", j)
            if participant in joined:
                yield error("participant-duplicate", here, f"{participant} is listed twice")
            elif participant not in known:
                yield error(
                    "participant-unknown",
                    here,
                    f"there is no organization called {participant}{meant(participant, known)}",
                )
            elif not known[participant]:
                yield error("participant-without-peer", here, f"{participant} has no peer that could join")
            joined.add(participant)
        if channel.creator is not None:
            yield from _creator(network, channel, path)
        elif fabric.syschannel(network) and i > 0 and (lacking := sorted(set(participants[i]) - set(participants[0]))):
            yield error(
                "channel-consortium",
                (*path, "participants"),
                f"{', '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not in the first channel: with Fabric "
                "2.2 Bevel's genesis makes a consortium of the first channel's participants, and only they can be in "
                "others; put the channel that has all of them first",
            )
    if not any(known.values()):
        yield error("channel-empty", ("organizations",), "no organization has a peer, so nobody could join a channel")


def _creator(network: Network, channel: Channel, path: YamlPath) -> Iterator[Problem]:
    full = next(c for c in fabric.channels(network) if c.name == channel.name)
    if channel.creator not in full.participants:
        yield error(
            "creator-unknown",
            (*path, "creator"),
            f"{channel.creator} is no participant of {channel.name}{meant(str(channel.creator), full.participants)}",
        )
    elif not fabric.syschannel(network):
        yield warning(
            "creator-unused", (*path, "creator"), "with Fabric 2.5 the orderers join channels and nobody creates them"
        )


def users(network: Network) -> Iterator[Problem]:
    """A user's Secrets are ``<name>-msp`` and ``<name>-tls``, as those of nodes and of the administrator are."""
    if not isinstance(network.platform, Fabric):
        return
    for i, organization in enumerate(network.organizations):
        taken = {"admin"} | {
            release.name
            for release in fabric.fabric_releases(network, organization)
            if release.role in ("orderer", "peer")
        }
        seen: set[str] = set()
        for j, user in enumerate(fabric.fabric_roles(organization).users):
            path = ("organizations", i, "fabric", "users", j, "name")
            if user.name in taken:
                yield error(
                    "user-name", path, f"{user.name} has Secrets {user.name}-msp and {user.name}-tls already; rename it"
                )
            elif user.name in seen:
                yield error("user-duplicate", path, f"two users are called {user.name}; rename one")
            seen.add(user.name)


def passwords(network: Network) -> Iterator[Problem]:
    """Passwords that everybody knows, because Bevel's samples and charts have them."""
    if not isinstance(network.platform, Fabric):
        return
    known = [i for i, o in enumerate(network.organizations) if fabric.fabric_roles(o).ca_admin is None]
    if known:
        listed = ", ".join(network.organizations[i].name for i in known)
        yield warning(
            "ca-password",
            ("organizations", known[0], *(("fabric",) if network.organizations[known[0]].fabric else ("name",))),
            f"the CA administrators of {listed} get the password of Bevel's samples, which everybody knows; set ca_admin "
            "(the default is fine for tests)",
        )
    for i, organization in enumerate(network.organizations):
        if fabric.fabric_roles(organization).console:
            yield warning(
                "console-password",
                ("organizations", i, "fabric", "console"),
                "the chart gives the console the user admin and the password `password`, and no value changes them; "
                "change the password at the first login",
            )


RULES = (names_fit, msp_is_a_word, orderers, peers, channels, users, passwords)
