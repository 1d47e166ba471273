"""The helmfile program: built once per version into the user's cache, then found there.

`go install` refuses it (its go.mod has replace directives), so its source is fetched and built in place. That takes Go and
some minutes; using it takes neither. `find` never builds.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MODULE, VERSION = "github.com/helmfile/helmfile", "v1.8.0"
HOW = "run `python tests/export/helmfile/binary.py` once (needs Go 1.26 or newer, some ten minutes) to enable it"


def location() -> Path:
    """Where the program belongs."""
    cache = os.environ.get("BEVEL_TUI_TEST_CACHE") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "bevel-tui-tests" / f"helmfile-{VERSION}" / "helmfile"


def find() -> Path | None:
    """The built program, or None."""
    path = location()
    return path if path.exists() else None


def build() -> Path:
    """Build it unless it is there; safe when several processes ask at once. Raises CalledProcessError."""
    path = location()
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            return path
        told = subprocess.run(
            ["go", "mod", "download", "-json", f"{MODULE}@{VERSION}"], check=True, capture_output=True, text=True
        )
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "helmfile"
            shutil.copytree(json.loads(told.stdout)["Dir"], source)
            for entry in (source, *source.rglob("*")):
                entry.chmod(entry.stat().st_mode | 0o200)
            part = path.with_suffix(".part")
            subprocess.run(
                ["go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", str(part), "."],
                cwd=source,
                check=True,
                env={**os.environ, "CGO_ENABLED": "0"},
            )
            part.replace(path)
    return path


if __name__ == "__main__":
    if shutil.which("go") is None:
        sys.exit("Go is not installed: the test of exports for helmfile stays skipped")
    print(build())
