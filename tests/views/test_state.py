"""The fold: same events, same view; and no sequence of events breaks it or a view of it."""

from __future__ import annotations

import io
from datetime import UTC

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bevel_tui.output.frame import frame
from bevel_tui.output.jsonl import JsonLines
from bevel_tui.output.lines import Lines
from bevel_tui.output.paper import Paper
from bevel_tui.output.summary import write
from bevel_tui.records import events as ev
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.findings import Finding
from bevel_tui.views.canvas import Canvas
from bevel_tui.views.state import RunView


def test_cluster_organization_release_resources(story):
    view = RunView.of(story.failing)
    assert list(view.clusters) == ["east", "west"]
    east = view.clusters["east"]
    assert list(east.organizations) == [None, "supplychain"]
    assert east.addresses == ("203.0.113.10",)
    step = east.organizations["supplychain"].steps["east/supplychain-bes/validator-1"]
    assert (step.state, step.label) == ("running", "validator-1")
    assert [(r.kind, r.state) for r in step.resources.values()] == [("StatefulSet", "progressing")]
    assert view.open_findings[0][1].code == "image-pull"
    assert east.simulated
    assert view.elapsed() == 45


def test_the_same_events_give_the_same_view(story):
    assert RunView.of(story.failed) == RunView.of(story.failed)


def test_a_finding_is_over_when_its_step_went_well_after_all(story):
    view = RunView.of(story.failing)
    step = "east/supplychain-bes/validator-1"
    view.apply(ev.StepFinished(time=view.now, step=step, kind="release", cluster="east", outcome="ok"))
    assert view.open_findings == ()


def test_the_same_finding_is_kept_once(story):
    view = RunView.of(story.failing)
    step, finding = view.findings[0]
    view.apply(ev.FindingRaised(step=step, finding=finding))
    assert len(view.findings) == 1


def test_what_is_known_better_of_a_finding_replaces_it(story):
    view = RunView.of(story.failing)
    step, finding = view.findings[0]
    assert step is not None
    told = len(view.steps[step].history)
    for_good = finding.model_copy(update={"terminal": not finding.terminal})
    view.apply(ev.FindingRaised(step=step, finding=for_good))
    assert view.findings == [(step, for_good)]
    assert view.steps[step].findings == [for_good]
    assert len(view.steps[step].history) == told


def test_a_second_attempt_forgets_why_the_first_one_failed():
    view = RunView.of(
        [
            ev.StepStarted(time=1, step="a", kind="release", cluster="c"),
            ev.StepFinished(time=2, step="a", kind="release", cluster="c", outcome="failed", reason="no", remedy="do"),
            ev.StepStarted(time=3, step="a", kind="release", cluster="c", attempt=2),
        ]
    )
    step = view.steps["a"]
    assert (step.state, step.reason, step.remedy, step.attempt) == ("running", None, None, 2)
    assert step.elapsed(5) == 2


def plan(*steps: tuple[str, float, tuple[str, ...]]) -> ev.RunStarted:
    planned = tuple(
        ev.PlannedStep(id=i, kind="release", cluster="c", estimate=seconds, needs=n) for i, seconds, n in steps
    )
    return ev.RunStarted(time=0, network="n", plan="p", platform="besu", clusters=("c",), steps=planned)


def test_remaining_is_the_longest_path_through_what_is_left():
    view = RunView.of([plan(("a", 10, ()), ("b", 5, ("a",)), ("c", 20, ("a",)), ("d", 1, ("b", "c")))])
    assert view.remaining(0) == (31, ("a", "c", "d"))
    view.apply(ev.StepStarted(time=0, step="a", kind="release", cluster="c"))
    assert view.remaining(4) == (27, ("a", "c", "d"))
    view.apply(ev.StepFinished(time=20, step="a", kind="release", cluster="c", outcome="ok", duration=20))
    assert view.remaining(20) == (42, ("c", "d")), "this run is half as quick as estimated"
    view.apply(ev.StepFinished(time=20, step="c", kind="release", cluster="c", outcome="unchanged"))
    assert view.remaining(20) == (12, ("b", "d"))


def test_an_overdue_step_still_has_its_successors_to_come():
    view = RunView.of([plan(("a", 1, ()), ("b", 5, ("a",)))])
    view.apply(ev.StepStarted(time=0, step="a", kind="release", cluster="c"))
    assert view.remaining(100) == (5, ("a", "b"))


def test_a_cycle_is_cut():
    view = RunView.of([plan(("a", 1, ("b",)), ("b", 1, ("a",)))])
    assert view.remaining(0)[0] >= 1


IDS = st.sampled_from(["east/a", "east/b", "x", "", "west/ns/r\x1b[2J"])
NAMES = st.sampled_from(["east", "west", "", "\x1b]0;t\x07"])
TIMES = st.floats(allow_nan=True, allow_infinity=True, width=32)
TEXTS = st.text(max_size=8)
FINDINGS = st.builds(
    Finding, code=TEXTS, cluster=NAMES, kind=TEXTS, name=TEXTS, cause=TEXTS, remedy=TEXTS,
    severity=st.sampled_from(["error", "warning", "info"]),
)  # fmt: skip
RESULTS = st.builds(
    CheckResult, id=TEXTS, cluster=NAMES, target=TEXTS, summary=TEXTS,
    status=st.sampled_from(["ok", "warning", "failed", "skipped"]), duration=TIMES,
)  # fmt: skip
STEPS = st.builds(
    ev.PlannedStep, id=IDS, kind=st.sampled_from(["release", "namespace", "dns"]), cluster=NAMES,
    needs=st.lists(IDS, max_size=3).map(tuple), estimate=TIMES, organization=st.none() | TEXTS,
)  # fmt: skip
OUTCOMES = st.sampled_from(["ok", "unchanged", "failed", "timed-out", "skipped", "cancelled"])
ENDS = st.sampled_from(["ok", "failed", "unusable", "timed-out", "unreachable", "interrupted"])
COMMON = {"time": TIMES}
EVENTS = st.one_of(
    st.builds(
        ev.RunStarted, network=TEXTS, plan=TEXTS, platform=TEXTS, clusters=st.lists(NAMES, max_size=3).map(tuple),
        simulated=st.lists(NAMES, max_size=2).map(tuple), steps=st.lists(STEPS, max_size=4).map(tuple), **COMMON,
    ),
    st.builds(ev.StepStarted, step=IDS, kind=TEXTS, cluster=NAMES, release=st.none() | TEXTS, **COMMON),
    st.builds(
        ev.StepWaiting, step=IDS, cluster=NAMES, waiting_for=st.lists(TEXTS, max_size=2).map(tuple), **COMMON
    ),
    st.builds(ev.StepFinished, step=IDS, kind=TEXTS, cluster=NAMES, outcome=OUTCOMES, duration=TIMES, **COMMON),
    st.builds(
        ev.ReleaseApplied, step=IDS, cluster=NAMES, namespace=TEXTS, release=TEXTS, chart=TEXTS, chart_version=TEXTS,
        chart_source=TEXTS, chart_digest=TEXTS, driver=TEXTS, action=st.just("install"), **COMMON,
    ),
    st.builds(
        ev.ResourceChanged, step=IDS, cluster=NAMES, kind=TEXTS, name=TEXTS, message=TEXTS,
        state=st.sampled_from(["pending", "progressing", "ready", "failed", "gone"]), **COMMON,
    ),
    st.builds(ev.HandoffMoved, step=IDS, cluster=NAMES, source=TEXTS, target=TEXTS, bytes=st.integers(0, 9), **COMMON),
    st.builds(
        ev.AddressKnown, step=IDS, cluster=NAMES, service=TEXTS, addresses=st.lists(TEXTS).map(tuple), **COMMON
    ),
    st.builds(
        ev.DnsWaiting, step=IDS, cluster=NAMES, domain=TEXTS, servers=st.dictionaries(TEXTS, TEXTS, max_size=2),
        records=st.just((ev.DnsRecord(name="*.a", type="A", value="192.0.2.1"),)), **COMMON,
    ),
    st.builds(ev.DnsReady, step=IDS, cluster=NAMES, domain=TEXTS, addresses=st.just(()), **COMMON),
    st.builds(ev.CheckDone, result=RESULTS, **COMMON),
    st.builds(ev.FindingRaised, step=st.none() | IDS, finding=FINDINGS, **COMMON),
    st.builds(ev.LogLine, source=TEXTS, text=TEXTS, cluster=st.none() | NAMES, **COMMON),
    st.builds(ev.Notice, text=TEXTS, level=st.sampled_from(["info", "warning"]), **COMMON),
    st.builds(ev.Interrupted, stage=st.sampled_from([1, 2]), **COMMON),
    st.builds(ev.RunPaused, paused=st.booleans(), **COMMON),
    st.builds(ev.RunHeld, steps=st.lists(IDS, max_size=2).map(tuple), **COMMON),
    st.builds(ev.StepRequeued, step=IDS, cluster=NAMES, **COMMON),
    st.builds(ev.BudgetExtended, step=st.none() | IDS, seconds=TIMES, budget=st.none() | TIMES, **COMMON),
    st.builds(ev.RollbackStarted, steps=st.lists(STEPS, max_size=2).map(tuple), **COMMON),
    st.builds(ev.RunFinished, outcome=ENDS, exit_code=st.integers(0, 130), duration=TIMES, **COMMON),
)  # fmt: skip


def test_the_property_covers_every_kind_of_event():
    kinds = {kind.__name__ for kind in ev.Event.__subclasses__()}
    assert all(kind in repr(EVENTS) for kind in kinds)
    assert isinstance(ev.EVENTS, TypeAdapter)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(EVENTS, max_size=15))
def test_no_sequence_of_events_breaks_a_view(events):
    out, view = io.StringIO(), RunView()
    lines, jsonl = Lines(out, zone=UTC), JsonLines(out)
    for event in events:
        for renderer in (lines, jsonl):
            renderer.handle(event)
            renderer.tick(event.time)
        view.apply(event)
        frame(view, view.now, Canvas(40, 10))
    write(Paper(out), view)
    shown = out.getvalue()
    assert not any(ord(c) < 32 and c != "\n" for c in shown)
