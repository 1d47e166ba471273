"""Whose eyes a Network is seen with: the same preset serves every member of a consortium.

`managed` says who runs an organization's part, so it depends on who asks. Each operator names their own organizations
(`--as`); nothing of that is kept in the preset, which stays the same for all.
"""

from __future__ import annotations

from collections.abc import Iterable

from bevel_tui.network.model import Network
from bevel_tui.network.naming import namespace_of
from bevel_tui.records.errors import BevelError, Code


def seen_by(network: Network, organizations: Iterable[str]) -> Network:
    """The Network as the operator of these organizations sees it: theirs are managed, all others are not.

    Without a name the preset's own `managed` flags stay. Raises BevelError(USAGE) for a name that no organization has.
    """
    ours = frozenset(organizations)
    if not ours:
        return network
    unknown = ours - {organization.name for organization in network.organizations}
    if unknown:
        raise BevelError(
            Code.USAGE,
            f"Network {network.name} has no organization {', '.join(sorted(unknown))}.",
            remedy=f"Name one of: {', '.join(organization.name for organization in network.organizations)}.",
        )
    return _with(network, ours)


def living_in(network: Network, namespaces: Iterable[str], *, strict: bool = True) -> tuple[str, ...]:
    """The organizations whose namespaces these are, in the Network's order; of several clusters, if they share a name.

    Raises BevelError(USAGE) for a namespace in which none lives, if `strict`.
    """
    wanted = frozenset(namespaces)
    homes = {organization.name: namespace_of(network, organization) for organization in network.organizations}
    unknown = wanted - set(homes.values())
    if unknown and strict:
        raise BevelError(
            Code.USAGE,
            f"No organization of network {network.name} lives in namespace {', '.join(sorted(unknown))}.",
            remedy=f"Name one of: {', '.join(dict.fromkeys(homes.values()))}.",
        )
    return tuple(name for name, home in homes.items() if home in wanted)


def seen_by_all(network: Network) -> Network:
    """The Network with every organization managed: the same for all operators, whatever flags their copies have."""
    return _with(network, frozenset(organization.name for organization in network.organizations))


def ours(network: Network) -> tuple[str, ...]:
    """Names of the organizations that this side runs."""
    return tuple(organization.name for organization in network.organizations if organization.managed)


def _with(network: Network, names: frozenset[str]) -> Network:
    organizations = tuple(o.model_copy(update={"managed": o.name in names}) for o in network.organizations)
    return network.model_copy(update={"organizations": organizations})
