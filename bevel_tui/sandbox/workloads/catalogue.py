"""Finds what a container does: the behaviours tables of all charts, asked by names as they stand in a cluster."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from bevel_tui.platforms.behaviour import Behaviour, ChartBehaviour
from bevel_tui.sandbox.workloads.hands import controlled_by
from bevel_tui.sandbox.workloads.view import View


@dataclass(frozen=True, slots=True)
class Part:
    """A container's behaviour and the groups that its workload's name gave (``release``)."""

    behaviour: Behaviour
    groups: Mapping[str, str]

    def fill(self, text: str) -> str:
        """A name of the table with the groups filled in (``{release}-tls``)."""
        return text.format(**self.groups)


class Catalogue:
    """All behaviours. The first chart that knows workload and container counts."""

    def __init__(self, charts: Iterable[ChartBehaviour]) -> None:
        self._table = [(b, re.compile(b.workload), re.compile(b.container)) for chart in charts for b in chart.pods]
        self._found: dict[tuple[str, str, str], Part | None] = {}

    def find(self, kind: str, workload: str, container: str) -> Part | None:
        """The behaviour of `container` in the workload of that kind and name; None for a chart we do not know."""
        key = (kind, workload, container)
        if key not in self._found:
            self._found[key] = self._search(*key)
        return self._found[key]

    def _search(self, kind: str, workload: str, container: str) -> Part | None:
        for behaviour, name, inner in self._table:
            if behaviour.kind == kind and inner.fullmatch(container) and (match := name.fullmatch(workload)):
                return Part(behaviour, match.groupdict())
        return None


def workload_of(view: View, pod: Mapping[str, Any]) -> tuple[str, str]:
    """Kind and name of what a pod belongs to (a Deployment's ReplicaSet is looked through)."""
    owner = controlled_by(pod)
    if owner is None:
        return "Pod", pod["metadata"]["name"]
    if owner["kind"] == "ReplicaSet":
        replica_set = view.get("ReplicaSet", pod["metadata"]["namespace"], owner["name"])
        above = controlled_by(replica_set) if replica_set else None
        if above:
            return above["kind"], above["name"]
    return owner["kind"], owner["name"]


def shipped() -> Catalogue:
    """The tables of every platform and gateway that this version ships."""
    from bevel_tui.platforms import growth
    from bevel_tui.platforms import registry as platforms

    modules = [*platforms.MODULES.values(), *growth.CHARTS]
    try:
        gateways = import_module("bevel_tui.gateways.registry")
        modules += [*gateways.MODULES.values(), *gateways.EXTRAS.values()]
    except (ImportError, AttributeError):  # pragma: no cover - gateways without behaviours
        pass
    charts: dict[str, ChartBehaviour] = {}
    for module in modules:
        charts |= dict(getattr(import_module(module), "behaviours", {}))
    return Catalogue(charts.values())
