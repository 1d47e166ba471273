"""The parts of a run's picture: what stands about a resource, a step, an organization, a domain and a cluster."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from bevel_tui.records.checks import CheckResult
from bevel_tui.records.events import (
    DnsWaiting,
    FindingRaised,
    LogLine,
    ReleaseApplied,
    ResourceChanged,
    RunFinished,
    StepFinished,
    StepStarted,
    StepWaiting,
)
from bevel_tui.records.findings import Finding
from bevel_tui.views.words import word

StepState = Literal["planned", "running", "ok", "unchanged", "failed", "timed-out", "skipped", "cancelled"]

#: states from which a step does not move on within a run
ENDED: frozenset[StepState] = frozenset({"ok", "unchanged", "failed", "timed-out", "skipped", "cancelled"})
BAD: frozenset[StepState] = frozenset({"failed", "timed-out"})

#: notices and log lines kept; older ones are in the journal
KEPT = 200


def refused(finished: RunFinished) -> bool:
    """Whether a run ended before any step was begun: what runs is as it was."""
    return finished.code is not None and not finished.steps


def _ring() -> deque[Any]:
    return deque(maxlen=KEPT)


@dataclass(slots=True)
class ResourceView:
    """A watched object. `since` is the time of its last change of state."""

    kind: str
    namespace: str | None
    name: str
    state: str
    message: str = ""
    since: float = 0.0


@dataclass(slots=True)
class StepView:
    """A step as it stands. Times are seconds since the epoch, durations seconds."""

    id: str
    kind: str
    cluster: str
    namespace: str | None = None
    organization: str | None = None
    release: str | None = None
    chart: str | None = None
    needs: tuple[str, ...] = ()
    estimate: float = 0.0
    state: StepState = "planned"
    started: float | None = None
    finished: float | None = None
    duration: float = 0.0
    attempt: int = 0
    budget: float | None = None
    waiting_for: tuple[str, ...] = ()
    waiting_since: float | None = None
    applied: ReleaseApplied | None = None
    resources: dict[tuple[str, str | None, str], ResourceView] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    reason: str | None = None
    remedy: str | None = None
    #: the newest lines of its containers and of Helm, and what happened to it and when; older ones are in the journal
    logs: deque[LogLine] = field(default_factory=_ring)
    history: deque[tuple[float, str]] = field(default_factory=_ring)

    @property
    def label(self) -> str:
        """The release's name, or what is left of the id without its cluster."""
        if self.release:
            return self.release
        short = self.id.removeprefix(f"{self.cluster}/")
        return f"namespace {short}" if self.kind == "namespace" else short

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.state in ENDED

    def elapsed(self, now: float) -> float:
        """Seconds it took, or has taken until `now`."""
        if self.finished is not None and self.ended:
            return self.duration
        return max(0.0, now - self.started) if self.started is not None else 0.0

    def begins(self, event: StepStarted) -> None:
        """It runs, for the first time or once more."""
        self.state, self.started, self.finished = "running", event.time, None
        self.attempt, self.budget = event.attempt, event.budget
        self.waiting_for, self.reason, self.remedy = (), None, None
        again = f", attempt {event.attempt}" if event.attempt > 1 else ""
        self.history.append((event.time, f"begun{again}"))

    def waits(self, event: StepWaiting) -> None:
        """It waits for this; since when counts from the last change."""
        if self.waiting_for != event.waiting_for:
            self.waiting_for, self.waiting_since = event.waiting_for, event.time

    def ends(self, event: StepFinished) -> None:
        """It is over, for whatever reason."""
        self.state, self.finished, self.duration = event.outcome, event.time, event.duration
        self.reason, self.remedy, self.waiting_for = event.reason, event.remedy, ()
        self.history.append((event.time, word(event.outcome) + (f": {event.reason}" if event.reason else "")))

    def is_planned_again(self) -> None:
        """Somebody wants it tried again: what was wrong before is history."""
        self.state, self.finished, self.duration = "planned", None, 0.0
        self.reason, self.remedy, self.waiting_for = None, None, ()
        self.findings.clear()

    def is_applied(self, event: ReleaseApplied) -> None:
        """Helm has done its part."""
        self.applied, self.chart = event, event.chart
        revision = f", revision {event.revision}" if event.revision is not None else ""
        self.history.append((event.time, f"{event.action} by Helm: {event.chart} {event.chart_version}{revision}"))

    def resource_changes(self, event: ResourceChanged) -> None:
        """One of its objects has another state."""
        key = (event.kind, event.namespace, event.name)
        self.resources[key] = ResourceView(*key, state=event.state, message=event.message, since=event.time)
        said = f": {event.message}" if event.message else ""
        self.history.append((event.time, f"{event.kind} {event.name} {event.state}{said}"))

    def is_found(self, event: FindingRaised) -> None:
        """Something is wrong with it; what is known better now (graver, or for good) takes its own place."""
        finding = event.finding
        known = next((i for i, found in enumerate(self.findings) if found.id == finding.id), None)
        if known is None:
            self.findings.append(finding)
        if known is None or self.findings[known].cause != finding.cause:
            self.history.append((event.time, f"{finding.code}: {finding.cause}"))
        if known is not None:
            self.findings[known] = finding


@dataclass(slots=True)
class OrganizationView:
    """An organization's part in one cluster; `name` None: what belongs to the cluster itself."""

    name: str | None
    steps: dict[str, StepView] = field(default_factory=dict)


@dataclass(slots=True)
class DnsView:
    """A domain on its way to its gateway. `ready` holds the addresses once it leads there."""

    step: str
    waiting: DnsWaiting | None = None
    since: float = 0.0
    ready: tuple[str, ...] | None = None


@dataclass(slots=True)
class ClusterView:
    """One cluster: its organizations (the cluster's own steps under None), gateway, domains and checks."""

    name: str
    simulated: bool = False
    organizations: dict[str | None, OrganizationView] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    service: str | None = None
    domains: dict[str, DnsView] = field(default_factory=dict)
    checks: dict[tuple[str, str, str], CheckResult] = field(default_factory=dict)

    def take(self, result: CheckResult) -> None:
        """The newest answer of a check replaces the one before."""
        self.checks[(result.id, result.target, result.vantage)] = result

    @property
    def steps(self) -> Iterator[StepView]:
        """All steps of the cluster."""
        for organization in self.organizations.values():
            yield from organization.steps.values()

    def counts(self) -> Counter[StepState]:
        """How many steps are in which state."""
        return Counter(step.state for step in self.steps)
