"""docs/exit-codes.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from bevel_tui.records.errors import EXIT, Code, ExitCode

PAGE = (Path(__file__).parents[2] / "docs" / "exit-codes.md").read_text(encoding="utf-8")


def test_every_exit_code_is_documented():
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", PAGE, re.MULTILINE)
    assert rows == [(str(int(code)), code.name) for code in ExitCode]


def test_every_error_code_is_documented_with_its_exit_code():
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d+) \|$", PAGE, re.MULTILINE)
    assert rows == [(str(code), str(int(EXIT[code]))) for code in Code]
