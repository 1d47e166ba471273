"""The final names of a Besu or GoQuorum network: releases, hosts, and what nodes are known by among each other."""

from __future__ import annotations

from typing import Literal

from bevel_tui.network.model import BesuRoles, Network, Organization, QuorumRoles
from bevel_tui.network.naming import NamedHost, NamedRelease, PortMap, domain_of, full_name, namespace_of

#: charts of Ethereum nodes: they have a p2p port and a host of their own
NODE_CHARTS = frozenset({"besu-node", "quorum-node"})


def besu_roles(organization: Organization) -> BesuRoles:
    """The organization's Besu nodes; the defaults where the preset says nothing."""
    return organization.besu or BesuRoles()


def quorum_roles(organization: Organization) -> QuorumRoles:
    """The organization's GoQuorum nodes; the defaults where the preset says nothing."""
    return organization.quorum or QuorumRoles()


def ethereum_roles(network: Network, organization: Organization) -> BesuRoles | QuorumRoles:
    """The organization's validators and members, whichever of the two platforms runs them."""
    return quorum_roles(organization) if network.platform.type == "quorum" else besu_roles(organization)


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


def ethereum_hosts(
    network: Network, organization: Organization, release: NamedRelease, ports: PortMap
) -> tuple[NamedHost, ...]:
    """Hosts of a Besu or GoQuorum node behind ambassador (facts A2.3: no dot before rpc and ws); none without a domain."""
    domain = domain_of(network, organization)
    if release.chart not in NODE_CHARTS or domain is None:
        return ()
    port = ports[organization.cluster, namespace_of(network, organization), release.name]
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


def enode_addresses(
    network: Network,
    organization: Organization,
    release: NamedRelease,
    ports: PortMap,
) -> tuple[str, ...]:
    """What stands behind ``enode://<public key>@`` for a Besu node in static-nodes.json, over its life.

    First (validators) what the genesis Job wrote, then what the node's own hook writes in its place.
    [besu-genesis/templates/genesis-job-init.yaml, besu-node/templates/_helpers.tpl besu-node.enodeURL]
    """
    if release.chart != "besu-node":
        return ()
    namespace = namespace_of(network, organization)
    full = full_name("besu-node", release.name)
    first = (f"besu-node-{release.name}.{namespace}:30303?discport=0",) if release.role == "validator" else ()
    if network.gateway.type == "ambassador":
        domain = domain_of(network, organization) or ""
        port = ports[organization.cluster, namespace, release.name]
        return (*first, f"{release.name}.{domain}:{port}?discport=0")
    return (*first, f"{full}-0.{full}.{namespace}.svc.cluster.local:30303?discport=0")
