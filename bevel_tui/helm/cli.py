"""The helm CLI as a driver: one child process per operation.

Cancelling sends SIGTERM. During install and upgrade Helm then marks the release ``failed`` and leaves; uninstall and
rollback do not listen and die as they are: ``uninstalling``, ``pending-rollback``. Whoever is still there after
`process.GRACE` is killed, which leaves a release pending. The engine repairs all of these at the next start.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bevel_tui.helm.driver import Operation, Outcome
from bevel_tui.helm.process import child_environment, die_with_parent, reap, scratch_prefix, stop, write_private
from bevel_tui.helm.reasons import one_line, reason_of, split_stderr
from bevel_tui.records.errors import BevelError, Code

#: below it, labels on releases are missing or incomplete (``--labels`` came with 3.13, its fixes with 3.14)
OLDEST = (3, 14)

_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)\S*")
_REVISION = re.compile(r"^REVISION: (\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Version:
    """A helm binary's version."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


async def version_of(binary: Path, environ: Mapping[str, str]) -> Version:
    """Ask a helm binary for its version. Raises BevelError(HELM_MISSING) when it is none, or too old."""
    with tempfile.TemporaryDirectory(prefix=scratch_prefix()) as folder:
        try:
            code, out, err = await _call(
                [str(binary), "version", "--template", "{{.Version}}"],
                child_environment(environ, Path(folder)),
                limit=30,
            )
        except OSError as error:
            raise BevelError(Code.HELM_MISSING, f"{binary} cannot be run: {error.strerror or error}.") from None
        except TimeoutError:
            raise BevelError(Code.HELM_MISSING, f"{binary} did not tell its version within 30 s.") from None
    match = _VERSION.search(out)
    if code != 0 or match is None:
        raise BevelError(Code.HELM_MISSING, f"{binary} is no Helm: it answered {one_line(out or err)[:200]!r}.")
    version = Version(int(match[1]), int(match[2]), int(match[3]))
    if (version.major, version.minor) < OLDEST:
        raise BevelError(Code.HELM_MISSING, f"{binary} is Helm {version}; 4, or 3 from 3.14, is needed.")
    return version


class HelmCli:
    """Drives one helm binary. Make it with `open`."""

    def __init__(self, binary: Path, version: Version, environ: Mapping[str, str]) -> None:
        self.binary = binary
        self.version = version
        self.name = f"helm {version} ({binary})"
        self._environ = dict(environ)

    @classmethod
    async def open(cls, binary: Path, *, environ: Mapping[str, str] | None = None) -> HelmCli:
        """The driver for a binary. `environ` (default: this process's) must not hold secrets of a preset.

        Raises BevelError(HELM_MISSING).
        """
        environ = os.environ if environ is None else environ
        return cls(binary, await version_of(binary, environ), environ)

    async def run(self, operation: Operation, *, cancel: asyncio.Event | None = None) -> Outcome:
        """Carry out one operation; see `HelmDriver`."""
        began = time.monotonic()
        if cancel is not None and cancel.is_set():
            return Outcome(ok=False, error="cancelled before it began", reason="cancelled")
        with tempfile.TemporaryDirectory(prefix=scratch_prefix()) as name:
            folder = Path(name)
            outcome = await self._operate(operation, folder, cancel)
            revision = outcome.revision
            if outcome.ok and operation.verb == "rollback":
                revision = await self._newest_revision(operation, folder)
        return Outcome(
            ok=outcome.ok,
            revision=revision,
            error=outcome.error,
            reason=outcome.reason,
            warnings=outcome.warnings,
            seconds=time.monotonic() - began,
        )

    async def render(self, operation: Operation) -> str:
        """The manifests that an install would apply, hooks included. Raises BevelError(CHART_RENDER)."""
        with tempfile.TemporaryDirectory(prefix=scratch_prefix()) as name:
            folder = Path(name)
            arguments = ["template", operation.release, str(operation.chart), "--include-crds"]
            arguments += ["--namespace", operation.namespace, *self._values(operation, folder)]
            if operation.verb == "upgrade":
                arguments.append("--is-upgrade")
            code, out, err = await _call([str(self.binary), *arguments], child_environment(self._environ, folder))
        if code != 0:
            error, _ = split_stderr(err)
            raise BevelError(
                Code.CHART_RENDER,
                f"Chart {Path(str(operation.chart)).name} does not render for {operation.release}: {error or one_line(err)}",
            )
        return out

    # ------------------------------------------------------------ how

    async def _operate(self, operation: Operation, folder: Path, cancel: asyncio.Event | None) -> Outcome:
        stopped = asyncio.Event()
        code, out, err = await _call(
            [str(self.binary), *self._arguments(operation, folder)],
            child_environment(self._environ, folder),
            cancel=cancel,
            stopped=stopped,
        )
        error, warnings = split_stderr(err)
        if code == 0:
            revision = _REVISION.search(out)
            return Outcome(ok=True, revision=int(revision[1]) if revision else None, warnings=warnings)
        if stopped.is_set():
            return Outcome(ok=False, error=error or "cancelled", reason="cancelled", warnings=warnings)
        if code < 0:
            return Outcome(
                ok=False, error=error or f"helm was ended by signal {-code}", reason="killed", warnings=warnings
            )
        error = error or "; ".join(warnings) or f"helm ended with exit code {code}"
        return Outcome(ok=False, error=error, reason=reason_of(error), warnings=warnings)

    def _arguments(self, operation: Operation, folder: Path) -> list[str]:
        """The command line after the binary; secrets are in the values file only."""
        verb = operation.verb
        words: list[str] = [verb, operation.release]
        if verb in {"install", "upgrade"}:
            words += [str(operation.chart), "--hide-notes", *self._values(operation, folder)]
            if operation.labels:
                words += ["--labels", ",".join(f"{key}={value}" for key, value in operation.labels.items())]
        elif verb == "uninstall":
            words += ["--ignore-not-found", "--cascade", "background"]
        elif operation.revision is not None:
            words.append(str(operation.revision))
        words += ["--timeout", f"{operation.hook_timeout}s", *self._cluster(operation)]
        if not operation.keep_hooks:
            words.append("--no-hooks")
        if self.version.major >= 4:
            # Hooks are waited for, nothing else is.
            words.append("--wait=hookOnly")
        return words

    def _cluster(self, operation: Operation) -> list[str]:
        where = ["--kubeconfig", str(operation.kubeconfig), "--kube-context", operation.context]
        return [*where, "--namespace", operation.namespace]

    def _values(self, operation: Operation, folder: Path) -> list[str]:
        # JSON is YAML, and needs no quoting rules of ours.
        return ["--values", str(write_private(folder / "values.json", json.dumps(operation.values).encode()))]

    async def _newest_revision(self, operation: Operation, folder: Path) -> int | None:
        """The revision that a rollback made: it does not say so itself."""
        words = ["history", operation.release, "--max", "1", "--output", "json", *self._cluster(operation)]
        code, out, _ = await _call([str(self.binary), *words], child_environment(self._environ, folder), limit=60)
        with contextlib.suppress(ValueError, KeyError, IndexError, TypeError):
            if code == 0:
                return int(json.loads(out)[-1]["revision"])
        return None


async def _call(
    argv: list[str],
    environ: dict[str, str],
    *,
    cancel: asyncio.Event | None = None,
    stopped: asyncio.Event | None = None,
    limit: float | None = None,
) -> tuple[int, str, str]:
    """Run a child to its end: (exit code, stdout, stderr). `cancel` stops it and sets `stopped`.

    Raises OSError when it cannot be started, TimeoutError after `limit` seconds.
    """
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environ,
        # Ctrl-C in the terminal is for us: we tell the child ourselves, once.
        start_new_session=True,
        preexec_fn=die_with_parent,
    )
    reading = asyncio.create_task(process.communicate())
    waits: list[asyncio.Task[Any]] = [reading]
    if cancel is not None:
        waits.append(asyncio.create_task(cancel.wait()))
    try:
        done, _ = await asyncio.wait(waits, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            raise TimeoutError
        if reading not in done:
            if stopped is not None:
                stopped.set()
            await stop(process)
        out, err = await reading
    finally:
        for task in waits[1:]:
            task.cancel()
        await reap(process)
        if not reading.done():
            reading.cancel()
    code = process.returncode if process.returncode is not None else -1
    return code, out.decode(errors="replace"), err.decode(errors="replace")
