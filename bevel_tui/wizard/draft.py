"""The answers so far: a document that may still be wrong, in which no answer is lost.

What is not asked at the moment (another platform's settings, a Vault that was switched off) is kept aside and comes back
with its question. Proposals stand in for what nobody has answered. `document` is what would be saved.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bevel_tui.network.load import judge
from bevel_tui.network.model import API_VERSION, Network
from bevel_tui.network.problem import Problem, YamlPath
from bevel_tui.network.rules.organizations import ROLE_FIELDS
from bevel_tui.network.wording import missing_name
from bevel_tui.records.survey import SurveyRow
from bevel_tui.wizard import defaults
from bevel_tui.wizard.fields import field
from bevel_tui.wizard.proposals import proposal, role_field

#: first part of the paths of answers that presets do not hold as such
SWITCH = "~"
#: switch -> its answer when nothing is said; the one that leaves the preset without the section comes first
SWITCHES: Mapping[str, tuple[str, ...]] = {
    "keys": ("secrets", "vault"),
    "images": ("public", "private"),
    "charts": ("default", "path", "repository", "oci"),
    "gateway-charts": ("default", "path", "repository", "oci"),
    "edge": ("install", "existing"),
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the models and rules say of a draft: the Network when nothing forbids it, and all problems."""

    network: Network | None
    problems: tuple[Problem, ...]

    def at(self, path: YamlPath) -> tuple[Problem, ...]:
        """The problems of one field (of what is below it too, for lists and mappings)."""
        return tuple(p for p in self.problems if place(p)[: len(path)] == path)

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What stops a deployment."""
        return tuple(p for p in self.problems if p.severity == "error")


def place(problem: Problem) -> YamlPath:
    """The field that a problem is about: for something missing the field that is not there."""
    return (*problem.path, missing_name(problem)) if problem.code == "missing" else problem.path


class Draft:
    """Answers by their path in the preset. Paths that begin with `SWITCH` are switches, those of a cluster's own end in
    its position."""

    def __init__(self) -> None:
        self._tree: dict[str, Any] = {"gateway": {}, "clusters": [], "organizations": [], "dns": {}}
        self._platform: str | None = None
        self._settings: dict[str, dict[str, Any]] = {}
        self._switches: dict[tuple[str, ...], str] = {}
        self._parked: dict[str, dict[str, Any]] = {}
        self._facts: dict[str, SurveyRow] = {}
        self._judged: Judgement | None = None

    @classmethod
    def of(cls, network: Network) -> Draft:
        """The answers that lead to a Network; nothing in it is a proposal any more."""
        draft = cls()
        tree = network.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        draft._platform = network.platform.type
        draft._settings[network.platform.type] = {k: v for k, v in tree.pop("platform").items() if k != "type"}
        for name in ("apiVersion", "kind"):
            tree.pop(name)
        tree.setdefault("dns", {})
        tree["gateway"] = network.gateway.model_dump(mode="json")
        if network.gateway.type != "ambassador":
            tree["gateway"].pop("edition")
        tree["dns"].setdefault("mode", network.dns.mode)
        draft._tree = tree
        mine = role_field(network.platform.type)
        for entry, organization in zip(tree["organizations"], network.organizations, strict=True):
            roles = getattr(organization, mine)
            if roles is None:
                roles = type(organization).model_fields[mine].annotation.__args__[0]()  # type: ignore[union-attr]
            entry[mine] = {**roles.model_dump(mode="json"), **entry.get(mine, {})}
        draft._switches[("keys",)] = "vault" if network.vault else "secrets"
        draft._switches[("images",)] = "private" if network.registry else "public"
        for switch, source in (("charts", network.charts.ledger), ("gateway-charts", network.charts.gateways)):
            if source is not None:
                kinds = ("path", "repository", "oci")
                draft._switches[(switch,)] = next(kind for kind in kinds if getattr(source, kind) is not None)
        for i, cluster in enumerate(network.clusters):
            if cluster.existing_gateway is not None:
                draft._switches["edge", str(i)] = "existing"
        return draft

    # ------------------------------------------------------------ asking and answering

    @property
    def platform(self) -> str:
        """The platform chosen or proposed."""
        return self._platform or defaults.PLATFORM

    @property
    def gateway(self) -> str:
        """The gateway chosen or proposed."""
        return str(self._tree["gateway"].get("type") or defaults.gateway(self.platform, len(self.clusters)))

    @property
    def clusters(self) -> Sequence[Mapping[str, Any]]:
        """The clusters' own answers, without proposals."""
        return self._tree["clusters"]  # type: ignore[no-any-return]

    @property
    def organizations(self) -> Sequence[Mapping[str, Any]]:
        """The organizations' own answers, without proposals; as many as are proposed when nobody has said."""
        found: list[dict[str, Any]] = self._tree["organizations"]
        if not found and self.clusters:
            found.extend({} for _ in range(defaults.organization_count(len(self.clusters))))
        return found

    def get(self, path: YamlPath) -> Any:
        """The answer at a path, else what is proposed, else None."""
        if path[0] == SWITCH:
            choices = SWITCHES[str(path[1])]
            return self._switches.get(tuple(map(str, path[1:])), choices[0])
        said = self.said(path)
        return proposal(self, path) if said is None else said

    def said(self, path: YamlPath) -> Any:
        """The answer at a path that somebody gave, else None."""
        if path == ("platform", "type"):
            return self._platform
        node: Any = self._tree
        if path[0] == "platform":
            node, path = self._settings.get(self.platform, {}), path[1:]
        for part in path:
            try:
                node = node[part]
            except (KeyError, IndexError, TypeError):
                return None
        return node

    def set(self, path: YamlPath, value: Any) -> None:
        """Answer. None takes an answer back; a cluster that gets another name takes its organizations with it."""
        self._judged = None
        if path[0] == SWITCH:
            self._switches[tuple(map(str, path[1:]))] = value
            return
        if path == ("platform", "type"):
            self._platform = value
            return
        if path[0] == "clusters" and path[2:] == ("name",) and value is not None:
            self._renamed(str(self.get(path)), value)
        node: Any = self._tree
        if path[0] == "platform":
            node, path = self._settings.setdefault(self.platform, {}), path[1:]
        for part, after in pairwise(path):
            node = _below(node, part, [] if isinstance(after, int) else {})
        if value is None:
            node.pop(path[-1], None)
        else:
            node[path[-1]] = value

    def _renamed(self, old: str, new: str) -> None:
        for organization in self._tree["organizations"]:
            if organization.get("cluster") == old:
                organization["cluster"] = new

    # ------------------------------------------------------------ clusters

    def learn(self, row: SurveyRow) -> None:
        """What the survey found; proposals for clusters of that context follow it."""
        self._judged = None
        self._facts[row.context] = row

    def facts(self, index: int) -> SurveyRow | None:
        """What is known of the cluster at a position."""
        return self._facts.get(str(self.clusters[index].get("context", "")))

    def pick(self, contexts: Sequence[str]) -> None:
        """Use these contexts, in this order. What was said of one that goes is kept until it comes back."""
        self._judged = None
        edges = {c["context"]: self._switches.pop(("edge", str(i)), None) for i, c in enumerate(self.clusters)}
        for entry in self._tree["clusters"]:
            self._parked[entry["context"]] = entry
        self._tree["clusters"] = [self._parked.get(context, {"context": context}) for context in contexts]
        for i, context in enumerate(contexts):
            if edges.get(context):
                self._switches["edge", str(i)] = str(edges[context])

    @property
    def contexts(self) -> tuple[str, ...]:
        """The contexts in use."""
        return tuple(str(cluster["context"]) for cluster in self.clusters)

    # ------------------------------------------------------------ organizations

    def add_organization(self) -> int:
        """One more, with proposals for all of it; returns its position."""
        self._judged = None
        self._tree["organizations"] = [*self.organizations, {}]
        return len(self._tree["organizations"]) - 1

    def remove_organization(self, index: int) -> None:
        """One less; there is always one."""
        self._judged = None
        if len(self.organizations) > 1:
            self._fix_names()
            del self._tree["organizations"][index]

    def move_organization(self, index: int, by: int) -> int:
        """Earlier or later: the first one founds the network. Returns its new position."""
        self._judged = None
        found = self._tree["organizations"] = list(self.organizations)
        target = min(max(index + by, 0), len(found) - 1)
        self._fix_names()
        found.insert(target, found.pop(index))
        return target

    def _fix_names(self) -> None:
        """Proposed names and clusters depend on positions: what was seen must not change hands when those do."""
        for i, entry in enumerate(self._tree["organizations"]):
            for key in ("name", "cluster"):
                entry.setdefault(key, self.get(("organizations", i, key)))

    # ------------------------------------------------------------ the document

    def document(self) -> dict[str, Any]:
        """What would be saved, as plain data: answers and proposals, without what is set aside."""
        tree = copy.deepcopy(self._tree)
        made: dict[str, Any] = {"apiVersion": API_VERSION, "kind": "Network", "name": self.get(("name",))}
        platform = {"type": self.platform, **copy.deepcopy(self._settings.get(self.platform, {}))}
        if "channels" in platform:
            platform["channels"] = [channel for channel in platform["channels"] if channel]
        made["platform"] = _without_empty(platform)
        gateway = {"type": self.gateway, "p2p_ports": self.get(("gateway", "p2p_ports")), **tree.pop("gateway")}
        if self.gateway != "ambassador":
            gateway.pop("edition", None)
        made["gateway"] = _without_empty(gateway)
        made["clusters"] = [self._cluster(i, entry) for i, entry in enumerate(tree.pop("clusters"))]
        entries = copy.deepcopy([dict(entry) for entry in self.organizations])
        tree.pop("organizations")
        made["organizations"] = [self._organization(i, entry) for i, entry in enumerate(entries)]
        made["dns"] = self._dns(tree.pop("dns"))
        if self.get((SWITCH, "keys")) == "secrets":
            tree.pop("vault", None)
        else:
            tree.setdefault("vault", {})
        if self.get((SWITCH, "images")) == "public":
            tree.pop("registry", None)
        else:
            tree.setdefault("registry", {})
        made["charts"] = self._charts(tree.pop("charts", {}))
        for section in ("charts", "dns"):
            if not made[section]:
                del made[section]
        return {**made, **tree}

    def _cluster(self, index: int, entry: dict[str, Any]) -> dict[str, Any]:
        entry["name"] = self.get(("clusters", index, "name"))
        for key in ("provider",) if self.gateway == "none" else ("provider", "domain"):
            entry[key] = self.get(("clusters", index, key))
        if self.platform == "indy" or self.gateway == "none":
            entry.pop("domain", None)
        if self.gateway == "none":
            entry.pop("gateway_annotations", None)
        if self.gateway == "none" or self.get((SWITCH, "edge", index)) == "install":
            entry.pop("existing_gateway", None)
        else:
            keys = ("namespace", "service", "ingress_class")
            found = {key: self.get(("clusters", index, "existing_gateway", key)) for key in keys}
            if self.gateway != "haproxy":
                del found["ingress_class"]
            entry["existing_gateway"] = _without_empty(found)
        return _without_empty(entry, keep=("existing_gateway",))

    def _organization(self, index: int, entry: dict[str, Any]) -> dict[str, Any]:
        for key in ("name", "cluster"):
            entry[key] = self.get(("organizations", index, key))
        mine = role_field(self.platform)
        for other in ROLE_FIELDS:
            if other != mine:
                entry.pop(other, None)
        proposed = defaults.roles(self.platform, index, len(self.organizations))
        entry[mine] = {**proposed, **entry.get(mine, {})}
        if all(field(("organizations", index, mine, key)).default == value for key, value in entry[mine].items()):
            del entry[mine]  # what the model says anyway
        return _without_empty(entry, keep=(mine,))

    def _dns(self, entry: dict[str, Any]) -> dict[str, Any]:
        mode = self.get(("dns", "mode"))
        if mode is not None:
            entry["mode"] = mode
        if "rfc2136" not in self.dns_modes():
            entry.pop("rfc2136", None)
        else:
            entry.setdefault("rfc2136", {})
        return _without_empty(entry, keep=("rfc2136",))

    def dns_modes(self) -> frozenset[str]:
        """The DNS modes in use: the network's, and what clusters have instead."""
        network = self.get(("dns", "mode")) or "manual"
        own = [self.get(("clusters", i, "dns")) or network for i in range(len(self.clusters))]
        return frozenset([*own] or [network])

    def _charts(self, entry: dict[str, Any]) -> dict[str, Any]:
        found = {}
        for switch, key in (("charts", "ledger"), ("gateway-charts", "gateways")):
            chosen = self.get((SWITCH, switch))
            source = dict(entry.get(key) or {})
            if chosen != "default":
                found[key] = {k: v for k, v in source.items() if k in (chosen, "digests")}
        return found

    def judge(self) -> Judgement:
        """What the models and rules say of the document. Pure; the same object until an answer changes."""
        if self._judged is None:
            network, problems = judge(self.document())
            if any(p.severity == "error" for p in problems):
                network = None
            self._judged = Judgement(network, tuple(problems))
        return self._judged


def _below(node: Any, part: str | int, empty: Any) -> Any:
    """What stands at `part`, made when it is not there; lists grow as far as needed."""
    if isinstance(node, list):
        while len(node) <= int(part):
            node.append({})
        return node[int(part)]
    return node.setdefault(part, empty)


def _without_empty(entry: dict[str, Any], keep: tuple[str, ...] = ()) -> dict[str, Any]:
    """Without what says nothing, except for the sections in `keep`."""
    return {k: v for k, v in entry.items() if k in keep or (v is not None and v not in ({}, [], ""))}
