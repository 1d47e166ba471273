"""A diagnosed problem: code, object, cause, remedy; and how problems hang together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict

Severity = Literal["error", "warning", "info"]


class Finding(BaseModel):
    """One problem, said once. `terminal` means that waiting longer cannot heal it (ends a wait early).

    `remedy` is a sentence, `command` what to type (it only looks unless the remedy says otherwise). `blames` are the
    things at which the problem was met (``Kind/namespace/name``, ``Host//name``), `caused_by` the `id` of the finding
    that this one is a consequence of. ``info`` is a legal wait: it counts only as a link of a chain, never alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    severity: Severity = "error"
    cluster: str
    namespace: str | None = None
    kind: str
    name: str
    cause: str
    evidence: tuple[str, ...] = ()
    remedy: str
    command: str | None = None
    terminal: bool = False
    blames: tuple[str, ...] = ()
    caused_by: str | None = None

    @property
    def id(self) -> str:
        """Stable from one snapshot to the next: code and object."""
        return "/".join((self.code, self.cluster, self.namespace or "", self.kind, self.name))

    @property
    def anchor(self) -> str:
        """Where the documentation explains the code."""
        return f"docs/diagnoses.md#{self.code.lower()}"


class Diagnosis(BaseModel):
    """All findings of a snapshot, each root followed by its consequences, the gravest root first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    findings: tuple[Finding, ...] = ()

    @property
    def roots(self) -> tuple[Finding, ...]:
        """The findings that no other one explains."""
        return tuple(finding for finding in self.findings if finding.caused_by is None)

    def consequences(self, finding: Finding) -> tuple[Finding, ...]:
        """What follows directly from a finding."""
        return tuple(other for other in self.findings if other.caused_by == finding.id)

    def chain(self, finding: Finding) -> tuple[Finding, ...]:
        """From a finding up to its root: itself first."""
        by_id = {other.id: other for other in self.findings}
        found = [finding]
        while found[-1].caused_by is not None and found[-1].caused_by in by_id:
            found.append(by_id[found[-1].caused_by])
        return tuple(found)

    def tree(self) -> Iterator[tuple[int, Finding]]:
        """(depth, finding) in the order in which a reader wants them: depth 0 are the roots."""

        def under(finding: Finding, depth: int) -> Iterator[tuple[int, Finding]]:
            yield depth, finding
            for other in self.consequences(finding):
                yield from under(other, depth + 1)

        for root in self.roots:
            yield from under(root, 0)
