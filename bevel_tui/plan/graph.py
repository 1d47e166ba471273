"""The plan as a graph: steps in an order that respects their needs, the same for the same Network.

A plan is made once and never changes. A cycle or a need that names no step is a bug of ours, not of the preset, and
is reported as such (`PlanError`).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bevel_tui.records.steps import Endpoint, Step

#: orders steps that could all come next
Rank = Callable[[Step], Any]


class PlanError(Exception):
    """The steps do not make a graph: a bug in a platform or gateway module."""


def by_id(step: Step) -> Any:
    """The rank that makes an order stable whatever the steps were declared in."""
    return step.id


def checked(steps: Iterable[Step]) -> dict[str, Step]:
    """Steps by id. Raises PlanError for an id that is given twice and for a need that names no step."""
    table: dict[str, Step] = {}
    for step in steps:
        if step.id in table:
            raise PlanError(f"two steps are called {step.id}")
        table[step.id] = step
    for step in table.values():
        for need in step.needs:
            if need not in table:
                raise PlanError(f"step {step.id} needs {need}, which no step is called")
    return table


def dependants_of(table: Mapping[str, Step]) -> dict[str, list[str]]:
    """Which steps name each step among their needs."""
    found: dict[str, list[str]] = {name: [] for name in table}
    for step in table.values():
        for need in dict.fromkeys(step.needs):
            found[need].append(step.id)
    return found


def ordered(steps: Iterable[Step], rank: Rank = by_id) -> tuple[Step, ...]:
    """Steps so that each comes after all it needs; among those that may come next, the lowest rank first.

    Raises PlanError for a cycle (it names one), a doubled id or a dangling need.
    """
    table = checked(steps)
    waiting = {step.id: len(set(step.needs)) for step in table.values()}
    after = dependants_of(table)
    ready = [(rank(step), step.id) for step in table.values() if not waiting[step.id]]
    heapq.heapify(ready)
    result: list[Step] = []
    while ready:
        _, name = heapq.heappop(ready)
        result.append(table[name])
        for other in after[name]:
            waiting[other] -= 1
            if not waiting[other]:
                heapq.heappush(ready, (rank(table[other]), other))
    if len(result) < len(table):
        raise PlanError("steps need one another in a circle: " + " -> ".join(_cycle(table, waiting)))
    return tuple(result)


def _cycle(table: Mapping[str, Step], waiting: Mapping[str, int]) -> list[str]:
    """One circle among the steps that are left: every one of them needs another one of them."""
    stuck = {name for name, count in waiting.items() if count}
    name = min(stuck)
    seen: dict[str, int] = {}
    path: list[str] = []
    while name not in seen:
        seen[name] = len(path)
        path.append(name)
        name = min(need for need in table[name].needs if need in stuck)
    return [*path[seen[name] :], name]


def longest_path(steps: Sequence[Step], durations: Mapping[str, float] | None = None) -> tuple[str, ...]:
    """Ids along the path that takes longest, first to last; `steps` must be ordered.

    Lengths are seconds: each step's `estimate`, or what `durations` says (a run's own, for its true critical path).
    Of paths of one length the one that ends, and before that goes, through the smallest ids.
    """
    length: dict[str, float] = {}
    previous: dict[str, str | None] = {}
    for step in steps:
        before = min(step.needs, key=lambda need: (-length[need], need), default=None)
        own = step.estimate if durations is None else durations.get(step.id, 0.0)
        length[step.id] = own + (length[before] if before is not None else 0.0)
        previous[step.id] = before
    path: list[str] = []
    current = min(length, key=lambda name: (-length[name], name), default=None)
    while current is not None:
        path.append(current)
        current = previous[current]
    return tuple(reversed(path))


@dataclass(frozen=True)
class Plan:
    """How a Network comes to be. `steps` are in order; `id` is a digest of all that the plan says.

    `gateway` is the gateway's title; `notes` are what a user should know before going on (licences...).
    """

    network_name: str
    platform: str
    gateway: str
    steps: tuple[Step, ...]
    endpoints: tuple[Endpoint, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def id(self) -> str:
        """Twelve hexadecimal digits, equal for equal plans."""
        from bevel_tui.plan.digest import digest

        return digest(self)

    @cached_property
    def _table(self) -> dict[str, Step]:
        return {step.id: step for step in self.steps}

    @cached_property
    def _dependants(self) -> dict[str, list[str]]:
        return dependants_of(self._table)

    @cached_property
    def _critical_path(self) -> tuple[str, ...]:
        return longest_path(self.steps)

    @property
    def clusters(self) -> tuple[str, ...]:
        """The clusters that steps act in, sorted."""
        return tuple(sorted({step.cluster for step in self.steps}))

    def step(self, name: str) -> Step:
        """The step of that id. Raises KeyError."""
        return self._table[name]

    def dependants(self, name: str) -> tuple[str, ...]:
        """Ids of the steps that need this one directly, in order of id. Raises KeyError."""
        return tuple(sorted(self._dependants[name]))

    def critical_path(self) -> tuple[str, ...]:
        """Ids along the longest path by estimate, first to last."""
        return self._critical_path

    @property
    def estimate(self) -> float:
        """Nominal seconds along the critical path."""
        return sum(self._table[name].estimate for name in self._critical_path)
