"""The Deployment, ReplicaSet and DaemonSet controllers."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Mapping
from typing import Any

from bevel_tui.kube.client import ApiError
from bevel_tui.sandbox.clock import timestamp
from bevel_tui.sandbox.workloads.hands import Hands, controlled_by, owner_reference
from bevel_tui.sandbox.workloads.jobs import phase, ready
from bevel_tui.sandbox.workloads.podspec import create_pod, template_hash
from bevel_tui.sandbox.workloads.queue import Key, Queue
from bevel_tui.sandbox.workloads.view import Object, View

REVISION = "deployment.kubernetes.io/revision"


def dependents(view: View, kind: str, owner: Object) -> list[Object]:
    """Objects of a kind that `owner` controls."""
    uid = owner["metadata"]["uid"]
    found = view.all(kind, owner["metadata"].get("namespace"))
    return [obj for obj in found if (controlled_by(obj) or {}).get("uid") == uid]


class _Controller:
    """Common to the three: a queue fed by the owners, their dependents and ServiceAccounts."""

    kind: str
    dependent: str

    def __init__(self, view: View, hands: Hands) -> None:
        self.view = view
        self.hands = hands
        self.queue = Queue(self.kind.lower(), self.reconcile)
        self.component = f"{self.kind.lower()}-controller"
        view.listen([self.kind], lambda _change, _kind, obj: self._add(obj))
        view.listen([self.dependent], self._changed)
        view.listen(["ServiceAccount"], self._account)

    def _add(self, obj: Mapping[str, Any]) -> None:
        self.queue.add((obj["metadata"]["namespace"], obj["metadata"]["name"]))

    def _changed(self, _change: str, _kind: str, obj: Object) -> None:
        owner = controlled_by(obj)
        if owner and owner["kind"] == self.kind:
            self.queue.add((obj["metadata"]["namespace"], owner["name"]))

    def _account(self, _change: str, _kind: str, account: Object) -> None:
        for obj in self.view.all(self.kind, account["metadata"]["namespace"]):
            self._add(obj)

    async def reconcile(self, key: Key) -> None:
        raise NotImplementedError

    async def _pod(self, owner: Object, labels: Mapping[str, str], spec: Mapping[str, Any] | None = None) -> bool:
        name = f"{owner['metadata']['name'][:57]}-{secrets.token_hex(3)[:5]}"
        try:
            made = await create_pod(self.view, self.hands, owner, name, owner["spec"]["template"], labels, spec)
        except ApiError as error:
            self.hands.event(owner, "Warning", "FailedCreate", f"Error creating: {error.message}", self.component)
            if error.status == 403 and "service account" in error.message:
                return False
            raise
        if made:
            self.hands.event(owner, "Normal", "SuccessfulCreate", f"Created pod: {name}", self.component)
        return True


class ReplicaSets(_Controller):
    """Keeps the number of pods of a ReplicaSet."""

    kind = "ReplicaSet"
    dependent = "Pod"

    async def reconcile(self, key: Key) -> None:
        """Create or delete pods until the count is right."""
        owner = self.view.get("ReplicaSet", *key)
        if owner is None or owner["metadata"].get("deletionTimestamp"):
            return
        pods = [p for p in dependents(self.view, "Pod", owner) if phase(p) not in {"Failed", "Succeeded"}]
        pods = [p for p in pods if not p["metadata"].get("deletionTimestamp")]
        wanted = owner["spec"].get("replicas", 1)
        for _ in range(wanted - len(pods)):
            if not await self._pod(owner, {}):
                break
        for pod in sorted(pods, key=ready)[: max(len(pods) - wanted, 0)]:
            await self.hands.delete(pod)
        pods = dependents(self.view, "Pod", owner)
        ready_pods = sum(ready(p) for p in pods)
        await self.hands.status(
            owner,
            {
                "observedGeneration": owner["metadata"].get("generation", 1),
                "replicas": min(len(pods), wanted) if len(pods) > wanted else len(pods),
                "fullyLabeledReplicas": len(pods),
                "readyReplicas": ready_pods,
                "availableReplicas": ready_pods,
            },
        )


class Deployments(_Controller):
    """One ReplicaSet per pod template; the old one goes when the new one is ready."""

    kind = "Deployment"
    dependent = "ReplicaSet"

    async def reconcile(self, key: Key) -> None:
        """Bring one Deployment a step further and tell how it stands."""
        owner = self.view.get("Deployment", *key)
        if owner is None or owner["metadata"].get("deletionTimestamp"):
            return
        wanted = owner["spec"].get("replicas", 1)
        digest = template_hash(owner["spec"]["template"])
        sets = dependents(self.view, "ReplicaSet", owner)
        new = next((s for s in sets if s["metadata"]["labels"].get("pod-template-hash") == digest), None)
        if new is None:
            revision = 1 + max((int(s["metadata"].get("annotations", {}).get(REVISION, 0)) for s in sets), default=0)
            new = await self._create_set(owner, digest, wanted, revision)
            if new is None:
                self.queue.add_later(key, 0.1)
                return
        elif new["spec"].get("replicas") != wanted:
            new = (
                await self.hands.patch("ReplicaSet", key[0], new["metadata"]["name"], {"spec": {"replicas": wanted}})
                or new
            )
        counts = new.get("status") or {}
        old = [s for s in sets if s["metadata"]["uid"] != new["metadata"]["uid"] and s["spec"].get("replicas")]
        done = counts.get("readyReplicas", 0) >= wanted and counts.get("replicas", 0) == wanted
        recreate = (owner["spec"].get("strategy") or {}).get("type") == "Recreate"
        if done or recreate:
            for one in old:
                await self.hands.patch("ReplicaSet", key[0], one["metadata"]["name"], {"spec": {"replicas": 0}})
        await self._tell(owner, new, [*old, new], wanted, done and not old)

    async def _create_set(self, owner: Object, digest: str, wanted: int, revision: int) -> Object | None:
        template = copy.deepcopy(owner["spec"]["template"])
        template.setdefault("metadata", {}).setdefault("labels", {})["pod-template-hash"] = digest
        selector = copy.deepcopy(owner["spec"]["selector"])
        selector.setdefault("matchLabels", {})["pod-template-hash"] = digest
        name = f"{owner['metadata']['name']}-{digest}"
        made = await self.hands.create(
            {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "metadata": {
                    "name": name,
                    "namespace": owner["metadata"]["namespace"],
                    "labels": dict(template["metadata"]["labels"]),
                    "annotations": {REVISION: str(revision)},
                    "ownerReferences": [owner_reference(owner)],
                },
                "spec": {"replicas": wanted, "selector": selector, "template": template},
            }
        )
        if made:
            message = f"Scaled up replica set {name} from 0 to {wanted}"
            self.hands.event(owner, "Normal", "ScalingReplicaSet", message, self.component)
            await self.hands.patch(
                "Deployment",
                owner["metadata"]["namespace"],
                owner["metadata"]["name"],
                {"metadata": {"annotations": {REVISION: str(revision)}}},
            )
        return made

    async def _tell(self, owner: Object, new: Object, sets: list[Object], wanted: int, done: bool) -> None:
        now = self.view.get("Deployment", owner["metadata"]["namespace"], owner["metadata"]["name"]) or owner
        before = {c["type"]: c for c in (now.get("status") or {}).get("conditions") or ()}
        available = sum((s.get("status") or {}).get("availableReplicas", 0) for s in sets)
        total = sum((s.get("status") or {}).get("replicas", 0) for s in sets)
        updated = (new.get("status") or {}).get("replicas", 0)
        name = new["metadata"]["name"]
        if done:
            progress = ("NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.')
        else:
            progress = ("ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')
        enough = available >= max(wanted - wanted // 4, 0)
        availability = (
            ("MinimumReplicasAvailable", "Deployment has minimum availability.")
            if enough
            else ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        )
        status = {
            "observedGeneration": owner["metadata"].get("generation", 1),
            "replicas": total,
            "updatedReplicas": updated,
            "readyReplicas": available,
            "availableReplicas": available,
            "unavailableReplicas": max(wanted - available, 0) or None,
            "conditions": [
                condition(before.get("Available"), "Available", enough, *availability),
                condition(before.get("Progressing"), "Progressing", True, *progress),
            ],
        }
        await self.hands.status(now, status)


class DaemonSets(_Controller):
    """A pod on every node."""

    kind = "DaemonSet"
    dependent = "Pod"

    async def reconcile(self, key: Key) -> None:
        """Create what is missing, replace what is outdated, tell how it stands."""
        owner = self.view.get("DaemonSet", *key)
        if owner is None or owner["metadata"].get("deletionTimestamp"):
            return
        nodes = [n["metadata"]["name"] for n in self.view.all("Node")]
        digest = template_hash(owner["spec"]["template"])
        label = "controller-revision-hash"
        pods = [p for p in dependents(self.view, "Pod", owner) if not p["metadata"].get("deletionTimestamp")]
        outdated = [p for p in pods if p["metadata"]["labels"].get(label) != digest]
        on = {p["spec"].get("nodeName") for p in pods}
        for node in nodes:
            if node not in on and not await self._pod(owner, {label: digest}, {"nodeName": node}):
                break
        if outdated and all(ready(p) for p in pods):
            await self.hands.delete(outdated[0])
        pods = dependents(self.view, "Pod", owner)
        current = [p for p in pods if p["metadata"]["labels"].get(label) == digest]
        ready_pods = sum(ready(p) for p in pods)
        await self.hands.status(
            owner,
            {
                "observedGeneration": owner["metadata"].get("generation", 1),
                "desiredNumberScheduled": len(nodes),
                "currentNumberScheduled": min(len(pods), len(nodes)),
                "numberMisscheduled": 0,
                "numberReady": ready_pods,
                "numberAvailable": ready_pods,
                "numberUnavailable": max(len(nodes) - ready_pods, 0) or None,
                "updatedNumberScheduled": len(current),
            },
        )


def condition(before: Mapping[str, Any] | None, kind: str, true: bool, reason: str, message: str) -> dict[str, Any]:
    """A condition that keeps its times while nothing changes (so that an unchanged status stays unwritten)."""
    value = "True" if true else "False"
    same = before is not None and (before["status"], before.get("reason"), before.get("message")) == (
        value,
        reason,
        message,
    )
    if same and before is not None:
        return dict(before)
    now = timestamp()
    kept = before["lastTransitionTime"] if before and before["status"] == value else now
    return {
        "type": kind,
        "status": value,
        "reason": reason,
        "message": message,
        "lastUpdateTime": now,
        "lastTransitionTime": kept,
    }
