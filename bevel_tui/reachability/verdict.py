"""An attempt's answer to a check, before it becomes a result."""

from __future__ import annotations

from dataclasses import dataclass, field

from bevel_tui.records.checks import CheckStatus


@dataclass(frozen=True, slots=True)
class Verdict:
    """An attempt's answer. `words` also serves as the reason why what depends on it is skipped.

    `code` is the failure kind: one of those that the check's kind declares (`catalogue`); None when all is well. `facts`
    are compared with other clusters' answers, `command` is what to run for the remedy.
    """

    status: CheckStatus
    words: str
    evidence: tuple[str, ...] = ()
    remedy: str | None = None
    phases: dict[str, float] = field(default_factory=dict)
    duration: float = 0.0
    addresses: tuple[str, ...] = ()
    code: str | None = None
    facts: dict[str, str] = field(default_factory=dict)
    command: str | None = None

    @property
    def passed(self) -> bool:
        """Whether what depends on this may be asked."""
        return self.status in ("ok", "warning")
