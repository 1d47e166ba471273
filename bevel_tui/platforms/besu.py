"""Hyperledger Besu: Network -> steps (facts A2).

The founding organization makes the genesis, its validators and members; every further one takes genesis and static
nodes over, as they are after the founder's last node has entered itself, and adds its members. Work-rounds of
defects in Bevel's charts are named below, each with the facts section it answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bevel_tui.network.model import Besu, Network, Organization
from bevel_tui.network.names import (
    NamedRelease,
    besu_releases,
    besu_roles,
    founder,
    full_name,
    has_tessera,
    namespace_of,
    p2p_ports,
)
from bevel_tui.platforms import besu_manifests, groundwork
from bevel_tui.platforms.behaviour import Manifest
from bevel_tui.platforms.besu_behaviour import BEHAVIOURS, VERSION
from bevel_tui.platforms.ids import handoff_id, release_id
from bevel_tui.records.steps import (
    Endpoint,
    HandoffStep,
    ObjectRef,
    Produced,
    ReleaseStep,
    SecretValue,
    Step,
)

behaviours = BEHAVIOURS

Ports = Mapping[tuple[str, str, str], int]

#: Besu reads tx-pool-layer-max-capacity in bytes; the chart's default of 12 rejects every transaction
#: (facts A2.2, N B20)
TX_POOL_BYTES = 12_500_000

#: the ws Mapping is rendered for every gateway, so that a cluster without the getambassador.io CRDs refuses the whole
#: release (facts A2 "CRD PREREQUISITE", B, I); the private chart copy loses it (helm.patches)
DROP_WS_MAPPING = "drop-ws-mapping"

NODE_KEYS = (
    "nodekey",
    "nodekey.pub",
    "enode",
    "accountPrivate.key",
    "accountPassword",
    "accountKeystore",
    "accountAddress",
)
PRIVATE_NODE_KEYS = ("nodekey", "accountPrivate.key", "accountPassword", "accountKeystore")


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """What the chart of a release step renders, reduced. Raises KeyError for a chart of another platform."""
    return besu_manifests.manifests(step)


def steps(network: Network, ports: Ports | None = None) -> tuple[Step, ...]:
    """All steps of a Besu network but the gateways'. `ports`: p2p port by (cluster, namespace, release)."""
    planner = _Planner(network, p2p_ports(network) if ports is None else ports)
    planned: list[Step] = []
    for organization in network.organizations:
        planned += planner.organization(organization)
    return tuple(planned)


def service_account(network: Network) -> str:
    """One account for all releases of a namespace (G05); named as in Bevel's sample files."""
    return "bevel-auth" if network.vault is None else "vault-auth"


def suffix(network: Network, organization: Organization) -> str:
    """global.proxy.externalUrlSuffix: the domain behind a gateway, else the cluster's own."""
    domain = network.cluster(organization.cluster).domain
    return domain if network.gateway.type == "ambassador" and domain is not None else "svc.cluster.local"


def tls_release(network: Network, organization: Organization) -> str | None:
    """The one release of a namespace that may have tls.enabled, its objects having fixed names (facts A2.2, B11).

    None without Vault: certificates reach the transaction manager only through it (facts A2.4, B10).
    """
    if network.vault is None:
        return None
    return next((r.name for r in besu_releases(network, organization) if has_tessera(network, r)), None)


@dataclass(frozen=True, slots=True)
class _Planner:
    network: Network
    ports: Ports

    @property
    def platform(self) -> Besu:
        if not isinstance(self.network.platform, Besu):
            raise TypeError(f"not a Besu network: {self.network.platform.type}")
        return self.network.platform

    def organization(self, organization: Organization) -> list[Step]:
        network = self.network
        namespace = namespace_of(network, organization)
        found = founder(network)
        secondary = organization.name != found.name
        handoffs = self.handoffs(found, organization) if secondary else ()
        genesis, *nodes = besu_releases(network, organization)
        first = self.genesis(organization, genesis, handoffs)
        planned: list[Step] = [
            groundwork.namespace_step(network, organization),
            *groundwork.secret_steps(network, organization),
            *handoffs,
            first,
        ]
        previous = first.id
        for node in nodes:
            step = self.node(organization, node, previous, lane=f"{organization.cluster}/{namespace}/besu-peers")
            planned.append(step)
            previous = step.id
        return planned

    # ------------------------------------------------------------ genesis

    def genesis(
        self, organization: Organization, release: NamedRelease, handoffs: tuple[HandoffStep, ...]
    ) -> ReleaseStep:
        network, platform = self.network, self.platform
        namespace = namespace_of(network, organization)
        password = self.account_password
        values: dict[str, Any] = {
            "global": groundwork.global_values(
                network, organization, platform="besu", account=service_account(network), first=True
            ),
            "settings": {
                # genesis, keys and chain data belong together: they go together, with --purge-data (facts G, B05, G35)
                "removeGenesisOnDelete": False,
                "secondaryGenesis": bool(handoffs),
            },
        }
        if not handoffs:
            values["rawGenesisConfig"] = {
                "genesis": {
                    "config": {
                        "chainId": platform.chain_id,
                        "algorithm": {
                            "consensus": platform.consensus,
                            "blockperiodseconds": platform.block_period,
                        },
                    }
                },
                "blockchain": {
                    "nodes": {"generate": True, "count": besu_roles(organization).validators},
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
            chart_version=VERSION,
            values=groundwork.with_images(network, values, "bevel-vault-mgmt"),
            files=tuple(h.target_file for h in handoffs if h.target_file),
            patches=groundwork.patches(network),
            produces=() if handoffs else _genesis_products(namespace, besu_roles(organization).validators),
        )
        return groundwork.finish(step, manifests(step), BEHAVIOURS[step.chart])

    def handoffs(self, source: Organization, target: Organization) -> tuple[HandoffStep, ...]:
        """Genesis and static nodes (bootnodes) of the founder, taken once all its nodes have entered themselves.

        Frozen: hooks go on writing the ConfigMaps that these files fill, an upgrade would undo that (facts A2.1).
        """
        network = self.network
        source_namespace, namespace = namespace_of(network, source), namespace_of(network, target)
        last = besu_releases(network, source)[-1]
        wanted = [
            ("genesis", "besu-genesis", "genesis.json", "files/genesis.json"),
            ("static-nodes", "besu-peers", "static-nodes.json", "files/static-nodes.json"),
        ]
        if self.platform.bootnodes:
            wanted.append(("bootnodes", "besu-bootnodes", "bootnodes-json", "files/bootnodes.json"))
        return tuple(
            HandoffStep(
                id=handoff_id(what, source.name, target.name),
                cluster=source.cluster,
                namespace=source_namespace,
                organization=source.name,
                managed=source.managed and target.managed,
                needs=(release_id(source.cluster, source_namespace, last.name),),
                estimate=0.2,
                source=ObjectRef("v1", "ConfigMap", name, source_namespace),
                key=key,
                target_cluster=target.cluster,
                target_step=release_id(target.cluster, namespace, "genesis"),
                target_file=file,
                policy="frozen",
            )
            for what, name, key, file in wanted
        )

    # ------------------------------------------------------------ nodes

    def node(self, organization: Organization, release: NamedRelease, previous: str, *, lane: str) -> ReleaseStep:
        """A validator or member. One at a time: hooks rewrite one ConfigMap without a lock (facts A2.1, B02)."""
        network = self.network
        namespace = namespace_of(network, organization)
        values = self.node_values(organization, release)
        ambassador = network.gateway.type == "ambassador"
        step = ReleaseStep(
            id=release_id(organization.cluster, namespace, release.name),
            cluster=organization.cluster,
            namespace=namespace,
            organization=organization.name,
            managed=organization.managed,
            needs=(previous, *groundwork.gateway_needs(network, organization.cluster)),
            release=release.name,
            chart=release.chart,
            chart_version=VERSION,
            values=values,
            patches=(*(() if ambassador else (DROP_WS_MAPPING,)), *groundwork.patches(network)),
            produces=_node_products(namespace, release.name, values),
            endpoints=self.endpoints(organization, release),
            lane=lane,
        )
        return groundwork.finish(step, manifests(step), BEHAVIOURS[step.chart])

    def node_values(self, organization: Organization, release: NamedRelease) -> dict[str, Any]:
        network, platform = self.network, self.platform
        namespace = namespace_of(network, organization)
        cluster = network.cluster(organization.cluster)
        privacy = has_tessera(network, release)
        proxy: dict[str, Any] = {"provider": network.gateway.type, "externalUrlSuffix": suffix(network, organization)}
        if network.gateway.type == "ambassador":
            proxy["p2p"] = self.ports[organization.cluster, namespace, release.name]
            if privacy:
                proxy["tmport"] = 443
        bootnode = platform.bootnodes and release.name == _first_node(network).name and not self.further(organization)
        password = self.account_password
        values: dict[str, Any] = {
            "global": groundwork.global_values(
                network, organization, platform="besu", account=service_account(network), proxy=proxy
            ),
            "storage": {"size": "2Gi", **groundwork.storage_values(cluster)},
            "tessera": {"enabled": privacy},
            "tls": {"enabled": privacy and release.name == tls_release(network, organization)},
            "image": {"besu": {"repository": "hyperledger/besu", "tag": platform.version}},
            "node": {
                "removeKeysOnDelete": False,
                "isBootnode": bootnode,
                "usesBootnodes": platform.bootnodes and not bootnode,
                "besu": {
                    "identity": organization.name,
                    "txPool": {"maxCapacity": TX_POOL_BYTES},
                    "p2p": {"discovery": platform.bootnodes},
                    **({} if password is None else {"account": {"password": password}}),
                },
            },
        }
        if privacy:
            values["tessera"].update(self.tessera_values(organization, release))
        sub_charts = [name for name in ("tessera", "tls") if values[name]["enabled"]]
        return groundwork.with_images(network, values, *sub_charts)

    def tessera_values(self, organization: Organization, release: NamedRelease) -> dict[str, Any]:
        """Values of the transaction manager; STRICT only with Vault (facts A2.4, B10); storage is the node's."""
        network = self.network
        strict = network.vault is not None
        peer = self.first_tessera_url()
        password = self.account_password
        own = self.tessera_url(organization, release)
        return {
            "tessera": {
                "port": 443 if network.gateway.type == "ambassador" else 9000,
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
            for release in besu_releases(self.network, organization):
                if has_tessera(self.network, release):
                    return self.tessera_url(organization, release)
        return None

    def tessera_url(self, organization: Organization, release: NamedRelease) -> str:
        """The address under which other transaction managers know this one."""
        network = self.network
        scheme = "https" if network.vault is not None else "http"
        if network.gateway.type == "ambassador":
            return f"{scheme}://{release.name}.{suffix(network, organization)}:443"
        return f"{scheme}://{full_name('tessera', release.name)}.{namespace_of(network, organization)}:9000"

    @property
    def account_password(self) -> SecretValue | None:
        password = self.platform.account_password
        return None if password is None else groundwork.reference(password)

    def further(self, organization: Organization) -> bool:
        return organization.name != founder(self.network).name

    # ------------------------------------------------------------ endpoints

    def endpoints(self, organization: Organization, release: NamedRelease) -> tuple[Endpoint, ...]:
        """What a node opens (facts A2.3): RPC and WebSocket by name on port 80, devp2p on its own port."""
        network = self.network
        namespace = namespace_of(network, organization)
        service = f"{full_name('besu-node', release.name)}.{namespace}"
        base = release_id(organization.cluster, namespace, release.name)
        zone = suffix(network, organization)
        exposed = network.gateway.type == "ambassador"
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
            found.append(self.tessera_endpoint(organization, release, base, exposed))
        return tuple(found)

    def tessera_endpoint(self, organization: Organization, release: NamedRelease, base: str, exposed: bool) -> Endpoint:
        network = self.network
        namespace = namespace_of(network, organization)
        service = f"{full_name('tessera', release.name)}.{namespace}"
        holder = tls_release(network, organization)
        port = 443 if exposed else 9000
        secure = holder is not None
        # all nodes of a namespace show the one certificate that its tls Job made
        others = (f"{holder}.{suffix(network, organization)}",) if holder not in (None, release.name) else ()
        return Endpoint(
            id=f"{base}/tessera",
            cluster=organization.cluster,
            organization=organization.name,
            release=release.name,
            host=f"{release.name}.{suffix(network, organization)}" if exposed else f"{service}.svc.cluster.local",
            port=port,
            protocol="https" if secure else "tcp",
            probe="tls" if secure else "tcp",
            service=f"{service}:{port}",
            trust=(ObjectRef("v1", "Secret", "tls-tls-certs", namespace), "tls.crt") if secure else None,
            exposed=exposed,
            certificate_names=others,
        )


def _first_node(network: Network) -> NamedRelease:
    return besu_releases(network, founder(network))[1]


def _genesis_products(namespace: str, validators: int) -> tuple[Produced, ...]:
    """What the genesis Job writes (facts A2.2). Kept with the chain data."""
    maps = (
        ("besu-genesis", ("genesis.json",)),
        ("besu-peers", ("static-nodes.json",)),
        ("besu-bootnodes", ("bootnodes-json",)),
    )
    products = [Produced(ObjectRef("v1", "ConfigMap", name, namespace), keys, keep=True) for name, keys in maps]
    for index in range(1, validators + 1):
        name = f"besu-node-validator-{index}"
        products.append(Produced(ObjectRef("v1", "ConfigMap", f"{name}-address", namespace), ("address",), keep=True))
        # the genesis Job spells the last key accountAdddress (facts A2.2): only what both writers agree on is listed
        products.append(
            Produced(ObjectRef("v1", "Secret", f"{name}-keys", namespace), NODE_KEYS[:-1], PRIVATE_NODE_KEYS, keep=True)
        )
    return tuple(products)


def _node_products(namespace: str, release: str, values: Mapping[str, Any]) -> tuple[Produced, ...]:
    name = full_name("besu-node", release)
    products = [
        Produced(ObjectRef("v1", "Secret", f"{name}-keys", namespace), NODE_KEYS[:-1], PRIVATE_NODE_KEYS, keep=True),
        # written by the pre-install, removed by the pre-delete hook
        Produced(ObjectRef("v1", "ConfigMap", f"{name}-address", namespace), ("address",)),
    ]
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
