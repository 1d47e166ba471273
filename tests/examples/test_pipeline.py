"""The example for CI jobs does what it says, on a simulated cluster; and ends as `bevel-tui` does where it cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "pipeline.py"


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[str]:
    """A simulated cluster, context bevel-east."""
    program = [sys.executable, "-m", "bevel_tui.sandbox", "--contexts=bevel-east", "--speed=50", "--follow-parent"]
    process = subprocess.Popen(
        [*program, "--state", str(tmp_path / "sandbox")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate(timeout=60)


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(EXAMPLE), *arguments],
        cwd=ROOT,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


@pytest.mark.sandbox
def test_from_nothing_to_a_report(kubeconfig: str, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    done = run("besu-one-cluster", str(report), KUBECONFIG=kubeconfig)
    assert done.returncode == 0, done.stderr
    assert "will change: " in done.stdout
    assert "Simulated" in report.read_text()
    again = run("besu-one-cluster", str(report), KUBECONFIG=kubeconfig)
    assert (again.returncode, "nothing to change" in again.stdout) == (0, True), again.stdout + again.stderr


def test_what_is_wrong_is_told_and_no_traceback(tmp_path: Path) -> None:
    done = run("no-such-preset", str(tmp_path / "report.html"))
    assert done.returncode == 2
    assert "preset-missing" in done.stderr
    assert "Traceback" not in done.stderr
