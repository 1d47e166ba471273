"""What a run looks like so far: a fold of its events, the one state that every view draws.

Pure: no clock, no I/O; the same events give the same `RunView`. Cluster > organization > release > resources, as
the screens show them. Events about things that were never planned make them: a view must not crash on what a later
version of the engine says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from bevel_tui.records.checks import CheckResult
from bevel_tui.records.events import (
    AddressKnown,
    AnyEvent,
    BudgetExtended,
    CheckDone,
    DnsReady,
    DnsWaiting,
    EndpointSummary,
    FindingRaised,
    HandoffMoved,
    Interrupted,
    LogLine,
    Notice,
    PlannedStep,
    ReleaseApplied,
    ResourceChanged,
    RollbackStarted,
    RunFinished,
    RunHeld,
    RunPaused,
    RunStarted,
    StepFinished,
    StepRequeued,
    StepStarted,
    StepWaiting,
)
from bevel_tui.records.findings import Finding
from bevel_tui.views.parts import KEPT, ClusterView, DnsView, OrganizationView, StepState, StepView

_T = TypeVar("_T")


@dataclass(slots=True)
class RunView:
    """A run as it stands. `revision` counts events; `now` is the time of the newest one."""

    run: str = ""
    command: str = "deploy"
    network: str = ""
    platform: str = ""
    plan: str = ""
    helm: str | None = None
    simulated: tuple[str, ...] = ()
    started: float | None = None
    now: float = 0.0
    revision: int = 0
    clusters: dict[str, ClusterView] = field(default_factory=dict)
    steps: dict[str, StepView] = field(default_factory=dict)
    critical_path: tuple[str, ...] = ()
    findings: list[tuple[str | None, Finding]] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    logs: list[LogLine] = field(default_factory=list)
    handoffs: list[HandoffMoved] = field(default_factory=list)
    interrupted: int = 0
    paused: bool = False
    #: failed steps that only a person can have tried again; nothing else is left to do
    held: tuple[str, ...] = ()
    rolling_back: bool = False
    finished: RunFinished | None = None

    @classmethod
    def of(cls, events: Iterable[AnyEvent]) -> RunView:
        """The view after these events."""
        view = cls()
        for event in events:
            view.apply(event)
        return view

    def apply(self, event: AnyEvent) -> None:
        """Take one event in. Never raises for what an event says."""
        self.revision += 1
        self.run = self.run or event.run
        self.now = max(self.now, event.time)
        match event:
            case RunStarted():
                self._run_started(event)
            case StepStarted():
                self._step(event.step, event.kind, event.cluster, event.namespace, event.release).begins(event)
            case StepWaiting():
                self._step(event.step, cluster=event.cluster).waits(event)
            case StepFinished():
                self._step(event.step, event.kind, event.cluster).ends(event)
            case ReleaseApplied():
                self._step(event.step, "release", event.cluster, event.namespace, event.release).is_applied(event)
            case ResourceChanged():
                self._step(event.step, cluster=event.cluster).resource_changes(event)
            case HandoffMoved():
                self._handoff(event)
            case AddressKnown():
                self._address(event)
            case DnsWaiting():
                domain = self._domain(event)
                domain.waiting, domain.ready = event, None
            case DnsReady():
                self._domain(event).ready = event.addresses
            case CheckDone():
                self._cluster(event.result.cluster).take(event.result)
            case FindingRaised():
                self._finding(event)
            case Notice():
                self._keep(self.notices, event)
                if event.step is not None:
                    self._step(event.step, cluster=event.cluster or "").history.append((event.time, event.text))
            case LogLine():
                self._keep(self.logs, event)
                if event.step is not None:
                    self._step(event.step, cluster=event.cluster or "").logs.append(event)
            case RunPaused():
                self.paused = event.paused
            case RunHeld():
                self.held = event.steps
            case StepRequeued():
                self._step(event.step, cluster=event.cluster).is_planned_again()
                # what was wrong before a step is tried again is history
                self.findings = [(step, finding) for step, finding in self.findings if step != event.step]
            case BudgetExtended():
                if event.step is not None:
                    self._step(event.step).budget = event.budget
            case RollbackStarted():
                self.rolling_back = True
                for planned in event.steps:
                    self._plan(planned)
            case Interrupted():
                self.interrupted = max(self.interrupted, event.stage)
            case RunFinished():
                self.finished = event

    # ------------------------------------------------------------ questions of views

    def elapsed(self, now: float | None = None) -> float:
        """Seconds since the run began."""
        if self.finished is not None:
            return self.finished.duration
        return max(0.0, (self.now if now is None else now) - self.started) if self.started is not None else 0.0

    def counts(self) -> Counter[StepState]:
        """How many steps are in which state."""
        return Counter(step.state for step in self.steps.values())

    @property
    def checks(self) -> tuple[CheckResult, ...]:
        """All check results, by cluster."""
        return tuple(result for cluster in self.clusters.values() for result in cluster.checks.values())

    @property
    def endpoints(self) -> tuple[EndpointSummary, ...]:
        """The network's endpoints, known at the end."""
        return self.finished.endpoints if self.finished else ()

    @property
    def open_findings(self) -> tuple[tuple[str | None, Finding], ...]:
        """Findings whose step has not gone well since; errors before warnings."""
        still = [
            (step, finding)
            for step, finding in self.findings
            if step is None or self.steps[step].state not in ("ok", "unchanged")
        ]
        order = {"error": 0, "warning": 1, "info": 2}
        return tuple(sorted(still, key=lambda item: order[item[1].severity]))

    def pace(self) -> float:
        """How long steps take beside their estimate, learned from those that are done (1.0 before)."""
        done = [s for s in self.steps.values() if s.state == "ok" and s.estimate > 0 and s.duration > 0]
        estimated = sum(step.estimate for step in done)
        return min(20.0, max(0.01, sum(step.duration for step in done) / estimated)) if estimated else 1.0

    def remaining(self, now: float | None = None) -> tuple[float, tuple[str, ...]]:
        """The longest path through what is left: seconds to go and its step ids, first to last.

        Estimates are nominal; the pace of this run corrects them. Steps that will not run count nothing.
        """
        now = self.now if now is None else now
        pace = self.pace()
        best: dict[str, tuple[float, str | None]] = {}

        def own(step: StepView) -> float:
            if step.ended:
                return 0.0
            return max(0.0, step.estimate * pace - step.elapsed(now))

        for step in self._topological():
            # an overdue step counts no more seconds, yet what needs it still waits for it
            before = max(
                ((best[n][0], not self.steps[n].ended, n) for n in step.needs if n in best), default=(0.0, False, "")
            )
            best[step.id] = (before[0] + own(step), before[2] if before[0] > 0 or before[1] else None)
        last = max(best, key=lambda name: best[name][0], default=None)
        if last is None:
            return 0.0, ()
        path: list[str] = []
        walk: str | None = last
        while walk is not None:
            if not self.steps[walk].ended:
                path.append(walk)
            walk = best[walk][1]
        return best[last][0], tuple(reversed(path))

    def _topological(self) -> list[StepView]:
        """Steps after what they need; a cycle (no plan has one) is cut, not followed."""
        ordered: dict[str, StepView] = {}
        open_: set[str] = set()
        for root in self.steps:
            stack: list[tuple[str, bool]] = [(root, False)]
            while stack:
                name, left = stack.pop()
                if left:
                    ordered.setdefault(name, self.steps[name])
                    continue
                if name in open_ or name not in self.steps:
                    continue
                open_.add(name)
                stack.append((name, True))
                stack.extend((need, False) for need in self.steps[name].needs if need not in open_)
        return list(ordered.values())

    # ------------------------------------------------------------ taking events in

    def _run_started(self, event: RunStarted) -> None:
        self.command, self.network, self.platform = event.command, event.network, event.platform
        self.plan, self.helm, self.simulated = event.plan, event.helm, event.simulated
        self.started, self.critical_path = event.time, event.critical_path
        for name in event.clusters:
            self._cluster(name)
        for planned in event.steps:
            self._plan(planned)
        for cluster in self.clusters.values():
            cluster.simulated = cluster.name in event.simulated

    def _plan(self, planned: PlannedStep) -> None:
        fields: Mapping[str, object] = dict(planned)
        step = self.steps.get(planned.id)
        if step is None:
            self._place(StepView(**fields))  # type: ignore[arg-type]

    def _cluster(self, name: str) -> ClusterView:
        cluster = self.clusters.get(name)
        if cluster is None:
            cluster = self.clusters[name] = ClusterView(name, simulated=name in self.simulated)
        return cluster

    def _step(
        self,
        id_: str,
        kind: str = "",
        cluster: str = "",
        namespace: str | None = None,
        release: str | None = None,
    ) -> StepView:
        step = self.steps.get(id_)
        if step is None:
            step = StepView(id_, kind, cluster, namespace, release=release)
            self._place(step)
        step.kind = step.kind or kind
        return step

    def _place(self, step: StepView) -> None:
        self.steps[step.id] = step
        organizations = self._cluster(step.cluster).organizations
        organizations.setdefault(step.organization, OrganizationView(step.organization)).steps[step.id] = step

    def _handoff(self, event: HandoffMoved) -> None:
        held_back = f"; held back: {', '.join(event.stripped)}" if event.stripped else ""
        said = f"{event.bytes} bytes from {event.source} to {event.target}{held_back}"
        self._step(event.step, "handoff", event.cluster).history.append((event.time, said))
        self.handoffs.append(event)

    def _address(self, event: AddressKnown) -> None:
        said = f"{event.service} has {', '.join(event.addresses)}"
        self._step(event.step, "address", event.cluster).history.append((event.time, said))
        cluster = self._cluster(event.cluster)
        cluster.addresses, cluster.service = event.addresses, event.service

    def _domain(self, event: DnsWaiting | DnsReady) -> DnsView:
        domains = self._cluster(event.cluster).domains
        return domains.setdefault(event.domain, DnsView(event.step, since=event.time))

    def _finding(self, event: FindingRaised) -> None:
        self._cluster(event.finding.cluster)
        if event.step is not None:
            self._step(event.step, cluster=event.finding.cluster).is_found(event)
        about = (event.step, event.finding.id)
        known = next((i for i, (step, found) in enumerate(self.findings) if (step, found.id) == about), None)
        if known is None:
            self.findings.append((event.step, event.finding))
        else:
            self.findings[known] = (event.step, event.finding)

    @staticmethod
    def _keep(kept: list[_T], item: _T) -> None:
        kept.append(item)
        del kept[:-KEPT]
