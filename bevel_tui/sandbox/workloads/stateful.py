"""The StatefulSet controller: numbered pods with their own claims, in order unless the set says Parallel."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from bevel_tui.kube.client import ApiError
from bevel_tui.sandbox.workloads.hands import Hands, controlled_by
from bevel_tui.sandbox.workloads.jobs import phase, ready
from bevel_tui.sandbox.workloads.podspec import create_pod, template_hash
from bevel_tui.sandbox.workloads.queue import Key, Queue
from bevel_tui.sandbox.workloads.view import Object, View

COMPONENT = "statefulset-controller"
REVISION = "controller-revision-hash"


class StatefulSets:
    """One cluster's StatefulSet controller."""

    def __init__(self, view: View, hands: Hands) -> None:
        self.view = view
        self.hands = hands
        self.queue = Queue("statefulset", self.reconcile)
        self._current: dict[str, str] = {}
        view.listen(["StatefulSet"], lambda _change, _kind, obj: self._add(obj))
        view.listen(["Pod"], self._pod)
        view.listen(["ServiceAccount"], self._account)

    def _add(self, obj: Mapping[str, Any]) -> None:
        self.queue.add((obj["metadata"]["namespace"], obj["metadata"]["name"]))

    def _pod(self, _change: str, _kind: str, pod: Object) -> None:
        owner = controlled_by(pod)
        if owner and owner["kind"] == "StatefulSet":
            self.queue.add((pod["metadata"]["namespace"], owner["name"]))

    def _account(self, _change: str, _kind: str, account: Object) -> None:
        for obj in self.view.all("StatefulSet", account["metadata"]["namespace"]):
            self._add(obj)

    async def reconcile(self, key: Key) -> None:
        """Bring one StatefulSet a step further and tell how it stands."""
        owner = self.view.get("StatefulSet", *key)
        if owner is None or owner["metadata"].get("deletionTimestamp"):
            return
        namespace, name = key
        spec = owner["spec"]
        wanted = spec.get("replicas", 1)
        update = f"{name}-{template_hash(spec['template'])}"
        pods = self._pods(owner)
        await self._step(owner, pods, wanted, update)
        pods = self._pods(owner)
        now = self.view.get("StatefulSet", namespace, name) or owner
        updated = [p for p in pods.values() if p["metadata"].get("labels", {}).get(REVISION) == update]
        ready_pods = [p for p in pods.values() if ready(p)]
        current = (now.get("status") or {}).get("currentRevision") or update
        if len(updated) == len(pods) == wanted and len(ready_pods) == wanted:
            current = update
        await self.hands.status(
            now,
            {
                "observedGeneration": owner["metadata"].get("generation", 1),
                "replicas": len(pods),
                "readyReplicas": len(ready_pods),
                "availableReplicas": len(ready_pods),
                "currentReplicas": sum(p["metadata"].get("labels", {}).get(REVISION) == current for p in pods.values()),
                "updatedReplicas": len(updated),
                "currentRevision": current,
                "updateRevision": update,
                "collisionCount": 0,
            },
        )

    def _pods(self, owner: Object) -> dict[int, Object]:
        uid = owner["metadata"]["uid"]
        found = {}
        for pod in self.view.all("Pod", owner["metadata"]["namespace"]):
            if (controlled_by(pod) or {}).get("uid") == uid:
                number = pod["metadata"]["name"].rpartition("-")[2]
                if number.isdigit():
                    found[int(number)] = pod
        return found

    async def _step(self, owner: Object, pods: dict[int, Object], wanted: int, update: str) -> None:
        ordered = owner["spec"].get("podManagementPolicy", "OrderedReady") == "OrderedReady"
        for number in range(wanted):
            pod = pods.get(number)
            if pod is not None and phase(pod) in {"Failed", "Succeeded"}:
                await self.hands.delete(pod)
                return
            if pod is None and not await self._create(owner, number, update):
                return
            # a pod of the old template that never became ready does not hold up its own replacement
            if ordered and (pod is None or not (ready(pod) or self._outdated(pod, update))):
                return
        for number in sorted((n for n in pods if n >= wanted), reverse=True):
            await self.hands.delete(pods[number])
            self._said(owner, "SuccessfulDelete", f"delete Pod {pods[number]['metadata']['name']} in StatefulSet")
            if ordered:
                return
        if (owner["spec"].get("updateStrategy") or {}).get("type") == "OnDelete":
            return
        for number in sorted((n for n in pods if n < wanted), reverse=True):
            if self._outdated(pods[number], update):
                await self.hands.delete(pods[number])
                self._said(owner, "SuccessfulDelete", f"delete Pod {pods[number]['metadata']['name']} in StatefulSet")
                return
            if not ready(pods[number]):
                return

    def _outdated(self, pod: Object, update: str) -> bool:
        return bool(
            pod["metadata"].get("labels", {}).get(REVISION) != update and not pod["metadata"].get("deletionTimestamp")
        )

    def _said(self, owner: Object, reason: str, message: str) -> None:
        self.hands.event(owner, "Normal", reason, f"{message} {owner['metadata']['name']} successful", COMPONENT)

    async def _create(self, owner: Object, number: int, update: str) -> bool:
        name = f"{owner['metadata']['name']}-{number}"
        namespace = owner["metadata"]["namespace"]
        volumes = [
            v
            for v in owner["spec"]["template"]["spec"].get("volumes") or ()
            if v["name"] not in {t["metadata"]["name"] for t in owner["spec"].get("volumeClaimTemplates") or ()}
        ]
        for template in owner["spec"].get("volumeClaimTemplates") or ():
            claim = f"{template['metadata']['name']}-{name}"
            volumes.append({"name": template["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim}})
            if self.view.get("PersistentVolumeClaim", namespace, claim) is None:
                await self.hands.create(
                    {
                        "apiVersion": "v1",
                        "kind": "PersistentVolumeClaim",
                        "metadata": {
                            "name": claim,
                            "namespace": namespace,
                            "labels": {
                                **(owner["spec"]["selector"].get("matchLabels") or {}),
                                **(template["metadata"].get("labels") or {}),
                            },
                        },
                        "spec": {"volumeMode": "Filesystem", **copy.deepcopy(template["spec"])},
                    }
                )
        labels = {
            REVISION: update,
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(number),
        }
        spec = {"hostname": name, "subdomain": owner["spec"].get("serviceName", ""), "volumes": volumes}
        try:
            made = await create_pod(self.view, self.hands, owner, name, owner["spec"]["template"], labels, spec)
        except ApiError as error:
            message = f"create Pod {name} in StatefulSet {owner['metadata']['name']} failed error: {error.message}"
            self.hands.event(owner, "Warning", "FailedCreate", message, COMPONENT)
            if error.status == 403 and "service account" in error.message:
                return False
            raise
        if made:
            self._said(owner, "SuccessfulCreate", f"create Pod {name} in StatefulSet")
        return True
