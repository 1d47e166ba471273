"""Fabric: who orders, which channels there are and who is in them (facts A1, D)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bevel_tui.network import names
from bevel_tui.network.model import Fabric, Network
from bevel_tui.network.problem import Problem, error, warning
from bevel_tui.network.wording import meant

#: facts D: network.yaml allows Fabric organizations and channel participants this many characters
MOST_NAME = 12
#: odd: a raft cluster of an even size stands no more losses than the one below it
RAFT_SIZES = (1, 3, 5, 7, 9)


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
    """The first organization orders, and for now no other: the genesis Job of Bevel cannot take in orderers of other
    organizations (failures F10)."""
    if not isinstance(network.platform, Fabric):
        return
    count = names.fabric_roles(names.founder(network)).orderers
    path = ("organizations", 0, "fabric", "orderers")
    if count == 0:
        yield error(
            "orderers-missing",
            path,
            f"the first organization, {names.founder(network).name}, founds the network and needs orderers "
            "(1 for tests, 3 or 5 to stand the loss of one or two)",
        )
    elif count not in RAFT_SIZES:
        yield warning(
            "orderers-even",
            path,
            f"{count} raft orderers stand no more losses than {count - 1}; use an odd number",
        )
    for i, organization in enumerate(network.organizations[1:], start=1):
        if names.fabric_roles(organization).orderers:
            yield error(
                "orderers-elsewhere",
                ("organizations", i, "fabric", "orderers"),
                "only the first organization can have orderers: Bevel's genesis Job fails on orderers of other "
                "organizations (it never makes the directory for their certificates)",
            )


def peers(network: Network) -> Iterator[Problem]:
    """An organization without peers and orderers would have nothing but a CA."""
    if not isinstance(network.platform, Fabric):
        return
    for i, organization in enumerate(network.organizations):
        roles = names.fabric_roles(organization)
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


def channels(network: Network) -> Iterator[Problem]:
    """Channels have distinct names, and participants that exist and have peers."""
    if not isinstance(network.platform, Fabric):
        return
    known = {o.name: names.fabric_roles(o).peers for o in network.organizations}
    seen: set[str] = set()
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
    if not any(known.values()):
        yield error("channel-empty", ("organizations",), "no organization has a peer, so nobody could join a channel")


RULES = (names_fit, msp_is_a_word, orderers, peers, channels)
