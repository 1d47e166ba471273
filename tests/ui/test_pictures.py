"""The pictures of the documentation are what the screens show: their texts are the snapshots', which the screens' tests
hold against the screens. No screen is drawn here."""

from __future__ import annotations

import re

import pytest

from tests.ui.picture import FOLDER, SHOWN, lines, without_blanks
from tests.ui.snapshot import FOLDER as SNAPSHOTS

#: bytes; pictures are looked at over slow lines as well
LIMIT = 60_000


@pytest.mark.parametrize("name", SHOWN)
def test_a_picture_is_its_snapshot(name: str) -> None:
    path = FOLDER / f"{name}.svg"
    shown = [without_blanks(line) for line in lines(path.read_text(encoding="utf-8"))]
    wanted = [without_blanks(line) for line in (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()]
    while wanted and not wanted[-1]:
        wanted.pop()
    assert shown == wanted, "BEVEL_TUI_RECORD=1 .venv/bin/pytest tests/ui records both anew"
    assert path.stat().st_size < LIMIT


def test_every_picture_is_shown() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(SHOWN)
    for name, page in SHOWN.items():
        assert f"](pictures/{name}.svg)" in (FOLDER.parent / page).read_text(encoding="utf-8")


def test_nothing_is_loaded_by_a_picture() -> None:
    for path in FOLDER.iterdir():
        tags = re.findall(r"<[^>]*>", path.read_text(encoding="utf-8"))
        assert [tag for tag in tags if "href" in tag or "url(" in tag or tag.startswith(("<style", "<script"))] == []
