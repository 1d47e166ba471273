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

from bevel_tui.engine import definitions, inventory, memory, sums
from bevel_tui.engine.bundles import received
from bevel_tui.engine.cancel import GRACE, Cancellation
from bevel_tui.engine.connect import unusable
from bevel_tui.engine.context import Access
from bevel_tui.engine.executor import Hold, Result, Task, execute
from bevel_tui.engine.labels import HOME, NETWORK, is_ours
from bevel_tui.engine.leases import leases
from bevel_tui.engine.observe import gather_all, release_records, until_gone
from bevel_tui.engine.ports import Cluster
from bevel_tui.engine.removal import cluster_of, in_order, removal_needs, removal_order, step_object
from bevel_tui.engine.repair import Record
from bevel_tui.engine.runner import Run
from bevel_tui.engine.secrets import Secrets, environment
from bevel_tui.engine.settle import settle
from bevel_tui.engine.silence import heard, outlast, told
from bevel_tui.engine.withdrawing import published, withdraw
from bevel_tui.helm.driver import HelmDriver, Operation, Outcome
from bevel_tui.kube.client import ApiError
from bevel_tui.records.events import Notice, ReleaseApplied, StepWaiting
from bevel_tui.records.steps import DnsStep, KeysStep, NamespaceStep, ObjectRef, ReleaseStep, Step

__all__ = ["Removal", "destroy_body", "found_releases", "in_order", "is_present", "removal_needs", "removal_order"]

_HOOK_TIMEOUT = 120
#: seconds that the API server gets to clear away the objects of a kind
DEFINITION_GONE = 120.0
#: by cluster: (namespace, release) -> its records
Found = dict[str, dict[tuple[str, str], tuple[Record, ...]]]


async def destroy_body(run: Run) -> bool:
    """The body of a removal; False when it was stopped before anything was changed. Raises BevelError."""
    found = await run.cancel.unless_stopped(_prepare(run))
    if found is None:
        return False
    steps = _all_steps(run)
    order = removal_order(steps)
    purge = run.options.purge_data
    present = [step for step in order if await is_present(run, step, found, purge=purge)]
    inventories = [name for name, access in run.clusters.items() if await _inventory(access, run)]
    if not present and not inventories:
        run.emit(Notice(text="Nothing of this network is installed."))
        return True
    secrets = Secrets.resolve([step for step in present if isinstance(step, DnsStep)])
    run.emit.hide(secrets.values())
    driver = await run.parts.driver(run.options, environment(run.plan.steps))
    changing = {cluster_of(step) for step in present} | set(inventories)
    async with leases(run, run.clusters, changing):
        removal = Removal(run, driver, found, purge=purge)
        await removal.carry_out(order, removal_needs(steps))
        if all(result.outcome in {"ok", "unchanged"} for result in run.results.values()):
            await gather_all(_forget(run, run.clusters[name]) for name in inventories)
    return True


def _all_steps(run: Run) -> tuple[Step, ...]:
    """The plan's steps, and those of the network as it was last applied that the plan has no more."""
    there = {step.id for step in run.plan.steps}
    return (*run.plan.steps, *(step for step in run.former if step.id not in there))


async def _prepare(run: Run) -> Found:
    """Connect and read which releases are there. Raises BevelError."""
    await run.open({cluster_of(step) for step in removal_order(run.plan.steps)})
    await settle(run)
    order = removal_order(_all_steps(run))
    for step in order:
        run.steps.setdefault(step.id, step)
    run.started(order)
    return await found_releases(run, order)


async def found_releases(run: Run, steps: Iterable[Step]) -> Found:
    """The records of all releases in the namespaces of `steps`. Raises BevelError."""
    found: Found = {}
    wanted = sorted({(step.cluster, str(step.namespace)) for step in steps if isinstance(step, ReleaseStep)})

    async def read(cluster: str, namespace: str) -> None:
        access = run.clusters[cluster]
        try:
            releases = await release_records(access.client, namespace)
        except ApiError as error:
            raise unusable(access.client, error) from None
        for name, records in releases.items():
            found.setdefault(cluster, {})[namespace, name] = records

    await gather_all(read(cluster, namespace) for cluster, namespace in wanted if cluster in run.clusters)
    return found


async def is_present(run: Run, step: Step, found: Found, *, purge: bool) -> bool:
    """Whether there is something of this step to remove. Raises BevelError."""
    if cluster_of(step) not in run.clusters:
        return False
    if run.shared.used_by(step):
        return False
    access = run.clusters[cluster_of(step)]
    try:
        if isinstance(step, ReleaseStep):
            return (str(step.namespace), step.release) in found.get(step.cluster, {})
        if isinstance(step, DnsStep):
            return await published(run, step, access)
        if isinstance(step, NamespaceStep):
            if not purge:
                return False
            namespace = await access.client.get(ObjectRef("v1", "Namespace", str(step.namespace)))
            return namespace is not None and is_ours(namespace, run.plan.network_name)
        ref = step_object(step)
        obj = await access.client.get(ref) if ref is not None else None
        if isinstance(step, KeysStep) and not purge:
            return False
        return obj is not None and is_ours(obj, run.plan.network_name)
    except ApiError as error:
        raise unusable(access.client, error) from None


async def _inventory(access: Access, run: Run) -> bool:
    """Whether something of us is to be forgotten here: the inventory, and with the data what belongs to it."""
    name = run.plan.network_name
    try:
        if run.options.purge_data and await access.client.get(memory.ref(name)) is not None:
            return True
        return await inventory.read(access.client, name) is not None
    except ApiError as error:
        raise unusable(access.client, error) from None


async def _forget(run: Run, access: Access) -> None:
    try:
        await inventory.remove(access.client, run.plan.network_name)
        if not run.options.purge_data:
            return
        await memory.forget(access.client, run.plan.network_name)
        await received.forget(access.client, run.plan.network_name)
        await forget_home(access.client)
    except ApiError as error:
        raise unusable(access.client, error) from None


async def forget_home(client: Cluster) -> None:
    """Delete our own namespace, if we made it and no network is in it any more. Raises ApiError."""
    home = await client.get(ObjectRef("v1", "Namespace", HOME))
    others = await client.list("v1", "ConfigMap", HOME, labels=NETWORK)
    if home is not None and is_ours(home) and not others:
        await client.delete(ObjectRef("v1", "Namespace", HOME))


class Removal:
    """Carries out removals. `purge` takes ledger data along; `kept` are objects that others still need, by cluster,
    `spared` releases whose data stays all the same. `cancel` ends it (default: what ends the run)."""

    def __init__(
        self,
        run: Run,
        driver: HelmDriver,
        found: Found,
        *,
        purge: bool,
        kept: frozenset[tuple[str, ObjectRef]] = frozenset(),
        spared: frozenset[str] = frozenset(),
        cancel: Cancellation | None = None,
    ) -> None:
        self.run = run
        self.driver = driver
        self.found = found
        self.purge = purge
        self.kept = kept
        self.spared = spared
        self.cancel = cancel or run.cancel

    async def carry_out(self, order: tuple[Step, ...], needs: Mapping[str, tuple[str, ...]]) -> None:
        """Remove `order`, each after what `needs` names for it; steps are looked up in the run's."""
        order = in_order(order, needs)
        self.run.needs.update({step.id: needs[step.id] for step in order})
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
        await execute(tasks, self._one, capacity=capacity, cancel=self.cancel, observe=self.run.observe())

    async def _one(self, task: Task, hold: Hold) -> Result:
        step = self.run.steps[task.id]
        user = self.run.shared.used_by(step)
        if user:
            return Result("unchanged", f"stays: network {user} uses it")
        access = self.run.clusters[cluster_of(step)]
        try:
            return await outlast(self.run, step, self.cancel, lambda _: self._by_kind(step, access))
        except ApiError as error:
            return Result("failed", told(access.context, error), "Run the same command again: what is gone is skipped.")

    async def _by_kind(self, step: Step, access: Access) -> Result:
        if isinstance(step, ReleaseStep):
            return await self._release(step, access)
        if isinstance(step, NamespaceStep):
            return await self._namespace(step, access)
        if isinstance(step, DnsStep):
            return await withdraw(self.run, step, access, self.cancel)
        return await self._object(step, access)

    async def _release(self, step: ReleaseStep, access: Access) -> Result:
        records = self.found.get(step.cluster, {}).get((str(step.namespace), step.release), ())
        purge = self.purge and step.id not in self.spared
        changed = False
        if records:
            await sums.remove(access.client, step)
            failed = await self._uninstall(step, access, hooks=purge)
            failed = failed or await self._definitions_gone(step, access)
            if failed is not None:
                return failed
            changed = True
        for item in step.expects:
            # Hooks stay behind when they are done; a later installation must not meet their old results.
            if item.hook and item.ref.kind in {"Job", "Pod"}:
                changed = await access.client.delete(item.ref) or changed
        if purge:
            changed = await self._purge(step, access) or changed
        return Result("ok" if changed else "unchanged")

    async def _uninstall(self, step: ReleaseStep, access: Access, *, hooks: bool) -> Result | None:
        outcome = heard(await _finished(self.driver, self._operation(step, access, hooks)))
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
            outcome = heard(await _finished(self.driver, self._operation(step, access, False)))
        if not outcome.ok:
            if outcome.reason in {"cancelled", "killed"} and self.cancel.stopping.is_set():
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
            if (step.cluster, made.ref) not in self.kept:
                changed = await access.client.delete(made.ref) or changed
        return changed

    async def _object(self, step: Step, access: Access) -> Result:
        ref = step_object(step)
        if isinstance(step, KeysStep) and not self.purge:
            return Result("unchanged")  # the chain data that stays is worth nothing without them
        found = await access.client.get(ref) if ref is not None else None
        if ref is None or found is None or not is_ours(found, self.run.plan.network_name):
            return Result("unchanged")
        await access.client.delete(ref, uid=found["metadata"].get("uid"))
        return Result("ok")

    async def _namespace(self, step: NamespaceStep, access: Access) -> Result:
        """Only with `purge_data`, only if we made it; ends when it is gone."""
        ref = ObjectRef("v1", "Namespace", str(step.namespace))
        found = await access.client.get(ref) if self.purge else None
        if found is None or not is_ours(found, self.run.plan.network_name):
            return Result("unchanged")
        await access.client.delete(ref, uid=found["metadata"].get("uid"))
        self._wait_for(step, ref)
        if not await self.cancel.unless_stopped(until_gone(access.client, ref)):
            return Result("cancelled", "stopped while the namespace was being deleted")
        return Result("ok")

    def _wait_for(self, step: Step, *refs: ObjectRef) -> None:
        told = tuple(f"{ref.kind} {ref.name} to be gone" for ref in refs)
        self.run.emit(StepWaiting(step=step.id, cluster=step.cluster, waiting_for=told))

    async def _definitions_gone(self, step: ReleaseStep, access: Access) -> Result | None:
        """Definitions go only when the API server has cleared their objects away. A deployment that met one half gone
        would apply to what vanishes a moment later."""
        refs = await definitions.going(access.client, step)
        if not refs:
            return None
        self._wait_for(step, *refs)
        if await self.cancel.unless_stopped(definitions.gone(access.client, refs), DEFINITION_GONE):
            return None
        if self.cancel.stopping.is_set():
            return Result("cancelled", "stopped while definitions were being deleted")
        names = ", ".join(ref.name for ref in await definitions.going(access.client, step))
        return Result(
            "failed",
            f"Still being deleted after {DEFINITION_GONE:.0f} s, CustomResourceDefinition {names}.",
            "Look at what is left of its kind (kubectl get, all namespaces), then run the same command again.",
        )


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
