"""The multi-call binary of real Kubernetes, keyed by its go.sum: about five minutes of two cores."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from tests.tools import gobuild

SOURCE = Path(__file__).parent / "controlplane"
HOW = "run `python -m tests.cluster.binary` once (needs Go 1.24 or newer, about five minutes) to enable it"


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
    return gobuild.cached(f"controlplane-{version()}-{digest.hexdigest()[:12]}", "controlplane")


def find() -> Path | None:
    """The built binary, or None."""
    path = location()
    return path if path.exists() else None


def build() -> Path:
    """Build it unless it is there. Raises CalledProcessError."""
    path = location()
    if path.exists():
        print(f"Kubernetes {version()} is built: {path}")

    def make() -> None:
        began = time.monotonic()
        major, minor, _ = version().split(".")
        package = "k8s.io/component-base/version"
        flags = (
            f"-s -w -X {package}.gitVersion=v{version()} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"
        )
        gobuild.build(SOURCE, path, flags)
        print(f"built Kubernetes {version()} in {time.monotonic() - began:.0f} s: {path}")

    return gobuild.once(path, make)


if __name__ == "__main__":
    gobuild.needs_go("the tests against real control planes")
    build()
