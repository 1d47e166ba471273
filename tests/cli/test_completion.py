"""Shells are told the truth: real bash asks, and gets commands, options and shipped presets."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("bevel-tui pl", "plan"),
        ("bevel-tui plan --d", "--diff"),
        ("bevel-tui plan --preset besu-two", "besu-two-clusters"),
        ("bevel-tui handoff imp", "import"),
    ],
)
def test_what_bash_offers(typed: str, offered: str) -> None:
    words = typed.split()
    script = f"""
        eval "$(bevel-tui completion bash)"
        COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}
        {"_bevel_tui_completion"} bevel-tui {words[-1]}
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    found = subprocess.run(
        ["bash", "-c", script], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True
    )
    assert offered in found.stdout.split(), found
