"""The one stream between the engine and every view: what happened in a run, fact by fact.

`AnyEvent` is a union discriminated by `type`; ``-o jsonl`` prints one of these a line. The format is versioned
by `EVENT_VERSION`: fields may be added within a version, never renamed. docs/events.md is generated from here.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from bevel_tui.records.checks import CheckResult
from bevel_tui.records.findings import Finding

EVENT_VERSION = 1

StepOutcome = Literal["ok", "unchanged", "failed", "timed-out", "skipped", "cancelled"]
RunOutcome = Literal["ok", "failed", "unusable", "timed-out", "unreachable", "interrupted"]


class Event(BaseModel):
    """`time` is seconds since the epoch (UTC), `seq` counts up from 0 within the run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str = ""
    seq: int = 0
    time: float = 0.0


class PlannedStep(BaseModel):
    """As much of a step as a view needs to draw it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: str
    cluster: str
    namespace: str | None = None
    organization: str | None = None
    release: str | None = None
    chart: str | None = None
    needs: tuple[str, ...] = ()
    estimate: float = 0.0


class RunStarted(Event):
    """First event of a run."""

    type: Literal["run-started"] = "run-started"
    version: int = EVENT_VERSION
    command: Literal["deploy", "destroy", "check"] = "deploy"
    network: str
    plan: str
    platform: str
    clusters: tuple[str, ...]
    simulated: tuple[str, ...] = ()
    helm: str | None = None
    steps: tuple[PlannedStep, ...] = ()
    critical_path: tuple[str, ...] = ()


class StepStarted(Event):
    """The step's needs are met and it began. `attempt` counts from 1."""

    type: Literal["step-started"] = "step-started"
    step: str
    kind: str
    cluster: str
    namespace: str | None = None
    release: str | None = None
    attempt: int = 1
    budget: float | None = None


class StepWaiting(Event):
    """What the running step waits for now, in words; sent when it changes."""

    type: Literal["step-waiting"] = "step-waiting"
    step: str
    cluster: str
    waiting_for: tuple[str, ...]


class StepFinished(Event):
    """The step ended. `unchanged`: nothing had to be done. `duration` is seconds. `code`: that of docs/exit-codes.md."""

    type: Literal["step-finished"] = "step-finished"
    step: str
    kind: str
    cluster: str
    outcome: StepOutcome
    duration: float = 0.0
    reason: str | None = None
    remedy: str | None = None
    code: str | None = None


class ReleaseApplied(Event):
    """Helm finished an operation on a release."""

    type: Literal["release-applied"] = "release-applied"
    step: str
    cluster: str
    namespace: str
    release: str
    action: Literal["install", "upgrade", "adopt", "rollback", "uninstall", "repair"]
    chart: str
    chart_version: str
    chart_source: str
    chart_digest: str
    stand_in: bool = False
    driver: str
    revision: int | None = None


class ResourceChanged(Event):
    """A watched object of a step changed its state."""

    type: Literal["resource-changed"] = "resource-changed"
    step: str
    cluster: str
    namespace: str | None = None
    kind: str
    name: str
    state: Literal["pending", "progressing", "ready", "failed", "gone"]
    message: str = ""


class HandoffMoved(Event):
    """Public material went from one cluster to another release; `stripped` names what was held back."""

    type: Literal["handoff-moved"] = "handoff-moved"
    step: str
    cluster: str
    source: str
    target: str
    bytes: int
    stripped: tuple[str, ...] = ()


class AddressKnown(Event):
    """The gateway of a cluster has these addresses (IPs, or the load balancer's host name)."""

    type: Literal["address-known"] = "address-known"
    step: str
    cluster: str
    service: str
    addresses: tuple[str, ...]


class DnsRecord(BaseModel):
    """One record to create."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: Literal["A", "AAAA", "CNAME", "TXT"]
    value: str
    ttl: int = 300


class DnsWaiting(Event):
    """The DNS gate waits: the exact records to create, and what each server answers now.

    `zone` is where they belong, null while it has not been found; `mode` says who creates them. `service`
    (``namespace/name``) and `context` are the gateway's, for those who annotate it.
    """

    type: Literal["dns-waiting"] = "dns-waiting"
    step: str
    cluster: str
    domain: str
    records: tuple[DnsRecord, ...]
    zone_lines: tuple[str, ...] = ()
    servers: dict[str, str] = {}
    mode: Literal["manual", "external-dns", "rfc2136", "skip"] = "manual"
    zone: str | None = None
    service: str | None = None
    context: str | None = None


class DnsReady(Event):
    """The domain leads to the gateway. `behind` are recursive resolvers that say something else all the same, and what."""

    type: Literal["dns-ready"] = "dns-ready"
    step: str
    cluster: str
    domain: str
    addresses: tuple[str, ...]
    behind: dict[str, str] = {}


class CheckDone(Event):
    """One reachability check was answered."""

    type: Literal["check-done"] = "check-done"
    step: str | None = None
    result: CheckResult


class FindingRaised(Event):
    """A problem was diagnosed on a step that is still waiting, or that failed."""

    type: Literal["finding-raised"] = "finding-raised"
    step: str | None = None
    finding: Finding


class LogLine(Event):
    """A line worth keeping. `source` is ``helm`` or ``namespace/pod/container``. `about`: ``problem`` for Helm's
    warnings and the last words of what failed, ``output`` for what a Job that ends well has written, and for the
    containers of the step that somebody looks at."""

    type: Literal["log-line"] = "log-line"
    step: str | None = None
    cluster: str | None = None
    source: str
    text: str
    about: Literal["problem", "output"] = "problem"


class Notice(Event):
    """Something the user should know that is no failure (a stand-in is used, a step was repaired...)."""

    type: Literal["notice"] = "notice"
    level: Literal["info", "warning"] = "info"
    cluster: str | None = None
    step: str | None = None
    text: str


class Interrupted(Event):
    """Ctrl-C: `stage` 1 finishes what is in flight, 2 leaves at once."""

    type: Literal["interrupted"] = "interrupted"
    stage: Literal[1, 2] = 1


class RunPaused(Event):
    """Somebody paused the run: what runs goes on, nothing new starts. `paused` false: it starts again."""

    type: Literal["run-paused"] = "run-paused"
    paused: bool = True


class RunHeld(Event):
    """All that can be done is done, these `steps` have failed, and somebody is there who may have them tried again.
    Without steps: the run goes on, or ends."""

    type: Literal["run-held"] = "run-held"
    steps: tuple[str, ...] = ()


class StepRequeued(Event):
    """A step that had ended is to come again: it is tried again, or what it needs is."""

    type: Literal["step-requeued"] = "step-requeued"
    step: str
    cluster: str


class BudgetExtended(Event):
    """Somebody gave a running step `seconds` more, `budget` in all; no step: the whole run."""

    type: Literal["budget-extended"] = "budget-extended"
    step: str | None = None
    seconds: float
    budget: float | None = None


class RollbackStarted(Event):
    """The run was stopped, and what it had created is removed again: these steps, and nothing that was there before."""

    type: Literal["rollback-started"] = "rollback-started"
    steps: tuple[PlannedStep, ...] = ()


class EndpointSummary(BaseModel):
    """An endpoint as the closing summary and `check` show it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    cluster: str
    organization: str
    url: str
    exposed: bool = True


class RunFinished(Event):
    """Last event of a run, always."""

    type: Literal["run-finished"] = "run-finished"
    outcome: RunOutcome
    exit_code: int
    duration: float
    critical_path: float = 0.0
    steps: dict[str, int] = {}
    endpoints: tuple[EndpointSummary, ...] = ()
    #: a sentence, and further facts on lines of their own
    error: str | None = None
    remedy: str | None = None
    #: the stable code of what ended it (docs/exit-codes.md), where a step did not
    code: str | None = None


AnyEvent = Annotated[
    RunStarted
    | StepStarted
    | StepWaiting
    | StepFinished
    | ReleaseApplied
    | ResourceChanged
    | HandoffMoved
    | AddressKnown
    | DnsWaiting
    | DnsReady
    | CheckDone
    | FindingRaised
    | LogLine
    | Notice
    | Interrupted
    | RunPaused
    | RunHeld
    | StepRequeued
    | BudgetExtended
    | RollbackStarted
    | RunFinished,
    Field(discriminator="type"),
]

#: validates and dumps any event (lazily built by pydantic on first use)
EVENTS: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
