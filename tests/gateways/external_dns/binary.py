"""The external-dns program and its chart: built once per version into the user's cache, then found there.

Its main program imports the libraries of every cloud; only the provider that a test can serve (rfc2136) and the registry
that is used (TXT) are left in, so that building takes Go and a minute or two instead of a quarter of an hour. All else is
the released source. Using it takes no Go. `find` never builds.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MODULE, VERSION = "sigs.k8s.io/external-dns", "v0.21.0"
#: The chart of a version is released after it: this tag of the source holds chart 1.21.1, which installs `VERSION`.
CHART_AT = "v0.22.0"
HOW = "run `python tests/gateways/external_dns/binary.py` once (needs Go 1.26 or newer, some minutes) to enable it"
#: file that lists them -> package of each, and those that stay
_CUT = {
    "provider/factory/provider.go": ("provider", frozenset({"rfc2136"})),
    "registry/factory/registry.go": ("registry", frozenset({"txt", "noop"})),
}


def location() -> Path:
    """Where the program belongs: keyed by version and by what is left out."""
    key = hashlib.sha256(repr([(file, kind, sorted(keep)) for file, (kind, keep) in _CUT.items()]).encode())
    cache = os.environ.get("BEVEL_TUI_TEST_CACHE") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "bevel-tui-tests" / f"external-dns-{VERSION}-{key.hexdigest()[:12]}" / "external-dns"


def find() -> Path | None:
    """The built program, or None."""
    path = location()
    return path if path.exists() else None


def chart() -> Path | None:
    """The folder of the chart that installs it, or None."""
    path = location().parent / "chart"
    return path if path.exists() else None


def build() -> Path:
    """Build it unless it is there; safe when several processes ask at once. Raises CalledProcessError."""
    path = location()
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            return path
        charts = path.parent / "chart"
        shutil.rmtree(charts, ignore_errors=True)
        _copy(_source(CHART_AT) / "charts" / "external-dns", charts)
        with tempfile.TemporaryDirectory() as folder:
            source = _copy(_source(VERSION), Path(folder) / "source")
            for file, (kind, keep) in _CUT.items():
                (source / file).write_text(cut((source / file).read_text(), kind, keep))
            part = path.with_suffix(".part")
            subprocess.run(
                ["go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", str(part), "."],
                cwd=source,
                check=True,
                env={**os.environ, "CGO_ENABLED": "0"},
            )
            part.replace(path)
    return path


def cut(text: str, kind: str, keep: frozenset[str]) -> str:
    """A Go file without its imports of other packages of a kind, and without the lines of a table that name them."""
    imported = re.compile(rf'"{re.escape(MODULE)}/{kind}/(\w+)"$')
    listed = re.compile(r"^\t\texternaldns\.\w+:\s+(\w+)\.New")
    kept = []
    for line in text.splitlines(keepends=True):
        found = imported.search(line.rstrip()) or listed.search(line)
        if found is None or found[1] in keep:
            kept.append(line)
    return "".join(kept)


def _source(version: str) -> Path:
    told = subprocess.run(
        ["go", "mod", "download", "-json", f"{MODULE}@{version}"], check=True, capture_output=True, text=True
    )
    return Path(json.loads(told.stdout)["Dir"])


def _copy(source: Path, target: Path) -> Path:
    """A copy that may be written to."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*_test.go"))
    for entry in (target, *target.rglob("*")):
        entry.chmod(entry.stat().st_mode | 0o200)
    return target


if __name__ == "__main__":
    if shutil.which("go") is None:
        sys.exit("Go is not installed: the tests of external-dns itself stay skipped")
    print(build())
