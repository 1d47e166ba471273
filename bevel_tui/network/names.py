"""The final names of a network: releases, hosts and ports, whatever its platform.

Rules judge names, planners use them, screens show them; all ask here and in the platforms' own modules (`fabric`,
`ethereum`, `indy`, `corda`, `substrate`), so that no rule can approve a name that the plan then spells otherwise. Pure
functions of the Network; what a chart does to a name is quoted with the chart file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bevel_tui.network import corda, substrate
from bevel_tui.network.ethereum import besu_releases, ethereum_hosts, quorum_releases
from bevel_tui.network.fabric import fabric_hosts, fabric_releases
from bevel_tui.network.indy import indy_releases
from bevel_tui.network.model import Network, Organization
from bevel_tui.network.naming import NamedHost, NamedRelease, PortMap, namespace_of

#: how many ports of its gateway a node takes, by chart; Indy's has one for nodes and one for clients (facts A4.3)
PORTS_PER_NODE = {"besu-node": 1, "quorum-node": 1, "indy-node": 2, "corda-node": 1, "enterprise-node": 1}
PORTS_PER_NODE |= {"substrate-node": 1, "dscp-ipfs-node": 1}

RELEASES: dict[str, Callable[[Network, Organization], tuple[NamedRelease, ...]]] = {
    "besu": besu_releases,
    "quorum": quorum_releases,
    "fabric": fabric_releases,
    "indy": indy_releases,
    "corda": corda.releases,
    "corda-enterprise": corda.releases,
    "substrate": substrate.releases,
}


def releases(network: Network, organization: Organization) -> tuple[NamedRelease, ...]:
    """Ledger releases of an organization; none for a platform that this version cannot deploy yet."""
    function = RELEASES.get(network.platform.type)
    return function(network, organization) if function else ()


def p2p_range(network: Network) -> range:
    """The p2p ports that may be given out at a gateway; empty if the range runs backwards."""
    low, _, high = network.gateway.p2p_ports.partition("-")
    return range(int(low), int(high) + 1)


def p2p_ports(network: Network) -> PortMap:
    """The (first) p2p port at the gateway of every node that has one, by (cluster, namespace, release) names.

    Ports are given out per cluster from the low end of the range, in the order of organizations and releases (IPFS
    nodes after all others), as many to each as `PORTS_PER_NODE` says; they run past the end of a range that is too short (a rule reports that).
    """
    low = p2p_range(network).start
    given: dict[str, int] = {}
    ports: PortMap = {}
    for organization, release in sorted(nodes(network), key=lambda item: item[1].role == "ipfs"):
        count = PORTS_PER_NODE.get(release.chart, 0)
        if count:
            before = given.get(organization.cluster, 0)
            ports[organization.cluster, namespace_of(network, organization), release.name] = low + before
            given[organization.cluster] = before + count
    return ports


def p2p_needed(network: Network) -> dict[str, int]:
    """How many p2p ports each cluster's gateway has to give out."""
    needed: dict[str, int] = {}
    for organization, release in nodes(network):
        count = PORTS_PER_NODE.get(release.chart, 0)
        if count:
            needed[organization.cluster] = needed.get(organization.cluster, 0) + count
    return needed


def nodes(network: Network) -> Iterator[tuple[Organization, NamedRelease]]:
    """Every release of the network with its organization, in order."""
    for organization in network.organizations:
        for release in releases(network, organization):
            yield organization, release


HOSTS: dict[str, Callable[[Network, Organization, NamedRelease, PortMap], tuple[NamedHost, ...]]] = {
    "besu": ethereum_hosts,
    "quorum": ethereum_hosts,
    "fabric": fabric_hosts,
    "corda": corda.hosts,
    "corda-enterprise": corda.hosts,
    "substrate": substrate.hosts,
}


def hosts(
    network: Network, organization: Organization, release: NamedRelease, ports: PortMap | None = None
) -> tuple[NamedHost, ...]:
    """DNS names under which a release is reached through the gateway; none with gateway `none`.

    `ports`: `p2p_ports` of the network, for callers that ask for many.
    """
    function = HOSTS.get(network.platform.type)
    if function is None or network.gateway.type == "none":
        return ()
    if ports is None:
        ports = p2p_ports(network) if release.chart in PORTS_PER_NODE else {}
    return function(network, organization, release, ports)
