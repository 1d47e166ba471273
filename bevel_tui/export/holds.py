"""What an engine must not begin by itself: releases that wait for a person, or for something that it cannot see.

A plan's order is kept by the engine where it has a word for it (dependsOn within a cluster, waves over all). The rest is
held back, and README.md says when to let it go on.
"""

from __future__ import annotations

from dataclasses import dataclass

from bevel_tui.export.handoffs import external
from bevel_tui.export.work import Work
from bevel_tui.records.steps import HandoffStep, KeysStep, ReleaseStep


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a release is held back: handoffs that a person carries, keys that a person makes, releases in other clusters."""

    step: ReleaseStep
    handoffs: tuple[HandoffStep, ...]
    keys: tuple[KeysStep, ...]
    releases: tuple[ReleaseStep, ...]


def by_hand(work: Work, engine: str, store: str | None) -> list[HandoffStep]:
    """The handoffs that a person carries."""
    if engine == "helmfile":
        return [h for h in work.handoffs if h.crossing is not None]
    return [h for h in work.handoffs if store is None or external(h, store) is None]


def holds(work: Work, engine: str, store: str | None) -> dict[str, Hold]:
    """Releases to hold back, by id of the step, in the plan's order. None for helmfile, which runs from one place."""
    if engine == "helmfile":
        return {}
    manual = {handoff.id for handoff in by_hand(work, engine, store)}
    found = {}
    for step in work.releases:
        handoffs = tuple(handoff for handoff in work.waits_for(step) if handoff.id in manual)
        # dependsOn of Flux reaches no further than a cluster
        others = (
            tuple(other for other in work.before(step) if other.cluster != step.cluster) if engine == "flux" else ()
        )
        keys = work.keys_for(step)
        if handoffs or keys or others:
            found[step.id] = Hold(step, handoffs, keys, others)
    return found
