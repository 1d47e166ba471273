"""Whole plans against what is kept beside their presets; `regenerate.py` writes those after a meant change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bevel_tui.network.load import load
from bevel_tui.plan.build import build
from bevel_tui.plan.render import mermaid, text, to_json

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


@pytest.fixture(params=CASES, ids=lambda case: case.stem)
def case(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_the_plan_is_as_it_was(case: Path) -> None:
    kept = json.loads(case.with_suffix(".plan.json").read_text())
    made = json.loads(to_json(build(load(str(case)))))
    # step by step first: a difference is then shown where it is, not in a document of thousands of lines
    assert [s["id"] for s in made["steps"]] == [s["id"] for s in kept["steps"]]
    for new, old in zip(made["steps"], kept["steps"], strict=True):
        assert new == old, "if this is meant: .venv/bin/python tests/plan/regenerate.py"
    assert made == kept


def test_the_same_preset_gives_the_same_bytes(case: Path) -> None:
    first, second = build(load(str(case))), build(load(str(case)))
    assert first == second
    for render in (text, to_json, mermaid):
        assert render(first) == render(second)


def test_text_fits_a_terminal_of_80_columns(case: Path) -> None:
    assert [line for line in text(build(load(str(case)))).splitlines() if len(line) > 80] == []
