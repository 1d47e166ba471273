"""The external-dns program and its chart, of their released source.

Its main program imports the libraries of every cloud; only the provider that a test can serve (rfc2136) and the registry
that is used (TXT) are left in, so that building takes Go and a minute or two instead of a quarter of an hour.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from pathlib import Path

from tests.tools import gobuild

MODULE, VERSION = "sigs.k8s.io/external-dns", "v0.21.0"
#: The chart of a version is released after it: this tag of the source holds chart 1.21.1, which installs `VERSION`.
CHART_AT = "v0.22.0"
HOW = "run `python -m tests.gateways.external_dns.binary` once (needs Go 1.26 or newer, some minutes) to enable it"
#: file that lists them -> package of each, and those that stay
_CUT = {
    "provider/factory/provider.go": ("provider", frozenset({"rfc2136"})),
    "registry/factory/registry.go": ("registry", frozenset({"txt", "noop"})),
}


def location() -> Path:
    """Where the program belongs: keyed by version and by what is left out."""
    key = hashlib.sha256(repr([(file, kind, sorted(keep)) for file, (kind, keep) in _CUT.items()]).encode())
    return gobuild.cached(f"external-dns-{VERSION}-{key.hexdigest()[:12]}", "external-dns")


def find() -> Path | None:
    """The built program, or None."""
    path = location()
    return path if path.exists() else None


def chart() -> Path | None:
    """The folder of the chart that installs it, or None."""
    path = location().parent / "chart"
    return path if path.exists() else None


def build() -> Path:
    """Build it unless it is there. Raises CalledProcessError."""
    path = location()

    def make() -> None:
        charts = path.parent / "chart"
        shutil.rmtree(charts, ignore_errors=True)
        gobuild.copy(gobuild.source(MODULE, CHART_AT) / "charts" / "external-dns", charts)
        with tempfile.TemporaryDirectory() as folder:
            source = gobuild.copy(gobuild.source(MODULE, VERSION), Path(folder) / "source")
            for file, (kind, keep) in _CUT.items():
                (source / file).write_text(cut((source / file).read_text(), kind, keep))
            gobuild.build(source, path)

    return gobuild.once(path, make)


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


if __name__ == "__main__":
    gobuild.needs_go("the tests of external-dns itself")
    print(build())
