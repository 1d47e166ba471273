"""Where Indy's stewards are found: addresses without names, and two ports each (facts A4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bevel_tui.network.indy import indy_roles
from bevel_tui.network.model import Network, Organization
from bevel_tui.network.naming import NamedRelease, namespace_of
from bevel_tui.platforms.ids import address_step_id, release_id
from bevel_tui.platforms.indy_manifests import GENESIS
from bevel_tui.records.steps import ClusterFact, Endpoint, ObjectRef, Recorded

#: first port by (cluster, namespace, release)
Ports = Mapping[tuple[str, str, str], int]

#: ports of a node inside its cluster, as the charts' samples have them behind Ambassador
NODE_PORT, CLIENT_PORT = 9711, 9712


@dataclass(frozen=True, slots=True)
class Places:
    """The addresses and ports of all stewards of a network."""

    network: Network
    ports: Ports

    @property
    def at_nodes(self) -> bool:
        """Whether stewards are reached at their cluster's nodes, without a gateway."""
        return self.network.gateway.type == "none"

    def public_ip(self, organization: Organization) -> str | ClusterFact:
        """The address of an organization's stewards: as the preset says, else what its cluster will tell."""
        return self.network.cluster(organization.cluster).public_ip or ClusterFact(
            "node-address" if self.at_nodes else "gateway-address", cluster=organization.cluster
        )

    def address_needs(self) -> tuple[str, ...]:
        """The steps after which the addresses of all gateways with stewards behind them are known."""
        if self.at_nodes:
            return ()
        clusters = (self.network.cluster(o.cluster) for o in self.network.organizations if indy_roles(o).stewards)
        return tuple(dict.fromkeys(address_step_id(c.name) for c in clusters if c.public_ip is None))

    def outer_ports(self, organization: Organization, steward: str) -> tuple[int, int]:
        """Ports for nodes and clients at the gateway, or at the cluster's nodes."""
        first = self.ports[organization.cluster, namespace_of(self.network, organization), steward]
        return first, first + 1

    def inner_ports(self, organization: Organization, steward: str) -> tuple[int, int]:
        """Ports of the Service: without a gateway the same as outside (README, values/noproxy-and-novault)."""
        return self.outer_ports(organization, steward) if self.at_nodes else (NODE_PORT, CLIENT_PORT)

    def endpoints(self, organization: Organization, release: NamedRelease) -> tuple[Endpoint, ...]:
        """Two raw TCP ports of a steward: one for nodes, one for clients."""
        namespace = namespace_of(self.network, organization)
        genesis = ObjectRef("v1", "ConfigMap", "ptg", namespace)
        ip = self.public_ip(organization)
        words = f"<{'a node' if self.at_nodes else 'gateway'} of {organization.cluster}>"
        entry = "txn.data.data"
        inner, outer = self.inner_ports(organization, release.name), self.outer_ports(organization, release.name)
        return tuple(
            Endpoint(
                id=f"{release_id(organization.cluster, namespace, release.name)}/{side}",
                cluster=organization.cluster,
                organization=organization.name,
                release=release.name,
                host=ip if isinstance(ip, str) else words,
                port=external,
                protocol="tcp",
                probe="tcp",
                service=f"{release.name}.{namespace}:{port}",
                address=None if isinstance(ip, str) else ip,
                recorded=Recorded(genesis, GENESIS["ptg"], release.name, f"{entry}.alias", f"{entry}.{side}_ip"),
                node_port=self.at_nodes,
            )
            for side, port, external in zip(("node", "client"), inner, outer, strict=True)
        )
