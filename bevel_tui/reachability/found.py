"""A probe's yes; its no is `streams.ProbeError`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Found:
    """A yes: one sentence, evidence, seconds by phase; `warning` when it is a yes with a but, which `code` then names.

    `facts` are what is compared with other clusters' answers (chain id, genesis, certificate).
    """

    words: str
    evidence: tuple[str, ...] = ()
    phases: dict[str, float] = field(default_factory=dict)
    warning: bool = False
    facts: dict[str, str] = field(default_factory=dict)
    code: str | None = None
