"""Where we are to write may be closed, full, or go away: that is said where somebody may see it, and ends no deployment."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bevel_tui.cli.headless import cancellation
from bevel_tui.output.paper import Paper

FULL = Path("/dev/full")


def presets(redirected: str) -> subprocess.CompletedProcess[str]:
    """`bevel-tui presets` with its streams as a shell has them."""
    command = f'exec "$0" -m bevel_tui presets {redirected}'
    return subprocess.run(["sh", "-c", command, sys.executable], capture_output=True, text=True, check=False)


@pytest.mark.skipif(os.name != "posix", reason="a shell's redirections")
@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_are_no_error(closed: str) -> None:
    ran = presets(closed)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.skipif(not FULL.exists(), reason="/dev/full, which is Linux's")
def test_a_full_disk_is_one_line_and_no_traceback() -> None:
    ran = presets(f"> {FULL}")
    assert ran.returncode == 1
    assert ran.stderr.splitlines() == [f"error: what is to be told cannot be written: {os.strerror(errno.ENOSPC)}"]


class Broken(io.StringIO):
    """A stream that takes nothing from some moment on."""

    error: OSError | None = None

    def write(self, text: str) -> int:
        if self.error is not None:
            raise self.error
        return super().write(text)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_log_that_cannot_be_written_any_more_ends_no_run(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    stream = Broken()
    paper = Paper(stream)
    paper.line("one")
    stream.error = OSError(number, os.strerror(number))
    paper.line("two")
    stream.error = None
    paper.line("three")
    assert stream.getvalue() == "one\n"
    assert capsys.readouterr().err == f"warning: what follows cannot be written: {os.strerror(number)}\n"


@pytest.fixture
def hangup() -> Iterator[None]:
    """SIGHUP as it was before."""
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.skipif(os.name != "posix", reason="signals of terminals")
@pytest.mark.parametrize("nohup", [False, True])
async def test_a_terminal_that_is_closed_asks_the_run_to_stop_and_never_insists(hangup: None, nohup: bool) -> None:
    if nohup:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with cancellation() as cancel:
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGHUP)
            if nohup:
                break
            async with asyncio.timeout(30):
                await cancel.stopping.wait()
            for _ in range(3):
                await asyncio.sleep(0)  # the loop has looked for signals since
        assert cancel.stage == (0 if nohup else 1)
