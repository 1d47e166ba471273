"""bevel-tui as a process that can be broken at an event of its own: the lines of `-o jsonl` tell where it is.

Linux only: descendants are found through /proc. Nothing here imports the engine.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
Events = list[dict[str, Any]]


def command(arguments: Sequence[str], scratch: Path, environ: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """A bevel-tui process whose temporary folder is `scratch`."""
    return subprocess.Popen(
        [sys.executable, "-m", "bevel_tui", *arguments],
        cwd=ROOT,
        env={**os.environ, **(environ or {}), "TMPDIR": str(scratch)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def follow(
    process: subprocess.Popen[str],
    at: int | Callable[[dict[str, Any]], bool] | None = None,
    then: Callable[[], None] | None = None,
) -> Events:
    """Its events until it ends, however it ends; `then` is called once, when so many events have come as `at` says, or
    the one that it holds for."""
    assert process.stdout is not None
    events: Events = []
    for line in process.stdout:
        with contextlib.suppress(ValueError):
            events.append(json.loads(line))
        if then is None or at is None or not events:
            continue
        if len(events) >= at if isinstance(at, int) else at(events[-1]):
            then()
            then = None
    process.wait()
    return events


def children() -> dict[int, list[int]]:
    """Processes by the process that started them."""
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                found.setdefault(parent, []).append(int(entry.name))
    return found


def descendants(pid: int) -> list[int]:
    """All processes below one (Helm's have sessions of their own)."""
    known = children()
    found = list(known.get(pid, []))
    for one in found:
        found += known.get(one, [])
    return found


def kill_tree(pid: int) -> None:
    """SIGKILL to a process and everything below it, by their ids."""
    for one in [pid, *descendants(pid)]:
        kill(one)


def kill(pid: int) -> None:
    """SIGKILL; a process that has gone already is no error."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def runs(pid: int) -> bool:
    """Whether a process is there and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def helms(pid: int) -> list[int]:
    """The Helm processes below one that work on a release (CLI or SDK)."""
    found = []
    for one in descendants(pid):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{one}/cmdline").read_bytes().split(b"\0")
            if words[0].endswith(b"helm") and words[1:2] in ([b"install"], [b"upgrade"], [b"-P"]):
                found.append(one)
    return found


def kill_a_helm(pid: int, seconds: float = 8.0) -> bool:
    """SIGKILL to the next Helm process below one; False when none came up while it ran, or in that time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and runs(pid):
        if found := helms(pid):
            kill(found[-1])
            return True
        time.sleep(0.02)
    return False
