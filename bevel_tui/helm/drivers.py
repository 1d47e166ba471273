"""Which Helm serves: the binary on PATH, else the SDK's wheel, else a clear word (design decision 2)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from bevel_tui.helm.driver import HelmDriver
from bevel_tui.records.errors import BevelError, Code

#: ``cli``, ``sdk`` or the path of a helm binary
VARIABLE = "BEVEL_TUI_HELM"


async def choose(prefer: str | None = None, *, environ: Mapping[str, str] | None = None) -> HelmDriver:
    """The driver to use. `prefer` (else $BEVEL_TUI_HELM): ``cli``, ``sdk`` or a path; then nothing else will do.

    `environ` (default: this process's) is what children get; it must not hold secrets of a preset.
    Raises BevelError(HELM_MISSING).
    """
    from bevel_tui.helm.cli import HelmCli
    from bevel_tui.helm.worker import HelmWorker, available

    environ = os.environ if environ is None else environ
    wanted = prefer or environ.get(VARIABLE) or ""
    if wanted == "sdk":
        if not available():
            raise BevelError(Code.HELM_MISSING, "helm-python-sdk is not installed.")
        return HelmWorker(environ=environ)
    if wanted not in {"", "cli"}:
        return await HelmCli.open(_absolute(wanted), environ=environ)
    found = shutil.which("helm", path=environ.get("PATH"))
    refusal = BevelError(Code.HELM_MISSING, "There is no helm on PATH.")
    if found is not None:
        try:
            return await HelmCli.open(_absolute(found), environ=environ)
        except BevelError as error:
            # Another program of that name, or one too old, must not stand in the way of the wheel.
            refusal = error
    if wanted == "cli":
        raise refusal
    if available():
        return HelmWorker(environ=environ)
    raise BevelError(Code.HELM_MISSING, refusal.message, details=("helm-python-sdk is not installed either.",))


def _absolute(path: str) -> Path:
    return Path(path).expanduser().absolute()
