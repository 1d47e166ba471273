"""Substrate: Network -> steps (facts A7).

Every organization makes its nodes' keys; their public halves go to the founder, whose genesis Job writes them into the
chain; the genesis goes back to everybody. Then the nodes start, the founder's first validator before all others, and
the IPFS nodes beside them.

Bevel lets the genesis Job read all organizations' Secrets through a cluster-wide account and copies the chain's sudo
phrase into every namespace (facts A7 rows 2 and 3, S09). Here it needs neither, in one cluster or many: the public
fields of foreign keys lie as Secrets of the same names in the founder's own namespace, where the namespace's ordinary
account may read them, and only the key `genesis` of the result leaves.
"""

from __future__ import annotations

from typing import Any

from bevel_tui.network import substrate as names
from bevel_tui.network.model import Network, Organization
from bevel_tui.network.names import p2p_ports
from bevel_tui.network.naming import NamedRelease, founder, namespace_of
from bevel_tui.platforms import groundwork, substrate_manifests
from bevel_tui.platforms.behaviour import Manifest
from bevel_tui.platforms.ids import handoff_id, release_id
from bevel_tui.platforms.substrate_behaviour import BEHAVIOURS
from bevel_tui.platforms.substrate_charts import GENESIS, IMAGE, KEYS_KEY, keys_secret
from bevel_tui.platforms.substrate_ipfs import IpfsNodes
from bevel_tui.platforms.substrate_parts import ACCOUNT, PEER_ID, Parts, Ports
from bevel_tui.records.steps import HandoffStep, ObjectRef, ObjectValue, Produced, ReleaseStep, Step

behaviours = BEHAVIOURS

#: what the genesis reads of a node's keys; everything else in that Secret is private (facts A7, J 5)
PUBLIC = ("data.node_id", "data.aura_addr", "data.grandpa_addr")
PUBLIC_MEMBER = (*PUBLIC, "data.account_addr")
#: where an organization finds the id of the node that it dials first
BOOT_NODE = "substrate-boot-node"


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """What the chart of a release step renders, reduced. Raises KeyError for a chart of another platform."""
    return substrate_manifests.manifests(step)


def steps(network: Network, ports: Ports | None = None) -> tuple[Step, ...]:
    """All steps of a Substrate network but the gateways'. `ports`: p2p port by (cluster, namespace, release)."""
    planner = _Planner(network, p2p_ports(network) if ports is None else ports)
    planned: list[Step] = []
    for organization in network.organizations:
        planned += planner.organization(organization)
    return tuple(planned)


class _Planner(Parts):
    __slots__ = ()

    def organization(self, organization: Organization) -> list[Step]:
        network, first = self.network, founder(self.network)
        by_role: dict[str, list[NamedRelease]] = {}
        for release in names.releases(network, organization):
            by_role.setdefault(release.role, []).append(release)
        keys = self.keys(organization, by_role.get("keys", []))
        planned: list[Step] = [
            groundwork.namespace_step(network, organization),
            *groundwork.secret_steps(network, organization),
            *keys,
        ]
        if organization.name == first.name:
            genesis = self.genesis(organization, by_role["genesis"][0], keys)
            ready: tuple[str, ...] = (genesis.id,)
            planned.append(genesis)
        else:
            planned += self.public_keys(organization, keys)
            handed = (self.genesis_handoff(organization), self.boot_node_handoff(organization))
            ready = (*(step.id for step in handed), self.boot_node)
            planned += handed
        nodes = [self.node(organization, r, ready) for r in [*by_role.get("validator", ()), *by_role.get("member", ())]]
        planned += nodes
        return [*planned, *IpfsNodes(network, self.ports).of(organization, by_role.get("ipfs", []))]

    # ------------------------------------------------------------ keys and genesis

    def keys(self, organization: Organization, releases: list[NamedRelease]) -> list[ReleaseStep]:
        """The first one prepares the namespace, by its tags, for all that follow (facts A7 row 1, G05, G06)."""
        network = self.network
        namespace = namespace_of(network, organization)
        validators = names.validator_keys(organization)
        planned: list[ReleaseStep] = []
        for release in releases:
            first = not planned
            values: dict[str, Any] = {
                "global": groundwork.global_values(
                    network, organization, platform="substrate", account=ACCOUNT, first=first
                ),
                # the chart takes the image without a tag, so that whatever is the latest one would make the keys
                "node": {
                    "image": f"{IMAGE}:{self.platform.version}",
                    "isValidator": release.name in validators,
                    "isMember": release.name not in validators,
                },
                # keys, genesis and chain data belong together: they go together, with --purge-data (facts G)
                "removeGenesisOnDelete": {"enabled": False},
                "tags": {"bevel-vault-mgmt": first, "bevel-scripts": first},
            }
            if first and groundwork.image_values(network):
                values["bevel-vault-mgmt"] = {"image": groundwork.image_values(network)}
            secret = ObjectRef("v1", "Secret", keys_secret(release.name), namespace)
            planned.append(
                self.release(
                    organization,
                    release,
                    groundwork.first_needs(network, organization) if first else (planned[0].id,),
                    values,
                    produces=(Produced(secret, (KEYS_KEY,), (KEYS_KEY,), keep=True),),
                )
            )
        return planned

    def public_keys(self, organization: Organization, keys: list[ReleaseStep]) -> list[HandoffStep]:
        """The public halves of another organization's keys, to where the genesis Job reads them (facts J 4, J 5)."""
        first = founder(self.network)
        validators = names.validator_keys(organization)
        return [
            self.handoff(
                "public-keys",
                organization,
                first,
                source_name=step.release,
                needs=(step.id,),
                source=step.produces[0].ref,
                key=KEYS_KEY,
                keep_fields=PUBLIC if step.release in validators else PUBLIC_MEMBER,
                target_object=ObjectRef("v1", "Secret", keys_secret(step.release), namespace_of(self.network, first)),
            )
            for step in keys
        ]

    def genesis(self, organization: Organization, release: NamedRelease, keys: list[ReleaseStep]) -> ReleaseStep:
        network = self.network
        namespace = namespace_of(network, organization)
        foreign = [
            handoff_id("public-keys", key, organization.name)
            for other in network.organizations[1:]
            for key in names.key_releases(other)
        ]
        values = {
            # not in Vault: the chart writes to a path made of a value that does not exist, the sudo phrase among it
            "global": {**self.globals(organization), "vault": {"type": "kubernetes"}},
            "chain": self.platform.chain,
            "node": {"imageTag": self.platform.version},
            # one entry per organization, since members vouch for the nodes of their own entry; all in one namespace
            "org_namespaces": [
                {namespace: {"validator": list(names.validator_keys(o)), "member": list(names.member_keys(o))}}
                for o in network.organizations
            ],
            "removeGenesisOnDelete": {"enabled": False},
        }
        product = Produced(
            ObjectRef("v1", "ConfigMap", GENESIS, namespace),
            ("genesis", "sudoKeygenOutput"),
            ("sudoKeygenOutput",),
            keep=True,
        )
        needs = (*(step.id for step in keys), *foreign)
        return self.release(organization, release, needs, values, produces=(product,))

    def genesis_handoff(self, organization: Organization) -> HandoffStep:
        """The chain's specification, without the sudo phrase that lies beside it (S09). Frozen: chain data follow it."""
        first = founder(self.network)
        namespace = namespace_of(self.network, first)
        genesis = next(r for r in names.releases(self.network, first) if r.role == "genesis")
        return self.handoff(
            "genesis",
            first,
            organization,
            needs=(release_id(first.cluster, namespace, genesis.name),),
            source=ObjectRef("v1", "ConfigMap", GENESIS, namespace),
            keep=("genesis",),
            target_object=ObjectRef("v1", "ConfigMap", GENESIS, namespace_of(self.network, organization)),
            policy="frozen",
        )

    # ------------------------------------------------------------ nodes

    @property
    def boot_node(self) -> str:
        """The step of the node that all others dial first."""
        first = founder(self.network)
        return release_id(first.cluster, namespace_of(self.network, first), f"{names.boot_keys(self.network)}-node")

    def boot_node_handoff(self, organization: Organization) -> HandoffStep:
        """The id of the node to dial, out of a Secret that is private but for this (facts A7 row 5)."""
        first = founder(self.network)
        namespace = namespace_of(self.network, first)
        keys = names.boot_keys(self.network)
        return self.handoff(
            "boot-node",
            first,
            organization,
            needs=(release_id(first.cluster, namespace, keys),),
            source=ObjectRef("v1", "Secret", keys_secret(keys), namespace),
            key=KEYS_KEY,
            keep_fields=("data.node_id",),
            target_object=ObjectRef("v1", "ConfigMap", BOOT_NODE, namespace_of(self.network, organization)),
        )

    def dial(self, organization: Organization) -> dict[str, Any]:
        """Where and as whom the boot node is dialled: by its own name in its cluster, through the gateway from others."""
        network, first = self.network, founder(self.network)
        namespace = namespace_of(network, first)
        keys = names.boot_keys(network)
        home = organization.name == first.name
        boot = next(r for r in names.releases(network, first) if r.name == f"{keys}-node")
        if organization.cluster == first.cluster:
            address, port = f"{names.node_name(boot.name)}-0-rc-p2p.{namespace}", names.P2P_PORT
        else:
            address, port = f"{names.host_label(boot)}.{self.domain(first)}", self.port(first, boot)
        own = namespace_of(network, organization)
        ref = (
            ObjectRef("v1", "Secret", keys_secret(keys), own) if home else ObjectRef("v1", "ConfigMap", BOOT_NODE, own)
        )
        return {
            "enabled": True,
            "bootnodeAddr": address,
            "bootnodePort": port,
            "boot_node_id": ObjectValue(ref, KEYS_KEY, PEER_ID, field="data.node_id"),
        }

    def node(self, organization: Organization, release: NamedRelease, ready: tuple[str, ...]) -> ReleaseStep:
        network = self.network
        keys = release.name.removesuffix("-node")
        boot = keys == names.boot_keys(network)
        namespace = namespace_of(network, organization)
        proxy = self.proxy(organization, release, "p2p")
        if proxy["provider"] == "ambassador":
            proxy["external_url"] = self.domain(organization)
        images = groundwork.image_values(network)
        values: dict[str, Any] = {
            # the chart reads keys from Secrets, Vault or not
            "global": self.globals(organization, "vault", "placement"),
            "image": {"tag": self.platform.version},
            **({"imagePullSecrets": [{"name": images["pullSecret"]}]} if images else {}),
            **groundwork.placement(network),
            "proxy": proxy,
            "node": {
                "chain": self.platform.chain,
                "role": "validator" if release.role == "validator" else "full",
                "isBootnode": {"enabled": False} if boot else self.dial(organization),
            },
            "node_keys_k8s": keys_secret(keys),
            "storage": {"size": "10Gi"},
            # of its sub-chart, whose own default names a zone of one provider (S01)
            names.STORAGE_ALIAS: groundwork.storage_values(network.cluster(organization.cluster)),
        }
        needs = (release_id(organization.cluster, namespace, keys), *ready)
        if not boot and organization.name == founder(network).name:
            needs = (*needs, self.boot_node)
        api = f"{names.node_name(release.name)}-0"
        return self.release(
            organization,
            release,
            (*needs, *groundwork.gateway_needs(network, organization.cluster)),
            values,
            endpoints=(self.endpoint(organization, release, f"{api}-rc-p2p", names.P2P_PORT, rpc=api),),
        )
