"""A reachability check's answer, as every view and the engine's verdict read it."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

CheckStatus = Literal["ok", "warning", "failed", "skipped"]

#: what a check is about, from the outside in; views group by it and show it in this order
Category = Literal["gateway", "dns", "connection", "tls", "ledger", "objects", "clusters"]
CATEGORIES: tuple[Category, ...] = get_args(Category)


class CheckResult(BaseModel):
    """One question about reachability with its answer.

    `id` is stable and names the kind of check (``dns-address``); `category` groups kinds; `target` is what was asked
    about (a host, a Service). `code` is the stable name of what is wrong (``dns-lame-delegation``), None when all is
    well; docs/checks.md lists both. `evidence` are the observed facts, one a line; `facts` those of them that are
    compared between clusters (``chain-id``). `remedy` is a sentence, `command` what to run for it, where one thing is.
    `phases` are seconds by phase (resolve, connect, tls, first-byte). `vantage` is who asked: ``here``, or the name of
    the cluster in which a probe pod did; `cluster` is whose names and gateway were asked about.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    category: Category = "ledger"
    cluster: str
    target: str
    status: CheckStatus
    summary: str
    code: str | None = None
    evidence: tuple[str, ...] = ()
    facts: dict[str, str] = {}
    remedy: str | None = None
    command: str | None = None
    duration: float = 0.0
    phases: dict[str, float] = {}
    vantage: str = "here"
