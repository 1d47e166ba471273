"""The final names of an Indy network: releases, and whose trustee vouches for whom."""

from __future__ import annotations

from bevel_tui.network.model import IndyRoles, Network, Organization
from bevel_tui.network.naming import NamedRelease, founder


def indy_roles(organization: Organization) -> IndyRoles:
    """The organization's Indy identities; the defaults where the preset says nothing."""
    return organization.indy or IndyRoles()


def indy_releases(network: Network, organization: Organization) -> tuple[NamedRelease, ...]:
    """Releases of an Indy organization, in the order in which they are installed (facts A4.1).

    Keys, genesis, one node per steward, and the registration of every endorser that the organization's trustee
    vouches for. A steward's release is called as its identity, or the node finds no keys (I06).
    """
    stewards = range(indy_roles(organization).stewards)
    endorsers = [
        o.name
        for o in network.organizations
        if indy_roles(o).endorser and trustee_of(network, o).name == organization.name
    ]
    return (
        NamedRelease(f"{organization.name}-keys", "keys", "indy-key-mgmt"),
        NamedRelease("genesis", "genesis", "indy-genesis"),
        *(NamedRelease(f"{organization.name}-steward-{i + 1}", "steward", "indy-node", i, True) for i in stewards),
        *(
            NamedRelease(f"{name}-endorser-id", "identity", "indy-register-identity", i)
            for i, name in enumerate(endorsers)
        ),
    )


def trustee_of(network: Network, organization: Organization) -> Organization:
    """The organization whose trustee vouches for this one's stewards and endorser: itself, else the founder."""
    return organization if indy_roles(organization).trustee else founder(network)
