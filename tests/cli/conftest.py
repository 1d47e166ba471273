"""The program as its users start it: a process with its own home, its output and its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bevel(tmp_path: Path) -> Run:
    """Run ``bevel-tui ARGUMENTS`` without a terminal; HOME and the XDG directories are the test's own."""

    def run(*arguments: str, timeout: float = 500, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bevel_tui", *arguments],
            cwd=ROOT,
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run
