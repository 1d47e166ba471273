"""The helmfile program, of its released source.

`go install` refuses it (its go.mod has replace directives), so its source is fetched and built in place.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.tools import gobuild

MODULE, VERSION = "github.com/helmfile/helmfile", "v1.8.0"
HOW = "run `python -m tests.export.helmfile.binary` once (needs Go 1.26 or newer, some ten minutes) to enable it"


def location() -> Path:
    """Where the program belongs."""
    return gobuild.cached(f"helmfile-{VERSION}", "helmfile")


def find() -> Path | None:
    """The built program, or None."""
    path = location()
    return path if path.exists() else None


def build() -> Path:
    """Build it unless it is there. Raises CalledProcessError."""
    path = location()

    def make() -> None:
        with tempfile.TemporaryDirectory() as folder:
            source = gobuild.copy(gobuild.source(MODULE, VERSION), Path(folder) / "helmfile")
            gobuild.build(source, path)

    return gobuild.once(path, make)


if __name__ == "__main__":
    gobuild.needs_go("the tests of exports for helmfile")
    print(build())
