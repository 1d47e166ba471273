"""Plain lines: golden text, what is held back and when it is said."""

from __future__ import annotations

import io
import os
from datetime import UTC
from pathlib import Path

import pytest

from bevel_tui.output.lines import Lines
from bevel_tui.output.paper import Paper
from bevel_tui.output.summary import write
from bevel_tui.records.events import (
    CheckDone,
    DnsRecord,
    DnsWaiting,
    FindingRaised,
    Interrupted,
    LogLine,
    Notice,
    ResourceChanged,
    RunStarted,
    StepFinished,
    StepRequeued,
    StepStarted,
    StepWaiting,
)
from bevel_tui.records.findings import Finding
from bevel_tui.views.state import RunView

SNAPSHOTS = Path(__file__).parent / "snapshots"


def matches(name: str, text: str) -> None:
    path = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path.name} differs"


def said(events, **options) -> str:
    out = io.StringIO()
    view = Lines(out, zone=UTC, **options)
    for event in events:
        view.handle(event)
    return out.getvalue()


@pytest.mark.parametrize("state", ["failed", "done"])
def test_golden_lines(story, state):
    matches(f"lines-{state}", said(getattr(story, state)))


@pytest.mark.parametrize("state", ["failed", "done"])
def test_golden_summary(story, state):
    out = io.StringIO()
    write(Paper(out), RunView.of(getattr(story, state)), next_steps=("bevel-tui check --preset besu.yaml",))
    matches(f"summary-{state}", out.getvalue())


def test_lines_have_no_escape_unless_colour_is_wanted(story):
    assert "\x1b" not in said(story.failed)
    assert "\x1b[1;31mfailed" in said(story.failed, colour=True)


def waiting(time: float, words: str) -> StepWaiting:
    return StepWaiting(time=time, step="a", cluster="east", waiting_for=(words,))


def test_what_a_step_waits_for_is_said_at_most_every_ten_seconds():
    out = io.StringIO()
    view = Lines(out, zone=UTC)
    view.handle(RunStarted(time=0, network="n", plan="p", platform="besu", clusters=("east",)))
    view.handle(StepStarted(time=0, step="a", kind="release", cluster="east", release="a"))
    for time in range(1, 10):
        view.handle(waiting(time, f"{time}/9 ready"))
    assert [line for line in out.getvalue().splitlines() if "waiting" in line] == [
        "00:00:01  east  waiting   a: 1/9 ready"
    ]
    view.tick(11.5)
    assert out.getvalue().splitlines()[-1] == "00:00:11  east  waiting   a: 9/9 ready"
    view.tick(30)
    assert len([line for line in out.getvalue().splitlines() if "waiting" in line]) == 2, "nothing new to say"


def test_dozens_of_waits_are_counted_not_listed():
    many = tuple(f"Secret s{i}" for i in range(40))
    text = said(
        [
            StepStarted(time=0, step="a", kind="release", cluster="east", release="a"),
            StepWaiting(time=1, step="a", cluster="east", waiting_for=many),
        ]
    )
    assert text.splitlines()[-1].endswith("a: Secret s0, Secret s1, Secret s2, and 37 more")


def test_silence_is_broken_once_a_minute():
    out = io.StringIO()
    view = Lines(out, zone=UTC)
    view.handle(RunStarted(time=0, network="n", plan="p", platform="besu", clusters=("east",)))
    view.handle(StepStarted(time=0, step="a", kind="release", cluster="east", release="a"))
    before = out.getvalue()
    view.tick(59)
    assert out.getvalue() == before
    view.tick(61)
    view.tick(62)
    assert out.getvalue().removeprefix(before) == "00:01:01        still     1 step running: a: in progress\n"


def test_records_are_said_once_and_answers_when_they_change():
    record = DnsRecord(name="*.e.test", type="A", value="192.0.2.1")

    def gate(time: float, answer: str) -> DnsWaiting:
        return DnsWaiting(
            time=time, step="d", cluster="east", domain="e.test", records=(record,), servers={"ns1": answer}
        )

    text = said([gate(1, "no such name"), gate(20, "no such name"), gate(40, "192.0.2.9"), gate(41, "192.0.2.1")])
    assert text.count("*.e.test  A     300  192.0.2.1") == 1
    assert text.count("ns1 answers: no such name") == 1
    assert text.count("ns1 answers: 192.0.2.9") == 1


def test_a_cause_is_said_once_and_again_when_the_step_is_tried_again():
    finding = Finding(code="QUOTA", cluster="c", kind="StatefulSet", name="node", cause="No room.", remedy="Make room.")
    told = FindingRaised(time=1, step="s", finding=finding)
    for_good = FindingRaised(time=2, step="s", finding=finding.model_copy(update={"terminal": True}))
    again = StepRequeued(time=3, step="s", cluster="c")
    assert said([told, for_good]).count("No room.") == 1
    assert said([told, for_good, again, told]).count("No room.") == 2


def test_interruption_is_announced_with_what_the_second_one_does():
    text = said([Interrupted(time=1), Interrupted(time=2, stage=2)])
    assert "press Ctrl-C again to leave at once" in text
    assert "the next run repairs what is half done" in text


EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m[bold red]x[/]\r\u202ey\nnext"


def evil_events():
    finding = Finding(
        code="c", cluster=EVIL, kind=EVIL, name=EVIL, cause=EVIL, evidence=(EVIL,), remedy=EVIL, namespace=EVIL
    )
    from bevel_tui.records.checks import CheckResult

    result = CheckResult(
        id="protocol", cluster=EVIL, target=EVIL, status="failed", summary=EVIL, evidence=(EVIL,), remedy=EVIL
    )
    return [
        RunStarted(time=1, network=EVIL, plan="p", platform=EVIL, clusters=(EVIL,), simulated=(EVIL,)),
        StepStarted(time=1, step=EVIL, kind="release", cluster=EVIL, release=EVIL, namespace=EVIL),
        StepWaiting(time=2, step=EVIL, cluster=EVIL, waiting_for=(EVIL,)),
        ResourceChanged(time=2, step=EVIL, cluster=EVIL, kind=EVIL, name=EVIL, state="failed", message=EVIL),
        FindingRaised(time=3, step=EVIL, finding=finding),
        LogLine(time=3, source=EVIL, text=EVIL, cluster=EVIL),
        Notice(time=3, text=EVIL),
        CheckDone(time=3, result=result),
        DnsWaiting(time=3, step="d", cluster=EVIL, domain=EVIL, records=(), zone_lines=(EVIL,), servers={EVIL: EVIL}),
        StepFinished(time=4, step=EVIL, kind="release", cluster=EVIL, outcome="failed", reason=EVIL, remedy=EVIL),
    ]


def harmless(text: str) -> bool:
    return not any((ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c == "\u202e" for c in text)


def test_nothing_from_a_cluster_is_interpreted_by_a_terminal(terminal):
    from rich.console import Console

    from bevel_tui.output.checks import text as table
    from bevel_tui.output.errors import show
    from bevel_tui.output.frame import frame
    from bevel_tui.output.jsonl import JsonLines
    from bevel_tui.output.live import text
    from bevel_tui.output.renderer import broken_off
    from bevel_tui.records.errors import BevelError, Code, ExitCode
    from bevel_tui.views.canvas import Canvas

    assert harmless(said(evil_events()))
    assert "\\x1b]0;owned\\x07" in said(evil_events())
    view = RunView.of(evil_events())
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system=None, width=200, _environ={})
    console.print(text(frame(view, 5, Canvas(199, 40))))
    assert harmless(out.getvalue())
    assert "[bold red]x[/]" in out.getvalue(), "brackets are text, not markup"
    view.apply(broken_off(ExitCode.FAILED, EVIL, EVIL))
    for writer in (
        lambda o: write(Paper(o), view),
        lambda o: table(Paper(o), view.checks),
        lambda o: show(BevelError(Code.USAGE, EVIL, remedy=EVIL, details=(EVIL,)), o),
        lambda o: [JsonLines(o).handle(event) for event in evil_events()],
    ):
        out = io.StringIO()
        writer(out)
        assert out.getvalue()
        assert harmless(out.getvalue())


def test_an_encoding_without_glyphs_gets_ascii(story):
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    paper = Paper(out)
    write(paper, RunView.of(story.failed))
    paper.line("→")
    assert raw.getvalue().startswith(b"x Network supplychain")
    assert raw.getvalue().endswith(b"\\u2192\n")


def test_a_reader_that_goes_away_ends_the_output_not_the_run():
    read, written = os.pipe()
    os.close(read)
    with open(written, "w") as out:  # noqa: PTH123 - a descriptor
        paper = Paper(out)
        paper.line("one")
        paper.line("two")
        assert paper.closed
