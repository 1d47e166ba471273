"""Reports: what the events say and nothing else, harmless whatever clusters say, written beside the journal."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bevel_tui.records.checks import CheckResult
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.events import (
    EVENTS,
    CheckDone,
    FindingRaised,
    HandoffMoved,
    Notice,
    PlannedStep,
    RunFinished,
    RunStarted,
    StepFinished,
    StepStarted,
)
from bevel_tui.records.findings import Finding
from bevel_tui.views.report import facts, files, markdown, page
from bevel_tui.views.report.picture import timeline, topology
from bevel_tui.views.state import RunView

EVIL = "<script>alert(1)</script>\x1b]0;owned\x07 | `x` [a](http://evil)\nnext </svg>"


def planned(name: str, needs: tuple[str, ...] = (), cluster: str = "east", kind: str = "release") -> PlannedStep:
    return PlannedStep(
        id=name, kind=kind, cluster=cluster, organization="org", release=name, namespace="ns", needs=needs
    )


def events(word: str = "fine"):
    """Two branches: a (3 s) then c; b (1 s) hands over to the other cluster. c is the end; d is skipped."""
    finding = Finding(
        code="image-pull", cluster="east", kind="Pod", name=word, cause=word, evidence=(word,), remedy=word
    )
    check = CheckResult(
        id="tcp", cluster="west", target=word, status="failed", summary=word, evidence=(word,), remedy=word
    )
    steps = (
        planned("a"), planned("b", kind="handoff"), planned("c", ("a", "b"), "west"), planned("d", ("c",), "west"),
    )  # fmt: skip
    return [
        RunStarted(
            run="r1", time=100, network=word, plan="p1", platform="besu", clusters=("east", "west"), steps=steps
        ),
        StepStarted(run="r1", time=100, step="a", kind="release", cluster="east"),
        StepStarted(run="r1", time=100, step="b", kind="handoff", cluster="east"),
        StepFinished(run="r1", time=101, step="b", kind="handoff", cluster="east", outcome="ok", duration=1),
        HandoffMoved(
            run="r1", time=101, step="b", cluster="east", source=word, target=word, bytes=7, stripped=("key",)
        ),
        StepFinished(run="r1", time=103, step="a", kind="release", cluster="east", outcome="ok", duration=3),
        StepStarted(run="r1", time=103, step="c", kind="release", cluster="west"),
        FindingRaised(run="r1", time=104, step="c", finding=finding),
        Notice(run="r1", time=104, text=word),
        StepFinished(
            run="r1",
            time=105,
            step="c",
            kind="release",
            cluster="west",
            outcome="failed",
            duration=2,
            reason=word,
            remedy=word,
        ),
        StepFinished(run="r1", time=105, step="d", kind="release", cluster="west", outcome="skipped", reason=word),
        CheckDone(run="r1", time=105, result=check),
        RunFinished(run="r1", time=106, outcome="failed", exit_code=1, duration=6, error=word, remedy=word),
    ]


class Reader(HTMLParser):
    """Which elements and attributes a page has; refuses what is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            raise AssertionError(f"</{tag}> closes {self.open[-3:]}")


def test_what_happened_is_in_it() -> None:
    report = facts.of(RunView.of(events()))
    assert [part["step"] for part in report["critical_path"]] == ["a", "c"]
    assert [(s["step"], s["begin"], s["critical"]) for s in report["timeline"]] == [
        ("a", 0, True),
        ("b", 0, False),
        ("c", 3, True),
        ("d", None, False),
    ]
    assert report["failures"] == [{"step": "c", "state": "failed", "reason": "fine", "remedy": "fine"}]
    assert report["skipped"] == [{"step": "d", "reason": "fine"}]
    assert report["handoffs"][0]["held_back"] == ["key"]
    assert (report["outcome"], report["exit_code"], report["duration"]) == ("failed", 1, 6)
    assert json.loads(json.dumps(report)) == report


def test_a_run_that_broke_off_has_a_report() -> None:
    for count in range(len(events())):
        report = facts.of(RunView.of(events()[:count]))
        assert report["outcome"] == "unfinished"
        assert markdown.render(report)
        assert page.render(report)


@pytest.mark.parametrize("name", ["healthy_start", "failing", "failed", "done"])
def test_stories(story, name: str) -> None:
    report = facts.of(RunView.of(getattr(story, name)))
    text, html = markdown.render(report), page.render(report)
    for check in report["checks"]:
        assert check["id"] in text
        assert check["id"] in html
    for finding in report["findings"]:
        assert finding["code"] in html


def test_whatever_clusters_say_is_text() -> None:
    view = RunView.of(events(EVIL))
    report = facts.of(view)
    html, text = page.render(report), markdown.render(report)
    reader = Reader()
    reader.feed(html)
    assert "script" not in reader.tags
    assert not reader.attributes & {"href", "src", "onload", "onclick"}
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", html + text)
    assert "<script" not in html
    assert "](http" not in text.replace("\\](", "")
    assert "<script" not in text.replace("\\<", "")


def test_the_page_is_whole_and_loads_nothing() -> None:
    html = page.render(facts.of(RunView.of(events())))
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    assert "default-src 'none'" in html
    assert not re.search(r"(src|href|url\()\s*=?\s*[\"'(]?http", html)


def test_pictures_show_clusters_releases_handoffs_and_bars() -> None:
    report = facts.of(RunView.of(events()))
    drawn = topology(report)
    assert drawn.count("<circle") == 3
    assert "east hands over to west: 1" in drawn
    assert timeline(report).count("<rect") == 3
    assert timeline(report).count('class="critical"') == 2


# ---------------------------------------------------------------- files


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "bevel-tui" / "runs"


def journal(folder: Path, run: str, lines: list[str]) -> Path:
    path = folder / run / files.EVENTS_FILE
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def lines() -> list[str]:
    return [EVENTS.dump_json(event).decode() for event in events()]


def test_saved_beside_the_journal_for_its_owner_only(state: Path) -> None:
    view = RunView.of(events())
    assert files.save(view) is None, "a run without a journal leaves nothing"
    journal(state, "r1", lines())
    assert files.save(view) == state / "r1"
    assert sorted(p.name for p in (state / "r1").iterdir()) == [
        "events.jsonl",
        "report.html",
        "report.json",
        "report.md",
    ]
    assert (state / "r1" / "report.json").stat().st_mode & 0o077 == 0
    assert json.loads((state / "r1" / "report.json").read_text()) == files.of("r1")


def test_found_by_name_beginning_path_and_latest(state: Path) -> None:
    import os

    for i, run in enumerate(("20260101-a", "20260102-b", "20260102-c")):
        path = journal(state, run, lines())
        os.utime(path, (i, i))
    assert files.journal(None).parent.name == "20260102-c"
    assert files.journal("20260101").parent.name == "20260101-a"
    assert files.journal(str(state / "20260102-b")).parent.name == "20260102-b"
    for wanted, word in (("20260102", "2 runs begin"), ("nope", "no run called nope")):
        with pytest.raises(BevelError, match=word) as error:
            files.journal(wanted)
        assert error.value.code is Code.USAGE
        assert "20260102-c" in error.value.remedy


def test_no_run_yet(state: Path) -> None:
    with pytest.raises(BevelError, match="no run yet"):
        files.of(None)


def test_a_line_cut_off_and_a_later_version_do_no_harm(state: Path) -> None:
    journal(state, "r1", [*lines()[:3], '{"type": "from-the-future", "seq": 9}', lines()[4][:40]])
    assert files.of("r1")["outcome"] == "unfinished"
    journal(state, "r2", ["nothing"])
    with pytest.raises(BevelError, match="holds no event"):
        files.of("r2")
