"""The wizard's questions in their order, as a function of the answers so far.

A section is a screen of the Textual wizard and a chapter of `bevel-tui setup --plain`. Both show exactly these fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from bevel_tui.network import schema
from bevel_tui.network.problem import Problem, YamlPath
from bevel_tui.wizard.draft import SWITCH, SWITCHES, Draft, Judgement, place
from bevel_tui.wizard.fields import Field, field
from bevel_tui.wizard.proposals import role_field

#: platform settings that nearly everybody decides; the rest has defaults that serve
_FIRST = ("version", "consensus", "cenm_version", "images", "chain")
#: settings that are lists of mappings: presets have them, the wizard leaves them as they are
_ELSEWHERE = {"type", "channels", "chaincodes", "cordapps"}


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together, under a heading; `index` is the position of a cluster or organization."""

    title: str
    fields: tuple[Field, ...]
    note: str = ""
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A screen's worth of questions. `roots` say which problems belong to it when no field shows them."""

    id: str
    title: str
    sentence: str
    groups: Callable[[Draft], tuple[Group, ...]]
    roots: tuple[str, ...] = ()


def _switch(name: str, label: str, words: str) -> Field:
    return Field((SWITCH, name), label, "choice", words, SWITCHES[name], SWITCHES[name][0])


# ---------------------------------------------------------------- clusters


def clusters(draft: Draft) -> tuple[Group, ...]:
    """What each picked cluster is called and under which domain it is found."""
    return tuple(
        Group(
            str(draft.get(("clusters", i, "name"))),
            (
                field(("clusters", i, "name")),
                field(("clusters", i, "domain")),
                field(("clusters", i, "provider"), advanced=True),
                field(("clusters", i, "storage", "class"), advanced=True),
            ),
            f"context {cluster['context']}",
            i,
        )
        for i, cluster in enumerate(draft.clusters)
    )


# ---------------------------------------------------------------- platform


def platform(draft: Draft) -> tuple[Group, ...]:
    """Which ledger, and its settings."""
    kind = draft.platform
    names = [n for n in _settings(kind) if n not in _ELSEWHERE]
    names.sort(key=lambda name: name not in _FIRST)
    settings = [field(("platform", name), kind, advanced=name not in _FIRST) for name in names]
    if kind == "fabric":
        name = field(("platform", "channels", 0, "name"))
        settings.append(replace(name, label="Channel"))
    return (
        Group("Network", (field(("name",)), field(("platform", "type")))),
        Group("Settings", tuple(settings)),
    )


def _settings(kind: str) -> list[str]:
    for node in schema.at(("platform",)):
        properties: dict[str, Any] = node.get("properties", {})
        if properties.get("type", {}).get("const") == kind:
            return list(properties)
    return []


# ---------------------------------------------------------------- gateway


def gateway(draft: Draft) -> tuple[Group, ...]:
    """What stands at the edge of every cluster."""
    kind = draft.gateway
    first = [field(("gateway", "type"))]
    if kind == "ambassador":
        first.append(field(("gateway", "edition"), advanced=True))
    if kind == "ambassador" or draft.platform == "indy":
        first.append(field(("gateway", "p2p_ports"), advanced=True))
    groups = [Group("Gateway", tuple(first))]
    for i, cluster in enumerate(draft.clusters):
        found: list[Field] = []
        if kind != "none":
            if draft.platform != "indy":
                found.append(field(("clusters", i, "domain")))
            found.append(_edge(i))
            if draft.get((SWITCH, "edge", i)) == "existing":
                found += [field(("clusters", i, "existing_gateway", key)) for key in ("namespace", "service")]
                if kind == "haproxy":
                    found.append(field(("clusters", i, "existing_gateway", "ingress_class"), advanced=True))
            else:
                found.append(field(("clusters", i, "gateway_annotations"), advanced=True))
        if draft.platform == "indy":
            found.append(field(("clusters", i, "public_ip")))
        if found:
            title = f"Cluster {draft.get(('clusters', i, 'name'))}"
            groups.append(Group(title, tuple(found), f"context {cluster['context']}", i))
    return tuple(groups)


def _edge(index: int) -> Field:
    words = "Install a gateway, or use one that is there already, whose Service you name."
    return replace(_switch("edge", "Gateway here", words), path=(SWITCH, "edge", index), advanced=True)


# ---------------------------------------------------------------- organizations


def organizations(draft: Draft) -> tuple[Group, ...]:
    """The members of the consortium and what each of them runs."""
    return tuple(organization(draft, i) for i in range(len(draft.organizations)))


def organization(draft: Draft, index: int) -> Group:
    """The questions about one organization."""
    root: YamlPath = ("organizations", index)
    where = field((*root, "cluster"))
    names = tuple(str(draft.get(("clusters", i, "name"))) for i in range(len(draft.clusters)))
    roles = role_field(draft.platform)
    nodes = [field((*root, roles, key), advanced=key not in _COUNTED) for key in _roles(roles)]
    rest = [field((*root, key), advanced=True) for key in ("subject", "namespace", "managed", "state")]
    return Group(
        str(draft.get((*root, "name"))),
        (
            field((*root, "name")),
            replace(where, kind="choice", choices=names),
            *nodes,
            *rest,
        ),
        "founds the network" if index == 0 else "",
        index,
    )


#: what organizations run that the table shows
_COUNTED = {
    "validators", "members", "orderers", "peers", "trustee", "endorser", "stewards", "notaries", "nodes", "ipfs",
}  # fmt: skip


def _roles(field_name: str) -> list[str]:
    found: dict[str, Any] = schema.at(("organizations", 0, field_name))[0].get("properties", {})
    return [key for key in found if key != "users"]


def counted(draft: Draft) -> tuple[str, ...]:
    """The keys of what organizations run, as the table's columns."""
    return tuple(key for key in _roles(role_field(draft.platform)) if key in _COUNTED)


# ---------------------------------------------------------------- DNS, secrets, images, charts


def services(draft: Draft) -> tuple[Group, ...]:
    """How names come to lead to gateways, where keys are, where images and charts come from."""
    groups: list[Group] = []
    if draft.gateway != "none" and draft.platform != "indy":
        names = [field(("dns", "mode"))]
        if "rfc2136" in draft.dns_modes():
            names += [field(("dns", "rfc2136", key)) for key in ("server", "key_name", "key")]
            names.append(field(("dns", "rfc2136", "key_algorithm"), advanced=True))
        names += [field(("dns", key), advanced=True) for key in ("resolvers", "ttl")]
        if len(draft.clusters) > 1:
            for i in range(len(draft.clusters)):
                own = field(("clusters", i, "dns"), advanced=True)
                names.append(replace(own, label=f"DNS of {draft.get(('clusters', i, 'name'))}"))
        groups.append(Group("DNS", tuple(names)))
    keys = [_switch("keys", "Keys in", "Kubernetes Secrets of each organization, or a HashiCorp Vault besides.")]
    if draft.get((SWITCH, "keys")) == "vault":
        keys += [field(("vault", key)) for key in ("address", "token")]
        keys += [field(("vault", key), advanced=True) for key in ("secret_engine", "ca")]
    images = [_switch("images", "Images from", "Public registries, or a private one with a login.")]
    if draft.get((SWITCH, "images")) == "private":
        images += [field(("registry", key)) for key in ("server", "username", "password")]
        images.append(field(("registry", "pull_secret"), advanced=True))
    charts: list[Field] = []
    for switch, key, label, words in (
        ("charts", "ledger", "Ledger charts", "default: Bevel's public repository; stand-ins on simulated clusters."),
        ("gateway-charts", "gateways", "Gateway charts", "default: the gateways' public repositories."),
    ):
        made = _switch(switch, label, words)
        rare = key == "gateways"
        charts.append(Field(made.path, label, "choice", words, made.choices, made.default, advanced=rare))
        chosen = str(draft.get((SWITCH, switch)))
        if chosen != "default":
            source = field(("charts", key, chosen))
            charts.append(replace(source, label=f"{label}: {source.label}"))
    groups += [
        Group("Keys", tuple(keys)),
        Group("Images", tuple(images)),
        Group("Charts", tuple(charts)),
        Group(
            "Checks and placement",
            (
                replace(field(("probe", "pods"), advanced=True), label="Look from pods"),
                replace(field(("probe", "image"), advanced=True), label="Image of those pods"),
                field(("placement", "node_selector"), advanced=True),
            ),
        ),
    ]
    return tuple(groups)


def nothing(_draft: Draft) -> tuple[Group, ...]:
    """The review asks nothing."""
    return ()


SECTIONS: tuple[Section, ...] = (
    Section("clusters", "Clusters", "Pick the clusters, name them, give each its domain.", clusters, ("clusters",)),
    Section("platform", "Platform", "Which ledger the consortium runs.", platform, ("name", "platform")),
    Section("gateway", "Gateway", "What stands at the edge of every cluster.", gateway, ("gateway",)),
    Section(
        "organizations",
        "Organizations",
        "The members, where they live and what they run. The first one founds the network.",
        organizations,
        ("organizations",),
    ),
    Section(
        "services",
        "DNS and secrets",
        "How names lead to gateways, where keys are, where images and charts come from.",
        services,
        ("dns", "vault", "registry", "charts", "probe", "placement"),
    ),
    Section("review", "Review", "Everything as one document, and what it would do.", nothing),
)


def unasked(draft: Draft) -> tuple[str, ...]:
    """What the document says and no question asks for, such as `platform.chaincodes`: it is kept as it is."""
    asked = {made.path for section in SECTIONS for group in section.groups(draft) for made in group.fields}
    found = (
        ".".join(str(part) for part in path if not isinstance(part, int))
        for path in _said(draft.document(), (), asked)
        # gateway and dns are asked for where they mean something
        if path[0] not in ("apiVersion", "kind", "gateway", "dns") and path[-1] not in ("context", "kubeconfig")
    )
    return tuple(dict.fromkeys(found))


def _said(node: Any, path: YamlPath, asked: set[YamlPath]) -> Iterator[YamlPath]:
    """The topmost paths that have a value, are asked for nowhere, and have nothing below them that is."""
    if path in asked or node in (None, {}, [], ()):
        return
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, (list, tuple)) else ()
    if not items or not any(other[: len(path)] == path for other in asked):
        yield path
        return
    for key, value in items:
        yield from _said(value, (*path, key), asked)


def section_of(problem: Problem, draft: Draft) -> Section:
    """Where a problem is put right: the first section that asks for the field, else the one of its root."""
    path = place(problem)
    if problem.code == "domain-missing":  # asked with the clusters, needed only by some gateways
        return SECTIONS[2]
    for section in SECTIONS:
        if any(made.path == path for group in section.groups(draft) for made in group.fields):
            return section
    return next((s for s in SECTIONS if path and path[0] in s.roots), SECTIONS[-1])


def errors_of(section: Section, draft: Draft, judgement: Judgement) -> tuple[Problem, ...]:
    """The errors that are put right in a section: a field that two sections ask for holds up both of them."""
    asked = {field.path for group in section.groups(draft) for field in group.fields}
    return tuple(
        p
        for p in judgement.errors
        if section_of(p, draft).id == section.id or (p.code != "domain-missing" and place(p) in asked)
    )
