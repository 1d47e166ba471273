"""The reference of commands and the man page say what the command line does."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("commands", ROOT / "tools" / "commands.py")
assert SPEC is not None
assert SPEC.loader is not None
commands = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(commands)


@pytest.mark.parametrize("name", sorted(commands.PAGES))
def test_the_page_is_the_one_that_would_be_made(name: str) -> None:
    made = commands.PAGES[name]()
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == made, (
        "make it anew: .venv/bin/python tools/commands.py"
    )
