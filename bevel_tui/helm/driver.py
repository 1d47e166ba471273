"""One way to ask Helm for something, whichever Helm is there.

Two drivers answer: `helm.cli` (a helm binary on PATH) and `helm.worker` (the helm-python-sdk wheel in a process
of its own per operation: its in-process cancel is unsafe and a fork hangs; engineering notes 1.4, 1.6). Waiting
is never Helm's: the engine watches objects itself. Hooks are Helm's, and block it until `hook_timeout`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

Reason = Literal["render", "conflict", "pending", "hook", "silent", "api", "cancelled", "killed", "other"]
Verb = Literal["install", "upgrade", "uninstall", "rollback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One Helm operation on one release of one cluster.

    `chart` is a prepared chart (directory or .tgz; None for uninstall and rollback). `values` may hold secrets:
    drivers pass them by a private file or a pipe, never by argument or environment. `labels` go onto the release
    record. `hook_timeout` is seconds. `keep_hooks` False disables hooks (uninstall of a half-dead release).
    """

    verb: Verb
    release: str
    namespace: str
    kubeconfig: Path
    context: str
    chart: Path | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    hook_timeout: int = 300
    keep_hooks: bool = True
    revision: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an operation ended. `error` is Helm's message in one line, `reason` our reading of it.

    `reason`: render (the chart or its values are wrong), conflict (an object belongs to someone else), pending
    (another operation holds the release), hook (a hook failed or timed out), silent (the cluster did not answer, or was
    lost in the middle: what came of it is not known), api (the cluster refused), cancelled, killed (the Helm process
    died), other.
    """

    ok: bool
    revision: int | None = None
    error: str | None = None
    reason: Reason | None = None
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0


class HelmDriver(Protocol):
    """What the engine knows of Helm."""

    #: shown to the user, e.g. ``helm 4.3.1 (/usr/local/bin/helm)`` or ``helm-python-sdk 0.2.2 (Helm 4.2.3)``
    name: str

    async def run(self, operation: Operation, *, cancel: asyncio.Event | None = None) -> Outcome:
        """Carry out one operation. Setting `cancel` ends it cleanly: no object is applied after the return."""
        ...

    async def render(self, operation: Operation) -> str:
        """The manifests that an install would apply, hooks included (client-side). Raises BevelError(chart-render)."""
        ...
