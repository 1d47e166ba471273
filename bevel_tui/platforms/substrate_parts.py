"""What all releases and handoffs of a Substrate network have in common (facts A7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bevel_tui.network import substrate as names
from bevel_tui.network.model import Network, Organization, Substrate
from bevel_tui.network.naming import NamedRelease, namespace_of
from bevel_tui.platforms import groundwork
from bevel_tui.platforms.ids import handoff_id, namespace_id, release_id
from bevel_tui.platforms.substrate_behaviour import BEHAVIOURS, VERSION
from bevel_tui.platforms.substrate_manifests import manifests
from bevel_tui.records.steps import Endpoint, HandoffStep, ReleaseStep

Ports = Mapping[tuple[str, str, str], int]

#: one account for all releases of a namespace (G05), as in Bevel's sample files
ACCOUNT = "vault-auth"
#: a libp2p peer id (base58 of a multihash): of Ed25519 keys, or of the RSA keys that older IPFS makes
PEER_ID = r"(?:12D3KooW[1-9A-HJ-NP-Za-km-z]{44}|Qm[1-9A-HJ-NP-Za-km-z]{44})"


@dataclass(frozen=True, slots=True)
class Parts:
    """Makes steps of one network; `ports` by (cluster, namespace, release)."""

    network: Network
    ports: Ports

    @property
    def platform(self) -> Substrate:
        if not isinstance(self.network.platform, Substrate):
            raise TypeError(f"not a Substrate network: {self.network.platform.type}")
        return self.network.platform

    def release(
        self,
        organization: Organization,
        release: NamedRelease,
        needs: tuple[str, ...],
        values: dict[str, Any],
        **more: Any,
    ) -> ReleaseStep:
        namespace = namespace_of(self.network, organization)
        step = ReleaseStep(
            id=release_id(organization.cluster, namespace, release.name),
            cluster=organization.cluster,
            namespace=namespace,
            organization=organization.name,
            managed=organization.managed,
            needs=tuple(dict.fromkeys(needs)),
            release=release.name,
            chart=release.chart,
            chart_version=VERSION,
            values=values,
            # the node's chart has values for placement, the others get them from the patch
            patches=() if release.chart == names.NODE_CHART else groundwork.patches(self.network),
            **more,
        )
        return groundwork.finish(step, manifests(step), BEHAVIOURS[step.chart])

    def handoff(self, what: str, giver: Organization, taker: Organization, **more: Any) -> HandoffStep:
        return HandoffStep(
            id=handoff_id(what, more.pop("source_name", giver.name), taker.name),
            cluster=giver.cluster,
            namespace=namespace_of(self.network, giver),
            organization=giver.name,
            managed=giver.managed and taker.managed,
            needs=(*more.pop("needs"), namespace_id(taker.cluster, namespace_of(self.network, taker))),
            estimate=0.2,
            target_cluster=taker.cluster,
            **more,
        )

    def globals(self, organization: Organization, *without: str) -> dict[str, Any]:
        """The `global` tree of a chart that does not set up the way to Vault, less what the chart does not read."""
        tree = groundwork.global_values(self.network, organization, platform="substrate", account=ACCOUNT)
        return {key: value for key, value in tree.items() if key not in without}

    def proxy(self, organization: Organization, release: NamedRelease, port: str) -> dict[str, Any]:
        """The routes' values stand outside `global` here (facts A7, S02)."""
        if self.network.gateway.type != "ambassador":
            return {"provider": "none"}
        return {"provider": "ambassador", port: self.port(organization, release)}

    def port(self, organization: Organization, release: NamedRelease) -> int:
        return self.ports[organization.cluster, namespace_of(self.network, organization), release.name]

    def domain(self, organization: Organization) -> str:
        return self.network.cluster(organization.cluster).domain or ""

    def endpoint(
        self, organization: Organization, release: NamedRelease, service: str, backend: int, rpc: str | None = None
    ) -> Endpoint:
        """The p2p port of a node; nothing else of it is meant for others (its RPC methods are unsafe, facts A7).

        `rpc` is the Service that answers JSON-RPC inside the cluster, where there is one.
        """
        namespace = namespace_of(self.network, organization)
        exposed = self.network.gateway.type == "ambassador"
        local = f"{service}.{namespace}"
        return Endpoint(
            id=f"{release_id(organization.cluster, namespace, release.name)}/p2p",
            cluster=organization.cluster,
            organization=organization.name,
            release=release.name,
            host=f"{names.host_label(release)}.{self.domain(organization)}"
            if exposed
            else f"{local}.svc.cluster.local",
            port=self.port(organization, release) if exposed else backend,
            protocol="tcp",
            probe="tcp",
            service=f"{local}:{backend}",
            exposed=exposed,
            health=None if rpc is None else f"{rpc}.{namespace}:{names.RPC_PORT}",
        )
