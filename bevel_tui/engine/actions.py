"""The repairs that a person can order from the dashboard: offered with their command, carried out when confirmed."""

from __future__ import annotations

import asyncio
import copy
from shlex import quote
from typing import Any

from bevel_tui.engine.connect import of_kubeconfig
from bevel_tui.engine.labels import HOME
from bevel_tui.engine.snapshots.feed import Connect
from bevel_tui.kube.client import ApiError, KubeClient
from bevel_tui.records.actions import Action, ActionDone
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.snapshot import ClusterSnapshot, Object, Snapshot
from bevel_tui.records.steps import ObjectRef

#: seconds that a deleted object may take to be gone
_GONE = 60.0
#: what the Job controller puts into a Job; a new one must come without it [kubernetes: pkg/apis/batch/types.go]
_STAMPS = (
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "job-name",
    "batch.kubernetes.io/job-name",
)
#: what jq leaves out of it for the same reason: the API server refuses a selector that it has not made itself
_ANEW = "del(.spec.selector,.spec.template.metadata.labels[" + ",".join(f'"{stamp}"' for stamp in _STAMPS) + "])"
#: things that checks are about
_CHECKED = {"Host", "Domain", "Ledger"}


def offered(
    snapshot: Snapshot, cluster: str, kind: str, namespace: str | None, name: str, kubeconfig: str | None = None
) -> tuple[Action, ...]:
    """What can be done with an object of a snapshot; its pods' Job and its release included.

    Commands can be typed as they are: they name the context, and the kubeconfig where one was given.
    """
    found = snapshot.cluster(cluster)
    if found is None:
        return ()
    tools = _Tools(found.context or cluster, kubeconfig)
    base = f"{tools.kubectl} -n {quote(str(namespace))}"
    actions: list[Action] = []
    if kind in _CHECKED:
        networks = [n.name for n in snapshot.networks if cluster in n.clusters]
        actions += [checks(network, cluster, found.context or cluster, tools) for network in networks]
    obj = found.find(kind, namespace, name)
    common: dict[str, Any] = {"cluster": cluster, "context": found.context or cluster, "namespace": namespace}
    if kind == "Pod" and obj is not None:
        actions.append(
            Action(
                kind="restart-pod",
                title=f"Restart pod {name}?",
                effect="The pod is deleted; its controller makes a new one. What it holds in memory is lost.",
                command=f"{base} delete pod {quote(name)}",
                name=name,
                uid=_uid(obj),
                **common,
            )
        )
    job = name if kind == "Job" else _job_of(obj)
    live = found.find("Job", namespace, job) if job else None
    if job and live is not None:
        actions.append(
            Action(
                kind="rerun-job",
                title=f"Run Job {job} again?",
                effect="The Job is deleted with its pods and made anew as it was.",
                command=f"{base} get job {quote(job)} -o json | jq '{_ANEW}' | {base} replace --force -f -",
                name=job,
                uid=_uid(live),
                **common,
            )
        )
    actions += _of_release(snapshot, found, kind, namespace, name, common, tools)
    return tuple(actions)


class _Tools:
    """The beginnings of commands for one context."""

    def __init__(self, context: str, kubeconfig: str | None) -> None:
        file = f" --kubeconfig {quote(kubeconfig)}" if kubeconfig else ""
        self.kubectl = f"kubectl{file} --context {quote(context)}"
        self.helm = f"helm{file} --kube-context {quote(context)}"
        self._file = file

    def ours(self, words: str, network: str) -> str:
        """A command of bevel-tui on a network: its preset is what its cluster remembers of it."""
        preset = f"{network}.yaml"
        kept = f"-n {HOME} get configmap {HOME}-{network} -o 'jsonpath={{.data.network\\.yaml}}'"
        return f"{self.kubectl} {kept} > {preset} && bevel-tui {words}--preset {preset}{self._file}"


def checks(network: str, cluster: str, context: str, tools: _Tools) -> Action:
    """Asking a network's reachability checks again: harmless, and confirmed all the same."""
    return Action(
        kind="rerun-checks",
        title=f"Ask the checks of network {network} again?",
        effect="Names, gateways and nodes are asked once more. Nothing is changed.",
        command=tools.ours("check ", network),
        cluster=cluster,
        context=context,
        name=network,
        network=network,
    )


def _of_release(
    snapshot: Snapshot,
    found: ClusterSnapshot,
    kind: str,
    namespace: str | None,
    name: str,
    common: dict[str, Any],
    tools: _Tools,
) -> list[Action]:
    release = name if kind == "Release" else _release_of(snapshot, found, kind, namespace, name)
    known = next((r for r in found.releases if (r.namespace, r.name) == (namespace, release)), None)
    if known is None:
        return []
    actions = []
    network = known.network or next((n.name for n in snapshot.networks), None)
    if network is not None:
        actions.append(
            Action(
                kind="retry-release",
                title=f"Bring release {known.name} about again?",
                effect=(
                    f"The deployment of network {network} runs again. What is as it should be is not touched: that leaves "
                    "this release, others that are not well, and those of the plan that wait for them."
                ),
                command=tools.ours("", network),
                name=known.name,
                network=network,
                **common,
            )
        )
    if known.revision > 1:
        actions.append(
            Action(
                kind="rollback",
                title=f"Roll release {known.name} back to revision {known.revision - 1}?",
                effect="Helm applies the objects of the revision before this one, as a new revision.",
                command=f"{tools.helm} -n {quote(str(namespace))} rollback {quote(known.name)} {known.revision - 1}",
                name=known.name,
                revision=known.revision - 1,
                network=network,
                **common,
            )
        )
    return actions


async def perform(action: Action, kubeconfig: str | None, connect: Connect) -> ActionDone:
    """Carry out an action on an object: restart-pod, rerun-job, rollback. (The others are runs of their own.)

    Raises BevelError when the cluster cannot be used; what the cluster refuses is in the answer.
    """
    client = await connect(action.context, kubeconfig)
    try:
        if action.kind == "restart-pod":
            return await _restart(client, action)
        if action.kind == "rerun-job":
            return await _rerun(client, action)
        if action.kind == "rollback":
            return await _roll_back(action, kubeconfig)
    except ApiError as error:
        return ActionDone(ok=False, message=f"The cluster refused: {error.message}")
    finally:
        await client.close()
    raise BevelError(Code.USAGE, f"{action.kind} is a run, not a change of one object.")


async def _restart(client: KubeClient, action: Action) -> ActionDone:
    ref = ObjectRef("v1", "Pod", action.name, action.namespace)
    if not await client.delete(ref, uid=action.uid):
        return ActionDone(ok=False, message=f"Pod {action.name} is gone already.")
    return ActionDone(ok=True, message=f"Pod {action.name} was deleted; its controller makes a new one.")


async def _rerun(client: KubeClient, action: Action) -> ActionDone:
    ref = ObjectRef("batch/v1", "Job", action.name, action.namespace)
    found = await client.get(ref)
    if found is None:
        return ActionDone(ok=False, message=f"Job {action.name} is gone: retry its release.")
    wanted = anew(found)
    await client.delete(ref, uid=action.uid)
    try:
        async with asyncio.timeout(_GONE):
            await _gone(client, ref)
    except TimeoutError:
        return ActionDone(ok=False, message=f"Job {action.name} is not gone after {_GONE:.0f} s; it was not made anew.")
    await client.create(wanted)
    return ActionDone(ok=True, message=f"Job {action.name} runs again.")


async def _gone(client: KubeClient, ref: ObjectRef) -> None:
    """Wait until an object is deleted to its end."""
    there = False
    stream = client.watch(ref.api_version, ref.kind, ref.namespace, fields=f"metadata.name={ref.name}")
    async for change, _ in stream:
        there = change in {"ADDED", "MODIFIED"} or (there and change == "SYNCED")
        if not there:
            return


def anew(job: Object) -> dict[str, Any]:
    """A live Job as a manifest: without what the server and the controller have put in."""
    made: dict[str, Any] = copy.deepcopy(dict(job))
    made.pop("status", None)
    meta = made["metadata"]
    made["metadata"] = {
        field: meta[field]
        for field in ("name", "namespace", "labels", "annotations", "ownerReferences")
        if field in meta
    }
    spec = made.get("spec") or {}
    if not spec.get("manualSelector"):
        spec.pop("selector", None)
    for labels in (
        made["metadata"].get("labels") or {},
        ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {},
    ):
        for stamp in _STAMPS:
            labels.pop(stamp, None)
    return made


async def _roll_back(action: Action, kubeconfig: str | None) -> ActionDone:
    from bevel_tui.helm.driver import Operation
    from bevel_tui.helm.drivers import choose

    driver = await choose()
    outcome = await driver.run(
        Operation(
            verb="rollback",
            release=action.name,
            namespace=str(action.namespace),
            kubeconfig=of_kubeconfig(kubeconfig, action.context)[0],
            context=action.context,
            revision=action.revision,
        )
    )
    if outcome.ok:
        return ActionDone(ok=True, message=f"Release {action.name} is back at revision {action.revision}.")
    return ActionDone(ok=False, message=f"Helm: {outcome.error or 'it gave no reason'}")


def _uid(obj: Object) -> str | None:
    return (obj.get("metadata") or {}).get("uid")


def _job_of(pod: Object | None) -> str | None:
    for owner in ((pod or {}).get("metadata") or {}).get("ownerReferences") or ():
        if owner.get("kind") == "Job":
            return str(owner.get("name"))
    return None


def _release_of(snapshot: Snapshot, found: ClusterSnapshot, kind: str, namespace: str | None, name: str) -> str | None:
    """The release that rendered an object, or the workload that it came from."""
    from bevel_tui.diagnosis.evidence import workload

    obj = found.find(kind, namespace, name)
    above, called = workload(found, obj, kind) if obj is not None else (kind, name)
    key = f"{above}/{namespace or ''}/{called}"
    for network in snapshot.networks:
        for step in network.steps:
            if step.release and step.cluster == found.cluster and key in step.renders:
                return step.release
    labels = ((obj or {}).get("metadata") or {}).get("labels") or {}
    return labels.get("app.kubernetes.io/instance") or labels.get("release")
