"""GoQuorum: Network -> steps (facts A3). What it shares with Besu stands in `ethereum`.

Work-rounds of defects in Bevel's charts, each with the facts section it answers, are the constants and patches below
and `before`: keys of nodes that the genesis knows nothing of are made by a step of their own.
"""

from __future__ import annotations

from typing import Any, cast

from bevel_tui.network.ethereum import has_tessera
from bevel_tui.network.model import Network, Organization, Quorum
from bevel_tui.network.naming import NamedRelease, joins, namespace_of
from bevel_tui.platforms import groundwork, quorum_manifests
from bevel_tui.platforms.behaviour import Manifest
from bevel_tui.platforms.ethereum import DROP_WS_MAPPING, EthereumPlanner, Handed, Ports
from bevel_tui.platforms.ethereum_charts import QUORUM_KEYS
from bevel_tui.platforms.ethereum_tessera_manifests import TESSERA_SCRIPT, TLS_HOST
from bevel_tui.platforms.ids import keys_id, namespace_id
from bevel_tui.platforms.quorum_behaviour import BEHAVIOURS, VERSION
from bevel_tui.platforms.quorum_manifests import DATA_VOLUME, PTM_URL, WS_UPGRADE, keys_name
from bevel_tui.records.steps import KeysStep, ObjectRef, Produced, ReleaseStep, Step

__all__ = ["DROP_WS_MAPPING", "behaviours", "manifests", "steps"]

behaviours = BEHAVIOURS

#: the chart's own number is printed as 2.147483647e+09, which the genesis tool cannot read; text stays as it is
#: (facts A3, I)
CONTRACT_SIZE = "2147483647"
#: Host and TLSContext look for Secret tls-tls-certs; the sub-chart would write ambassador-tls-gen-tls-certs
#: (facts I, B09)
TLS_NAME = "tls"

PRIVATE_NODE_KEYS = ("nodekey", "accountPrivateKey", "accountPassword", "accountKeystore")


def keys_step(network: Network, organization: Organization, node: str, id_: str) -> KeysStep:
    """The keys of a node that the genesis knows nothing of: its hook would make empty ones (facts A3 Q1, B19)."""
    namespace = namespace_of(network, organization)
    return KeysStep(
        id=id_,
        cluster=organization.cluster,
        namespace=namespace,
        organization=organization.name,
        managed=organization.managed,
        needs=(namespace_id(organization.cluster, namespace),),
        estimate=0.1,
        name=keys_name(node, namespace),
        password=groundwork.word(getattr(network.platform, "account_password", None)),
    )


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """What the chart of a release step renders, reduced. Raises KeyError for a chart of another platform."""
    return quorum_manifests.manifests(step)


def steps(network: Network, ports: Ports | None = None) -> tuple[Step, ...]:
    """All steps of a GoQuorum network but the gateways'. `ports`: p2p port by (cluster, namespace, release)."""
    return _Planner.plan(network, ports)


class _Planner(EthereumPlanner):
    name = "quorum"
    version = VERSION
    behaviours = BEHAVIOURS

    @property
    def quorum(self) -> Quorum:
        return cast("Quorum", self.network.platform)

    def manifests(self, step: ReleaseStep) -> tuple[Manifest, ...]:
        return manifests(step)

    @property
    def handed(self) -> tuple[Handed, ...]:
        return (
            Handed("genesis", "quorum-genesis", "genesis.json", "files/genesis.json"),
            Handed("static-nodes", "quorum-peers", "static-nodes.json", "files/static-nodes.json"),
        )

    def account(self) -> str:
        return "vault-auth"

    def raw_genesis(self) -> dict[str, Any]:
        return {
            "config": {
                "chainId": self.quorum.chain_id,
                "algorithm": {
                    "consensus": self.quorum.consensus,
                    "blockperiodseconds": self.quorum.block_period,
                },
            },
            "contractSizeLimit": CONTRACT_SIZE,
        }

    def genesis_products(self, namespace: str, validators: int) -> tuple[Produced, ...]:
        """facts A3. Kept with the chain data."""
        genesis = ObjectRef("v1", "ConfigMap", "quorum-genesis", namespace)
        keys = (
            ObjectRef("v1", "Secret", keys_name(f"validator-{index}", namespace), namespace)
            for index in range(validators)
        )
        return (
            Produced(genesis, ("genesis.json",), keep=True),
            *(Produced(ref, QUORUM_KEYS, PRIVATE_NODE_KEYS, keep=True) for ref in keys),
        )

    def before(self, organization: Organization, release: NamedRelease) -> tuple[Step, ...]:
        """The keys of a member: the hook would write an empty Secret and a peer without a key (facts A3 Q1, B19).

        Validators find theirs, made by the genesis in their namespace.
        """
        if release.role != "member":
            return ()
        namespace = namespace_of(self.network, organization)
        id_ = keys_id(organization.cluster, namespace, release.name)
        return (keys_step(self.network, organization, release.name, id_),)

    def own_values(self, organization: Organization, release: NamedRelease) -> dict[str, Any]:
        quorum = self.quorum
        password = self.account_password
        values: dict[str, Any] = {
            "image": {"quorum": {"repository": "quorumengineering/quorum", "tag": quorum.version}},
            # not `node.goquorum`, which Bevel's samples set and no template reads (facts A3, B14)
            "node": {
                "quorum": {
                    "networkId": quorum.network_id,
                    "miner": {"blockPeriod": quorum.block_period},
                    **({} if password is None else {"account": {"password": password}}),
                }
            },
        }
        if self.holds_tls(organization, release):
            values["tls"] = {"enabled": True, "nameOverride": TLS_NAME}
        return values

    def node_patches(self, organization: Organization, release: NamedRelease) -> tuple[str, ...]:
        tessera = has_tessera(self.network, release)
        wanted = (
            (DROP_WS_MAPPING, not self.exposed),
            (WS_UPGRADE, self.exposed),
            (DATA_VOLUME, True),
            (PTM_URL, tessera),
            (TESSERA_SCRIPT, tessera and self.network.vault is None),
            (TLS_HOST, self.holds_tls(organization, release)),
        )
        return tuple(name for name, needed in wanted if needed)

    def node_products(self, organization: Organization, release: NamedRelease) -> tuple[Produced, ...]:
        """The list of peers, which the founder's first node makes and a further genesis brings (facts A3)."""
        if joins(self.network, organization):
            return ()
        peers = ObjectRef("v1", "ConfigMap", "quorum-peers", namespace_of(self.network, organization))
        return (Produced(peers, ("static-nodes.json",), keep=True),)
