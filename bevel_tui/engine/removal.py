"""In which order things are removed, and what must be gone before. Pure; `destroy` and `leaving` carry it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bevel_tui.records.steps import (
    DnsStep,
    HandoffStep,
    KeysStep,
    NamespaceStep,
    ObjectRef,
    ReleaseStep,
    SecretStep,
    Step,
)


def removal_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """What is removed, each step before those it needed; `needs` are turned round by `removal_needs`."""
    return tuple(
        step
        for step in reversed(tuple(steps))
        if step.managed
        and (
            isinstance(step, ReleaseStep | SecretStep | KeysStep | NamespaceStep)
            or (isinstance(step, DnsStep) and (step.update is not None or step.mode == "external-dns"))
            or (isinstance(step, HandoffStep) and step.target_object is not None and step.crossing != "export")
        )
    )


def removal_needs(steps: Iterable[Step]) -> dict[str, tuple[str, ...]]:
    """For every step to remove: the steps that must be gone before. Pure.

    These are all in its cluster that depended on it, directly or through steps that are not removed; everything of
    the ledger's in its namespace for the first ledger release of a namespace; every ledger release of the cluster
    for a gateway's release. Clusters do not wait for one another: what was handed over is a copy, and one that
    cannot be cleaned up must not keep the others.
    """
    steps = tuple(steps)
    order = removal_order(steps)
    kept = {step.id for step in order}
    dependants: dict[str, set[str]] = {step.id: set() for step in steps}
    for step in reversed(steps):
        for need in step.needs:
            if need in dependants:
                dependants[need] |= {step.id} | dependants[step.id]
    cluster = {step.id: cluster_of(step) for step in steps}
    before: dict[str, set[str]] = {
        step.id: {name for name in dependants[step.id] & kept if cluster[name] == cluster[step.id]} for step in order
    }
    releases = [step for step in order if isinstance(step, ReleaseStep)]
    firsts: dict[tuple[str, str | None], str] = {}
    for step in reversed(releases):
        if step.origin == "ledger":
            firsts.setdefault((step.cluster, step.namespace), step.id)
    for step in order:
        where = (cluster_of(step), step.namespace)
        here = {other.id for other in releases if (other.cluster, other.namespace) == where} - {step.id}
        if isinstance(step, NamespaceStep | SecretStep | KeysStep):
            before[step.id] |= here
        elif firsts.get(where) == step.id:
            before[step.id] |= {other.id for other in releases if other.id in here and other.origin == "ledger"}
    for gateway in releases:
        if gateway.origin != "gateways":
            continue
        for other in releases:
            # Not one that waits for this gateway to go, because the gateway was installed after it.
            ledger = other.cluster == gateway.cluster and other.origin == "ledger"
            if ledger and not _waits_for(other.id, gateway.id, before):
                before[gateway.id].add(other.id)
    return {name: tuple(sorted(wanted)) for name, wanted in before.items()}


def _waits_for(step: str, wanted: str, before: Mapping[str, set[str]]) -> bool:
    """Whether `step` is removed only after `wanted`, directly or not."""
    seen: set[str] = set()
    open_ends = [step]
    while open_ends:
        name = open_ends.pop()
        if name == wanted:
            return True
        if name not in seen:
            seen.add(name)
            open_ends.extend(before[name])
    return False


def cluster_of(step: Step) -> str:
    """The cluster in which what a step makes is found."""
    return step.target_cluster if isinstance(step, HandoffStep) else step.cluster


def step_object(step: Step) -> ObjectRef | None:
    """The object that a step makes itself, for those that make one."""
    if isinstance(step, SecretStep | KeysStep):
        return ObjectRef("v1", "Secret", step.name, step.namespace)
    return step.target_object if isinstance(step, HandoffStep) else None


def in_order(order: tuple[Step, ...], needs: Mapping[str, tuple[str, ...]]) -> tuple[Step, ...]:
    """`order` with every step after those that must be gone before it (the executor wants needs first)."""
    done: dict[str, Step] = {}
    by_id = {step.id: step for step in order}

    def visit(step: Step) -> None:
        if step.id in done:
            return
        for need in needs[step.id]:
            visit(by_id[need])
        done[step.id] = step

    for step in order:
        visit(step)
    return tuple(done.values())
