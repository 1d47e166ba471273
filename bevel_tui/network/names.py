"""The final names of a network: namespaces, releases, hosts, ports, and the names the charts derive from them.

Rules judge names, planners use them, screens show them; all three ask here, so that no rule can approve a name
that the plan then spells otherwise. Pure functions of the Network; what a chart does to a name is quoted with
the chart file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from bevel_tui.network.fabric_model import Chaincode, Channel
from bevel_tui.network.model import (
    BesuRoles,
    Cluster,
    Fabric,
    FabricRoles,
    IndyRoles,
    Network,
    Organization,
    QuorumRoles,
)

#: facts 0.13: Bevel's namespace suffix per platform
NAMESPACE_SUFFIX: dict[str, str] = {
    "fabric": "net",
    "besu": "bes",
    "quorum": "quo",
    "indy": "ns",
    "corda": "ns",
    "corda-enterprise": "ent",
    "substrate": "subs",
}

#: the channel that a Fabric network gets when the preset names none
DEFAULT_CHANNEL = "allchannel"

#: charts of Ethereum nodes: they have a p2p port and a host of their own
NODE_CHARTS = frozenset({"besu-node", "quorum-node"})

#: how many ports of its gateway a node takes, by chart; Indy's has one for nodes and one for clients (facts A4.3)
PORTS_PER_NODE = {"besu-node": 1, "quorum-node": 1, "indy-node": 2, "corda-node": 1, "enterprise-node": 1}
PORTS_PER_NODE |= {"substrate-node": 1, "dscp-ipfs-node": 1}

#: p2p ports by (cluster, namespace, release) names
PortMap = dict[tuple[str, str, str], int]

ReleaseRole = Literal[
    "genesis",
    "validator",
    "member",
    "ca",
    "orderer",
    "peer",
    "channel",
    "join",
    "console",
    "chaincode",
    "keys",
    "steward",
    "identity",
    "init",
    "network-service",
    "network-map",
    "notary",
    "node",
    "route",
    "ipfs",
]


@dataclass(frozen=True, slots=True)
class NamedRelease:
    """One ledger release of an organization. `peer`, `channel` and `chaincode` say whose it is, where they matter."""

    name: str
    role: ReleaseRole
    chart: str
    #: position among the releases of the same role, from 0
    index: int = 0
    #: True where the chart renders StorageClass `storage_class(name)` and cannot be told not to (facts F)
    owns_storage_class: bool = False
    peer: str | None = None
    channel: str | None = None
    chaincode: str | None = None


@dataclass(frozen=True, slots=True)
class NamedHost:
    """One DNS name under a cluster's domain, the port behind which it is served at the gateway, and what for."""

    host: str
    port: int
    purpose: Literal[
        "rpc",
        "ws",
        "p2p",
        "tessera",
        "ca",
        "grpc",
        "grpc-web",
        "operations",
        "console",
        "doorman",
        "network-map",
        "node",
    ]


# ---------------------------------------------------------------- organizations


def besu_roles(organization: Organization) -> BesuRoles:
    """The organization's Besu nodes; the defaults where the preset says nothing."""
    return organization.besu or BesuRoles()


def quorum_roles(organization: Organization) -> QuorumRoles:
    """The organization's GoQuorum nodes; the defaults where the preset says nothing."""
    return organization.quorum or QuorumRoles()


def ethereum_roles(network: Network, organization: Organization) -> BesuRoles | QuorumRoles:
    """The organization's validators and members, whichever of the two platforms runs them."""
    return quorum_roles(organization) if network.platform.type == "quorum" else besu_roles(organization)


def fabric_roles(organization: Organization) -> FabricRoles:
    """The organization's Fabric nodes; the defaults where the preset says nothing."""
    return organization.fabric or FabricRoles()


def indy_roles(organization: Organization) -> IndyRoles:
    """The organization's Indy identities; the defaults where the preset says nothing."""
    return organization.indy or IndyRoles()


def founder(network: Network) -> Organization:
    """The organization that founds the network: the first one."""
    return network.organizations[0]


def namespace_of(network: Network, organization: Organization) -> str:
    """The organization's namespace: its own choice, else Bevel's convention (facts 0.13)."""
    return organization.namespace or f"{organization.name}-{NAMESPACE_SUFFIX[network.platform.type]}"


def cluster_key(cluster: Cluster) -> tuple[str, str]:
    """What makes two entries the same Kubernetes cluster: kubeconfig file (empty: the merged one) and context."""
    return (cluster.kubeconfig or "", cluster.context)


# ---------------------------------------------------------------- releases


def besu_releases(network: Network, organization: Organization) -> tuple[NamedRelease, ...]:
    """Releases of a Besu organization, in the order in which they are installed.

    ``validator-<i>`` from 1 is the only name under which a node finds its genesis key (facts A2.1, VALIDATOR
    NAMES). Members are called ``member-<org>-<i>`` from 1: unique over the network because hosts do not contain
    the namespace, and no substring of ``<org>-bes`` (SUBSTRING TRAP).
    """
    return _ethereum_releases("besu", organization, besu_roles(organization), first=1)


def quorum_releases(network: Network, organization: Organization) -> tuple[NamedRelease, ...]:
    """Releases of a GoQuorum organization, in the order in which they are installed.

    ``validator-<i>`` from 0 is the only name under which a node finds its genesis key (facts A3, NAME RULE). Members
    are called ``member-<org>-<i>`` from 0: unique over the network because hosts do not contain the namespace.
    """
    return _ethereum_releases("quorum", organization, quorum_roles(organization), first=0)


def _ethereum_releases(
    charts: str, organization: Organization, roles: BesuRoles | QuorumRoles, *, first: int
) -> tuple[NamedRelease, ...]:
    def node(name: str, role: Literal["validator", "member"], index: int) -> NamedRelease:
        return NamedRelease(f"{name}-{index + first}", role, f"{charts}-node", index, owns_storage_class=True)

    return (
        NamedRelease("genesis", "genesis", f"{charts}-genesis"),
        *(node("validator", "validator", i) for i in range(roles.validators)),
        *(node(f"member-{organization.name}", "member", i) for i in range(roles.members)),
    )


def orderer_name(network: Network, organization: Organization, index: int) -> str:
    """The founder's orderers are called ``orderer1``..., those of others ``orderer-<org>-1``.

    Unique over the network: the genesis chart keeps the certificates of other organizations' orderers in files named
    after the orderer alone (facts A1.2 h3b), and StorageClasses are cluster-wide.
    """
    if organization.name == founder(network).name:
        return f"orderer{index + 1}"
    return f"orderer-{organization.name}-{index + 1}"


def fabric_releases(network: Network, organization: Organization) -> tuple[NamedRelease, ...]:
    """Releases of a Fabric organization (facts A1.1), in the order in which they are installed.

    CA, orderers, peers, console; in the founding organization also `genesis`. One release per channel, named as the
    channel, where its orderers join it (2.5) or it is created (2.2); one join per peer and channel,
    ``<peer>-<channel>``; then the chaincodes' Jobs and servers.
    """
    roles = fabric_roles(organization)
    releases = [NamedRelease(f"{organization.name}-ca", "ca", "fabric-ca-server", 0, True)]
    releases += [
        NamedRelease(orderer_name(network, organization, i), "orderer", "fabric-orderernode", i, True)
        for i in range(roles.orderers)
    ]
    # a second peer0 in one cluster gets storage.enabled=false (facts F), so no peer insists on its StorageClass
    releases += [NamedRelease(f"peer{i}", "peer", "fabric-peernode", i, peer=f"peer{i}") for i in range(roles.peers)]
    if roles.console:
        releases.append(NamedRelease(f"{organization.name}console", "console", "fabric-operations-console"))
    joined = channels(network)
    if organization.name == founder(network).name:
        releases.append(NamedRelease("genesis", "genesis", "fabric-genesis"))
    if syschannel(network):
        releases += [
            NamedRelease(c.name, "channel", "fabric-channel-create", i, channel=c.name)
            for i, c in enumerate(joined)
            if c.creator == organization.name
        ]
    elif roles.orderers or organization.name == founder(network).name:
        releases += [
            NamedRelease(c.name, "channel", "fabric-osnadmin-channel-create", i, channel=c.name)
            for i, c in enumerate(joined)
        ]
    joins = [(f"peer{i}", c.name) for c in joined if organization.name in c.participants for i in range(roles.peers)]
    releases += [
        NamedRelease(f"{peer}-{channel}", "join", "fabric-channel-join", i, peer=peer, channel=channel)
        for i, (peer, channel) in enumerate(joins)
    ]
    for i, chaincode in enumerate(chaincodes(network)):
        releases += chaincode_releases(network, organization, chaincode, i)
    return tuple(releases)


def chaincode_releases(
    network: Network, organization: Organization, chaincode: Chaincode, index: int
) -> Iterator[NamedRelease]:
    """Releases of one chaincode in one organization: its server, an installation per peer, approval; then commit and
    first call, in its first organization."""
    if organization.name not in chaincode.organizations:
        return

    def release(name: str, chart: str, peer: str | None = "peer0") -> NamedRelease:
        return NamedRelease(
            name, "chaincode", chart, index, peer=peer, channel=chaincode.channel, chaincode=chaincode.name
        )

    if chaincode.external and chaincode.external.image:
        yield release(f"cc-{chaincode.name}", "fabric-external-chaincode", None)
    install = "fabric-external-chaincode-install" if chaincode.external else "fabric-chaincode-install"
    for i in range(fabric_roles(organization).peers):
        yield release(f"install-peer{i}-{chaincode.name}", install, f"peer{i}")
    yield release(f"approve-{chaincode.name}", "fabric-chaincode-approve")
    if organization.name == chaincode.organizations[0]:
        yield release(f"commit-{chaincode.name}", "fabric-chaincode-commit")
        if chaincode.init is not None:
            yield release(f"invoke-{chaincode.name}", "fabric-chaincode-invoke")


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


def corda_releases(network: Network, organization: Organization) -> tuple[NamedRelease, ...]:
    """Releases of a Corda organization, open source or Enterprise: see `network.corda`, which builds on this module."""
    from bevel_tui.network import corda

    return corda.releases(network, organization)


def substrate_releases(network: Network, organization: Organization) -> tuple[NamedRelease, ...]:
    """Releases of a Substrate organization: see `network.substrate`, which builds on this module."""
    from bevel_tui.network import substrate

    return substrate.releases(network, organization)


RELEASES: dict[str, Callable[[Network, Organization], tuple[NamedRelease, ...]]] = {
    "besu": besu_releases,
    "quorum": quorum_releases,
    "fabric": fabric_releases,
    "indy": indy_releases,
    "corda": corda_releases,
    "corda-enterprise": corda_releases,
    "substrate": substrate_releases,
}


def releases(network: Network, organization: Organization) -> tuple[NamedRelease, ...]:
    """Ledger releases of an organization; none for a platform that this version cannot deploy yet."""
    function = RELEASES.get(network.platform.type)
    return function(network, organization) if function else ()


def syschannel(network: Network) -> bool:
    """Whether a Fabric network begins with a system channel: 2.2 does, 2.5 has none (facts A1.1).

    The charts look for "2.5" in the version (F24).
    """
    return isinstance(network.platform, Fabric) and "2.5" not in network.platform.version


def channels(network: Network) -> tuple[Channel, ...]:
    """The channels of a Fabric network with participants and creator written out; empty for other platforms."""
    if not isinstance(network.platform, Fabric):
        return ()
    everyone = tuple(o.name for o in network.organizations if fabric_roles(o).peers)
    found = []
    for channel in network.platform.channels or (Channel(name=DEFAULT_CHANNEL),):
        participants = channel.participants or everyone
        creator = channel.creator or (participants[0] if participants else None)
        found.append(Channel(name=channel.name, participants=participants, creator=creator))
    return tuple(found)


def chaincodes(network: Network) -> tuple[Chaincode, ...]:
    """The chaincodes of a Fabric network with channel and organizations written out; empty for other platforms.

    A channel that does not exist is left as it is, without organizations (a rule reports it).
    """
    if not isinstance(network.platform, Fabric):
        return ()
    known = {channel.name: channel for channel in channels(network)}
    found = []
    for chaincode in network.platform.chaincodes:
        name = chaincode.channel or next(iter(known))
        members = known[name].participants if name in known else ()
        organizations = chaincode.organizations or members
        found.append(chaincode.model_copy(update={"channel": name, "organizations": organizations}))
    return tuple(found)


# ---------------------------------------------------------------- what the charts make of a release name


def full_name(chart: str, release: str) -> str:
    """``<chart>.fullname`` of Bevel's charts: the release alone if it contains the chart's name, cut at 63.

    For a sub-chart `chart` is its alias (``tessera``, ``storage``). [besu-node/templates/_helpers.tpl and others]
    """
    name = release if chart in release else f"{chart}-{release}"
    return name[:63].removesuffix("-")


def storage_class(release: str) -> str:
    """The StorageClass that volumes of a release ask for (facts F)."""
    return f"storage-{release}"


# ---------------------------------------------------------------- hosts and ports


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


def domain_of(network: Network, organization: Organization) -> str | None:
    """The domain of the organization's cluster; None without one, or if the cluster does not exist."""
    return next((c.domain for c in network.clusters if c.name == organization.cluster), None)


def ethereum_hosts(
    network: Network, organization: Organization, release: NamedRelease, ports: PortMap | None = None
) -> tuple[NamedHost, ...]:
    """Hosts of a Besu or GoQuorum node behind ambassador (facts A2.3: no dot before rpc and ws); none without a domain."""
    domain = domain_of(network, organization)
    if release.chart not in NODE_CHARTS or domain is None:
        return ()
    port = (ports or p2p_ports(network))[organization.cluster, namespace_of(network, organization), release.name]
    hosts = [
        NamedHost(f"{release.name}rpc.{domain}", 80, "rpc"),
        NamedHost(f"{release.name}ws.{domain}", 80, "ws"),
        NamedHost(f"{release.name}.{domain}", port, "p2p"),
    ]
    if has_tessera(network, release):
        hosts.append(NamedHost(f"{release.name}.{domain}", 443, "tessera"))
    return tuple(hosts)


def has_tessera(network: Network, release: NamedRelease) -> bool:
    """Whether a Besu or GoQuorum node has a transaction manager: members do, where the platform asks for one."""
    return release.role == "member" and getattr(network.platform, "transaction_manager", "none") == "tessera"


def fabric_hosts(
    network: Network, organization: Organization, release: NamedRelease, ports: PortMap | None = None
) -> tuple[NamedHost, ...]:
    """Hosts of a Fabric node behind haproxy (facts A1.5); none without a domain."""
    domain = domain_of(network, organization)
    if domain is None:
        return ()
    suffix = f"{namespace_of(network, organization)}.{domain}"
    if release.role == "ca":
        return (NamedHost(f"ca.{suffix}", 443, "ca"), NamedHost(f"ca-ops.{suffix}", 80, "operations"))
    if release.role in ("orderer", "peer"):
        return (
            NamedHost(f"{release.name}.{suffix}", 443, "grpc"),
            NamedHost(f"{release.name}-proxy.{suffix}", 443, "grpc-web"),
            NamedHost(f"{release.name}-ops.{suffix}", 80, "operations"),
        )
    if release.role == "console":
        return (NamedHost(f"{release.name}.{suffix}", 443, "console"),)
    return ()


def corda_hosts(
    network: Network, organization: Organization, release: NamedRelease, ports: PortMap | None = None
) -> tuple[NamedHost, ...]:
    """Hosts of a Corda release: see `network.corda`."""
    from bevel_tui.network import corda

    return corda.hosts(network, organization, release, ports)


def substrate_hosts(
    network: Network, organization: Organization, release: NamedRelease, ports: PortMap | None = None
) -> tuple[NamedHost, ...]:
    """Hosts of a Substrate release: see `network.substrate`."""
    from bevel_tui.network import substrate

    return substrate.hosts(network, organization, release, ports)


HOSTS: dict[str, Callable[[Network, Organization, NamedRelease, PortMap | None], tuple[NamedHost, ...]]] = {
    "besu": ethereum_hosts,
    "quorum": ethereum_hosts,
    "fabric": fabric_hosts,
    "corda": corda_hosts,
    "corda-enterprise": corda_hosts,
    "substrate": substrate_hosts,
}


def hosts(
    network: Network, organization: Organization, release: NamedRelease, ports: PortMap | None = None
) -> tuple[NamedHost, ...]:
    """DNS names under which a release is reached through the gateway; none with gateway `none`.

    `ports`: `p2p_ports` of the network, for callers that ask for many.
    """
    function = HOSTS.get(network.platform.type)
    return function(network, organization, release, ports) if function and network.gateway.type != "none" else ()


def enode_addresses(
    network: Network,
    organization: Organization,
    release: NamedRelease,
    ports: PortMap | None = None,
) -> tuple[str, ...]:
    """What stands behind ``enode://<public key>@`` for a Besu node in static-nodes.json, over its life.

    First (validators) what the genesis Job wrote, then what the node's own hook writes in its place. `ports`: `p2p_ports` of
    the network, for callers that ask for many.
    [besu-genesis/templates/genesis-job-init.yaml, besu-node/templates/_helpers.tpl besu-node.enodeURL]
    """
    if release.chart != "besu-node":
        return ()
    namespace = namespace_of(network, organization)
    full = full_name("besu-node", release.name)
    first = (f"besu-node-{release.name}.{namespace}:30303?discport=0",) if release.role == "validator" else ()
    if network.gateway.type == "ambassador":
        domain = domain_of(network, organization) or ""
        port = (ports or p2p_ports(network))[organization.cluster, namespace, release.name]
        return (*first, f"{release.name}.{domain}:{port}?discport=0")
    return (*first, f"{full}-0.{full}.{namespace}.svc.cluster.local:30303?discport=0")
