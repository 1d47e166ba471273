"""What both drivers need of a child process: a clean environment, a private folder, an end that leaves nothing."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

#: seconds between the polite request to end and SIGKILL
GRACE = 5.0

#: what of the user's Helm set-up must not reach us: HELM_DRIVER, HELM_NAMESPACE, plugins... (prefix)
_DROPPED_PREFIX = "HELM_"
#: where the SDK finds a library that the user has built (helm_python/_native.py)
_KEPT = frozenset({"HELM_C_LIB"})
#: Operation.kubeconfig says which file; Go's own debugging knobs would change output
_DROPPED = frozenset({"KUBECONFIG", "GODEBUG", "GOTRACEBACK"})


_PR_SET_PDEATHSIG = 1
#: looked up beforehand: a child between fork and exec must not take locks
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def _die_with_parent() -> None:
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


#: for `preexec_fn` of a child that works on clusters: the kernel kills it when we are killed, so that nothing is applied
#: by an orphan while the next start repairs (Linux; nothing like it elsewhere). It ends with the thread that started
#: it, so drivers are used from threads that live as long as the run.
die_with_parent: Callable[[], None] | None = _die_with_parent if _prctl is not None else None


def scratch_prefix() -> str:
    """How our temporary folders are called: by process, so that those of a killed one are known as such and removed
    by the next run (they may hold values, and values may hold secrets)."""
    return f"bevel-tui-run-{os.getpid()}-"


def child_environment(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment for Helm: the caller's (proxies, PATH, HOME, cloud variables for kubeconfig exec plugins)
    without Helm's own settings, whose folders become private ones below `folder`.

    `environ` must not hold variables that presets refer to as secrets: the caller leaves them out.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if name not in _DROPPED and (name in _KEPT or not name.startswith(_DROPPED_PREFIX))
    }
    kept.update({f"HELM_{kind}_HOME": str(folder / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")})
    # What Helm learns of the API would else be written beside the user's kubeconfig, readable by its group.
    kept["KUBECACHEDIR"] = str(folder / "kube")
    # Go resolves "localhost" and colours output by these; messages are read by us, in English.
    kept.update({"NO_COLOR": "1", "LC_ALL": "C.UTF-8"})
    return kept


def write_private(path: Path, content: bytes) -> Path:
    """Write a file that only we can read (0600 from the start); its path."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
    return path


async def stop(process: asyncio.subprocess.Process, *, grace: float = GRACE) -> None:
    """End a child: SIGTERM, after `grace` seconds SIGKILL; returns when it is gone."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        # Ends when the pipes do: a credential plugin of the kubeconfig that outlives Helm is ended as well.
        async with asyncio.timeout(grace):
            await process.wait()
    except TimeoutError:
        kill(process)
        await process.wait()


def kill(process: asyncio.subprocess.Process) -> None:
    """SIGKILL to a child that leads its own session, and to all that it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


async def reap(process: asyncio.subprocess.Process) -> None:
    """Kill a child if it is still there and wait for it, also while this task is being cancelled."""
    if process.returncode is None:
        kill(process)
        await asyncio.shield(asyncio.ensure_future(process.wait()))
