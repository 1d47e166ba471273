"""A reachability check's answer, as every view and the engine's verdict read it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

CheckStatus = Literal["ok", "warning", "failed", "skipped"]


class CheckResult(BaseModel):
    """One question about reachability with its answer.

    `id` is stable and names the kind of check (``dns-address``); `target` what was asked about (a host, a
    Service). `code` is the stable name of what is wrong (``dns-lame-delegation``), None when all is well; docs/checks.md
    lists both. `evidence` are the observed facts, one a line. `phases` are seconds by phase (resolve, connect,
    tls, first-byte).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    cluster: str
    target: str
    status: CheckStatus
    summary: str
    code: str | None = None
    evidence: tuple[str, ...] = ()
    remedy: str | None = None
    duration: float = 0.0
    phases: dict[str, float] = {}
    vantage: str = "here"
