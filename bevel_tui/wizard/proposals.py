"""What stands where nobody has answered, from what is known of clusters and from the answers before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bevel_tui.network.problem import YamlPath
from bevel_tui.network.rules.organizations import FIELD_OF
from bevel_tui.wizard import defaults

if TYPE_CHECKING:
    from bevel_tui.wizard.draft import Draft


def proposal(draft: Draft, path: YamlPath) -> Any:
    """What is proposed at a path; None: nothing."""
    match path:
        case ("platform", "type"):
            return draft.platform
        case ("gateway", "type"):
            return draft.gateway
        case ("gateway", "p2p_ports"):
            return defaults.p2p_ports(draft.platform, draft.gateway)
        case ("name",):
            return f"{draft.platform}-network"
        case ("dns", "mode"):
            rows = [draft.facts(i) for i in range(len(draft.clusters))]
            return "external-dns" if rows and all(row and row.external_dns for row in rows) else None
        case ("clusters", int(i), str(key)):
            return _of_cluster(draft, i, key)
        case ("clusters", int(i), "existing_gateway", str(key)):
            row = draft.facts(i)
            found = next((g for g in (row.gateways if row else None) or () if g.kind == draft.gateway), None)
            return getattr(found, key, None)
        case ("organizations", int(i), str(key)):
            return _of_organization(draft, i, key)
        case ("organizations", int(i), str(role), str(key)) if role == role_field(draft.platform):
            return defaults.roles(draft.platform, i, len(draft.organizations)).get(key)
        case ("platform", "channels", 0, "name"):
            return "allchannel"
    return None


def _of_cluster(draft: Draft, index: int, key: str) -> Any:
    if index >= len(draft.clusters):
        return None
    entry, row = draft.clusters[index], draft.facts(index)
    if key == "name":
        before = [draft.get(("clusters", i, "name")) for i in range(index)]
        return defaults.cluster_name(str(entry.get("context", "")), before)
    if key == "domain":
        name = str(draft.get(("clusters", index, "name")))
        known = [
            (str(draft.get(("clusters", i, "name"))), str(c["domain"]))
            for i, c in enumerate(draft.clusters)
            if c.get("domain")
        ]
        return defaults.domain(name, simulated=bool(row and row.simulated), others=known)
    if key == "provider":
        return defaults.PROVIDERS.get(row.provider or "") if row else None
    return None


def _of_organization(draft: Draft, index: int, key: str) -> Any:
    found = draft.organizations
    if key == "name" and index < len(found):
        # only those before: a name that somebody gives must not change another's under their eyes
        before = [draft.get(("organizations", i, "name")) for i in range(index)]
        return defaults.organization_name(draft.platform, index, before)
    if key == "cluster" and draft.clusters:
        return draft.get(("clusters", index % len(draft.clusters), "name"))
    return None


def role_field(platform: str) -> str:
    """The key of an organization under which its nodes stand."""
    return FIELD_OF.get(platform, platform)
