"""Hyperledger Besu: Network -> steps (facts A2). What it shares with GoQuorum stands in `ethereum`.

Work-rounds of defects in Bevel's charts are named below, each with the facts section it answers.
"""

from __future__ import annotations

from typing import Any, cast

from bevel_tui.network.ethereum import besu_releases
from bevel_tui.network.model import Besu, Network, Organization
from bevel_tui.network.naming import NamedRelease, founder, full_name, joins, namespace_of
from bevel_tui.platforms import besu_manifests
from bevel_tui.platforms.behaviour import Manifest
from bevel_tui.platforms.besu_behaviour import BEHAVIOURS, VERSION
from bevel_tui.platforms.ethereum import DROP_WS_MAPPING, EthereumPlanner, Handed, Ports
from bevel_tui.records.steps import ObjectRef, Produced, ReleaseStep, Step

__all__ = ["DROP_WS_MAPPING", "behaviours", "manifests", "steps"]

behaviours = BEHAVIOURS

#: Besu reads tx-pool-layer-max-capacity in bytes; the chart's default of 12 rejects every transaction
#: (facts A2.2, N B20)
TX_POOL_BYTES = 12_500_000

#: the genesis Job spells another key accountAdddress (facts A2.2): only what both writers agree on is listed
NODE_KEYS = ("nodekey", "nodekey.pub", "enode", "accountPrivate.key", "accountPassword", "accountKeystore")
PRIVATE_NODE_KEYS = ("nodekey", "accountPrivate.key", "accountPassword", "accountKeystore")


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """What the chart of a release step renders, reduced. Raises KeyError for a chart of another platform."""
    return besu_manifests.manifests(step)


def steps(network: Network, ports: Ports | None = None) -> tuple[Step, ...]:
    """All steps of a Besu network but the gateways'. `ports`: p2p port by (cluster, namespace, release)."""
    return _Planner.plan(network, ports)


#: the JSON-RPC interfaces of the chart's default values, and Clique's [besu-node/values.yaml]
CLIQUE_APIS = (
    '["DEBUG","ETH", "ADMIN", "WEB3", "IBFT", "NET", "TRACE", "EEA", "PRIV", "QBFT", "PERM", "TXPOOL", "CLIQUE"]'
)


class _Planner(EthereumPlanner):
    name = "besu"
    version = VERSION
    behaviours = BEHAVIOURS

    @property
    def besu(self) -> Besu:
        return cast("Besu", self.network.platform)

    def manifests(self, step: ReleaseStep) -> tuple[Manifest, ...]:
        return manifests(step)

    @property
    def handed(self) -> tuple[Handed, ...]:
        wanted = (
            Handed("genesis", "besu-genesis", "genesis.json", "files/genesis.json"),
            Handed("static-nodes", "besu-peers", "static-nodes.json", "files/static-nodes.json"),
        )
        bootnodes = Handed("bootnodes", "besu-bootnodes", "bootnodes-json", "files/bootnodes.json")
        return (*wanted, bootnodes) if self.besu.bootnodes else wanted

    def account(self) -> str:
        return "bevel-auth" if self.network.vault is None else "vault-auth"

    def raw_genesis(self) -> dict[str, Any]:
        return {
            "config": {
                "chainId": self.besu.chain_id,
                "algorithm": {
                    "consensus": self.besu.consensus,
                    "blockperiodseconds": self.besu.block_period,
                },
            }
        }

    def genesis_products(self, namespace: str, validators: int) -> tuple[Produced, ...]:
        """facts A2.2. Kept with the chain data."""
        maps = (
            ("besu-genesis", ("genesis.json",)),
            ("besu-peers", ("static-nodes.json",)),
            ("besu-bootnodes", ("bootnodes-json",)),
        )
        products = [Produced(ObjectRef("v1", "ConfigMap", name, namespace), keys, keep=True) for name, keys in maps]
        for index in range(1, validators + 1):
            name = f"besu-node-validator-{index}"
            address = ObjectRef("v1", "ConfigMap", f"{name}-address", namespace)
            products += [Produced(address, ("address",), keep=True), _keys(name, namespace)]
        return tuple(products)

    def own_values(self, organization: Organization, release: NamedRelease) -> dict[str, Any]:
        besu = self.besu
        first = besu_releases(self.network, founder(self.network))[1]
        bootnode = besu.bootnodes and release.name == first.name and not joins(self.network, organization)
        password = self.account_password
        return {
            "image": {"besu": {"repository": "hyperledger/besu", "tag": besu.version}},
            "node": {
                "removeKeysOnDelete": False,
                "isBootnode": bootnode,
                "usesBootnodes": besu.bootnodes and not bootnode,
                "besu": {
                    "identity": organization.name,
                    "txPool": {"maxCapacity": TX_POOL_BYTES},
                    "p2p": {"discovery": besu.bootnodes},
                    # the chart opens no interface for Clique: nobody could vote, or ask who signs
                    **({"rpc": {"api": CLIQUE_APIS}, "ws": {"api": CLIQUE_APIS}} if besu.consensus == "clique" else {}),
                    **({} if password is None else {"account": {"password": password}}),
                },
            },
        }

    def node_products(self, organization: Organization, release: NamedRelease) -> tuple[Produced, ...]:
        namespace = namespace_of(self.network, organization)
        name = full_name("besu-node", release.name)
        # written by the pre-install, removed by the pre-delete hook
        address = ObjectRef("v1", "ConfigMap", f"{name}-address", namespace)
        return (_keys(name, namespace), Produced(address, ("address",)))


def _keys(name: str, namespace: str) -> Produced:
    return Produced(ObjectRef("v1", "Secret", f"{name}-keys", namespace), NODE_KEYS, PRIVATE_NODE_KEYS, keep=True)
