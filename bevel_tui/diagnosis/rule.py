"""What a diagnosis rule is: a function from what was observed to what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import ClusterSnapshot, Snapshot
from bevel_tui.records.steps import ObjectRef

#: objects that do not exist yet but may still come, because the step that makes them is not finished
Pending = frozenset[ObjectRef]

Rule = Callable[[ClusterSnapshot, Pending], Iterable[Finding]]
#: a rule over all clusters together
WideRule = Callable[[Snapshot], Iterable[Finding]]


def may_come(pending: Pending, kind: str, name: str, namespace: str | None) -> bool:
    """Whether an object that is missing now is still to be made by a step of this run."""
    return any(ref.kind == kind and ref.name == name and ref.namespace == namespace for ref in pending)
