"""The Job controller: pods until enough have succeeded, or until the backoff limit is used up."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bevel_tui.kube.client import ApiError
from bevel_tui.sandbox.clock import Clock, moment, timestamp
from bevel_tui.sandbox.workloads.hands import Hands, controlled_by
from bevel_tui.sandbox.workloads.podspec import create_pod
from bevel_tui.sandbox.workloads.queue import Key, Queue
from bevel_tui.sandbox.workloads.view import Object, View

COMPONENT = "job-controller"


class Jobs:
    """One cluster's Job controller. CronJobs are not played."""

    def __init__(self, view: View, hands: Hands, clock: Clock) -> None:
        self.view = view
        self.hands = hands
        self.clock = clock
        self.queue = Queue("job", self.reconcile)
        self._not_before: dict[str, float] = {}
        view.listen(["Job"], lambda _change, _kind, obj: self._add(obj))
        view.listen(["Pod"], self._pod)
        view.listen(["ServiceAccount"], self._account)

    def _add(self, job: Mapping[str, Any]) -> None:
        self.queue.add((job["metadata"]["namespace"], job["metadata"]["name"]))

    def _pod(self, _change: str, _kind: str, pod: Object) -> None:
        owner = controlled_by(pod)
        if owner and owner["kind"] == "Job":
            self.queue.add((pod["metadata"]["namespace"], owner["name"]))

    def _account(self, _change: str, _kind: str, account: Object) -> None:
        for job in self.view.all("Job", account["metadata"]["namespace"]):
            self._add(job)

    def _pods(self, job: Object) -> list[Object]:
        uid = job["metadata"]["uid"]
        return [
            pod
            for pod in self.view.all("Pod", job["metadata"]["namespace"])
            if (controlled_by(pod) or {}).get("uid") == uid
        ]

    async def reconcile(self, key: Key) -> None:
        """Bring one Job a step further."""
        job = self.view.get("Job", *key)
        if job is None or job["metadata"].get("deletionTimestamp"):
            return
        status = dict(job.get("status") or {})
        spec = job["spec"]
        if any(c["type"] in {"Complete", "Failed"} and c["status"] == "True" for c in status.get("conditions") or ()):
            await self._expire(job, key, status)
            return
        pods = self._pods(job)
        active = [p for p in pods if phase(p) in {"Pending", "Running"} and not p["metadata"].get("deletionTimestamp")]
        succeeded = sum(phase(p) == "Succeeded" for p in pods)
        failed = sum(phase(p) == "Failed" for p in pods)
        completions = spec.get("completions") or 1
        limit = spec.get("backoffLimit", 6)
        now = timestamp()
        counts = {
            "startTime": status.get("startTime", now),
            "active": len(active),
            "ready": sum(ready(p) for p in active),
            "succeeded": succeeded,
            "failed": failed,
            "terminating": 0,
            "uncountedTerminatedPods": {},
        }
        if not spec.get("suspend") and self._used_up(spec, active, failed, limit):
            for pod in active:
                await self.hands.delete(pod)
                self.hands.event(
                    job, "Normal", "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}", COMPONENT
                )
            message = "Job has reached the specified backoff limit"
            counts |= {"active": 0, "ready": 0, "failed": failed + len(active)}
            counts["conditions"] = conditions(("FailureTarget", "Failed"), "BackoffLimitExceeded", message, now)
            await self.hands.status(job, counts)
            self.hands.event(job, "Warning", "BackoffLimitExceeded", message, COMPONENT)
            return
        if succeeded >= completions:
            counts["completionTime"] = now
            counts["conditions"] = conditions(
                ("SuccessCriteriaMet", "Complete"),
                "CompletionsReached",
                "Reached expected number of succeeded pods",
                now,
            )
            await self.hands.status(job, counts)
            self.hands.event(job, "Normal", "Completed", "Job completed", COMPONENT)
            return
        if (deadline := spec.get("activeDeadlineSeconds")) is not None:
            left = deadline - age(counts["startTime"]) * self.clock.speed
            if left <= 0:
                await self._overdue(job, active, counts)
                return
            self.queue.add_later(key, left / self.clock.speed + 0.05)
        await self.hands.status(job, counts)
        wanted = min(spec.get("parallelism", 1), completions - succeeded) - len(active)
        if not spec.get("suspend") and wanted > 0:
            await self._start(job, key, wanted, failed)

    async def _overdue(self, job: Object, active: list[Object], counts: dict[str, Any]) -> None:
        """A Job past its activeDeadlineSeconds fails, and its pods go."""
        for pod in active:
            await self.hands.delete(pod)
        message = "Job was active longer than specified deadline"
        counts |= {"active": 0, "ready": 0, "failed": counts["failed"] + len(active)}
        counts["conditions"] = conditions(("FailureTarget", "Failed"), "DeadlineExceeded", message, timestamp())
        await self.hands.status(job, counts)
        self.hands.event(job, "Warning", "DeadlineExceeded", message, COMPONENT)

    async def _expire(self, job: Object, key: Key, status: Mapping[str, Any]) -> None:
        """What the TTL controller does: a finished Job goes with its pods after ttlSecondsAfterFinished."""
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        if ttl is None:
            return
        ended = [c["lastTransitionTime"] for c in status["conditions"] if c["type"] in {"Complete", "Failed"}]
        left = ttl - age(ended[0]) * self.clock.speed
        if left > 0:
            self.queue.add_later(key, left / self.clock.speed + 0.05)
            return
        for pod in self._pods(job):
            await self.hands.delete(pod)
        await self.hands.delete(job)

    def _used_up(self, spec: Mapping[str, Any], active: list[Object], failed: int, limit: int) -> bool:
        if spec["template"]["spec"].get("restartPolicy") == "OnFailure":
            restarts = sum(restart_count(p) for p in active)
            return restarts > 0 and restarts >= limit
        return failed > limit

    async def _start(self, job: Object, key: Key, wanted: int, failed: int) -> None:
        uid = job["metadata"]["uid"]
        now = self.clock.now()
        if failed:
            # 10 s, doubled with every failed pod, as the controller does (pod replacement backoff)
            due = self._not_before.setdefault(f"{uid}/{failed}", now + 10 * 2 ** (failed - 1))
            if now < due:
                self.queue.add_later(key, (due - now) / self.clock.speed + 0.01)
                return
        labels = {
            "batch.kubernetes.io/controller-uid": uid,
            "batch.kubernetes.io/job-name": key[1],
            "controller-uid": uid,
            "job-name": key[1],
        }
        for _ in range(wanted):
            name = f"{key[1][:57]}-{secrets.token_hex(3)[:5]}"
            try:
                made = await create_pod(self.view, self.hands, job, name, job["spec"]["template"], labels)
            except ApiError as error:
                self.hands.event(job, "Warning", "FailedCreate", f"Error creating: {error.message}", COMPONENT)
                if error.status != 403 or "service account" not in error.message:
                    self.queue.add_later(key, 10 / self.clock.speed)
                return
            if made:
                self.hands.event(job, "Normal", "SuccessfulCreate", f"Created pod: {name}", COMPONENT)


def age(stamp: str) -> float:
    """Seconds of the machine's clock since a time stamp of the API."""
    return (moment() - datetime.fromisoformat(stamp.replace("Z", "+00:00"))).total_seconds()


def phase(pod: Mapping[str, Any]) -> str:
    """A pod's phase (Pending when it has no status yet)."""
    return str((pod.get("status") or {}).get("phase") or "Pending")


def ready(pod: Mapping[str, Any]) -> bool:
    """Whether a pod's Ready condition is true and it is not on its way out."""
    if pod["metadata"].get("deletionTimestamp"):
        return False
    found = (pod.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in found)


def restart_count(pod: Mapping[str, Any]) -> int:
    """Restarts of all containers of a pod, init containers included."""
    status = pod.get("status") or {}
    both = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    return sum(int(c.get("restartCount", 0)) for c in both)


def conditions(types: tuple[str, ...], reason: str, message: str, now: str) -> list[dict[str, Any]]:
    """Conditions that came true together."""
    return [
        {
            "type": kind,
            "status": "True",
            "reason": reason,
            "message": message,
            "lastProbeTime": now,
            "lastTransitionTime": now,
        }
        for kind in types
    ]
