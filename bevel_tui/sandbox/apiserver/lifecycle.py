"""How objects end: graceful deletion, finalizers, garbage collection by owner, and the end of a namespace.

In a real cluster the controller manager does the latter two a moment later; here they follow on the next turn of the
event loop, so that a client sees the same sequence of states.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable
from typing import Any

from bevel_tui.sandbox.apiserver import apply
from bevel_tui.sandbox.apiserver.api import Api
from bevel_tui.sandbox.apiserver.errors import conflict, not_found
from bevel_tui.sandbox.apiserver.kinds import Kind
from bevel_tui.sandbox.apiserver.store import Event, Object
from bevel_tui.sandbox.clock import moment

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
_FOR_EVER = {"default", "kube-system", "kube-public", "kube-node-lease"}
Key = tuple[str, str, str]


class Lifecycle:
    """Deletions of one cluster."""

    def __init__(self, api: Api, *, absent_owner_after: float = 1.0) -> None:
        self._api = api
        self._store = api.store
        self._grace = absent_owner_after
        api.finish_deletion = self._finished
        self._store.listeners.append(self._changed)

    # ------------------------------------------------------------ DELETE

    def delete(
        self, kind: Kind, namespace: str | None, name: str, options: dict[str, Any], *, dry_run: bool
    ) -> tuple[Object, bool]:
        """Delete an object; its last state and whether it is gone at once. Raises Refusal: 404, 409.

        `options`: metav1.DeleteOptions. A pod that has a node stays, marked, until its kubelet deletes it with
        gracePeriodSeconds 0.
        """
        live = self._api.get(kind, namespace, name)
        meta = live["metadata"]
        wanted = options.get("preconditions") or {}
        ends = {"uid": ("UID", "deleted and then recreated"), "resourceVersion": ("ResourceVersion", "modified")}
        for key, (shown, perhaps) in ends.items():
            if wanted.get(key) and wanted[key] != meta[key]:
                why = (
                    f"the {shown} in the precondition ({wanted[key]}) does not match the {shown} in record "
                    f"({meta[key]}). The object might have been {perhaps}"
                )
                raise conflict(kind.kind, kind.group, name, why)
        if kind.resource == "namespaces":
            return self._delete_namespace(live, dry_run=dry_run), False
        finalizers = [f for f in meta.get("finalizers") or () if f not in {FOREGROUND, ORPHAN}]
        policy = options.get("propagationPolicy")
        if options.get("orphanDependents") is True:
            policy = "Orphan"
        if policy == "Orphan":
            finalizers.append(ORPHAN)
        elif policy == "Foreground":
            finalizers.append(FOREGROUND)
        elif policy is None:
            finalizers = list(meta.get("finalizers") or ())
        grace = _grace(kind, live, options)
        if not finalizers and grace == 0:
            if dry_run:
                return live, True
            last = self._store.remove(kind.resource, namespace, name) or live
            if last["metadata"].get("deletionGracePeriodSeconds"):  # it was given time, which is over now
                last = {**last, "metadata": {**last["metadata"], "deletionGracePeriodSeconds": 0}}
            return last, True
        marked = _marked(live, finalizers, grace)
        if dry_run or marked == live:
            return marked, False
        return self._store.put(kind.resource, marked), False

    def _delete_namespace(self, live: Object, *, dry_run: bool) -> Object:
        name = live["metadata"]["name"]
        if name in _FOR_EVER:
            from bevel_tui.sandbox.apiserver.errors import forbidden

            raise forbidden("namespaces", "", name, "this namespace may not be deleted")
        if live["metadata"].get("deletionTimestamp"):
            raise conflict("namespaces", "", name, "The system is ensuring all content is removed from this namespace.  Upon completion, this namespace will automatically be purged by the system.")  # fmt: skip
        marked = _marked(live, list(live["metadata"].get("finalizers") or ()), 0)
        marked["metadata"].pop("deletionGracePeriodSeconds", None)
        marked["status"] = {**(live.get("status") or {}), "phase": "Terminating"}
        if dry_run:
            return marked
        stored = self._store.put("namespaces", marked)
        _soon(self._empty_namespace, name)
        return stored

    def _finished(self, kind: Kind, obj: Object) -> None:
        """A write took the last finalizer of an object that is being deleted."""
        meta = obj["metadata"]
        if kind.resource == "namespaces":
            if not (obj.get("spec") or {}).get("finalizers"):
                self._store.remove("namespaces", None, meta["name"])
        elif not meta.get("deletionGracePeriodSeconds"):
            self._store.remove(kind.resource, meta.get("namespace"), meta["name"])

    # ------------------------------------------------------------ controllers

    def _changed(self, resource: str, event: Event) -> None:
        """Something changed in the store: see whether it means work."""
        meta = event.obj["metadata"]
        uid = meta["uid"]
        if event.change == "DELETED":
            if self._store.dependents(uid):
                _soon(self._collect, uid)
            for owner in meta.get("ownerReferences") or ():
                _soon(self._review_owner, owner.get("uid", ""))
            namespace = meta.get("namespace")
            if namespace and self._terminating(namespace):
                _soon(self._empty_namespace, namespace)
            return
        if meta.get("deletionTimestamp") and {FOREGROUND, ORPHAN} & set(meta.get("finalizers") or ()):
            _soon(self._review_owner, uid)
        elif meta.get("ownerReferences") and event.change == "ADDED":
            key = (resource, meta.get("namespace") or "", meta["name"])
            if all(self._store.by_uid(ref.get("uid", "")) is None for ref in meta["ownerReferences"]):
                asyncio.get_running_loop().call_later(self._grace, lambda: self._collect_absent(key, uid))

    def _terminating(self, namespace: str) -> bool:
        space = self._store.get("namespaces", None, namespace)
        return space is not None and bool(space["metadata"].get("deletionTimestamp"))

    def _collect_absent(self, key: Key, uid: str) -> None:
        """Delete an object whose owners never existed."""
        obj = self._store.get(*key)
        if obj is None or obj["metadata"]["uid"] != uid:
            return
        refs = obj["metadata"].get("ownerReferences") or ()
        if refs and all(self._store.by_uid(ref.get("uid", "")) is None for ref in refs):
            self._delete(key, "Background")

    def _collect(self, uid: str) -> None:
        """The owner `uid` is gone: its dependents go too, unless they have another owner."""
        for key in self._store.dependents(uid):
            obj = self._store.get(*key)
            if obj is None:
                continue
            refs = [r for r in obj["metadata"]["ownerReferences"] if r.get("uid") != uid]
            if any(self._store.by_uid(r.get("uid", "")) for r in refs):
                self._rewrite(key, obj, ownerReferences=refs)
            else:
                self._delete(key, "Background")

    def _review_owner(self, uid: str) -> None:
        """An owner waits for its dependents (foreground) or to let go of them (orphan)."""
        key = self._store.by_uid(uid)
        owner = self._store.get(*key) if key else None
        if key is None or owner is None or not owner["metadata"].get("deletionTimestamp"):
            return
        finalizers = list(owner["metadata"].get("finalizers") or ())
        dependents = self._store.dependents(uid)
        if ORPHAN in finalizers:
            for dependent in dependents:
                obj = self._store.get(*dependent)
                if obj:
                    refs = [r for r in obj["metadata"]["ownerReferences"] if r.get("uid") != uid]
                    self._rewrite(dependent, obj, ownerReferences=refs)
            finalizers.remove(ORPHAN)
        elif FOREGROUND in finalizers:
            for dependent in dependents:
                obj = self._store.get(*dependent)
                if obj and not obj["metadata"].get("deletionTimestamp"):
                    self._delete(dependent, "Foreground")
            if self._blocking(uid):
                return
            finalizers.remove(FOREGROUND)
        else:
            return
        owner = self._store.get(*key)
        if owner is not None:
            self._rewrite(key, owner, finalizers=finalizers)

    def _blocking(self, uid: str) -> bool:
        for key in self._store.dependents(uid):
            obj = self._store.get(*key)
            for ref in obj["metadata"].get("ownerReferences") or () if obj else ():
                if ref.get("uid") == uid and ref.get("blockOwnerDeletion"):
                    return True
        return False

    def _delete(self, key: Key, policy: str) -> None:
        kind = self._api.kinds.storage(key[0])
        if kind is not None and self._store.get(*key):
            self.delete(kind, key[1] or None, key[2], {"propagationPolicy": policy}, dry_run=False)

    def _rewrite(self, key: Key, obj: Object, **members: list[Any]) -> None:
        meta = {k: v for k, v in {**obj["metadata"], **members}.items() if v != []}
        stored = self._store.put(key[0], {**obj, "metadata": meta})
        kind = self._api.kinds.storage(key[0])
        if kind and meta.get("deletionTimestamp") and not meta.get("finalizers"):
            self._finished(kind, stored)

    def _empty_namespace(self, namespace: str) -> None:
        """Delete what is left in a terminating namespace; when nothing is, end it."""
        if not self._terminating(namespace):
            return
        left = []
        for resource in self._store.resources():
            for obj in list(self._store.collection(resource).all(namespace)):
                if not obj["metadata"].get("deletionTimestamp"):
                    self._delete((resource, namespace, obj["metadata"]["name"]), "Background")
                if self._store.get(resource, namespace, obj["metadata"]["name"]):
                    left.append((resource, obj))
        space = self._store.get("namespaces", None, namespace)
        if space is None:
            return
        if left:
            self._report_left(space, left)
            return
        space = {**space, "spec": {**space.get("spec", {}), "finalizers": []}}
        stored = self._store.put("namespaces", space)
        if not stored["metadata"].get("finalizers"):
            self._store.remove("namespaces", None, namespace)

    def _report_left(self, space: Object, left: list[tuple[str, Object]]) -> None:
        """Say in the namespace's conditions what keeps it."""
        counts: dict[str, int] = {}
        holders: dict[str, int] = {}
        for resource, obj in left:
            counts[f"{resource}."] = counts.get(f"{resource}.", 0) + 1
            for finalizer in obj["metadata"].get("finalizers") or ():
                holders[finalizer] = holders.get(finalizer, 0) + 1
        remaining = ", ".join(f"{name} has {number} resource instances" for name, number in sorted(counts.items()))
        finalizers = ", ".join(f"{name} in {number} resource instances" for name, number in sorted(holders.items()))
        conditions = [
            _condition("NamespaceContentRemaining", "SomeResourcesRemain", f"Some resources are remaining: {remaining}")
        ]
        if finalizers:
            text = f"Some content in the namespace has finalizers remaining: {finalizers}"
            conditions.append(_condition("NamespaceFinalizersRemaining", "SomeFinalizersRemain", text))
        old = (space.get("status") or {}).get("conditions") or ()
        if [(c["type"], c["message"]) for c in old] != [(c["type"], c["message"]) for c in conditions]:
            self._store.put("namespaces", {**space, "status": {**space.get("status", {}), "conditions": conditions}})


def eviction(
    lifecycle: Lifecycle, kind: Kind, namespace: str, name: str, body: dict[str, Any], *, dry_run: bool
) -> None:
    """POST pods/{name}/eviction: a deletion (disruption budgets are not simulated). Raises Refusal(404)."""
    if lifecycle._store.get(kind.resource, namespace, name) is None:
        raise not_found(kind.plural, kind.group, name)
    lifecycle.delete(kind, namespace, name, body.get("deleteOptions") or {}, dry_run=dry_run)


def bind(lifecycle: Lifecycle, kind: Kind, namespace: str, name: str, body: dict[str, Any]) -> None:
    """POST pods/{name}/binding: a scheduler places a pod. Raises Refusal(404, 409)."""
    live = lifecycle._api.get(kind, namespace, name)
    spec = live.get("spec") or {}
    if spec.get("nodeName"):
        raise conflict("pods/binding", "", name, f'pod {name} is already assigned to node "{spec["nodeName"]}"')
    node = (body.get("target") or {}).get("name", "")
    lifecycle._store.put(kind.resource, {**live, "spec": {**spec, "nodeName": node}})


def _grace(kind: Kind, live: Object, options: dict[str, Any]) -> int:
    """Seconds that the object stays after it was marked (only pods have any)."""
    if kind.resource != "pods":
        return 0
    phase = (live.get("status") or {}).get("phase")
    if not (live.get("spec") or {}).get("nodeName") or phase in {"Succeeded", "Failed"}:
        return 0
    asked = options.get("gracePeriodSeconds")
    return int(asked if asked is not None else live["spec"].get("terminationGracePeriodSeconds", 30))


def _marked(live: Object, finalizers: list[str], grace: int) -> Object:
    meta = dict(live["metadata"])
    if not meta.get("deletionTimestamp"):
        due = moment() + datetime.timedelta(seconds=grace)
        meta["deletionTimestamp"] = due.strftime("%Y-%m-%dT%H:%M:%SZ")
        meta["deletionGracePeriodSeconds"] = grace
        if meta.get("generation"):
            meta["generation"] += 1
    else:
        meta["deletionGracePeriodSeconds"] = min(grace, meta.get("deletionGracePeriodSeconds", grace))
    meta.pop("finalizers", None)
    if finalizers:
        meta["finalizers"] = finalizers
    return {**live, "metadata": meta}


def _condition(kind: str, reason: str, message: str) -> dict[str, Any]:
    return {"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": apply.now()}


def _soon(action: Callable[[str], None], argument: str) -> None:
    asyncio.get_running_loop().call_soon(action, argument)
