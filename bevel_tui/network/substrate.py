"""The final names of a Substrate network: releases, hosts, and the two nodes through which all others meet (facts A7).

Every node is two releases: its keys, made before the genesis, and the node itself. Like `network.names`, which asks
here.
"""

from __future__ import annotations

from bevel_tui.network.model import Network, Organization, SubstrateRoles
from bevel_tui.network.naming import NamedHost, NamedRelease, PortMap, domain_of, founder, namespace_of

KEYS_CHART, GENESIS_CHART, NODE_CHART, IPFS_CHART = (
    "substrate-key-gen",
    "substrate-genesis",
    "substrate-node",
    "dscp-ipfs-node",
)
#: under this name the charts vendor bevel-storageclass
STORAGE_ALIAS = "substrate-storage"
P2P_PORT, SWARM_PORT, RPC_PORT = 30333, 4001, 9933


def roles(organization: Organization) -> SubstrateRoles:
    """The organization's nodes; the defaults where the preset says nothing."""
    return organization.substrate or SubstrateRoles()


# ---------------------------------------------------------------- releases


def releases(network: Network, organization: Organization) -> tuple[NamedRelease, ...]:
    """Releases of an organization, in the order in which they are installed (facts A7).

    Keys of validators and members, called ``<org>-validator-<i>`` and ``<org>-member-<i>`` from 1; in the founding
    organization the genesis; a node for each of the keys, ``<keys>-node``; IPFS nodes. All names are unique over the
    network, because hosts do not contain the namespace and StorageClasses are called after releases.
    """
    keys = [NamedRelease(name, "keys", KEYS_CHART, i) for i, name in enumerate(key_releases(organization))]
    genesis = [NamedRelease(f"{organization.name}-genesis", "genesis", GENESIS_CHART)]
    first = organization.name == founder(network).name
    validators = roles(organization).validators
    return (
        *keys,
        *(genesis if first else ()),
        *(
            NamedRelease(
                f"{key.name}-node",
                "validator" if key.index < validators else "member",
                NODE_CHART,
                key.index if key.index < validators else key.index - validators,
                owns_storage_class=True,
            )
            for key in keys
        ),
        *(
            NamedRelease(f"{IPFS_CHART}-{organization.name}-{i + 1}", "ipfs", IPFS_CHART, i, owns_storage_class=True)
            for i in range(roles(organization).ipfs)
        ),
    )


def validator_keys(organization: Organization) -> tuple[str, ...]:
    """The key releases of its validators."""
    return tuple(f"{organization.name}-validator-{i + 1}" for i in range(roles(organization).validators))


def member_keys(organization: Organization) -> tuple[str, ...]:
    """The key releases of its members."""
    return tuple(f"{organization.name}-member-{i + 1}" for i in range(roles(organization).members))


def key_releases(organization: Organization) -> tuple[str, ...]:
    """All its key releases; the first one prepares the namespace for all others (facts 0.4)."""
    return (*validator_keys(organization), *member_keys(organization))


def boot_keys(network: Network) -> str:
    """The key release of the node that all others dial first: the founder's first validator."""
    return validator_keys(founder(network))[0]


def boot_ipfs(network: Network) -> tuple[Organization, NamedRelease] | None:
    """The network's first IPFS node, which all others dial first; None without any."""
    for organization in network.organizations:
        for release in releases(network, organization):
            if release.role == "ipfs":
                return organization, release
    return None


# ---------------------------------------------------------------- what the charts make of a release name


def node_name(release: str) -> str:
    """``node.fullname``: the chart's name goes behind, unless the release's contains it. [substrate-node/_helpers.tpl]"""
    return (release if NODE_CHART in release else f"{release}-{NODE_CHART}")[:63].removesuffix("-")


def storage_class(release: str) -> str:
    """The StorageClass that a release makes and its volumes ask for (facts F)."""
    return f"{STORAGE_ALIAS}-{release}"


# ---------------------------------------------------------------- hosts


def hosts(network: Network, organization: Organization, release: NamedRelease, ports: PortMap) -> tuple[NamedHost, ...]:
    """The host of a node behind ambassador, as it advertises itself; IPFS nodes by the name of their Service.

    Raw TCP: a gateway tells them apart by port, so the name matters to people only (facts A7, B).
    """
    domain = domain_of(network, organization)
    if release.chart not in (NODE_CHART, IPFS_CHART) or domain is None:
        return ()
    port = ports[organization.cluster, namespace_of(network, organization), release.name]
    return (NamedHost(f"{host_label(release)}.{domain}", port, "p2p"),)


def host_label(release: NamedRelease) -> str:
    """The first label of a release's host. [substrate-node/templates/statefulset.yaml, EXTERNAL_ADDRESS]"""
    return f"{node_name(release.name)}-0" if release.chart == NODE_CHART else f"{release.name}-swarm"
