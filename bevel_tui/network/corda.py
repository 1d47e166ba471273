"""The final names of a Corda network, open source or Enterprise: releases, hosts, addresses of its services, legal names.

Both platforms have the same shape: the first organization runs the services that let nodes in (doorman or identity
manager) and list them (network map); notaries come before nodes. Like `network.names`, which asks here.
"""

from __future__ import annotations

from collections.abc import Iterator

from bevel_tui.network.model import Corda, CordaEnterprise, CordaRoles, Network, Organization, Subject
from bevel_tui.network.naming import NamedHost, NamedRelease, PortMap, ReleaseRole, domain_of, founder, namespace_of

#: charts of nodes, notaries among them
NODE_CHARTS = frozenset({"corda-node", "enterprise-node"})
#: our own chart: the way from the gateway's p2p port to a node, which Bevel's charts lack (facts A5, C11)
P2P_ROUTE = "bevel-p2p-route"
#: release names that host names and other releases' values take for granted (facts A6)
CENM, NETWORK_MAP = "cenm", "networkmap"
#: ports of the services inside the cluster: doorman and network map (A5), identity manager and network map (A6)
SERVICE_PORT = 8080
CENM_PORT = 10000


def is_corda(network: Network) -> bool:
    """Whether the network is one of the two Cordas."""
    return isinstance(network.platform, Corda | CordaEnterprise)


def roles(organization: Organization) -> CordaRoles:
    """The organization's nodes; the defaults where the preset says nothing."""
    return organization.corda or CordaRoles()


def enterprise(network: Network) -> bool:
    """Whether it is Corda Enterprise."""
    return network.platform.type == "corda-enterprise"


# ---------------------------------------------------------------- releases


def releases(network: Network, organization: Organization) -> tuple[NamedRelease, ...]:
    """Releases of an organization, in the order in which they are installed (facts A5, A6).

    The open-source network service is called as the founder, since hosts carry its name. Nodes are called
    ``notary-<org>-<i>`` and ``node-<org>-<i>``: unique over the network, because hosts do not contain the namespace.
    Enterprise's network map is the second pass over the network manager: it starts from what the notaries registered.
    """
    first = organization.name == founder(network).name
    found = [NamedRelease("init", "init", "enterprise-init" if enterprise(network) else "corda-init")]
    if first and enterprise(network):
        found.append(NamedRelease(CENM, "network-service", "cenm", 0, True))
    elif first:
        found.append(NamedRelease(organization.name, "network-service", "corda-network-service", 0, True))
    found += _nodes(network, organization, "notary", roles(organization).notaries)
    if first and enterprise(network):
        found.append(NamedRelease(NETWORK_MAP, "network-map", "cenm-networkmap", 0, True))
    found += _nodes(network, organization, "node", roles(organization).nodes)
    return tuple(found)


def _nodes(network: Network, organization: Organization, role: ReleaseRole, count: int) -> Iterator[NamedRelease]:
    chart = "enterprise-node" if enterprise(network) else "corda-node"
    for index in range(count):
        name = f"{role}-{organization.name}-{index + 1}"
        yield NamedRelease(name, role, chart, index, True)
        if network.gateway.type == "ambassador":
            yield NamedRelease(f"{name}-p2p", "route", P2P_ROUTE, index)


# ---------------------------------------------------------------- hosts and addresses


def hosts(network: Network, organization: Organization, release: NamedRelease, ports: PortMap) -> tuple[NamedHost, ...]:
    """Hosts of a release behind ambassador (facts A5, A6); none without a domain."""
    domain = domain_of(network, organization)
    if domain is None:
        return ()
    if release.chart in NODE_CHARTS:
        port = ports[organization.cluster, namespace_of(network, organization), release.name]
        host = f"{release.name}.{domain}"
        return (NamedHost(host, 443, "node"), NamedHost(host, port, "p2p"))
    if release.role == "network-service":
        doorman = NamedHost(f"{release.name}-doorman.{domain}", 443, "doorman")
        network_map = NamedHost(f"{release.name}-nms.{domain}", 443, "network-map")
        return (doorman,) if enterprise(network) else (doorman, network_map)
    if release.role == "network-map":
        return (NamedHost(f"{CENM}-nms.{domain}", 443, "network-map"),)
    return ()


def certified(network: Network, organization: Organization, release: NamedRelease) -> tuple[str, ...]:
    """The common names for which the chart's TLS Job makes certificates; none without a gateway.

    [corda-certs-gen/templates/job.yaml]
    """
    domain = domain_of(network, organization)
    if network.gateway.type == "none" or domain is None:
        return ()
    if release.chart in NODE_CHARTS:
        return (f"{release.name}.{domain}",)
    if release.role == "network-service":
        return tuple(f"{release.name}{part}.{domain}" for part in ("", "-doorman", "-nms"))
    return ()


def service_name(network: Network) -> str:
    """The release of the network's services: its name is in their host names."""
    return CENM if enterprise(network) else founder(network).name


def doorman_url(network: Network) -> str:
    """Where nodes register. Inside one cluster by Service, else through the founder's gateway."""
    return _url(network, "doorman", "idman")


def network_map_url(network: Network) -> str:
    """Where nodes find each other."""
    return _url(network, "nms", "cenm-networkmap")


def _url(network: Network, what: str, enterprise_service: str) -> str:
    first = founder(network)
    if network.gateway.type != "none":
        return f"https://{service_name(network)}-{what}.{domain_of(network, first)}"
    namespace = namespace_of(network, first)
    if enterprise(network):
        return f"http://{enterprise_service}.{namespace}:{CENM_PORT}"
    return f"http://{first.name}-{what}.{namespace}:{SERVICE_PORT}"


# ---------------------------------------------------------------- legal names


def subject_of(organization: Organization) -> Subject:
    """The organization's X.500 name."""
    return organization.subject or f"O={organization.name.capitalize()},L=51.50/-0.13/London,C=GB"


def legal_name(organization: Organization, release: NamedRelease) -> Subject:
    """A node's legal name: no two nodes of a network may share one (C06).

    The first node has the organization's own name; all others tell themselves apart by their organizational unit.
    """
    if release.role == "node" and release.index == 0:
        return subject_of(organization)
    word = "Notary" if release.role == "notary" else "Node"
    return _in_unit(organization, word if release.index == 0 else f"{word} {release.index + 1}")


def service_name_of_notary(organization: Organization, release: NamedRelease) -> Subject:
    """The name under which a notary signs: another one than its own."""
    return _in_unit(organization, "Notary Service" if release.index == 0 else f"Notary Service {release.index + 1}")


def _in_unit(organization: Organization, unit: str) -> Subject:
    parts = [part for part in subject_of(organization).split(",") if not part.upper().startswith("OU=")]
    after = next((i + 1 for i, part in enumerate(parts) if part.upper().startswith("O=")), 0)
    return ",".join([*parts[:after], f"OU={unit}", *parts[after:]])
