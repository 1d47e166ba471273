"""Which problem follows from which: along what objects need, never along guesses.

Every finding stands at a thing (an object, a host, a release, a cluster). Things need other things: a pod its claims
and its node, a Secret that is missing the Job that writes it, a Job its pods, a host the Service and pods behind it, a
release those that its plan puts before it. The nearest thing with a problem of its own on that way is the cause.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bevel_tui.diagnosis.catalogue import BY_CODE, layer
from bevel_tui.diagnosis.things import Needs, Thing, split
from bevel_tui.records.findings import Diagnosis, Finding
from bevel_tui.records.snapshot import Snapshot

#: steps from one thing to the next before a connection is too far-fetched
_FAR = 12
#: groups of what a registry, a script or the API server has said: no state of a node explains that
_SAID = {"images", "configuration", "vault", "scripts"}
#: but for those that a node without a network cannot reach
_CUT_OFF = {"POD-IMG-TIMEOUT", "VLT-NET", "POD-EGRESS", "POD-CONNECT", "POD-RESOLVE"}
_GRAVITY = {"error": 0, "warning": 1, "info": 2}


class _Ranked(NamedTuple):
    layer: int
    gravity: int
    id: str


def linked(snapshot: Snapshot, found: Iterable[Finding]) -> Diagnosis:
    """The findings with their causes, each root followed by what follows from it. Legal waits that follow from nothing
    are left out."""
    unique = {finding.id: finding for finding in found}
    at: dict[Thing, list[Finding]] = {}
    for finding in unique.values():
        at.setdefault(_thing(finding), []).append(finding)
    for several in at.values():
        several.sort(key=_rank)
    needs = Needs(snapshot)
    causes: dict[str, str] = {}
    for finding in sorted(unique.values(), key=_rank):
        cause = _cause(finding, at, needs, causes)
        if cause is not None:
            causes[finding.id] = cause.id
    kept = {
        key: finding.model_copy(update={"caused_by": causes.get(key)})
        for key, finding in unique.items()
        if finding.severity != "info" or _explained(key, causes, unique)
    }
    return Diagnosis(findings=tuple(_ordered(kept)))


def _explained(key: str, causes: dict[str, str], unique: dict[str, Finding]) -> bool:
    """Whether a chain of causes ends at a problem that is none of waiting."""
    while key in causes:
        key = causes[key]
        if unique[key].severity != "info":
            return True
    return False


def _thing(finding: Finding) -> Thing:
    return Thing(finding.cluster, finding.kind, finding.namespace or "", finding.name)


def _rank(finding: Finding) -> _Ranked:
    return _Ranked(layer(finding.code), _GRAVITY[finding.severity], finding.id)


def _cause(finding: Finding, at: dict[Thing, list[Finding]], needs: Needs, causes: dict[str, str]) -> Finding | None:
    here = _thing(finding)
    for other in at[here]:
        if (
            other.id != finding.id
            and layer(other.code) < layer(finding.code)
            and not _leads(other.id, finding.id, causes)
        ):
            return other
    said = BY_CODE[finding.code].group in _SAID and finding.code not in _CUT_OFF
    queue = deque([(thing, 1) for thing in _first(finding, here, needs)])
    seen = {here}
    while queue:
        thing, far = queue.popleft()
        if thing in seen:
            continue
        seen.add(thing)
        if thing.kind == "Node" and said:
            continue
        for other in at.get(thing, ()):
            if other.id != finding.id and not _leads(other.id, finding.id, causes):
                return other
        if far < _FAR:
            queue.extend((further, far + 1) for further in needs.of(thing))
    return None


def _first(finding: Finding, here: Thing, needs: Needs) -> Iterator[Thing]:
    """What the problem itself names comes before what its object needs besides."""
    for blamed in finding.blames:
        yield split(finding.cluster, blamed)
    yield from needs.of(here)


def _leads(start: str, goal: str, causes: dict[str, str]) -> bool:
    """Whether `goal` is a cause of `start` already: problems do not explain each other in a circle."""
    while start in causes:
        start = causes[start]
        if start == goal:
            return True
    return False


def _ordered(found: dict[str, Finding]) -> Iterator[Finding]:
    under: dict[str | None, list[Finding]] = {}
    for finding in found.values():
        parent = finding.caused_by if finding.caused_by in found else None
        under.setdefault(parent, []).append(finding if parent else finding.model_copy(update={"caused_by": None}))

    def weight(finding: Finding) -> int:
        return 1 + sum(weight(other) for other in under.get(finding.id, ()))

    def rank(finding: Finding, root: bool) -> tuple[int, bool, int, int, str]:
        """Of roots those first that something follows from, and a cluster that cannot be used before everything."""
        deep = layer(finding.code) if root else 0
        alone = root and deep > 0 and weight(finding) == 1
        return _GRAVITY[finding.severity], alone, deep, -weight(finding), finding.id

    def walk(parent: str | None) -> Iterator[Finding]:
        for finding in sorted(under.get(parent, ()), key=lambda f: rank(f, parent is None)):
            yield finding
            yield from walk(finding.id)

    yield from walk(None)
