"""A Fabric network as its planners see it: names, addresses, common values, and how steps and endpoints are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bevel_tui.network.fabric import fabric_releases, fabric_roles, syschannel
from bevel_tui.network.model import Fabric, Network, Organization
from bevel_tui.network.naming import NamedRelease, founder, namespace_of
from bevel_tui.platforms import groundwork
from bevel_tui.platforms.fabric_behaviour import BEHAVIOURS, VERSION
from bevel_tui.platforms.fabric_charts import CA_CERTS, ORDERER_TLS, fullname
from bevel_tui.platforms.fabric_manifests import manifests
from bevel_tui.platforms.ids import handoff_id, release_id
from bevel_tui.records.steps import Endpoint, HandoffStep, ObjectRef, ReleaseStep

#: version of the charts that were left as they were in Bevel 1.0: console and chaincode (facts 0.3)
OLD_VERSION = "1.0.0"
CONSORTIUM = "SupplyChainConsortium"
#: the charts write ``haproxy`` where an Ingress names its class (helm.patches)
INGRESS_CLASS = "fabric-ingress-class"
#: two Jobs do not trust Vault's own CA (helm.patches)
VAULT_CA = "fabric-vault-ca"
WITHOUT_VAULT_CA = frozenset({"orderer", "peer", "genesis"})
WITH_INGRESS = frozenset({"ca", "orderer", "peer", "console"})
#: one account for all releases of a namespace (G05), named as in Bevel's sample files
ACCOUNT = "vault-auth"


def msp(organization: Organization) -> str:
    """The organization's MSP id; the genesis chart spells it so (facts A1.4, F16)."""
    return f"{organization.name}MSP"


@dataclass(frozen=True, slots=True)
class View:
    """Read from the Network alone."""

    network: Network

    @property
    def platform(self) -> Fabric:
        if not isinstance(self.network.platform, Fabric):
            raise TypeError(f"not a Fabric network: {self.network.platform.type}")
        return self.network.platform

    @property
    def founder(self) -> Organization:
        return founder(self.network)

    @property
    def exposed(self) -> bool:
        return self.network.gateway.type == "haproxy"

    # ------------------------------------------------------------ names and addresses

    def namespace(self, organization: Organization) -> str:
        return namespace_of(self.network, organization)

    def step_id(self, organization: Organization, release: str) -> str:
        return release_id(organization.cluster, self.namespace(organization), release)

    def of_role(self, organization: Organization, role: str) -> list[NamedRelease]:
        return [r for r in fabric_releases(self.network, organization) if r.role == role]

    def suffix(self, organization: Organization) -> str:
        """global.proxy.externalUrlSuffix: the domain behind haproxy; Bevel's samples name the namespace without."""
        domain = self.network.cluster(organization.cluster).domain
        return domain if self.exposed and domain is not None else self.namespace(organization)

    def ca_address(self, organization: Organization) -> str:
        """Where enrolment Jobs find the CA: with a gateway by its public name and no port (facts A1.4, F05, F06)."""
        if self.exposed:
            return f"ca.{self.namespace(organization)}.{self.suffix(organization)}"
        return f"ca.{self.namespace(organization)}:7054"

    def address(self, organization: Organization, release: str, port: int) -> str:
        """Address of an orderer or peer as other organizations use it (facts A1.4)."""
        if self.exposed:
            return f"{release}.{self.namespace(organization)}.{self.suffix(organization)}:443"
        return f"{release}.{self.namespace(organization)}:{port}"

    @property
    def orderers(self) -> tuple[Organization, ...]:
        """The organizations that order, the founder first."""
        return tuple(o for o in self.network.organizations if fabric_roles(o).orderers)

    @property
    def syschannel(self) -> bool:
        """Flow of 2.2: a system channel, channels made by transactions."""
        return syschannel(self.network)

    def ordered_by(self, organization: Organization) -> Organization:
        """Whose orderers an organization's peers use: its own, because the charts mount their CA wherever it is in
        the namespace (facts 0.10); else the founder's."""
        return organization if fabric_roles(organization).orderers else self.founder

    def orderer_address(self, organization: Organization) -> str:
        source = self.ordered_by(organization)
        return self.address(source, self.of_role(source, "orderer")[0].name, 7050)

    def orderer_ca_map(self, organization: Organization, peer: str) -> str:
        """The ConfigMap with those orderers' CA that Jobs of the namespace mount (facts 0.10, F15)."""
        return ORDERER_TLS if self.ordered_by(organization) is organization else f"{peer}-{ORDERER_TLS}"

    def orderer_sets(self, organization: Organization) -> tuple[ObjectRef, ...]:
        """The StatefulSets of an organization's orderers."""
        return tuple(
            ObjectRef("apps/v1", "StatefulSet", fullname("fabric-orderernode", o.name), self.namespace(organization))
            for o in self.of_role(organization, "orderer")
        )

    def globals(
        self, organization: Organization, *, first: bool = False, version: bool = True, proxy: bool = True
    ) -> dict[str, Any]:
        edge: dict[str, Any] = {
            "provider": "haproxy" if self.exposed else "none",
            "externalUrlSuffix": self.suffix(organization),
        }
        tree = groundwork.global_values(
            self.network, organization, platform="fabric", account=ACCOUNT, proxy=edge if proxy else None, first=first
        )
        return {"version": self.platform.version, **tree} if version else tree

    def storage(self, organization: Organization) -> dict[str, Any]:
        return groundwork.storage_values(self.network.cluster(organization.cluster))

    # ------------------------------------------------------------ steps

    def release(
        self,
        organization: Organization,
        release: NamedRelease,
        values: dict[str, Any],
        needs: tuple[str, ...],
        *,
        images: tuple[str, ...] = (),
        patches: tuple[str, ...] = (),
        version: str = VERSION,
        **more: Any,
    ) -> ReleaseStep:
        ingress_class = self.ingress_class(organization)
        if release.role in WITH_INGRESS and ingress_class != "haproxy":
            values["global"] = {**values.get("global", {}), "ingressClass": ingress_class}
            patches = (*patches, INGRESS_CLASS)
        if release.role in WITHOUT_VAULT_CA and self.network.vault is not None and self.network.vault.ca is not None:
            patches = (*patches, VAULT_CA)
        step = ReleaseStep(
            id=self.step_id(organization, release.name),
            cluster=organization.cluster,
            namespace=self.namespace(organization),
            organization=organization.name,
            managed=organization.managed,
            needs=needs,
            release=release.name,
            chart=release.chart,
            chart_version=version,
            values=values if version != VERSION else groundwork.with_images(self.network, values, *images),
            patches=(*groundwork.patches(self.network), *patches),
            **more,
        )
        return groundwork.finish(step, manifests(step), BEHAVIOURS[step.chart])

    def ingress_class(self, organization: Organization) -> str:
        """The IngressClass of the cluster's gateway; the charts know none but haproxy."""
        gateway = self.network.cluster(organization.cluster).existing_gateway
        return (gateway.ingress_class if self.exposed and gateway is not None else None) or "haproxy"

    def handoff(
        self,
        what: str,
        source: Organization,
        ref: tuple[str, str],
        target: Organization,
        release: str,
        file: str | None,
        needs: str | tuple[str, ...],
        **more: Any,
    ) -> HandoffStep:
        """To a chart file of a release, or without `file` to the object in `more`."""
        namespace = self.namespace(source)
        return HandoffStep(
            id=handoff_id(what, source.name, f"{target.name}/{release}"),
            cluster=source.cluster,
            namespace=namespace,
            organization=source.name,
            managed=source.managed and target.managed,
            needs=(needs,) if isinstance(needs, str) else needs,
            estimate=0.2,
            source=ObjectRef("v1", ref[0], ref[1], namespace),
            target_cluster=target.cluster,
            target_step=self.step_id(target, release) if file is not None else None,
            target_file=file,
            **more,
        )

    # ------------------------------------------------------------ endpoints

    def endpoint(self, organization: Organization, release: NamedRelease, what: str, **fields: Any) -> Endpoint:
        return Endpoint(
            id=f"{self.step_id(organization, release.name)}/{what}",
            cluster=organization.cluster,
            organization=organization.name,
            release=release.name,
            exposed=self.exposed,
            **fields,
        )

    def ca_endpoints(self, organization: Organization, release: NamedRelease) -> tuple[Endpoint, ...]:
        """The CA's REST interface behind its own certificate, and its operations service (facts A1.5)."""
        namespace = self.namespace(organization)
        zone = f"{namespace}.{self.suffix(organization)}"
        local = f"ca.{namespace}.svc.cluster.local"
        trust = (ObjectRef("v1", "Secret", CA_CERTS, namespace), "tls.crt")
        return (
            self.endpoint(
                organization,
                release,
                "ca",
                host=f"ca.{zone}" if self.exposed else local,
                port=443 if self.exposed else 7054,
                protocol="tls",
                probe="fabric-ca",
                service=f"ca.{namespace}:7054",
                trust=trust,
                certificate_names=() if self.exposed else (f"ca.{namespace}",),
            ),
            self.endpoint(
                organization,
                release,
                "ops",
                host=f"ca-ops.{zone}" if self.exposed else local,
                port=80 if self.exposed else 9443,
                protocol="http",
                probe="fabric-operations",
                service=f"ca.{namespace}:9443",
            ),
        )

    def node_endpoints(self, organization: Organization, release: NamedRelease, grpc: int) -> tuple[Endpoint, ...]:
        """gRPC, grpc-web (which shows the node's own certificate) and operations of a node (facts A1.5)."""
        namespace = self.namespace(organization)
        zone = f"{namespace}.{self.suffix(organization)}"
        name = release.name
        local = f"{name}.{namespace}.svc.cluster.local"
        trust = (ObjectRef("v1", "Secret", f"{name}-tls", namespace), "cacrt")
        return (
            self.endpoint(
                organization,
                release,
                "grpc",
                host=f"{name}.{zone}" if self.exposed else local,
                port=443 if self.exposed else grpc,
                protocol="tls",
                probe="fabric-grpc",
                service=f"{name}.{namespace}:{grpc}",
                trust=trust,
            ),
            self.endpoint(
                organization,
                release,
                "proxy",
                host=f"{name}-proxy.{zone}" if self.exposed else local,
                port=443 if self.exposed else 7443,
                protocol="tls",
                probe="tls",
                service=f"{name}.{namespace}:7443",
                trust=trust,
                certificate_names=(f"{name}.{zone}",) if self.exposed else (),
            ),
            self.endpoint(
                organization,
                release,
                "ops",
                host=f"{name}-ops.{zone}" if self.exposed else local,
                port=80 if self.exposed else 9443,
                protocol="http",
                probe="fabric-operations",
                service=f"{name}.{namespace}:9443",
            ),
        )
