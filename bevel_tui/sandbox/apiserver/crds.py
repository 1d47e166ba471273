"""CustomResourceDefinitions: from a stored definition to a served resource."""

from __future__ import annotations

from typing import Any

from bevel_tui.sandbox.apiserver import apply, schema
from bevel_tui.sandbox.apiserver.kinds import Kind, KindTable, from_discovery
from bevel_tui.sandbox.apiserver.store import Event, Object, Store

RESOURCE = "customresourcedefinitions.apiextensions.k8s.io"
FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]


class Definitions:
    """Watches the definitions in a store and keeps the cluster's table of kinds accordingly."""

    def __init__(self, store: Store, kinds: KindTable) -> None:
        self._store = store
        self._kinds = kinds
        store.listeners.append(self._changed)

    def _changed(self, resource: str, event: Event) -> None:
        if resource != RESOURCE:
            return
        name = event.obj["metadata"]["name"]
        if event.change == "DELETED":
            self._forget(name)
            return
        if event.old is None or event.old.get("spec") != event.obj.get("spec"):
            self._serve(event.obj)
            _later(lambda: self._establish(name))

    def _serve(self, definition: Object) -> None:
        spec = definition["spec"]
        served = tuple(_kind(spec, v) for v in spec.get("versions") or () if v.get("served"))
        storing = next((v for v in spec.get("versions") or () if v.get("storage")), None)
        storage = next((k for k in served if storing and k.version == storing["name"]), None)
        if storage is None and storing is not None:
            storage = _kind(spec, storing)
        self._kinds.replace(definition["metadata"]["name"], _by_preference(served), storage)

    def _establish(self, name: str) -> None:
        """Accept the names and say so in the status, as the controllers do a moment later."""
        live = self._store.get(RESOURCE, None, name)
        if live is None:
            return
        spec, status = live["spec"], live.get("status") or {}
        storing = [v["name"] for v in spec.get("versions") or () if v.get("storage")]
        wanted = {
            "conditions": status.get("conditions")
            or [
                _condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                _condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
            ],
            "acceptedNames": spec["names"],
            "storedVersions": sorted({*(status.get("storedVersions") or ()), *storing}),
        }
        if status != wanted:
            self._store.put(RESOURCE, {**live, "status": wanted})

    def _forget(self, name: str) -> None:
        """The definition is gone, and with it all its resources (the definition's finalizer in a real cluster)."""
        for obj in list(self._store.collection(name).all(None)):
            self._store.remove(name, obj["metadata"].get("namespace"), obj["metadata"]["name"])
        self._store.close_watches(name)
        self._kinds.replace(name, (), None)


def _kind(spec: Object, version: Object) -> Kind:
    names = spec["names"]
    subresources = []
    wanted = version.get("subresources") or {}
    if wanted.get("status") is not None:
        subresources.append(_subresource("status", spec["names"]["kind"]))
    if wanted.get("scale") is not None:
        scale = _subresource("scale", "Scale")
        scale["responseKind"] = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
        subresources.append(scale)
    entry: dict[str, Any] = {
        "resource": names["plural"],
        "responseKind": {"group": "", "version": "", "kind": names["kind"]},
        "scope": spec.get("scope", "Namespaced"),
        "singularResource": names.get("singular") or names["kind"].lower(),
        "verbs": _VERBS,
    }
    for key in ("shortNames", "categories"):
        if names.get(key):
            entry[key] = names[key]
    if subresources:
        entry["subresources"] = subresources
    raw = (version.get("schema") or {}).get("openAPIV3Schema")
    return from_discovery(
        spec["group"],
        version["name"],
        entry,
        schema.custom(raw),
        custom=True,
        columns=tuple(version.get("additionalPrinterColumns") or ()),
        scale_paths=wanted.get("scale"),
    )


def _subresource(name: str, kind: str) -> dict[str, Any]:
    return {
        "subresource": name,
        "responseKind": {"group": "", "version": "", "kind": kind},
        "verbs": ["get", "patch", "update"],
    }


def _by_preference(kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
    """Newest stable version first, then beta, then alpha, as discovery orders them."""

    def rank(kind: Kind) -> tuple[int, int, int]:
        import re

        found = re.fullmatch(r"v(\d+)(?:(alpha|beta)(\d+))?", kind.version)
        if not found:
            return (3, 0, 0)
        stage = {"": 0, "beta": 1, "alpha": 2}[found[2] or ""]
        return (stage, -int(found[1]), -int(found[3] or 0))

    return tuple(sorted(kinds, key=rank))


def _condition(kind: str, reason: str, message: str) -> dict[str, Any]:
    return {"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": apply.now()}


def _later(action: Any) -> None:
    import asyncio

    asyncio.get_running_loop().call_soon(action)
