"""The IPFS nodes of a Substrate network: files beside the chain (facts A7 rows 6 and 7).

All of them dial the network's first one. Its id is made when it starts and stands nowhere but in a log, so it is
written down once and handed on.
"""

from __future__ import annotations

from typing import Any

from bevel_tui.network import substrate as names
from bevel_tui.network.model import Organization
from bevel_tui.network.naming import NamedRelease, namespace_of
from bevel_tui.platforms import groundwork
from bevel_tui.platforms.ids import handoff_id, release_id
from bevel_tui.platforms.substrate_charts import INIT
from bevel_tui.platforms.substrate_parts import PEER_ID, Parts
from bevel_tui.records.steps import ContainerLog, HandoffStep, ObjectRef, ObjectValue, ReleaseStep, Step

#: where an organization finds the id of the IPFS node that it dials first
BOOT_IPFS = "ipfs-boot-node"


class IpfsNodes(Parts):
    """Plans them, an organization at a time."""

    __slots__ = ()

    def of(self, organization: Organization, releases: list[NamedRelease]) -> list[Step]:
        """IPFS nodes and, before the first one that needs it, the id of the network's first one (facts A7 rows 6, 7)."""
        found = names.boot_ipfs(self.network)
        if found is None:
            return []
        place, boot = found
        planned: list[Step] = []
        for release in releases:
            if organization.name == place.name and release.name == boot.name:
                planned.append(self.ipfs_node(organization, release, None))
                if sum(names.roles(o).ipfs for o in self.network.organizations) > 1:
                    planned.append(self.peer_id(place, boot))
                continue
            if organization.name != place.name and release is releases[0]:
                planned.append(self.peer_id_handoff(place, boot, organization))
            planned.append(self.ipfs_node(organization, release, (place, boot)))
        return planned

    def peer_id(self, place: Organization, boot: NamedRelease) -> HandoffStep:
        """The first node's id stands nowhere but in a log: written down once, in its own namespace."""
        namespace = namespace_of(self.network, place)
        return self.handoff(
            "ipfs-peer-id",
            place,
            place,
            source_name=boot.name,
            needs=(release_id(place.cluster, namespace, boot.name),),
            source=ObjectRef("v1", "Pod", f"{boot.name}-0", namespace),
            key="peer_id",
            log=ContainerLog(INIT, f"peer_id: ({PEER_ID})"),
            target_object=ObjectRef("v1", "ConfigMap", BOOT_IPFS, namespace),
            policy="frozen",
        )

    def peer_id_handoff(self, place: Organization, boot: NamedRelease, target: Organization) -> HandoffStep:
        namespace = namespace_of(self.network, place)
        return self.handoff(
            "ipfs-peer-id",
            place,
            target,
            source_name=boot.name,
            needs=(handoff_id("ipfs-peer-id", boot.name, place.name),),
            source=ObjectRef("v1", "ConfigMap", BOOT_IPFS, namespace),
            keep=("peer_id",),
            target_object=ObjectRef("v1", "ConfigMap", BOOT_IPFS, namespace_of(self.network, target)),
        )

    def ipfs_node(
        self, organization: Organization, release: NamedRelease, dialled: tuple[Organization, NamedRelease] | None
    ) -> ReleaseStep:
        network = self.network
        namespace = namespace_of(network, organization)
        member = f"{names.member_keys(organization)[0]}-node"
        config: dict[str, Any] = {"nodeHost": f"{names.node_name(member)}-0"}
        needs = [release_id(organization.cluster, namespace, member)]
        if dialled is not None:
            place, boot = dialled
            if place.cluster == organization.cluster:
                address, port = f"{boot.name}-swarm.{namespace_of(network, place)}", names.SWARM_PORT
            else:
                address, port = f"{names.host_label(boot)}.{self.domain(place)}", self.port(place, boot)
            config["ipfsBootNodeAddress"] = ObjectValue(
                ObjectRef("v1", "ConfigMap", BOOT_IPFS, namespace),
                "peer_id",
                PEER_ID,
                form=f"/dns4/{address}/tcp/{port}/p2p/{{}}",
            )
            needs.append(handoff_id("ipfs-peer-id", boot.name, organization.name))
        images = groundwork.image_values(network)
        tree = self.globals(organization)
        tree["vault"] = {key: value for key, value in tree["vault"].items() if key != "tls"}
        values: dict[str, Any] = {
            "global": tree,
            **({"image": {"pullSecrets": [images["pullSecret"]]}} if images else {}),
            "proxy": self.proxy(organization, release, "port"),
            "config": config,
            # any text: with one the volume gets the release's own class, else the cluster's default, if it has one
            "storage": {"storageClass": names.storage_class(release.name), "dataVolumeSize": 1},
            names.STORAGE_ALIAS: groundwork.storage_values(network.cluster(organization.cluster)),
        }
        return self.release(
            organization,
            release,
            (*needs, *groundwork.gateway_needs(network, organization.cluster)),
            values,
            endpoints=(self.endpoint(organization, release, f"{release.name}-swarm", names.SWARM_PORT),),
        )
