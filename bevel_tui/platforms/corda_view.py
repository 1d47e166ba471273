"""A Corda network, open source or Enterprise, as its planners see it: names, common values, how endpoints are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from bevel_tui.network import corda
from bevel_tui.network.model import Corda, CordaEnterprise, Network, Organization
from bevel_tui.network.naming import NamedRelease, founder, namespace_of
from bevel_tui.platforms import groundwork
from bevel_tui.platforms.corda_charts import DOORMAN_TLS, NMS_TLS
from bevel_tui.platforms.ids import dns_step_id, release_id
from bevel_tui.records.steps import Endpoint, ObjectRef, Produced, SecretValue

Ports = Mapping[tuple[str, str, str], int]

P2P_PORT = 10002

#: Secret, its public key and its private ones, of every certificate for the gateway
TLS_KEYS = ("tls.crt", "tls.key")


@dataclass(frozen=True)
class CordaView:
    """Read from the Network and the p2p ports: `ports` by (cluster, namespace, release)."""

    network: Network
    ports: Ports

    #: the platform's name, by which the policy of Vault is chosen (E05)
    name: ClassVar[str]

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
        return groundwork.word(self.platform.password)

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

    # ------------------------------------------------------------ endpoints

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
