"""Plain lines for pipes, CI and dumb terminals: a time, a cluster, a word, a fact.

A fact is said when it changes. What a step waits for changes often, so it is said at most every few seconds a step,
and silence is broken from time to time: CI systems end jobs that say nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import TextIO

from bevel_tui import api
from bevel_tui.output.paper import Paper
from bevel_tui.output.renderer import Renderer
from bevel_tui.records.events import (
    AddressKnown,
    AnyEvent,
    BudgetExtended,
    CheckDone,
    DnsReady,
    DnsWaiting,
    FindingRaised,
    HandoffMoved,
    Interrupted,
    LogLine,
    Notice,
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
from bevel_tui.views.checks import about
from bevel_tui.views.state import RunView
from bevel_tui.views.words import Span, duration, few, plural, style, time_of_day, word

#: seconds between two lines about what one step waits for
WAITING_EVERY = 10.0
#: seconds of silence after which a line says that the run goes on
HEARTBEAT = 60.0

#: kinds of step that are quick: their start is not worth a line, their end is
_QUIET = frozenset({"namespace", "secret", "keys", "handoff", "check"})


class Lines(Renderer):
    """Writes facts to `stderr`. `zone` is the time zone of the clock column (None: the machine's)."""

    def __init__(self, stderr: TextIO, *, colour: bool = False, zone: tzinfo | None = None) -> None:
        self._paper = Paper(stderr, colour)
        self._zone = zone
        self.view = RunView()
        self._width = 0
        self._spoken = 0.0
        self._waiting_said: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._findings_said: set[tuple[str | None, str, str]] = set()
        self._records_said: dict[tuple[str, str], object] = {}
        self._servers_said: dict[tuple[str, str], tuple[float, dict[str, str]]] = {}
        self._say: dict[type, Callable[..., None]] = {
            RunStarted: self._run_started,
            StepStarted: self._step_started,
            StepWaiting: lambda event: self._waiting(event.time),
            StepFinished: self._step_finished,
            ReleaseApplied: self._applied,
            ResourceChanged: self._resource,
            HandoffMoved: self._handoff,
            AddressKnown: self._address,
            DnsWaiting: self._dns_waiting,
            DnsReady: self._dns_ready,
            CheckDone: self._check,
            FindingRaised: self._finding,
            LogLine: self._log,
            Notice: self._notice,
            Interrupted: self._interrupted,
            RunPaused: lambda event: self._person(event.time, "paused" if event.paused else "goes on"),
            RunHeld: self._held,
            StepRequeued: self._requeued,
            BudgetExtended: lambda event: self._person(
                event.time, f"{duration(event.seconds)} more for {self._label(event.step) or 'the run'}"
            ),
            RollbackStarted: lambda event: self._line(
                event.time,
                "",
                ("rollback", style("warning")),
                f"what this run created is removed: {plural(len(event.steps), 'step')}",
            ),
            RunFinished: self._finished,
        }

    def handle(self, event: AnyEvent) -> None:
        """Say it, if it is worth a line."""
        self.view.apply(event)
        self._say[type(event)](event)

    def tick(self, now: float) -> None:
        """Say what was held back, and that the run goes on."""
        if self.view.started is None or self.view.finished is not None:
            return
        self._waiting(now)
        if now - self._spoken >= HEARTBEAT:
            running = [step for step in self.view.steps.values() if step.state == "running"]
            waits = "; ".join(f"{s.label}: {few(s.waiting_for) or 'in progress'}" for s in running[:3])
            more = f"; and {len(running) - 3} more" if len(running) > 3 else ""
            self._line(now, "", ("still", ""), f"{plural(len(running), 'step')} running: {waits}{more}")

    # ------------------------------------------------------------ layout

    def _line(self, time: float, cluster: str, label: Span, text: str) -> None:
        self._spoken = max(self._spoken, time)
        at = time_of_day(time, self._zone)
        self._paper.line((at, "dim"), f"  {cluster:<{self._width}}  ", (f"{label[0]:<9}", label[1]), f" {text}")

    def _more(self, text: str, kind: str = "") -> None:
        """A further line of the same fact."""
        self._paper.line(" " * (22 + self._width), (text, kind))

    @staticmethod
    def _state(state: str) -> Span:
        return word(state), style(state)

    def _label(self, step_id: str | None) -> str:
        step = self.view.steps.get(step_id) if step_id else None
        return step.label if step is not None else step_id or ""

    # ------------------------------------------------------------ facts

    def _run_started(self, event: RunStarted) -> None:
        self._width = max((len(name) for name in event.clusters), default=0)
        what = f"{event.command} of network {event.network} ({event.platform}) on {', '.join(event.clusters)}"
        self._line(event.time, "", ("run", "bold"), f"{what}; {plural(len(event.steps), 'step')}")
        if event.simulated:
            self._line(
                event.time, "", ("simulated", "yellow"), f"{', '.join(event.simulated)}: no container runs there"
            )

    def _step_started(self, event: StepStarted) -> None:
        if event.kind in _QUIET and event.attempt == 1:
            return
        step = self.view.steps[event.step]
        where = f" in {event.namespace}" if event.namespace else ""
        chart = f" (chart {step.chart})" if step.chart else ""
        again = f", attempt {event.attempt}" if event.attempt > 1 else ""
        text = f"{event.kind} {step.label}{where}{chart}{again}" if event.release else f"{step.label}{again}"
        self._line(event.time, event.cluster, ("start", ""), text)

    def _waiting(self, now: float) -> None:
        for step in self.view.steps.values():
            if step.state != "running" or not step.waiting_for:
                continue
            said, words = self._waiting_said.get(step.id, (float("-inf"), ()))
            if words != step.waiting_for and now - said >= WAITING_EVERY:
                self._waiting_said[step.id] = (now, step.waiting_for)
                self._line(now, step.cluster, self._state("waiting"), f"{step.label}: {few(step.waiting_for)}")

    def _step_finished(self, event: StepFinished) -> None:
        step = self.view.steps[event.step]
        if event.outcome in ("ok", "unchanged"):
            took = "" if event.outcome == "unchanged" else f" in {duration(event.duration)}"
            self._line(event.time, event.cluster, self._state(event.outcome), f"{step.label}{took}")
            return
        reason = f": {event.reason}" if event.reason else ""
        after = f" after {duration(event.duration)}" if event.outcome in ("failed", "timed-out") else ""
        self._line(event.time, event.cluster, self._state(event.outcome), f"{step.label}{after}{reason}")
        if event.remedy and event.remedy not in (finding.remedy for finding in step.findings):
            self._more(f"remedy: {event.remedy}")

    def _applied(self, event: ReleaseApplied) -> None:
        source = "a stand-in" if event.stand_in else event.chart_source
        revision = f", revision {event.revision}" if event.revision is not None else ""
        whence = f" from {source}" if source else ""  # an uninstallation takes its chart from nowhere
        text = f"{event.action} {event.release}: {event.chart} {event.chart_version}{whence}{revision}"
        self._line(event.time, event.cluster, ("helm", ""), text)

    def _resource(self, event: ResourceChanged) -> None:
        if event.state == "failed":
            where = f"{event.namespace}/" if event.namespace else ""
            text = f"{event.kind} {where}{event.name}: {event.message or 'failed'}"
            self._line(event.time, event.cluster, self._state("failed"), text)

    def _handoff(self, event: HandoffMoved) -> None:
        kept = f"; held back: {', '.join(event.stripped)}" if event.stripped else ""
        self._line(
            event.time, event.cluster, ("handoff", ""), f"{event.source} to {event.target} ({event.bytes} bytes){kept}"
        )

    def _address(self, event: AddressKnown) -> None:
        self._line(event.time, event.cluster, ("address", ""), f"{event.service} has {' '.join(event.addresses)}")

    def _dns_waiting(self, event: DnsWaiting) -> None:
        key = (event.cluster, event.domain)
        if self._records_said.get(key) != event.records:
            self._records_said[key] = event.records
            self._line(event.time, event.cluster, ("dns", "yellow"), _who_creates(event))
            for line in api.dns_recipe(event, "table").splitlines():
                self._more(f"  {line}", "bold")
            if event.mode == "manual":
                forms = ", ".join(form for form in api.dns_forms() if form != "table")
                self._more(f"as commands or files, in another terminal: bevel-tui dns --preset FILE -o {{{forms}}}")
        said, words = self._servers_said.get(key, (float("-inf"), {}))
        if words != event.servers and event.time - said >= WAITING_EVERY:
            self._servers_said[key] = (event.time, event.servers)
            for server, answer in event.servers.items():
                self._more(f"{server} answers: {answer}")

    def _dns_ready(self, event: DnsReady) -> None:
        self._line(event.time, event.cluster, ("dns", "green"), f"{event.domain} leads to {' '.join(event.addresses)}")
        for resolver, answer in event.behind.items():
            self._more(f"but {resolver} answers: {answer}")

    def _check(self, event: CheckDone) -> None:
        result = event.result
        if result.status in ("failed", "warning"):
            text = f"check {result.id}: {about(result)}"
            self._line(event.time, result.cluster, self._state(result.status), text)
            for fact in result.evidence:
                self._more(fact)
            if result.remedy:
                self._more(f"remedy: {result.remedy}")
        elif result.id == "protocol" and result.status == "ok":
            self._line(event.time, result.cluster, self._state("ok"), about(result))

    def _requeued(self, event: StepRequeued) -> None:
        """What was wrong before is news again."""
        self._findings_said = {said for said in self._findings_said if said[0] != event.step}

    def _finding(self, event: FindingRaised) -> None:
        finding = event.finding
        said = (event.step, finding.severity, finding.cause)
        if said in self._findings_said:
            return
        self._findings_said.add(said)
        where = f"{finding.namespace}/" if finding.namespace else ""
        text = f"{finding.kind} {where}{finding.name}: {finding.cause} [{finding.code}]"
        self._line(event.time, finding.cluster, self._state(finding.severity), text)
        for fact in finding.evidence:
            self._more(fact)
        self._more(f"remedy: {finding.remedy}")

    def _person(self, time: float, text: str) -> None:
        self._line(time, "", ("run", "bold"), text)

    def _held(self, event: RunHeld) -> None:
        if event.steps:
            names = few([self._label(name) for name in event.steps])
            self._line(event.time, "", ("held", style("warning")), f"nothing is left to do but to try again: {names}")

    def _log(self, event: LogLine) -> None:
        if event.about == "output":
            return
        self._line(event.time, event.cluster or "", ("log", "dim"), f"{event.source}: {event.text}")

    def _notice(self, event: Notice) -> None:
        self._line(event.time, event.cluster or "", self._state(event.level), event.text)

    def _interrupted(self, event: Interrupted) -> None:
        text = (
            "finishing what is in flight; press Ctrl-C again to leave at once"
            if event.stage == 1
            else "leaving at once; the next run repairs what is half done"
        )
        self._line(event.time, "", self._state("cancelled"), text)

    def _finished(self, event: RunFinished) -> None:
        state = "ok" if event.exit_code == 0 else "failed"
        counts = ", ".join(f"{count} {word(name)}" for name, count in event.steps.items() if count)
        steps = f" ({counts})" if counts else ""
        self._line(event.time, "", ("finished", style(state)), f"{event.outcome} in {duration(event.duration)}{steps}")


def _who_creates(event: DnsWaiting) -> str:
    what = f"so that {event.domain} leads to its gateway:"
    if event.mode == "external-dns":
        return f"external-dns is to create these records, {what}"
    if event.mode == "rfc2136":
        return f"these records were sent to the zone's server, {what}"
    where = f" in zone {event.zone}" if event.zone else ""
    return f"create these records{where}, {what}"
