"""What a changed Network no longer has: which releases go, what that destroys, and whether the user has named it.

Pure. A removal is allowed only for what ``--allow-destructive`` names: a release, its step, or its organization. Steps
of a removal are those of the old plan, called ``remove/<step>``; what the new plan makes as well is not touched.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from bevel_tui.engine.removal import removal_needs, removal_order, step_object
from bevel_tui.network.consequence import GENESIS, Consequence
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import DnsStep, HandoffStep, NamespaceStep, ObjectRef, ReleaseStep, Step

PREFIX = "remove/"


@dataclass(frozen=True, slots=True)
class Leaving:
    """Steps to remove, in order, each needing those that must be gone before. `early` ones go before anything is
    installed, because something new takes their place; the others when all that is new stands. `kept` are objects
    of the old plan that the new one has too, by cluster."""

    early: tuple[Step, ...] = ()
    late: tuple[Step, ...] = ()
    kept: frozenset[tuple[str, ObjectRef]] = frozenset()

    @property
    def steps(self) -> tuple[Step, ...]:
        """All of them."""
        return (*self.early, *self.late)


def leaving(old: Sequence[Step], new: Sequence[Step], *, anew: Collection[str] | None = ()) -> Leaving:
    """The steps of `old` that `new` has no more, and those of the organizations `anew`, which are made anew.

    `anew` None: all of them are, the ledger being founded again (gateways stay).
    """
    there = {_identity(step) for step in new}
    moved = {step.id for step in old if step.organization is not None and _anew(step.organization, anew)}
    gone = [step for step in removal_order(old) if _identity(step) not in there or step.id in moved]
    if not gone:
        return Leaving()
    names = {step.id for step in gone}
    needs = removal_needs(old)
    kept = frozenset(_objects(step for step in new if not (step.organization and _anew(step.organization, anew))))
    planned = {_identity(step) for step in new}
    taken = frozenset(_objects(new))
    renamed = {
        step.id: replace(step, id=PREFIX + step.id, needs=tuple(PREFIX + n for n in needs[step.id] if n in names))
        for step in gone
    }
    early: set[str] = set()
    for step in gone:
        # while the controller still looks after the domain that goes, and its name is on the Service
        withdrawn = isinstance(step, DnsStep) and step.mode == "external-dns"
        if withdrawn or step.id in moved or _identity(step) in planned or any(one in taken for one in _rendered(step)):
            early |= {step.id, *_before(step.id, needs, names)}
    return Leaving(
        tuple(renamed[step.id] for step in gone if step.id in early),
        tuple(renamed[step.id] for step in gone if step.id not in early),
        kept,
    )


def _anew(organization: str, anew: Collection[str] | None) -> bool:
    return anew is None or organization in anew


def _identity(step: Step) -> tuple[str, ...]:
    """What makes a step the same one in two plans: for a release where it is, for all others their id."""
    if isinstance(step, ReleaseStep):
        return ("release", step.cluster, str(step.namespace), step.release)
    if isinstance(step, DnsStep):
        return ("dns", step.cluster, step.domain)
    ref = step_object(step)
    if ref is not None:
        cluster = step.target_cluster if isinstance(step, HandoffStep) else step.cluster
        return ("object", cluster, str(ref.namespace), ref.kind, ref.name)
    return ("step", step.id)


def _before(step: str, needs: dict[str, tuple[str, ...]], names: Collection[str]) -> set[str]:
    """All that must be gone before `step`, directly or not, as far as it goes at all."""
    found: set[str] = set()
    open_ends = [step]
    while open_ends:
        for need in needs[open_ends.pop()]:
            if need in names and need not in found:
                found.add(need)
                open_ends.append(need)
    return found


def _rendered(step: Step) -> Iterable[tuple[str, ObjectRef]]:
    if isinstance(step, ReleaseStep):
        yield from ((step.cluster, item.ref) for item in step.expects)


def _objects(steps: Iterable[Step]) -> Iterable[tuple[str, ObjectRef]]:
    for step in steps:
        yield from _rendered(step)
        if isinstance(step, ReleaseStep):
            yield from ((step.cluster, made.ref) for made in step.produces)
        ref = step_object(step)
        if ref is not None:
            yield (step.target_cluster if isinstance(step, HandoffStep) else step.cluster, ref)
        if isinstance(step, NamespaceStep):
            yield step.cluster, ObjectRef("v1", "Namespace", str(step.namespace))


# ---------------------------------------------------------------- what the user must have named


def names_of(step: Step) -> set[str]:
    """The names under which a removal can be allowed."""
    found = {step.id.removeprefix(PREFIX)}
    if isinstance(step, ReleaseStep):
        found |= {step.release, f"{step.namespace}/{step.release}", f"{step.cluster}/{step.namespace}/{step.release}"}
    if step.organization is not None:
        found.add(step.organization)
    return found


def harmless(step: Step) -> bool:
    """Whether nothing of a ledger goes with a release: gateways hold none, votes that were cast stay cast."""
    if not isinstance(step, ReleaseStep) or step.origin != "ledger":
        return True
    stateful = any(item.ref.kind in {"StatefulSet", "PersistentVolumeClaim"} for item in step.expects)
    return not stateful and not step.produces


def judge(found: Sequence[Consequence], present: Iterable[Step], allowed: Collection[str]) -> None:
    """Raises BevelError(DESTRUCTIVE) with everything that would be destroyed and has not been named."""
    details: list[str] = []
    wanted: list[str] = []
    hopeless = [one for one in found if one.kind == "never"]
    for one in found:
        if one.kind == "never" or one.name not in allowed:
            details.append(str(one))
            wanted += [one.name] if one.kind != "never" else []
    refused = [s for s in present if isinstance(s, ReleaseStep) and not harmless(s) and names_of(s).isdisjoint(allowed)]
    if any(one.kind == "found" for one in found) and GENESIS in (*allowed, *wanted):
        refused = []  # all of them, and that has been said
    groups: dict[str, list[str]] = {}
    for step in refused:
        groups.setdefault(step.organization or step.release, []).append(
            f"{step.cluster}/{step.namespace}/{step.release}"
        )
    for name, releases in groups.items():
        details.append(f"{name}: {', '.join(sorted(releases))} would go, with their volumes, keys and ledger data")
        wanted.append(name)
    if not details:
        return
    flags = " ".join(f"--allow-destructive {name}" for name in dict.fromkeys(wanted))
    if hopeless:
        remedy = "Put back what cannot be changed; only destroy --purge-data and a new deployment could change it."
    else:
        remedy = f"Put it back into the preset, or, if that is what you want, add: {flags}"
    raise BevelError(
        Code.DESTRUCTIVE,
        "The changed preset would destroy what runs; nothing was changed.",
        details=tuple(details),
        remedy=remedy,
    )
