"""docs/events.md says what the code says."""

from __future__ import annotations

from pathlib import Path

from bevel_tui.engine.eventdocs import document, event_types
from bevel_tui.records.events import EVENTS

PAGE = Path(__file__).parents[2] / "docs" / "events.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == document(), "run: python -m bevel_tui.engine.eventdocs > docs/events.md"


def test_every_event_has_its_own_type_and_a_section() -> None:
    kinds = [kind.model_fields["type"].default for kind in event_types()]
    assert len(set(kinds)) == len(kinds) >= 16
    for kind in kinds:
        assert f"## {kind}\n" in document()


def test_events_survive_the_way_through_json() -> None:
    from bevel_tui.records.events import StepStarted

    event = StepStarted(step="a/b", kind="release", cluster="a", seq=3, run="r")
    assert EVENTS.validate_json(EVENTS.dump_json(event)) == event
