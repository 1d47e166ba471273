"""Pictures of runs in fixed states and sizes, compared with files; regenerate with UPDATE_SNAPSHOTS=1 and read them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from bevel_tui.output.frame import frame, plain
from bevel_tui.records.events import (
    DnsRecord,
    DnsWaiting,
    PlannedStep,
    RunStarted,
    StepFinished,
    StepStarted,
)
from bevel_tui.views.canvas import Canvas
from bevel_tui.views.state import RunView

SNAPSHOTS = Path(__file__).parent / "snapshots"


def matches(name: str, picture: str) -> None:
    path = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(picture + "\n", encoding="utf-8")
    assert picture + "\n" == path.read_text(encoding="utf-8"), f"{path.name} differs"


@pytest.mark.parametrize("state", ["healthy_start", "failing", "failed", "done"])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (60, 12)])
def test_pictures(story, state, width, height):
    view = RunView.of(getattr(story, state))
    picture = plain(frame(view, view.now + 2, Canvas(width - 1, height - 1)))
    matches(f"frame-{state}-{width}x{height}", picture)


def test_ascii_only_where_the_encoding_has_no_more(story):
    view = RunView.of(story.failed)
    picture = plain(frame(view, view.now, Canvas(79, 23, unicode=False)))
    assert picture.isascii()
    assert "x failed" in picture


def test_it_says_simulated(story):
    view = RunView.of(story.healthy_start)
    assert "simulated" in plain(frame(view, view.now, Canvas(79, 23))).splitlines()[0]


@pytest.mark.parametrize("height", range(1, 30))
@pytest.mark.parametrize("state", ["healthy_start", "failing", "failed"])
def test_it_fits_every_terminal(story, state, height):
    view = RunView.of(getattr(story, state))
    for width in (1, 10, 39, 79):
        lines = frame(view, view.now, Canvas(width, height))
        assert len(lines) <= height
        assert all(cell_len("".join(text for text, _ in line)) <= width for line in lines)


def busy(clusters: int, steps: int) -> RunView:
    names = tuple(f"cluster-{i:02}" for i in range(clusters))
    planned = tuple(
        PlannedStep(id=f"{c}/s{i}", kind="release", cluster=c, release=f"s{i}") for c in names for i in range(steps)
    )
    view = RunView.of([RunStarted(network="n", plan="p", platform="besu", clusters=names, steps=planned)])
    view.apply(StepStarted(time=1, step=f"{names[-1]}/s{steps - 1}", kind="release", cluster=names[-1]))
    view.apply(
        StepFinished(time=2, step=f"{names[-1]}/s0", kind="release", cluster=names[-1], outcome="failed", reason="boom")
    )
    return view


@pytest.mark.parametrize("clusters", [1, 6, 12, 40])
def test_what_failed_and_what_runs_is_always_seen(clusters):
    picture = plain(frame(busy(clusters, 40), 3.0, Canvas(79, 23)))
    assert "1 failed" in picture
    assert f"cluster-{clusters - 1:02}" in picture
    if clusters <= 6:
        assert "boom" in picture
        assert "running   s39" in picture


def test_many_waiting_domains_are_one_line_each():
    view = busy(6, 3)
    for i in range(6):
        name = f"c{i}.example.com"
        record = DnsRecord(name=f"*.{name}", type="A", value="203.0.113.1")
        view.apply(DnsWaiting(step="x", cluster=f"cluster-{i:02}", domain=name, records=(record,), servers={"a": "b"}))
    picture = plain(frame(view, 3.0, Canvas(79, 23)))
    assert [line for line in picture.splitlines() if line.startswith("DNS")] == [
        f"DNS: create *.c{i}.example.com. 300 IN A 203.0.113.1" for i in range(6)
    ]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.integers(1, 80))
def test_any_text_fits_and_holds_no_control_character(text, width):
    (line,) = [Canvas(width, 1).fit((text, "bold"), text)]
    whole = "".join(piece for piece, _ in line)
    assert cell_len(whole) <= width
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in whole)
