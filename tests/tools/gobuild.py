"""Programs that tests run against and that are built from Go source: once into the user's cache, then found there.

Building takes Go and minutes; using it takes neither. What is found is never built: the default test command must run
without Go. `.ci/run` builds, by `python -m` of the module of each program.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path


def cached(folder: str, program: str) -> Path:
    """Where a program belongs, in a folder that names all that it is built from."""
    cache = os.environ.get("BEVEL_TUI_TEST_CACHE") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "bevel-tui-tests" / folder / program


def once(path: Path, make: Callable[[], None]) -> Path:
    """The program at `path`, made unless it is there; safe when several processes ask at once. Raises what `make` does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            make()
    return path


def build(source: Path, target: Path, flags: str = "-s -w") -> None:
    """Build the main package of a module's folder; `target` appears whole. Raises CalledProcessError."""
    part = target.with_suffix(".part")
    command = ["go", "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", str(part), "."]
    subprocess.run(command, cwd=source, check=True, env={**os.environ, "CGO_ENABLED": "0"})
    part.replace(target)


def source(module: str, version: str) -> Path:
    """A released module's source, read-only, as Go keeps it. Raises CalledProcessError."""
    command = ["go", "mod", "download", "-json", f"{module}@{version}"]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    return Path(json.loads(told.stdout)["Dir"])


def copy(found: Path, target: Path) -> Path:
    """A copy that may be written to, without tests."""
    shutil.copytree(found, target, ignore=shutil.ignore_patterns("*_test.go"))
    for entry in (target, *target.rglob("*")):
        entry.chmod(entry.stat().st_mode | 0o200)
    return target


def needs_go(skipped: str) -> None:
    """End with a sentence where Go is not installed; `skipped` are the tests that stay so."""
    if shutil.which("go") is None:
        sys.exit(f"Go is not installed: {skipped} stay skipped")
