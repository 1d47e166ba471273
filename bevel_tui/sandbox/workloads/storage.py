"""Volumes: a default StorageClass, a provisioner for every class there is, and the binder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bevel_tui.sandbox.clock import Clock
from bevel_tui.sandbox.faults.troubles import Trouble
from bevel_tui.sandbox.workloads.hands import Hands
from bevel_tui.sandbox.workloads.needs import claims
from bevel_tui.sandbox.workloads.queue import Key, Queue
from bevel_tui.sandbox.workloads.view import Object, View, ref

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
PROVISIONER = "sandbox.bevel-tui.io/simulated"
COMPONENT = "persistentvolume-controller"
BIND_SECONDS = 0.2
#: between two attempts of a provisioner that fails
RETRY_SECONDS = 10.0
Troubled = Callable[[Object], Trouble | None]


class Volumes:
    """Binds a claim when its StorageClass exists. With `binder` False only provisions (real control planes bind)."""

    def __init__(
        self, view: View, hands: Hands, clock: Clock, *, binder: bool = True, trouble: Troubled | None = None
    ) -> None:
        self.view = view
        self.hands = hands
        self.clock = clock
        self.binder = binder
        self._trouble = trouble
        self.queue = Queue("volumes", self.reconcile)
        self._released: set[str] = set()
        view.listen(["PersistentVolumeClaim"], self._changed)
        view.listen(["StorageClass"], lambda _change, _kind, _obj: self._all())
        view.listen(["Pod"], self._pod)

    async def prepare(self) -> None:
        """The StorageClass `standard`, the default."""
        await self.hands.create(
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": "standard", "annotations": {DEFAULT_CLASS: "true"}},
                "provisioner": PROVISIONER,
                "reclaimPolicy": "Delete",
                "volumeBindingMode": "Immediate",
                "allowVolumeExpansion": True,
            }
        )

    def _changed(self, change: str, _kind: str, claim: Object) -> None:
        meta = claim["metadata"]
        if change == "DELETED":
            self._released.add(meta["uid"])
        self.queue.add((meta["namespace"], meta["name"]))

    def _all(self) -> None:
        for claim in self.view.all("PersistentVolumeClaim"):
            self._changed("", "", claim)

    def _pod(self, change: str, _kind: str, pod: Object) -> None:
        if change == "ADDED":
            for claim in claims(pod):
                self.queue.add((pod["metadata"]["namespace"], claim))

    async def reconcile(self, key: Key) -> None:
        """Provision and bind one claim, or say why not."""
        for uid in tuple(self._released):
            await self._remove(uid)
            self._released.discard(uid)
        claim = self.view.get("PersistentVolumeClaim", *key)
        if claim is None or claim["metadata"].get("deletionTimestamp"):
            return
        if (claim.get("status") or {}).get("phase") in {"Bound", "Lost"}:
            return
        name = claim["spec"].get("storageClassName")
        if name is None:
            name = self._default()
            if name is None:
                self._wait(
                    claim,
                    "Normal",
                    "FailedBinding",
                    "no persistent volumes available for this claim and no storage class is set",
                )
                return await self._pending(claim)
        found = self.view.get("StorageClass", None, name)
        if found is None:
            self._wait(claim, "Warning", "ProvisioningFailed", f'storageclass.storage.k8s.io "{name}" not found')
            return await self._pending(claim)
        late = found.get("volumeBindingMode") == "WaitForFirstConsumer"
        if late and not any(key[1] in claims(p) for p in self.view.all("Pod", key[0])):
            self._wait(
                claim, "Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding"
            )
            return await self._pending(claim)
        trouble = self._trouble(claim) if self._trouble else None
        if trouble is not None:
            self.hands.event(claim, "Warning", trouble.reason, trouble.words(claim), str(found["provisioner"]))
            await self._pending(claim)
            self.queue.add_later(key, RETRY_SECONDS / self.clock.speed)
            return None
        await self._bind(claim, found)
        return None

    async def _remove(self, uid: str) -> None:
        """What a provisioner does when a claim is gone: its volume goes too, unless it is to be kept."""
        found = await self.hands.client.get(ref("PersistentVolume", None, f"pvc-{uid}"))
        if found is not None and found["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
            await self.hands.delete(found)

    def _default(self) -> str | None:
        for found in self.view.all("StorageClass"):
            if (found["metadata"].get("annotations") or {}).get(DEFAULT_CLASS) == "true":
                return str(found["metadata"]["name"])
        return None

    def _wait(self, claim: Object, kind: str, reason: str, message: str) -> None:
        if self.binder:
            self.hands.event(claim, kind, reason, message, COMPONENT)

    async def _pending(self, claim: Object) -> None:
        if self.binder:
            await self.hands.status(claim, {"phase": "Pending"})

    async def _bind(self, claim: Object, storage_class: Object) -> None:
        meta = claim["metadata"]
        volume = f"pvc-{meta['uid']}"
        modes = claim["spec"].get("accessModes") or ["ReadWriteOnce"]
        size = ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", "1Gi")
        await self.clock.sleep(BIND_SECONDS)
        made = await self.hands.create(_volume(volume, claim, storage_class, modes, size))
        if not self.binder:
            return
        if made:
            await self.hands.patch(
                "PersistentVolume", None, volume, {"status": {"phase": "Bound"}}, subresource="status"
            )
        annotations = {
            "pv.kubernetes.io/bind-completed": "yes",
            "pv.kubernetes.io/bound-by-controller": "yes",
            "volume.kubernetes.io/storage-provisioner": storage_class["provisioner"],
        }
        spec = {"volumeName": volume, "storageClassName": storage_class["metadata"]["name"]}
        await self.hands.patch(
            "PersistentVolumeClaim",
            meta["namespace"],
            meta["name"],
            {"metadata": {"annotations": annotations}, "spec": spec},
        )
        status = {"phase": "Bound", "accessModes": modes, "capacity": {"storage": size}}
        await self.hands.patch(
            "PersistentVolumeClaim", meta["namespace"], meta["name"], {"status": status}, subresource="status"
        )
        self.hands.event(
            claim,
            "Normal",
            "ProvisioningSucceeded",
            f"Successfully provisioned volume {volume}",
            storage_class["provisioner"],
        )


def _volume(
    name: str, claim: Mapping[str, Any], storage_class: Mapping[str, Any], modes: list[str], size: str
) -> dict[str, Any]:
    meta = claim["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": name,
            "annotations": {"pv.kubernetes.io/provisioned-by": storage_class["provisioner"]},
        },
        "spec": {
            "capacity": {"storage": size},
            "accessModes": modes,
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "storageClassName": storage_class["metadata"]["name"],
            "volumeMode": "Filesystem",
            "csi": {"driver": PROVISIONER.partition("/")[0], "volumeHandle": name},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": meta["namespace"],
                "name": meta["name"],
                "uid": meta["uid"],
            },
        },
    }
