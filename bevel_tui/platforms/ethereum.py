"""What Besu and GoQuorum are planned alike: Network -> steps (facts A2, A3).

The founding organization makes the genesis, its validators and members; every further one takes genesis and static
nodes over, as they are after the founder's last node has entered itself, and adds its members. How the two
platforms' charts differ stands in `besu` and `quorum`, which complete this planner.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from bevel_tui.network.ethereum import ethereum_roles, has_tessera
from bevel_tui.network.model import Besu, Network, Organization, Quorum
from bevel_tui.network.names import p2p_ports, releases
from bevel_tui.network.naming import NamedRelease, founder, full_name, joins, namespace_of
from bevel_tui.platforms import groundwork
from bevel_tui.platforms.behaviour import ChartBehaviour, Manifest
from bevel_tui.platforms.ids import handoff_id, release_id
from bevel_tui.records.steps import Endpoint, HandoffStep, ObjectRef, Produced, ReleaseStep, SecretValue, Step

Ports = Mapping[tuple[str, str, str], int]

#: the ws Mapping is rendered for every gateway, so that a cluster without the getambassador.io CRDs refuses the whole
#: release (facts A2 "CRD PREREQUISITE", A3, B, I); the private chart copy loses it (helm.patches)
DROP_WS_MAPPING = "drop-ws-mapping"


@dataclass(frozen=True, slots=True)
class Handed:
    """A file that further organizations take over: `key` of ConfigMap `source` becomes `file` of their genesis chart."""

    what: str
    source: str
    key: str
    file: str


@dataclass(frozen=True)
class EthereumPlanner(ABC):
    """Plans one network. `ports`: p2p port by (cluster, namespace, release); None: as `names.p2p_ports` gives them."""

    network: Network
    ports: Ports

    #: the platform's name, which its charts' names begin with
    name: ClassVar[str]
    version: ClassVar[str]
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

    @property
    @abstractmethod
    def handed(self) -> tuple[Handed, ...]:
        """What further organizations take over."""

    @abstractmethod
    def account(self) -> str:
        """One ServiceAccount for all releases of a namespace (G05); named as in Bevel's sample files."""

    @abstractmethod
    def raw_genesis(self) -> dict[str, Any]:
        """``rawGenesisConfig.genesis`` of the founder's genesis."""

    @abstractmethod
    def genesis_products(self, namespace: str, validators: int) -> tuple[Produced, ...]:
        """What the genesis Job writes."""

    @abstractmethod
    def own_values(self, organization: Organization, release: NamedRelease) -> dict[str, Any]:
        """A node's values beside those that both platforms' charts have: `image` and `node`."""

    @abstractmethod
    def node_products(self, organization: Organization, release: NamedRelease) -> tuple[Produced, ...]:
        """What a node's hook writes, beside what Tessera's and TLS' Jobs do."""

    def before(self, organization: Organization, release: NamedRelease) -> tuple[Step, ...]:
        """Steps that a node's release needs besides the release before it."""
        return ()

    def node_patches(self, organization: Organization, release: NamedRelease) -> tuple[str, ...]:
        """Patches of a node's private chart copy."""
        return () if self.exposed else (DROP_WS_MAPPING,)

    # ------------------------------------------------------------ words that all use

    @property
    def platform(self) -> Besu | Quorum:
        """The platform's settings."""
        if not isinstance(self.network.platform, Besu | Quorum):
            raise TypeError(self.network.platform.type)
        return self.network.platform

    @property
    def exposed(self) -> bool:
        """Whether nodes are reached through a gateway."""
        return self.network.gateway.type == "ambassador"

    @property
    def account_password(self) -> SecretValue | None:
        """Scripts of the charts take it without quotes (facts A3 Q4)."""
        return groundwork.word(self.platform.account_password)

    def suffix(self, organization: Organization) -> str:
        """global.proxy.externalUrlSuffix: the domain behind a gateway, else the cluster's own."""
        domain = self.network.cluster(organization.cluster).domain
        return domain if self.exposed and domain is not None else "svc.cluster.local"

    def tls_release(self, organization: Organization) -> str | None:
        """The one release of a namespace that may have tls.enabled, its objects having fixed names (facts A2.2, B11).

        None without Vault: certificates reach the transaction manager only through it (facts A2.4, B10).
        """
        if self.network.vault is None:
            return None
        return next((r.name for r in releases(self.network, organization) if has_tessera(self.network, r)), None)

    def holds_tls(self, organization: Organization, release: NamedRelease) -> bool:
        """Whether this is the release that makes its namespace's certificates."""
        return has_tessera(self.network, release) and release.name == self.tls_release(organization)

    # ------------------------------------------------------------ steps

    def organization(self, organization: Organization) -> list[Step]:
        """An organization's steps, in the order in which they are carried out."""
        network = self.network
        found = founder(network)
        handoffs = self.handoffs(found, organization) if joins(self.network, organization) else ()
        genesis, *nodes = releases(network, organization)
        first = self.genesis(organization, genesis, handoffs)
        planned: list[Step] = [
            groundwork.namespace_step(network, organization),
            *groundwork.secret_steps(network, organization),
            *handoffs,
            first,
        ]
        previous = first.id
        for node in nodes:
            before = self.before(organization, node)
            step = self.node(organization, node, (previous, *(other.id for other in before)))
            planned += [*before, step]
            previous = step.id
        return planned

    def genesis(
        self, organization: Organization, release: NamedRelease, handoffs: tuple[HandoffStep, ...]
    ) -> ReleaseStep:
        """The first release of a namespace: it makes the chain, or brings what was handed over."""
        network = self.network
        namespace = namespace_of(network, organization)
        password = self.account_password
        validators = ethereum_roles(network, organization).validators
        values: dict[str, Any] = {
            "global": groundwork.global_values(
                network, organization, platform=self.name, account=self.account(), first=True
            ),
            "settings": {
                # genesis, keys and chain data belong together: they go together, with --purge-data (facts G, B05, G35)
                "removeGenesisOnDelete": False,
                "secondaryGenesis": bool(handoffs),
            },
        }
        if not handoffs:
            values["rawGenesisConfig"] = {
                "genesis": self.raw_genesis(),
                "blockchain": {
                    "nodes": {"generate": True, "count": validators},
                    **({} if password is None else {"accountPassword": password}),
                },
            }
        step = ReleaseStep(
            id=release_id(organization.cluster, namespace, release.name),
            cluster=organization.cluster,
            namespace=namespace,
            organization=organization.name,
            managed=organization.managed,
            needs=(*groundwork.first_needs(network, organization), *(handoff.id for handoff in handoffs)),
            release=release.name,
            chart=release.chart,
            chart_version=self.version,
            values=groundwork.with_images(network, values, "bevel-vault-mgmt"),
            files=tuple(h.target_file for h in handoffs if h.target_file),
            patches=groundwork.patches(network),
            produces=() if handoffs else self.genesis_products(namespace, validators),
        )
        return groundwork.finish(step, self.manifests(step), self.behaviours[step.chart])

    def handoffs(self, source: Organization, target: Organization) -> tuple[HandoffStep, ...]:
        """What the founder hands over, taken once all its nodes have entered themselves.

        Frozen: hooks go on writing the ConfigMaps that these files fill, an upgrade would undo that (facts A2.1).
        """
        network = self.network
        source_namespace, namespace = namespace_of(network, source), namespace_of(network, target)
        last = releases(network, source)[-1]
        return tuple(
            HandoffStep(
                id=handoff_id(handed.what, source.name, target.name),
                cluster=source.cluster,
                namespace=source_namespace,
                organization=source.name,
                managed=source.managed and target.managed,
                needs=(release_id(source.cluster, source_namespace, last.name),),
                estimate=0.2,
                source=ObjectRef("v1", "ConfigMap", handed.source, source_namespace),
                key=handed.key,
                target_cluster=target.cluster,
                target_step=release_id(target.cluster, namespace, "genesis"),
                target_file=handed.file,
                policy="frozen",
            )
            for handed in self.handed
        )

    def node(self, organization: Organization, release: NamedRelease, needs: tuple[str, ...]) -> ReleaseStep:
        """A validator or member. One at a time: hooks rewrite one ConfigMap without a lock (facts A2.1, B02)."""
        network = self.network
        namespace = namespace_of(network, organization)
        values = self.node_values(organization, release)
        step = ReleaseStep(
            id=release_id(organization.cluster, namespace, release.name),
            cluster=organization.cluster,
            namespace=namespace,
            organization=organization.name,
            managed=organization.managed,
            needs=(*needs, *groundwork.gateway_needs(network, organization.cluster)),
            release=release.name,
            chart=release.chart,
            chart_version=self.version,
            values=values,
            patches=(*self.node_patches(organization, release), *groundwork.patches(network)),
            produces=(*self.node_products(organization, release), *_sub_products(namespace, release.name, values)),
            endpoints=self.endpoints(organization, release),
            lane=f"{organization.cluster}/{namespace}/{self.name}-peers",
        )
        return groundwork.finish(step, self.manifests(step), self.behaviours[step.chart])

    # ------------------------------------------------------------ values of a node

    def node_values(self, organization: Organization, release: NamedRelease) -> dict[str, Any]:
        """All values of a node's release."""
        network = self.network
        privacy = has_tessera(network, release)
        proxy: dict[str, Any] = {"provider": network.gateway.type, "externalUrlSuffix": self.suffix(organization)}
        if self.exposed:
            proxy["p2p"] = self.ports[organization.cluster, namespace_of(network, organization), release.name]
            if privacy:
                proxy["tmport"] = 443
        values: dict[str, Any] = {
            "global": groundwork.global_values(
                network, organization, platform=self.name, account=self.account(), proxy=proxy
            ),
            "storage": {"size": "2Gi", **groundwork.storage_values(network.cluster(organization.cluster))},
            "tessera": {"enabled": privacy},
            "tls": {"enabled": self.holds_tls(organization, release)},
            **self.own_values(organization, release),
        }
        if privacy:
            values["tessera"].update(self.tessera_values(organization, release))
        sub_charts = [name for name in ("tessera", "tls") if values[name]["enabled"]]
        return groundwork.with_images(network, values, *sub_charts)

    def tessera_values(self, organization: Organization, release: NamedRelease) -> dict[str, Any]:
        """Values of the transaction manager; STRICT only with Vault (facts A2.4, B10); storage is the node's."""
        strict = self.network.vault is not None
        peer = self.first_tessera_url()
        password = self.account_password
        own = self.tessera_url(organization, release)
        return {
            "tessera": {
                "port": 443 if self.exposed else 9000,
                "tlsMode": "STRICT" if strict else "OFF",
                "removeKeysOnDelete": False,
                **({} if password is None else {"password": password}),
                **({"peerNodes": [{"url": peer}]} if peer is not None and peer != own else {}),
            },
            "storage": {"enabled": False, "size": "1Gi", "dbSize": "2Gi"},
        }

    def first_tessera_url(self) -> str | None:
        """Where all others find the network's first transaction manager."""
        for organization in self.network.organizations:
            for release in releases(self.network, organization):
                if has_tessera(self.network, release):
                    return self.tessera_url(organization, release)
        return None

    def tessera_url(self, organization: Organization, release: NamedRelease) -> str:
        """The address under which other transaction managers know this one."""
        network = self.network
        scheme = "https" if network.vault is not None else "http"
        if self.exposed:
            return f"{scheme}://{release.name}.{self.suffix(organization)}:443"
        return f"{scheme}://{full_name('tessera', release.name)}.{namespace_of(network, organization)}:9000"

    # ------------------------------------------------------------ endpoints

    def endpoints(self, organization: Organization, release: NamedRelease) -> tuple[Endpoint, ...]:
        """What a node opens (facts A2.3): RPC and WebSocket by name on port 80, devp2p on its own port."""
        network = self.network
        namespace = namespace_of(network, organization)
        service = f"{full_name(release.chart, release.name)}.{namespace}"
        base = release_id(organization.cluster, namespace, release.name)
        zone = self.suffix(organization)
        exposed = self.exposed
        p2p = self.ports[organization.cluster, namespace, release.name] if exposed else 30303
        local = f"{service}.svc.cluster.local"

        def endpoint(what: str, host: str, port: int, backend: int, **kinds: Any) -> Endpoint:
            return Endpoint(
                id=f"{base}/{what}",
                cluster=organization.cluster,
                organization=organization.name,
                release=release.name,
                host=host if exposed else local,
                port=port if exposed else backend,
                service=f"{service}:{backend}",
                exposed=exposed,
                **kinds,
            )

        found = [
            endpoint("rpc", f"{release.name}rpc.{zone}", 80, 8545, protocol="http", probe="json-rpc"),
            endpoint("ws", f"{release.name}ws.{zone}", 80, 8546, protocol="ws", probe="ws"),
            endpoint("p2p", f"{release.name}.{zone}", p2p, 30303, protocol="tcp", probe="tcp"),
        ]
        if has_tessera(network, release):
            found.append(self.tessera_endpoint(organization, release, base))
        return tuple(found)

    def tessera_endpoint(self, organization: Organization, release: NamedRelease, base: str) -> Endpoint:
        """What a transaction manager opens; all of a namespace show the one certificate that its tls Job made."""
        namespace = namespace_of(self.network, organization)
        service = f"{full_name('tessera', release.name)}.{namespace}"
        holder = self.tls_release(organization)
        port = 443 if self.exposed else 9000
        secure = holder is not None
        others = (f"{holder}.{self.suffix(organization)}",) if holder not in (None, release.name) else ()
        return Endpoint(
            id=f"{base}/tessera",
            cluster=organization.cluster,
            organization=organization.name,
            release=release.name,
            host=f"{release.name}.{self.suffix(organization)}" if self.exposed else f"{service}.svc.cluster.local",
            port=port,
            protocol="https" if secure else "tcp",
            probe="tessera" if secure else "tcp",
            service=f"{service}:{port}",
            trust=(ObjectRef("v1", "Secret", "tls-tls-certs", namespace), "tls.crt") if secure else None,
            exposed=self.exposed,
            certificate_names=others,
        )


def _sub_products(namespace: str, release: str, values: Mapping[str, Any]) -> tuple[Produced, ...]:
    """What the Jobs of the sub-charts write beside a node."""
    products = []
    if values["tessera"]["enabled"]:
        keys = ("tm.key", "tm.pub", "tm.password")
        secret = ObjectRef("v1", "Secret", f"{full_name('tessera', release)}-keys", namespace)
        products.append(Produced(secret, keys, ("tm.key", "tm.password"), keep=True))
        peers = ObjectRef("v1", "ConfigMap", "tessera-peers", namespace)
        products.append(Produced(peers, ("tesseraPeers",), keep=True))
    if values["tls"]["enabled"]:
        secret = ObjectRef("v1", "Secret", "tls-tls-certs", namespace)
        products.append(Produced(secret, ("tls.crt", "tls.key"), ("tls.key",)))
    return tuple(products)
