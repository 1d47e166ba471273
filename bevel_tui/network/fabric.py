"""The final names of a Fabric network: releases, hosts, channels and chaincodes with everything written out."""

from __future__ import annotations

from collections.abc import Iterator

from bevel_tui.network.fabric_model import Chaincode, Channel
from bevel_tui.network.model import Fabric, FabricRoles, Network, Organization
from bevel_tui.network.naming import NamedHost, NamedRelease, PortMap, domain_of, founder, namespace_of

#: the channel that a Fabric network gets when the preset names none
DEFAULT_CHANNEL = "allchannel"


def fabric_roles(organization: Organization) -> FabricRoles:
    """The organization's Fabric nodes; the defaults where the preset says nothing."""
    return organization.fabric or FabricRoles()


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


def fabric_hosts(
    network: Network, organization: Organization, release: NamedRelease, ports: PortMap
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
