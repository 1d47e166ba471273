"""A private place for prepared charts and handed-off files, gone when the run is; also when a run was killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bevel_tui.helm.process import scratch_prefix

_PREFIX = "bevel-tui-run-"  # then the process id: `helm.process.scratch_prefix`, which Helm's drivers use as well


@contextlib.contextmanager
def workdir() -> Iterator[Path]:
    """A directory (0700) under the system's temporary one. Those of dead runs of this user are removed first."""
    base = Path(tempfile.gettempdir())
    _sweep(base)
    folder = Path(tempfile.mkdtemp(prefix=scratch_prefix(), dir=base))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(base: Path) -> None:
    for folder in base.glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        with contextlib.suppress(OSError):
            if pid.isdigit() and not _alive(int(pid)) and not folder.is_symlink() and _own(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _own(folder: Path) -> bool:
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()


def _alive(pid: int) -> bool:
    if os.name != "posix":
        return True  # no safe way to ask: leave it to the system's own clean-up
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
