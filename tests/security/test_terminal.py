"""What clusters say is shown, never obeyed: no output lets a terminal, or a markup language, interpret it.

Every text of every event of two whole stories is poisoned in turn and sent through every view of a run.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import UTC
from typing import Any
from xml.etree import ElementTree

import pytest
from pydantic import ValidationError

from bevel_tui.engine.changes import Change
from bevel_tui.engine.differences import Difference
from bevel_tui.output import changes, checks, errors, junit, live, summary
from bevel_tui.output.frame import frame
from bevel_tui.output.jsonl import JsonLines
from bevel_tui.output.lines import Lines
from bevel_tui.output.paper import Paper
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.events import EVENTS, AnyEvent
from bevel_tui.views.canvas import Canvas
from bevel_tui.views.state import RunView
from tests.stories import CHECKS, done, failed

#: clears the screen, sets the title, C1, turns text round, starts a line of its own, is markup of rich and Textual
POISON = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202eevil\r\n[bold red]owned[/] [@click=app.quit]x[/] \x08\x7f"
SAFE = re.compile(r"[\x20-\x7e\xa0-\U0010ffff]*")
FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
#: what our own colours are, and nothing else
OURS = re.compile(r"\x1b\[[0-9;]*m")


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all texts in a tree."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))


def at(tree: Any, path: tuple[Any, ...]) -> Any:
    """What stands at a place."""
    for part in path:
        tree = tree[part]
    return tree


def poisoned(event: AnyEvent) -> AnyEvent:
    """The event with poison in every text that may be anything."""
    tree = event.model_dump(mode="json")
    for path in list(leaves(tree)):
        if path[-1] in {"type", "step", "id", "needs"} or "critical_path" in path:
            continue  # identifiers that events find each other by; a preset's rules make them harmless
        node = tree
        for part in path[:-1]:
            node = node[part]
        kept, node[path[-1]] = node[path[-1]], POISON
        try:
            EVENTS.validate_python(tree)
        except ValidationError:
            node[path[-1]] = kept
    return EVENTS.validate_python(tree)


@pytest.fixture(scope="module", params=["done", "failed"])
def story(request: pytest.FixtureRequest) -> list[AnyEvent]:
    events = [poisoned(event) for event in {"done": done, "failed": failed}[request.param]()]
    assert sum(POISON in repr(event) or "owned" in event.model_dump_json() for event in events) > len(events) / 2
    return events


def harmless(text: str, *, colour: bool = False) -> None:
    text = OURS.sub("", text) if colour else text
    assert not FORBIDDEN.search(text), repr(FORBIDDEN.search(text))
    assert "owned" in text, "the poison was not shown at all"


@pytest.mark.parametrize("colour", [False, True])
def test_lines_and_summary(story: list[AnyEvent], colour: bool) -> None:
    out = io.StringIO()
    view = Lines(out, colour=colour, zone=UTC)
    for event in story:
        view.handle(event)
    view.close()
    harmless(out.getvalue(), colour=colour)
    ending = io.StringIO()
    summary.write(Paper(ending, colour), view.view)
    harmless(ending.getvalue(), colour=colour)


def test_json_lines_are_ascii_and_hold_the_text_itself(story: list[AnyEvent]) -> None:
    out = io.StringIO()
    renderer = JsonLines(out)
    for event in story:
        renderer.handle(event)
    assert out.getvalue().isascii()
    assert not FORBIDDEN.search(out.getvalue())
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    texts = [at(event, path) for event in events for path in leaves(event)]
    assert POISON in texts


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_the_live_picture_is_cells_without_markup(story: list[AnyEvent], size: tuple[int, int]) -> None:
    view = RunView()
    for event in story:
        view.apply(event)
        lines = frame(view, event.time, Canvas(*size))
        text = live.text(lines)
        assert not FORBIDDEN.search(text.plain)
        assert all("@click" not in str(span.style) and "link" not in str(span.style) for span in text.spans)
    assert "[bold red]" in live.text(frame(view, story[-1].time, Canvas(400, 80))).plain


def test_checks_in_all_their_forms() -> None:
    results = [
        check.model_copy(update={"summary": POISON, "evidence": (POISON,), "remedy": POISON}) for check in CHECKS
    ]
    for write in (checks.text, checks.problems):
        out = io.StringIO()
        write(Paper(out, False), results)
        assert not FORBIDDEN.search(out.getvalue())
    out = io.StringIO()
    checks.text(Paper(out, False), results, wide=True)
    harmless(out.getvalue())
    document = junit.to_junit(results, network="n")
    ElementTree.fromstring(document)
    harmless(document)
    assert checks.to_json(results, network="n").isascii()


def test_changes_and_errors() -> None:
    change = Change("east/a/b", "upgrade", POISON, "change", (Difference(POISON, POISON, POISON),))
    harmless(changes.text("n", [change]))
    assert changes.to_json("n", [change]).isascii()
    out = io.StringIO()
    errors.show(BevelError(Code.CLUSTER_UNREACHABLE, POISON, details=(POISON,), remedy=POISON), out, colour="never")
    harmless(out.getvalue())
