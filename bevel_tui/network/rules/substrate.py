"""Substrate: who makes blocks, whom the genesis lets in, and what its charts trip over (facts A7)."""

from __future__ import annotations

from collections.abc import Iterator

from bevel_tui.network import naming
from bevel_tui.network import substrate as our_names
from bevel_tui.network.model import Network, Substrate
from bevel_tui.network.problem import Problem, error, warning

#: from here on the finality gadget stands the loss of one
BFT_VALIDATORS = 4


def validators(network: Network) -> Iterator[Problem]:
    """The founder has the node that all others dial first; any organization may have further validators."""
    if not isinstance(network.platform, Substrate):
        return
    path = ("organizations", 0, "substrate", "validators")
    total = sum(our_names.roles(o).validators for o in network.organizations)
    if our_names.roles(naming.founder(network)).validators == 0:
        yield error(
            "validators-missing",
            path,
            f"the first organization, {naming.founder(network).name}, needs a validator: it is the node that all others "
            "dial first, and its key is the first one in the genesis",
        )
    elif total < BFT_VALIDATORS:
        yield warning(
            "validators-few",
            path,
            f"{total} validator{'s' if total > 1 else ''} in all cannot stand the loss of any; "
            f"{BFT_VALIDATORS} is the least for Byzantine fault tolerance (fewer is fine for tests)",
        )


def admitted(network: Network) -> Iterator[Problem]:
    """The genesis admits nodes on behalf of members: for each member those of its own organization, and no others.

    [substrate-genesis/templates/genesis.yaml, nodeAuthorization.nodes]
    """
    if not isinstance(network.platform, Substrate):
        return
    for i, organization in enumerate(network.organizations):
        wanted = our_names.roles(organization)
        path = ("organizations", i, "substrate", "members")
        if wanted.members == 0 and wanted.validators + wanted.ipfs == 0:
            yield error("organization-empty", path, f"{organization.name} would have no node")
        elif wanted.members == 0 and wanted.validators:
            yield error(
                "validators-alone",
                path,
                f"{organization.name} has validators and no member: Bevel's genesis admits nodes on behalf of their "
                "organization's members, so no other node would talk to these validators; one member is enough",
            )
        elif wanted.members == 0:
            yield error(
                "ipfs-alone",
                path,
                f"{organization.name} has IPFS nodes and no member: they ask a member of their own namespace for the "
                "keys of their swarm; one member is enough",
            )


def chart_word(network: Network) -> Iterator[Problem]:
    """A release name that holds the chart's own name changes what its objects are called. [substrate-node/_helpers.tpl]"""
    if not isinstance(network.platform, Substrate):
        return
    for i, organization in enumerate(network.organizations):
        if our_names.NODE_CHART in organization.name:
            yield error(
                "chart-word",
                ("organizations", i, "name"),
                f"the name {organization.name} holds the chart's name {our_names.NODE_CHART}, so its nodes' Services "
                "would be called otherwise than the other nodes expect; choose another one",
            )


def ipfs_clusters(network: Network) -> Iterator[Problem]:
    """IPFS nodes announce a name that means something in their own cluster only, and no value changes that (facts J 6).

    [dscp-ipfs-node/templates/statefulset.yaml, Addresses.Announce]
    """
    if not isinstance(network.platform, Substrate):
        return
    places = [
        (i, organization)
        for i, organization in enumerate(network.organizations)
        if our_names.roles(organization).ipfs and our_names.roles(organization).members
    ]
    for i, organization in places:
        if organization.cluster != places[0][1].cluster:
            yield warning(
                "ipfs-clusters",
                ("organizations", i, "substrate", "ipfs"),
                f"Bevel's chart lets IPFS nodes announce themselves by a name of their own cluster; those of "
                f"{organization.name} dial the first one, in cluster {places[0][1].cluster}, and exchange files with it, "
                "but nodes of other clusters cannot dial them",
            )


RULES = (validators, admitted, chart_word, ipfs_clusters)
