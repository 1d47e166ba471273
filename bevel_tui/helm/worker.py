"""The Helm SDK as a driver: every operation in a Python process of its own.

A process per operation, because an in-process cancel goes on applying, a fork after import hangs, and the field
manager is the name of the process (engineering notes 1.4 to 1.6). The child is started as ``helm``, so that releases
have one owner whichever driver made them. Install and upgrade cancel cleanly: the release is ``failed`` and nothing
is applied any more. Uninstall and rollback cannot be cancelled; after `process.GRACE` they are killed, which leaves
the release ``uninstalling`` or ``pending-rollback``, as with the CLI.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import importlib.util
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bevel_tui.helm.driver import Operation, Outcome, Reason
from bevel_tui.helm.process import GRACE, child_environment, die_with_parent, kill, reap, scratch_prefix
from bevel_tui.helm.reasons import one_line, reason_of, split_stderr
from bevel_tui.records.errors import BevelError, Code

_PACKAGE = "helm-python-sdk"
#: the Helm inside each release of the SDK: it tells only when loaded, and that costs 80 MB
_HELM = {"0.2.2": "4.2.3"}
_MAIN = Path(__file__).with_name("_worker_main.py")


def available() -> bool:
    """Whether the SDK is installed. It is not imported: a broken library shows in the first operation."""
    return importlib.util.find_spec("helm_python") is not None


class HelmWorker:
    """Drives the SDK. `environ` (default: this process's) must not hold secrets of a preset."""

    def __init__(self, *, environ: Mapping[str, str] | None = None) -> None:
        self._environ = dict(os.environ if environ is None else environ)
        try:
            version = importlib.metadata.version(_PACKAGE)
        except importlib.metadata.PackageNotFoundError:
            version = "(unknown version)"
        helm = _HELM.get(version)
        self.name = f"{_PACKAGE} {version}" + (f" (Helm {helm})" if helm else "")

    async def run(self, operation: Operation, *, cancel: asyncio.Event | None = None) -> Outcome:
        """Carry out one operation; see `HelmDriver`. Raises BevelError(HELM_MISSING) when the SDK cannot be loaded."""
        began = time.monotonic()
        if cancel is not None and cancel.is_set():
            return Outcome(ok=False, error="cancelled before it began", reason="cancelled")
        request = {
            "verb": operation.verb,
            "release": operation.release,
            "namespace": operation.namespace,
            "kubeconfig": str(operation.kubeconfig),
            "context": operation.context,
            "chart": None if operation.chart is None else str(operation.chart),
            "values": operation.values,
            "labels": dict(operation.labels),
            "hook_timeout": operation.hook_timeout,
            "keep_hooks": operation.keep_hooks,
            "revision": operation.revision,
        }
        reply, warnings, killed = await self._ask(request, cancel)
        seconds = time.monotonic() - began
        if reply is None:
            asked = cancel is not None and cancel.is_set()
            error = "ended because it did not stop when asked to" if asked else "the Helm process died"
            reason: Reason = "cancelled" if asked and killed else "killed"
            return Outcome(ok=False, error=error, reason=reason, warnings=warnings, seconds=seconds)
        if reply["ok"]:
            return Outcome(ok=True, revision=reply["revision"], warnings=warnings, seconds=seconds)
        error = one_line(reply["error"])
        reason = "cancelled" if reply.get("cancelled") else _reason(reply, error)
        return Outcome(ok=False, error=error, reason=reason, warnings=warnings, seconds=seconds)

    async def render(self, operation: Operation) -> str:
        """The manifests that an install would apply, hooks included. Raises BevelError(CHART_RENDER)."""
        request = {
            "verb": "render",
            "release": operation.release,
            "namespace": operation.namespace,
            "chart": str(operation.chart),
            "values": operation.values,
            "upgrade": operation.verb == "upgrade",
        }
        reply, warnings, _ = await self._ask(request, None)
        if reply is not None and reply["ok"]:
            return str(reply["manifest"])
        error = one_line(reply["error"]) if reply is not None else "; ".join(warnings) or "the Helm process died"
        raise BevelError(
            Code.CHART_RENDER,
            f"Chart {Path(str(operation.chart)).name} does not render for {operation.release}: {error}",
        )

    async def _ask(
        self, request: Mapping[str, Any], cancel: asyncio.Event | None
    ) -> tuple[dict[str, Any] | None, tuple[str, ...], bool]:
        """One request to one process: (reply or None when it died, warnings, whether we killed it)."""
        with tempfile.TemporaryDirectory(prefix=scratch_prefix()) as folder:
            process = await asyncio.create_subprocess_exec(
                # The folder stays the interpreter's own, so that it finds the same environment (pyvenv.cfg).
                str(Path(sys.executable).with_name("helm")),
                "-P",
                str(_MAIN),
                executable=sys.executable,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=child_environment(self._environ, Path(folder)),
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
            try:
                out, err, killed = await _converse(process, json.dumps(request).encode() + b"\n", cancel)
            finally:
                await reap(process)
        error, warnings = split_stderr(err.decode(errors="replace"))
        with contextlib.suppress(ValueError):
            reply = json.loads(out)
            if reply.get("kind") in {"HelmLibraryError", "ModuleNotFoundError"}:
                raise BevelError(
                    Code.HELM_MISSING, f"helm-python-sdk cannot be loaded here: {one_line(reply['error'])}"
                )
            return reply, warnings, killed
        return None, (*warnings, *([error] if error else [])), killed


async def _converse(
    process: asyncio.subprocess.Process, request: bytes, cancel: asyncio.Event | None
) -> tuple[bytes, bytes, bool]:
    """Send the request, and the word to cancel when `cancel` is set; read both outputs to their ends."""
    stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
    if stdin is None or stdout is None or stderr is None:
        raise RuntimeError("the worker was started without pipes")
    reading = asyncio.gather(stdout.read(), stderr.read(), process.wait())
    asked = asyncio.create_task(cancel.wait()) if cancel is not None else None
    waits: list[asyncio.Future[Any]] = [reading, *([asked] if asked is not None else [])]
    killed = False
    try:
        # A child that died at once shows in what it wrote, not here.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            stdin.write(request)
            await stdin.drain()
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                stdin.write(b"cancel\n")
                await stdin.drain()
            await asyncio.wait({reading}, timeout=GRACE)
            if not reading.done():
                killed = True
                kill(process)
        out, err, _ = await reading
        return out, err, killed
    finally:
        if asked is not None:
            asked.cancel()
        if not reading.done():
            reading.cancel()
        stdin.close()


def _reason(reply: Mapping[str, Any], error: str) -> Reason:
    """The SDK's error class helps where its words are those of a template."""
    kind = reply.get("kind")
    if kind in {"HelmChartLoadError", "HelmChartInvalidError", "HelmValuesError", "HelmRenderError"}:
        return "render"
    found = reason_of(error)
    if kind == "HelmKubeError" and found == "other":
        return "api"
    if kind == "HelmCancelledError" and found == "other":
        # Without our asking: the time for hooks ran out (engineering notes 1.4).
        return "hook"
    return found
