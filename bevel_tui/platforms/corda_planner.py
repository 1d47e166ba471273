"""What open-source Corda and Corda Enterprise are planned alike: Network -> steps (facts A5, A6).

The first organization runs the services that let nodes in and list them, then come the notaries, then all nodes, of
every organization in its own namespace. How the two platforms' charts differ stands in `corda` and
`corda_enterprise`, which complete this planner.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from bevel_tui.network import corda
from bevel_tui.network.corda import P2P_ROUTE
from bevel_tui.network.model import Corda, CordaEnterprise, Network, Organization
from bevel_tui.network.names import p2p_ports
from bevel_tui.network.naming import NamedRelease, founder, namespace_of
from bevel_tui.platforms import groundwork, p2p_route
from bevel_tui.platforms.behaviour import ChartBehaviour, Manifest
from bevel_tui.platforms.corda_charts import CERTIFICATE_DAYS, DOORMAN_TLS, HOOK_PULL_SECRET, NMS_TLS
from bevel_tui.platforms.ids import dns_step_id, namespace_id, release_id, secret_id
from bevel_tui.records.steps import (
    Endpoint,
    HandoffStep,
    ObjectRef,
    Produced,
    ReleaseStep,
    SecretStep,
    SecretValue,
    Step,
)

Ports = Mapping[tuple[str, str, str], int]

P2P_PORT = 10002
#: the login for applications; corda-node mounts it even where there are none (facts I, C09)
MAVEN = "maven-secrets"

#: Secret, its public key and its private ones, of every certificate for the gateway
TLS_KEYS = ("tls.crt", "tls.key")


@dataclass(frozen=True)
class CordaPlanner(ABC):
    """Plans one network. `ports`: p2p port by (cluster, namespace, release)."""

    network: Network
    ports: Ports

    #: the platform's name, by which the policy of Vault is chosen (E05)
    name: ClassVar[str]
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

    # ------------------------------------------------------------ words that all use

    @property
    def platform(self) -> Corda | CordaEnterprise:
        """The platform's settings."""
        if not isinstance(self.network.platform, Corda | CordaEnterprise):
            raise TypeError(self.network.platform.type)
        return self.network.platform

    @property
    def exposed(self) -> bool:
        """Whether services and nodes are reached through a gateway: then all of them by TLS."""
        return self.network.gateway.type == "ambassador"

    @property
    def password(self) -> SecretValue | None:
        """The preset's password; scripts of the charts take it without quotes."""
        password = self.platform.password
        return None if password is None else replace(groundwork.reference(password), word=True)

    def further(self, organization: Organization) -> bool:
        """Whether an organization joins (True) or founds the network."""
        return organization.name != founder(self.network).name

    def id(self, organization: Organization, release: str) -> str:
        """The step of a release."""
        return release_id(organization.cluster, namespace_of(self.network, organization), release)

    def founders(self, role: str) -> tuple[str, ...]:
        """Steps of the founder's releases of a role."""
        first = founder(self.network)
        return tuple(self.id(first, r.name) for r in corda.releases(self.network, first) if r.role == role)

    @property
    def notaries(self) -> tuple[str, ...]:
        """Steps of all notaries."""
        return tuple(
            self.id(o, r.name)
            for o in self.network.organizations
            for r in corda.releases(self.network, o)
            if r.role == "notary"
        )

    @property
    def reachable(self) -> tuple[str, ...]:
        """After which the services are found by the names that nodes have for them (facts A5, C02)."""
        return (dns_step_id(founder(self.network).cluster),) if self.exposed else ()

    def suffix(self, organization: Organization) -> str:
        """global.proxy.externalUrlSuffix: what stands behind a release's name in addresses that others are told."""
        domain = self.network.cluster(organization.cluster).domain
        if self.exposed and domain is not None:
            return domain
        return f"{namespace_of(self.network, organization)}.svc.cluster.local"

    def global_values(self, organization: Organization, **more: Any) -> dict[str, Any]:
        """The `global` tree."""
        account = "bevel-auth" if self.network.vault is None else "vault-auth"
        return groundwork.global_values(self.network, organization, platform=self.name, account=account, **more)

    def proxy(self, organization: Organization) -> dict[str, Any]:
        """The `global.proxy` tree."""
        return {"provider": self.network.gateway.type, "externalUrlSuffix": self.suffix(organization)}

    def tls(self, release: NamedRelease, *, services: bool = False) -> dict[str, Any]:
        """The `tls` tree. The Job's name is one per namespace unless it is given (C10)."""
        if not self.exposed:
            return {"enabled": False}
        more = {"settings": {"networkServices": True}} if services else {}
        return {"enabled": True, "nameOverride": f"{release.name}-tls", **more}

    def tls_products(self, namespace: str, *names: str) -> tuple[Produced, ...]:
        """What the TLS Job writes; nothing without a gateway."""
        found = (ObjectRef("v1", "Secret", name, namespace) for name in names)
        return tuple(Produced(ref, TLS_KEYS, TLS_KEYS[1:]) for ref in found) if self.exposed else ()

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
        network, apps = self.network, self.platform.cordapps
        namespace = namespace_of(network, organization)
        login: tuple[tuple[str, SecretValue | str], ...] = (("username", "none"), ("password", "none"))
        if apps is not None:
            login = (
                ("username", groundwork.reference(apps.username)),
                ("password", groundwork.reference(apps.password)),
            )
        return SecretStep(
            id=secret_id(organization.cluster, namespace, MAVEN),
            cluster=organization.cluster,
            namespace=namespace,
            organization=organization.name,
            managed=organization.managed,
            needs=(namespace_id(organization.cluster, namespace),),
            estimate=0.1,
            name=MAVEN,
            data=login,
        )

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

    def p2p_port(self, organization: Organization, release: NamedRelease) -> int:
        """The port that a node tells its peers: its own at the gateway, else the one in the cluster."""
        key = (organization.cluster, namespace_of(self.network, organization), release.name)
        return self.ports[key] if self.exposed else P2P_PORT

    def node_endpoint(self, organization: Organization, release: NamedRelease) -> Endpoint:
        """What a node's own chart opens: HTTPS with its certificate (facts A5); inside a cluster p2p."""
        if not self.exposed:
            return self.endpoint(organization, release, "p2p", release.name, P2P_PORT, protocol="tcp", probe="tcp")
        return self.endpoint(
            organization,
            release,
            "https",
            release.name,
            P2P_PORT,
            host=f"{release.name}.{self.suffix(organization)}",
            protocol="https",
            probe="tls",
            secret=f"{release.name}-tls-certs",
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

    # ------------------------------------------------------------ endpoints

    def endpoint(
        self,
        organization: Organization,
        release: NamedRelease,
        what: str,
        service: str,
        backend: int,
        *,
        protocol: Literal["https", "http", "tcp"],
        probe: Literal["tls", "tcp", "network-map", "doorman"],
        host: str | None = None,
        port: int = 443,
        secret: str | None = None,
    ) -> Endpoint:
        """One address: `host` and `port` at the gateway, or the Service and `backend` where there is none."""
        namespace = namespace_of(self.network, organization)
        return Endpoint(
            id=f"{self.id(organization, release.name)}/{what}",
            cluster=organization.cluster,
            organization=organization.name,
            release=release.name,
            host=host if host is not None else f"{service}.{namespace}.svc.cluster.local",
            port=port if host is not None else backend,
            protocol=protocol,
            probe=probe,
            service=f"{service}.{namespace}:{backend}",
            trust=None if secret is None else (ObjectRef("v1", "Secret", secret, namespace), "tls.crt"),
            exposed=host is not None,
        )

    def service_endpoint(
        self,
        organization: Organization,
        release: NamedRelease,
        what: Literal["doorman", "network-map"],
        service: str,
        port: int,
    ) -> Endpoint:
        """Doorman (identity manager) or network map."""
        short, secret = ("doorman", DOORMAN_TLS) if what == "doorman" else ("nms", NMS_TLS)
        if not self.exposed:
            return self.endpoint(organization, release, what, service, port, protocol="http", probe=what)
        return self.endpoint(
            organization,
            release,
            what,
            service,
            port,
            host=f"{corda.service_name(self.network)}-{short}.{self.suffix(organization)}",
            protocol="https",
            probe=what,
            secret=secret,
        )
