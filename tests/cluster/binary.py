"""The multi-call binary of real Kubernetes: built once per go.sum into the user's cache, then found there.

Building takes Go and about five minutes of two cores; using it takes neither. `find` never builds: the default test
command must run without Go.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

SOURCE = Path(__file__).parent / "controlplane"
HOW = "run `python tests/cluster/binary.py` once (needs Go 1.24 or newer, about five minutes) to enable it"


def version() -> str:
    """The Kubernetes version that go.mod names, e.g. ``1.34.4``."""
    for line in (SOURCE / "go.mod").read_text().splitlines():
        words = line.split()
        if words[:1] == ["k8s.io/kubernetes"]:
            return words[1].removeprefix("v")
    raise LookupError("go.mod names no k8s.io/kubernetes")


def location() -> Path:
    """Where the binary belongs: keyed by what it is built from."""
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum", "main.go"):
        digest.update((SOURCE / name).read_bytes())
    cache = os.environ.get("BEVEL_TUI_TEST_CACHE") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "bevel-tui-tests" / f"controlplane-{version()}-{digest.hexdigest()[:12]}" / "controlplane"


def find() -> Path | None:
    """The built binary, or None."""
    path = location()
    return path if path.exists() else None


def build() -> Path:
    """Build it unless it is there; safe when several processes ask at once. Raises CalledProcessError."""
    path = location()
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            print(f"Kubernetes {version()} is built: {path}")
            return path
        began = time.monotonic()
        major, minor, _ = version().split(".")
        package = "k8s.io/component-base/version"
        flags = (
            f"-s -w -X {package}.gitVersion=v{version()} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"
        )
        part = path.with_suffix(".part")
        subprocess.run(
            ["go", "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", str(part), "."],
            cwd=SOURCE,
            check=True,
            env={**os.environ, "CGO_ENABLED": "0"},
        )
        part.replace(path)
        print(f"built Kubernetes {version()} in {time.monotonic() - began:.0f} s: {path}")
    return path


if __name__ == "__main__":
    if shutil.which("go") is None:
        sys.exit("Go is not installed: the tests against real control planes stay skipped")
    build()
