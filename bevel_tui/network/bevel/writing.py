"""What all platforms share while a network.yaml is written: the Network, names and ports of nodes, what gets lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bevel_tui.network.bevel.reading import default_subject
from bevel_tui.network.model import Network, Organization, SecretRef
from bevel_tui.network.names import p2p_ports, releases
from bevel_tui.network.naming import NamedRelease, domain_of, namespace_of
from bevel_tui.network.problem import Problem, YamlPath, warning


@dataclass(slots=True)
class Writing:
    """A Network on its way to a network.yaml."""

    network: Network
    lost: list[Problem] = field(default_factory=list)
    _ports: dict[tuple[str, str, str], int] | None = None

    def lose(self, path: YamlPath, why: str) -> None:
        """Remember what a network.yaml does not say: an import of it would give another Network there."""
        self.lost.append(warning("not-in-network-yaml", path, why))

    def tell(self, path: YamlPath, what: str) -> None:
        """Remember what Bevel's playbooks need or do otherwise, although the file says the same."""
        self.lost.append(warning("playbooks", path, what))

    def ref(self, reference: SecretRef) -> dict[str, str]:
        """A reference as plain data."""
        return {"env": reference.env} if reference.env else {"file": str(reference.file)}

    def named(self, organization: Organization, role: str) -> list[NamedRelease]:
        """The organization's releases of a role."""
        return [release for release in releases(self.network, organization) if release.role == role]

    def port(self, organization: Organization, release: NamedRelease) -> int:
        """The (first) p2p port of a node at its gateway; the founder's chart default without one."""
        if self._ports is None:
            self._ports = p2p_ports(self.network)
        return self._ports.get((organization.cluster, namespace_of(self.network, organization), release.name), 15010)

    def host(self, organization: Organization) -> str:
        """The suffix of the organization's hosts, behind its gateway or inside its cluster."""
        domain = domain_of(self.network, organization)
        if self.network.gateway.type != "none" and domain:
            return domain
        return f"{namespace_of(self.network, organization)}.svc.cluster.local"

    def subject(self, organization: Organization) -> str:
        """The organization's subject, written out."""
        return organization.subject or default_subject(organization.name)

    def place(self, organization: Organization) -> dict[str, Any]:
        """country, state, location: needed by Bevel's schema, taken from the subject."""
        parts = {
            key.strip().upper(): value
            for key, _, value in (p.partition("=") for p in self.subject(organization).split(","))
        }
        town = parts.get("L", "London").rsplit("/", maxsplit=1)[-1]
        return {"country": parts.get("C", "GB"), "state": parts.get("ST", town), "location": town}
