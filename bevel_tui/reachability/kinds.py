"""What a kind of check is, and what a kind of failure: the words that docs/checks.md is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """One way in which a check can fail (or warn): its stable `code` and what it means."""

    code: str
    meaning: str


@dataclass(frozen=True, slots=True)
class CheckKind:
    """One kind of check. `needs` are the ids that must not have failed; else it is skipped, with the reason.

    `failures` are the codes that its results can carry.
    """

    id: str
    question: str
    target: str
    evidence: str
    failing: str
    needs: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
