"""What open-source Corda and Corda Enterprise are planned alike: Network -> steps (facts A5, A6).

The first organization runs the services that let nodes in and list them, then come the notaries, then all nodes, of
every organization in its own namespace. How the two platforms' charts differ stands in `corda` and
`corda_enterprise`, which complete this planner.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from bevel_tui.network import corda
from bevel_tui.network.corda import P2P_ROUTE
from bevel_tui.network.model import Network, Organization
from bevel_tui.network.names import p2p_ports
from bevel_tui.network.naming import NamedRelease, namespace_of
from bevel_tui.platforms import groundwork, p2p_route
from bevel_tui.platforms.behaviour import ChartBehaviour, Manifest
from bevel_tui.platforms.corda_charts import CERTIFICATE_DAYS, HOOK_PULL_SECRET
from bevel_tui.platforms.corda_view import P2P_PORT, CordaView, Ports
from bevel_tui.platforms.ids import secret_id
from bevel_tui.records.steps import (
    HandoffStep,
    Produced,
    ReleaseStep,
    SecretStep,
    Step,
)

#: the login for applications; corda-node mounts it even where there are none (facts I, C09)
MAVEN = "maven-secrets"


@dataclass(frozen=True)
class CordaPlanner(CordaView, ABC):
    """Plans one network."""

    behaviours: ClassVar[Mapping[str, ChartBehaviour]]

    @classmethod
    def plan(cls, network: Network, ports: Ports | None) -> tuple[Step, ...]:
        """All steps of a network but the gateways'. Raises TypeError for a network of another platform."""
        if network.platform.type != cls.name:
            raise TypeError(f"not a network of {cls.name}: {network.platform.type}")
        planner = cls(network, p2p_ports(network) if ports is None else ports)
        return tuple(step for organization in network.organizations for step in planner.organization(organization))

    # ------------------------------------------------------------ how the platforms differ

    @abstractmethod
    def manifests(self, step: ReleaseStep) -> tuple[Manifest, ...]:
        """What the chart of a release step renders."""

    @abstractmethod
    def handoffs(self, organization: Organization) -> tuple[HandoffStep, ...]:
        """What an organization takes over from the founder."""

    @abstractmethod
    def services(self, organization: Organization, release: NamedRelease) -> ReleaseStep:
        """The services of the network: `release` is one of role network-service or network-map."""

    @abstractmethod
    def node_values(self, organization: Organization, release: NamedRelease) -> dict[str, Any]:
        """A node's values beside `global`, `storage` and `tls`."""

    @abstractmethod
    def node_products(self, organization: Organization, release: NamedRelease) -> tuple[Produced, ...]:
        """What a node's pods write beside its certificate for the gateway."""

    @abstractmethod
    def node_needs(self, organization: Organization, release: NamedRelease) -> tuple[str, ...]:
        """The releases and handoffs that a notary or node needs, beside the first one of its namespace."""

    def node_patches(self) -> tuple[str, ...]:
        """Patches of a node's private chart copy beside those of all charts here."""
        return ()

    def node_lane(self, organization: Organization, release: NamedRelease) -> str | None:
        """What only one node at a time may write."""
        return None

    # ------------------------------------------------------------ steps

    def organization(self, organization: Organization) -> Iterator[Step]:
        """All steps of an organization."""
        network = self.network
        yield groundwork.namespace_step(network, organization)
        yield from groundwork.secret_steps(network, organization)
        handoffs = self.handoffs(organization)
        for release in corda.releases(network, organization):
            match release.role:
                case "init":
                    yield from handoffs
                    yield self.first(organization, release, handoffs)
                    if self.wants_maven(organization):
                        yield self.maven(organization)
                case "network-service" | "network-map":
                    yield self.services(organization, release)
                case "route":
                    yield self.route(organization, release)
                case _:
                    yield self.node(organization, release)

    def release(
        self, organization: Organization, release: NamedRelease, values: dict[str, Any], *sub_charts: str, **more: Any
    ) -> ReleaseStep:
        """A release of one of Bevel's charts; the pull secret goes to `sub_charts` too."""
        patches = [CERTIFICATE_DAYS] if "tls" in values and self.exposed else []
        if self.network.registry is not None and release.chart in ("corda-network-service", "corda-node", "cenm"):
            patches.append(HOOK_PULL_SECRET)
        patches += more.pop("patches", ())
        chart = self.behaviours[release.chart]
        step = ReleaseStep(
            id=self.id(organization, release.name),
            cluster=organization.cluster,
            namespace=namespace_of(self.network, organization),
            organization=organization.name,
            managed=organization.managed,
            release=release.name,
            chart=release.chart,
            chart_version=chart.version,
            values=groundwork.with_images(self.network, values, *sub_charts),
            patches=(*patches, *groundwork.patches(self.network)),
            **more,
        )
        return groundwork.finish(step, self.manifests(step), chart)

    def first(
        self, organization: Organization, release: NamedRelease, handoffs: tuple[HandoffStep, ...]
    ) -> ReleaseStep:
        """The first release of every namespace: account, rights, scripts (facts 0.4)."""
        into = [handoff for handoff in handoffs if handoff.target_file is not None]
        values: dict[str, Any] = {"global": self.global_values(organization, first=True)}
        if into:
            values["settings"] = {"secondaryInit": True}
        images = groundwork.image_values(self.network)
        if images and self.network.vault is not None:
            values["bevel-vault-mgmt"] = {"image": images}
        step = self.release(
            organization,
            release,
            values,
            needs=(*groundwork.first_needs(self.network, organization), *(handoff.id for handoff in into)),
            files=tuple(handoff.target_file for handoff in into if handoff.target_file),
        )
        # the chart itself runs nothing, so that it has no use for a pull secret
        return replace(step, values={key: value for key, value in step.values.items() if key != "image"})

    def wants_maven(self, organization: Organization) -> bool:
        """Whether an organization's nodes mount a login for applications."""
        return self.platform.cordapps is not None

    def maven(self, organization: Organization) -> SecretStep:
        """The login for applications; a dummy where corda-node mounts it for nothing (facts I, C09)."""
        apps = self.platform.cordapps
        login: groundwork.Data = (("username", "none"), ("password", "none"))
        if apps is not None:
            login = (
                ("username", groundwork.reference(apps.username)),
                ("password", groundwork.reference(apps.password)),
            )
        return groundwork.secret_step(self.network, organization, MAVEN, login)

    # ------------------------------------------------------------ nodes

    def node(self, organization: Organization, release: NamedRelease) -> ReleaseStep:
        """A notary or a node."""
        network = self.network
        namespace = namespace_of(network, organization)
        proxy = {**self.proxy(organization), "p2p": self.p2p_port(organization, release)}
        values = {
            "global": self.global_values(organization, proxy=proxy),
            "storage": {
                "size": "1Gi",
                "dbSize": "1Gi",
                **groundwork.storage_values(network.cluster(organization.cluster)),
            },
            "tls": self.tls(release),
            **self.node_values(organization, release),
        }
        needs = [self.id(organization, "init"), *self.node_needs(organization, release)]
        if self.wants_maven(organization):
            needs.append(secret_id(organization.cluster, namespace, MAVEN))
        return self.release(
            organization,
            release,
            values,
            *(("tls",) if self.exposed else ()),
            needs=tuple(dict.fromkeys((*needs, *groundwork.gateway_needs(network, organization.cluster)))),
            produces=(
                *self.node_products(organization, release),
                *self.tls_products(namespace, f"{release.name}-tls-certs"),
            ),
            endpoints=(self.node_endpoint(organization, release),),
            patches=self.node_patches(),
            lane=self.node_lane(organization, release),
        )

    def route(self, organization: Organization, release: NamedRelease) -> ReleaseStep:
        """The way from the gateway's p2p port to a node, in a chart of our own (C11)."""
        network = self.network
        node = replace(release, name=release.name.removesuffix("-p2p"))
        host, port = f"{node.name}.{self.suffix(organization)}", self.p2p_port(organization, node)
        endpoint = self.endpoint(
            organization, node, "p2p", node.name, P2P_PORT, host=host, port=port, protocol="tcp", probe="tcp"
        )
        step = ReleaseStep(
            id=self.id(organization, release.name),
            cluster=organization.cluster,
            namespace=namespace_of(network, organization),
            organization=organization.name,
            managed=organization.managed,
            needs=(self.id(organization, "init"), *groundwork.gateway_needs(network, organization.cluster)),
            release=release.name,
            chart=P2P_ROUTE,
            chart_version=p2p_route.VERSION,
            origin="own",
            values=p2p_route.values(host, port, endpoint.service),
            endpoints=(endpoint,),
        )
        return groundwork.finish(step, p2p_route.manifests(step), p2p_route.BEHAVIOUR)
