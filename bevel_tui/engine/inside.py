"""A look from inside a cluster: make the probe's Job, follow its pod, read its log, take it away.

Whatever happens, nothing stays: the Job is deleted when we are done or stopped, the cluster removes it by itself where
we are killed (`ttlSecondsAfterFinished`), and the next look sweeps what is left of earlier ones. Where pods are not
allowed (rights, quota, Pod Security, images) the answer says so in the cluster's own words.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bevel_tui.engine.context import Access
from bevel_tui.engine.labels import NETWORK, ours
from bevel_tui.kube.client import ApiError
from bevel_tui.network.model import Network
from bevel_tui.network.naming import namespace_of
from bevel_tui.platforms.groundwork import placement
from bevel_tui.reachability.inside.job import CONTAINER, KEPT, ROLE, ROLE_PROBE, START, job, lasts
from bevel_tui.reachability.inside.paths import Look
from bevel_tui.reachability.inside.script import Question, read
from bevel_tui.records.steps import ObjectRef
from bevel_tui.survey.access import Need, missing, sentences

#: reasons of a waiting container that do not heal while we wait
_STUCK = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError", "ErrImageNeverPull"}
)
#: the log of a look at 500 hosts with three lines each fits
_LINES = 5000


@dataclass(frozen=True, slots=True)
class Place:
    """Where the pod runs: in a namespace of the ledger, so that quotas and NetworkPolicies are those of its pods."""

    namespace: str
    pull_secret: str | None = None
    placement: Mapping[str, Any] | None = None


def needs(namespace: str) -> frozenset[Need]:
    """The rights that a look from a pod in this namespace takes."""
    rights = {
        ("batch", "jobs"): ("create", "list", "delete"),
        ("", "pods"): ("list", "watch"),
        ("", "events"): ("list", "watch"),
        ("", "pods/log"): ("get",),
    }
    return frozenset(Need(namespace, *what, verb) for what, verbs in rights.items() for verb in verbs)


def place_in(network: Network, cluster: str) -> Place | None:
    """The namespace of the first organization of ours in a cluster: what holds for its pods holds for the probe."""
    ours = [o for o in network.organizations if o.cluster == cluster and o.managed]
    if not ours:
        return None
    registry = network.registry
    secret = None if registry is None else registry.pull_secret
    return Place(namespace_of(network, ours[0]), secret, placement(network))


class _NotAllowed(Exception):  # noqa: N818 - what happened, in the words of the vocabulary
    def __init__(self, words: str, remedy: str) -> None:
        super().__init__(words)
        self.words = words
        self.remedy = remedy


async def look(
    access: Access, network: Network, place: Place, questions: Sequence[Question], *, patience: float
) -> Look:
    """What a pod of the cluster sees, with `patience` seconds for one connection.

    Never raises for what the cluster refuses: then `skipped` says why.
    """
    started = time.perf_counter()
    policies = await _policies(access, place.namespace)
    base = Look(access.name, namespace=place.namespace, context=access.context, policies=policies)

    def made(**fields: Any) -> Look:
        took = time.perf_counter() - started
        return Look(
            base.cluster, namespace=base.namespace, context=base.context, policies=policies, took=took, **fields
        )

    name = f"bevel-tui-probe-{secrets.token_hex(4)}"
    ref = ObjectRef("batch/v1", "Job", name, place.namespace)
    labels = ours(network.name)
    body = job(
        name, place.namespace, labels, network.probe.image, questions,
        timeout=patience, pull_secret=place.pull_secret, placement=place.placement,
    )  # fmt: skip
    try:
        denied = await missing(access.client, needs(place.namespace))
        if denied:
            words = f"your user may not start a pod and read what it says: {'; '.join(sentences(denied))}"
            return made(skipped=words, remedy=_RIGHTS)
        await sweep(access, network.name, place.namespace)
        await access.client.create(body)
    except ApiError as error:
        return made(skipped=_refused(error), remedy=_RIGHTS)
    try:
        async with asyncio.timeout(START + lasts(questions, patience)):
            pod = await _ended(access, ref)
        lines = await access.client.logs(place.namespace, pod, CONTAINER, tail=_LINES)
    except _NotAllowed as no:
        return made(skipped=no.words, remedy=no.remedy)
    except TimeoutError:
        words = f"the probe's pod did not end within {START + lasts(questions, patience):.0f} s"
        return made(skipped=words, remedy=_see(access, place.namespace))
    except ApiError as error:
        return made(skipped=_refused(error), remedy=_RIGHTS)
    finally:
        await _remove(access, ref)
    sight = read(lines)
    if not sight.complete:
        last = lines[-1].strip() if lines else "nothing"
        words = f"the probe ended early; its last word was {last[:120]!r}"
        return made(skipped=words, remedy="Use an image with sh, curl and openssl (probe.image of the preset).")
    return made(sight=sight)


_RIGHTS = (
    "Allow your user to create and delete Jobs, watch pods and events and read logs in that namespace, or do without: "
    "--from here, or probe.pods: false in the preset."
)


def _see(access: Access, namespace: str) -> str:
    return f"See: kubectl --context {access.context} -n {namespace} get pods,events -l {ROLE}={ROLE_PROBE}"


def _refused(error: ApiError) -> str:
    if error.status == 0:
        return f"the cluster does not answer: {error.message}"
    return f"pods are not allowed: {error.message}"


async def _ended(access: Access, ref: ObjectRef) -> str:
    """The name of the Job's pod once it has ended. Raises _NotAllowed when there never will be one."""
    pods = asyncio.create_task(_follow(access, ref))
    refusals = asyncio.create_task(_refusals(access, ref))
    try:
        await asyncio.wait({pods, refusals}, return_when=asyncio.FIRST_COMPLETED)
        if pods.done():
            return pods.result()
        refusals.result()  # raises, or events may not be read
        return await pods
    finally:
        for task in (pods, refusals):
            task.cancel()
        await asyncio.gather(pods, refusals, return_exceptions=True)


async def _follow(access: Access, ref: ObjectRef) -> str:
    async for change, pod in access.client.watch("v1", "Pod", ref.namespace, labels=f"job-name={ref.name}"):
        if change == "SYNCED":
            continue
        name = str(pod["metadata"]["name"])
        status = pod.get("status") or {}
        if status.get("phase") == "Succeeded" or (status.get("phase") == "Failed" and status.get("containerStatuses")):
            return name
        if change == "DELETED" or status.get("phase") == "Failed":
            words = f"the probe's pod was ended: {status.get('message') or status.get('reason') or 'deleted'}"
            raise _NotAllowed(words, _see(access, str(ref.namespace)))
        for container in status.get("containerStatuses") or ():
            waiting = (container.get("state") or {}).get("waiting") or {}
            if waiting.get("reason") in _STUCK:
                words = f"the probe's image cannot be used: {waiting.get('message') or waiting['reason']}"
                raise _NotAllowed(words, "Name an image that this cluster can pull in probe.image of the preset.")
        for condition in status.get("conditions") or ():
            if condition.get("type") == "PodScheduled" and condition.get("reason") == "Unschedulable":
                words = f"no node takes the probe's pod: {condition.get('message')}"
                raise _NotAllowed(words, _see(access, str(ref.namespace)))
    raise AssertionError("a watch has no end")


async def _refusals(access: Access, ref: ObjectRef) -> None:
    """Raises _NotAllowed when the Job's pod is refused (quota, Pod Security); returns where events may not be read."""
    try:
        fields = f"involvedObject.kind=Job,involvedObject.name={ref.name}"
        async for change, event in access.client.watch("v1", "Event", ref.namespace, fields=fields):
            if change in ("ADDED", "MODIFIED") and event.get("reason") == "FailedCreate":
                words = str(event.get("message") or "").removeprefix("Error creating: ")
                raise _NotAllowed(f"pods are not allowed: {words}", _RIGHTS)
    except ApiError:
        return


async def _policies(access: Access, namespace: str) -> tuple[str, ...]:
    """NetworkPolicies that restrict what leaves every pod of a namespace; nothing where they may not be read."""
    try:
        found = await access.client.list("networking.k8s.io/v1", "NetworkPolicy", namespace)
    except ApiError:
        return ()
    return tuple(
        sorted(
            str(policy["metadata"]["name"])
            for policy in found
            if "Egress" in ((policy.get("spec") or {}).get("policyTypes") or ())
            and not any(((policy.get("spec") or {}).get("podSelector") or {}).values())
        )
    )


async def _remove(access: Access, ref: ObjectRef) -> None:
    """Also while we are being cancelled: the deletion goes on then, for two seconds at most."""
    deletion = asyncio.ensure_future(_delete(access, ref))
    try:
        await asyncio.shield(deletion)
    except asyncio.CancelledError:
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(deletion, 2.0)
        raise


async def _delete(access: Access, ref: ObjectRef) -> None:
    with contextlib.suppress(ApiError):  # the cluster removes it by itself then
        await access.client.delete(ref, propagation="Background")


async def sweep(access: Access, network: str, namespace: str) -> int:
    """Delete the probes that earlier looks left behind in a namespace: the ended, and those past any deadline.

    Returns how many. Raises ApiError.
    """
    swept = 0
    for found in await access.client.list(
        "batch/v1", "Job", namespace, labels=f"{ROLE}={ROLE_PROBE},{NETWORK}={network}"
    ):
        deadline = float((found.get("spec") or {}).get("activeDeadlineSeconds") or 0.0) + KEPT
        created = datetime.fromisoformat(str(found["metadata"]["creationTimestamp"]).replace("Z", "+00:00"))
        if (datetime.now(UTC) - created).total_seconds() > deadline:
            meta = found["metadata"]
            ref = ObjectRef("batch/v1", "Job", meta["name"], meta.get("namespace"))
            swept += await access.client.delete(ref, uid=meta.get("uid"))
    return swept
