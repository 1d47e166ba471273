"""Taking a network down again, in the safe order; what a ledger cannot be rebuilt from goes only on demand.

Releases go in the reverse of their installation, the first release of a namespace last: it owns the ServiceAccount
and the scripts that every other release's hooks use (facts 0.4, G). Gateways go when nothing is behind them.

Ledger data (volumes, key Secrets, genesis, namespaces) stays unless `purge_data`. To be sure of that, releases are
then removed without their pre-delete hooks: in Bevel's charts those delete keys, and some of them delete what
other releases share (facts G, removeCertsOnDelete). With `purge_data` the hooks run, since they also clean Vault.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from bevel_tui.engine import inventory
from bevel_tui.engine.cancel import GRACE
from bevel_tui.engine.connect import unusable
from bevel_tui.engine.context import Access
from bevel_tui.engine.deploy import leases
from bevel_tui.engine.executor import Hold, Result, Task, execute
from bevel_tui.engine.labels import HOME, NETWORK, is_ours
from bevel_tui.engine.observe import gather_all, release_records
from bevel_tui.engine.repair import Record
from bevel_tui.engine.runner import Run
from bevel_tui.engine.secrets import environment
from bevel_tui.helm.driver import HelmDriver, Operation, Outcome
from bevel_tui.kube.client import ApiError
from bevel_tui.records.events import Notice, ReleaseApplied, StepWaiting
from bevel_tui.records.steps import HandoffStep, KeysStep, NamespaceStep, ObjectRef, ReleaseStep, SecretStep, Step

_HOOK_TIMEOUT = 120
#: by cluster: (namespace, release) -> its records
Found = dict[str, dict[tuple[str, str], tuple[Record, ...]]]


async def destroy_body(run: Run) -> bool:
    """The body of a removal; False when it was stopped before anything was changed. Raises BevelError."""
    found = await run.unless_stopped(_prepare(run))
    if found is None:
        return False
    order = removal_order(run.plan.steps)
    present = [step for step in order if await _present(run, step, found)]
    inventories = [name for name, access in run.clusters.items() if await _inventory(access, run.plan.network_name)]
    if not present and not inventories:
        run.emit(Notice(text="Nothing of this network is installed."))
        return True
    driver = await run.parts.driver(run.options, environment(run.plan.steps))
    changing = {_cluster(step) for step in present} | set(inventories)
    async with leases(run, run.clusters, changing):
        removal = _Removal(run, driver, found)
        await removal.carry_out(order)
        if all(result.outcome in {"ok", "unchanged"} for result in run.results.values()):
            await gather_all(_forget(run, run.clusters[name]) for name in inventories)
    return True


def removal_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """What is removed, each step before those it needed; `needs` are turned round by `removal_needs`."""
    return tuple(
        step
        for step in reversed(tuple(steps))
        if step.managed
        and (
            isinstance(step, ReleaseStep | SecretStep | KeysStep | NamespaceStep)
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
    cluster = {step.id: _cluster(step) for step in steps}
    before: dict[str, set[str]] = {
        step.id: {name for name in dependants[step.id] & kept if cluster[name] == cluster[step.id]} for step in order
    }
    releases = [step for step in order if isinstance(step, ReleaseStep)]
    firsts: dict[tuple[str, str | None], str] = {}
    for step in reversed(releases):
        if step.origin == "ledger":
            firsts.setdefault((step.cluster, step.namespace), step.id)
    for step in order:
        where = (_cluster(step), step.namespace)
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


async def _prepare(run: Run) -> Found:
    """Connect and read which releases are there. Raises BevelError."""
    found: Found = {}
    order = removal_order(run.plan.steps)
    await run.open({_cluster(step) for step in order})
    run.started(order)
    wanted = sorted({(step.cluster, str(step.namespace)) for step in order if isinstance(step, ReleaseStep)})

    async def read(cluster: str, namespace: str) -> None:
        access = run.clusters[cluster]
        try:
            releases = await release_records(access.client, namespace)
        except ApiError as error:
            raise unusable(access.client, error) from None
        for name, records in releases.items():
            found.setdefault(cluster, {})[namespace, name] = records

    await gather_all(read(cluster, namespace) for cluster, namespace in wanted)
    return found


async def _present(run: Run, step: Step, found: Found) -> bool:
    """Whether there is something of this step to remove. Raises BevelError."""
    access = run.clusters[_cluster(step)]
    try:
        if isinstance(step, ReleaseStep):
            return (str(step.namespace), step.release) in found.get(step.cluster, {})
        if isinstance(step, NamespaceStep):
            if not run.options.purge_data:
                return False
            namespace = await access.client.get(ObjectRef("v1", "Namespace", str(step.namespace)))
            return namespace is not None and is_ours(namespace, run.plan.network_name)
        ref = _object(step)
        obj = await access.client.get(ref) if ref is not None else None
        return obj is not None and is_ours(obj, run.plan.network_name)
    except ApiError as error:
        raise unusable(access.client, error) from None


async def _inventory(access: Access, network: str) -> bool:
    try:
        return await inventory.read(access.client, network) is not None
    except ApiError as error:
        raise unusable(access.client, error) from None


async def _forget(run: Run, access: Access) -> None:
    try:
        await inventory.remove(access.client, run.plan.network_name)
        if not run.options.purge_data:
            return
        home = await access.client.get(ObjectRef("v1", "Namespace", HOME))
        others = await access.client.list("v1", "ConfigMap", HOME, labels=NETWORK)
        if home is not None and is_ours(home) and not others:
            await access.client.delete(ObjectRef("v1", "Namespace", HOME))
    except ApiError as error:
        raise unusable(access.client, error) from None


def _cluster(step: Step) -> str:
    return step.target_cluster if isinstance(step, HandoffStep) else step.cluster


def _object(step: Step) -> ObjectRef | None:
    if isinstance(step, SecretStep | KeysStep):
        return ObjectRef("v1", "Secret", step.name, step.namespace)
    return step.target_object if isinstance(step, HandoffStep) else None


class _Removal:
    def __init__(self, run: Run, driver: HelmDriver, found: Found) -> None:
        self.run = run
        self.driver = driver
        self.found = found

    async def carry_out(self, order: tuple[Step, ...]) -> None:
        needs = removal_needs(self.run.plan.steps)
        order = in_order(order, needs)
        self.run.needs = {step.id: needs[step.id] for step in order}
        options = self.run.options
        tasks = [
            Task(
                step.id,
                needs[step.id],
                ("helm", f"helm/{step.cluster}") if isinstance(step, ReleaseStep) else (),
                options.budget(step.kind),
            )
            for step in order
        ]
        capacity = {"helm": options.helm_processes}
        capacity.update({f"helm/{name}": options.helm_per_cluster for name in self.run.clusters})
        await execute(tasks, self._one, capacity=capacity, cancel=self.run.cancel, observe=self.run.observe())

    async def _one(self, task: Task, hold: Hold) -> Result:
        step = self.run.steps[task.id]
        access = self.run.clusters[_cluster(step)]
        try:
            if isinstance(step, ReleaseStep):
                return await self._release(step, access)
            if isinstance(step, NamespaceStep):
                return await self._namespace(step, access)
            return await self._object(step, access)
        except ApiError as error:
            return Result(
                "failed",
                f"The cluster of context {access.context!r} refused: {error.message}",
                "Run the same command again: what is gone is skipped.",
            )

    async def _release(self, step: ReleaseStep, access: Access) -> Result:
        records = self.found.get(step.cluster, {}).get((str(step.namespace), step.release), ())
        changed = False
        if records:
            failed = await self._uninstall(step, access, hooks=self.run.options.purge_data)
            if failed is not None:
                return failed
            changed = True
        for item in step.expects:
            # Hooks stay behind when they are done; a later installation must not meet their old results.
            if item.hook and item.ref.kind in {"Job", "Pod"}:
                changed = await access.client.delete(item.ref) or changed
        if self.run.options.purge_data:
            changed = await self._purge(step, access) or changed
        return Result("ok" if changed else "unchanged")

    async def _uninstall(self, step: ReleaseStep, access: Access, *, hooks: bool) -> Result | None:
        outcome = await _finished(self.driver, self._operation(step, access, hooks))
        if not outcome.ok and hooks and outcome.reason not in {"cancelled", "killed"}:
            self.run.emit(
                Notice(
                    level="warning",
                    cluster=step.cluster,
                    step=step.id,
                    text=f"The removal hooks of {step.namespace}/{step.release} failed ({outcome.error}); "
                    "it is removed without them.",
                )
            )
            outcome = await _finished(self.driver, self._operation(step, access, False))
        if not outcome.ok:
            if outcome.reason in {"cancelled", "killed"} and self.run.cancel.stopping.is_set():
                return Result("cancelled", "stopped while Helm was at work")
            return Result("failed", f"Helm: {outcome.error}", "Run the same command again: what is gone is skipped.")
        self.run.emit(
            ReleaseApplied(
                step=step.id,
                cluster=step.cluster,
                namespace=str(step.namespace),
                release=step.release,
                action="uninstall",
                chart=step.chart,
                chart_version=step.chart_version,
                chart_source="",
                chart_digest="",
                driver=self.driver.name,
                revision=outcome.revision,
            )
        )
        return None

    def _operation(self, step: ReleaseStep, access: Access, hooks: bool) -> Operation:
        return Operation(
            verb="uninstall",
            release=step.release,
            namespace=str(step.namespace),
            kubeconfig=Path(access.kubeconfig),
            context=access.context,
            hook_timeout=_HOOK_TIMEOUT,
            keep_hooks=hooks,
        )

    async def _purge(self, step: ReleaseStep, access: Access) -> bool:
        """Volumes of its StatefulSets and everything its pods wrote."""
        changed = False
        sets = [item.ref.name for item in step.expects if item.ref.kind == "StatefulSet"]
        if sets:
            mine = re.compile(rf".+-({'|'.join(map(re.escape, sets))})-\d+")
            for claim in await access.client.list("v1", "PersistentVolumeClaim", step.namespace):
                name = claim["metadata"]["name"]
                if mine.fullmatch(name):
                    ref = ObjectRef("v1", "PersistentVolumeClaim", name, step.namespace)
                    changed = await access.client.delete(ref) or changed
        for made in step.produces:
            changed = await access.client.delete(made.ref) or changed
        return changed

    async def _object(self, step: Step, access: Access) -> Result:
        ref = _object(step)
        if isinstance(step, KeysStep) and not self.run.options.purge_data:
            return Result("unchanged")  # the chain data that stays is worth nothing without them
        found = await access.client.get(ref) if ref is not None else None
        if ref is None or found is None or not is_ours(found, self.run.plan.network_name):
            return Result("unchanged")
        await access.client.delete(ref, uid=found["metadata"].get("uid"))
        return Result("ok")

    async def _namespace(self, step: NamespaceStep, access: Access) -> Result:
        """Only with `purge_data`, only if we made it; ends when it is gone."""
        ref = ObjectRef("v1", "Namespace", str(step.namespace))
        found = await access.client.get(ref) if self.run.options.purge_data else None
        if found is None or not is_ours(found, self.run.plan.network_name):
            return Result("unchanged")
        await access.client.delete(ref, uid=found["metadata"].get("uid"))
        self.run.emit(
            StepWaiting(step=step.id, cluster=step.cluster, waiting_for=(f"namespace {ref.name} to be gone",))
        )
        async for change, obj in access.client.watch("v1", "Namespace", fields=f"metadata.name={ref.name}"):
            if change == "SYNCED" and await access.client.get(ref) is None:
                break
            if change == "DELETED" and obj["metadata"]["name"] == ref.name:
                break
            if self.run.cancel.stopping.is_set():
                return Result("cancelled", "stopped while the namespace was being deleted")
        return Result("ok")


async def _finished(driver: HelmDriver, operation: Operation) -> Outcome:
    """One Helm operation that ends cleanly when we are to leave."""
    stop = asyncio.Event()
    task = asyncio.create_task(driver.run(operation, cancel=stop))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait({task}, timeout=GRACE * 0.8)
        task.cancel()
        raise


def in_order(order: tuple[Step, ...], needs: dict[str, tuple[str, ...]]) -> tuple[Step, ...]:
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
