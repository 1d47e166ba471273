"""ResourceQuota and LimitRange as admission: what a namespace may hold, and what its containers get by default."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from bevel_tui.sandbox.apiserver.errors import forbidden
from bevel_tui.sandbox.apiserver.kinds import Kind
from bevel_tui.sandbox.apiserver.quantities import FACTORS, quantity
from bevel_tui.sandbox.apiserver.store import Event, Object, Store

#: resources that quotas name without ``count/``
_PLAIN = {
    "pods",
    "services",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "replicationcontrollers",
    "resourcequotas",
}


def _terminal(obj: Object) -> bool:
    return (obj.get("status") or {}).get("phase") in {"Succeeded", "Failed"}


def charge(kind: Kind, obj: Object) -> dict[str, Decimal]:
    """What an object counts for, by the names that quotas use."""
    used: dict[str, Decimal] = {f"count/{kind.resource}": Decimal(1)}
    if kind.resource in _PLAIN:
        used[kind.resource] = Decimal(1)
    spec = obj.get("spec") or {}
    if kind.resource == "pods":
        if _terminal(obj):
            return {}
        for part, prefixes in (("requests", ("requests.", "")), ("limits", ("limits.",))):
            for container in spec.get("containers") or ():
                for name, value in ((container.get("resources") or {}).get(part) or {}).items():
                    for prefix in prefixes:
                        used[prefix + name] = used.get(prefix + name, Decimal(0)) + quantity(value)
    elif kind.resource == "persistentvolumeclaims":
        size = ((spec.get("resources") or {}).get("requests") or {}).get("storage", 0)
        used["requests.storage"] = quantity(size)
        if spec.get("storageClassName"):
            mark = f"{spec['storageClassName']}.storageclass.storage.k8s.io"
            used[f"{mark}/requests.storage"] = quantity(size)
            used[f"{mark}/persistentvolumeclaims"] = Decimal(1)
    elif kind.resource == "services":
        if spec.get("type") == "LoadBalancer":
            used["services.loadbalancers"] = Decimal(1)
        if spec.get("type") in {"NodePort", "LoadBalancer"}:
            used["services.nodeports"] = Decimal(len(spec.get("ports") or ()))
    return used


def _shown(values: Mapping[str, Any], names: Iterable[str]) -> str:
    return ",".join(f"{name}={values[name]}" for name in sorted(names))


def used_in(store: Store, kinds: Iterable[Kind], namespace: str) -> dict[str, Decimal]:
    """What a namespace holds, by the names that quotas use."""
    total: dict[str, Decimal] = {}
    for kind in kinds:
        for obj in store.collection(kind.resource).all(namespace):
            for name, value in charge(kind, obj).items():
                total[name] = total.get(name, Decimal(0)) + value
    return total


def admit(store: Store, kind: Kind, obj: Object) -> None:
    """Raises Refusal(403) when a quota of the namespace would be exceeded by a new object."""
    namespace = obj["metadata"].get("namespace")
    quotas = list(store.collection("resourcequotas").all(namespace)) if namespace else []
    if not quotas:
        return
    asked = charge(kind, obj)
    name = obj["metadata"].get("name", "")
    total = used_in(store, [kind], namespace)
    for quota in quotas:
        hard = (quota.get("spec") or {}).get("hard") or {}
        if kind.resource == "pods":
            missing = [n for n in hard if n.split(".")[-1] in {"cpu", "memory"} and n not in asked]
            if missing:
                listed = "; ".join(f"{m} for: {_without(obj, m)}" for m in missing)
                why = f"failed quota: {quota['metadata']['name']}: must specify {listed}"
                raise forbidden(kind.plural, kind.group, name, why)
        over = [n for n in hard if n in asked and total.get(n, Decimal(0)) + asked[n] > quantity(hard[n])]
        if over:
            used = {n: _text(total.get(n, Decimal(0)), hard[n]) for n in over}
            requested = {n: _text(asked[n], hard[n]) for n in over}
            why = (
                f"exceeded quota: {quota['metadata']['name']}, requested: {_shown(requested, over)}, "
                f"used: {_shown(used, over)}, limited: {_shown(hard, over)}"
            )
            raise forbidden(kind.plural, kind.group, name, why)


def _without(pod: Object, resource: str) -> str:
    """The containers that do not say how much of a resource they want."""
    part, _, name = resource.rpartition(".")
    named = {c["name"]: (c.get("resources") or {}).get(part or "requests") or {} for c in pod["spec"]["containers"]}
    return ",".join(container for container, values in named.items() if name not in values)


def _text(value: Decimal, like: Any) -> str:
    """A number in the unit of the quota."""
    suffix = re.sub(r"[0-9.]", "", str(like))
    factor = FACTORS.get(suffix, Decimal(1))
    scaled = value / factor
    if scaled != scaled.to_integral_value():
        return str(value.normalize())
    return f"{int(scaled)}{suffix if factor != 1 and scaled else ''}"


def status(quota: Object, used: Mapping[str, Decimal]) -> Object:
    """The status that the quota controller writes."""
    hard = (quota.get("spec") or {}).get("hard") or {}
    return {"hard": dict(hard), "used": {n: _text(used.get(n, Decimal(0)), hard[n]) for n in hard}}


class QuotaController:
    """Keeps the status of quotas, a moment after what they count has changed."""

    def __init__(self, store: Store, kinds: Iterable[Kind]) -> None:
        self._store = store
        self._kinds = kinds
        self._due: set[str] = set()
        store.listeners.append(self._changed)

    def _changed(self, resource: str, event: Event) -> None:
        namespace = event.obj["metadata"].get("namespace")
        if namespace and namespace not in self._due and any(self._store.collection("resourcequotas").all(namespace)):
            self._due.add(namespace)
            asyncio.get_running_loop().call_soon(self._report, namespace)

    def _report(self, namespace: str) -> None:
        self._due.discard(namespace)
        used = used_in(self._store, self._kinds, namespace)
        for quota in list(self._store.collection("resourcequotas").all(namespace)):
            wanted = status(quota, used)
            if quota.get("status") != wanted:
                self._store.put("resourcequotas", {**quota, "status": wanted})


# ---------------------------------------------------------------- LimitRange


def apply_limits(store: Store, pod: Object) -> None:
    """Give a new pod's containers the namespace's default requests and limits, and check its bounds and theirs.

    Raises Refusal(403). Changes the pod given.
    """
    found = store.collection("limitranges").all(pod["metadata"]["namespace"])
    limits = [limit for ranges in found for limit in (ranges.get("spec") or {}).get("limits") or ()]
    # what one gives is there when any is checked
    for limit in sorted(limits, key=lambda limit: limit.get("type") != "Container"):
        if limit.get("type") == "Pod":
            _check_bounds(pod, limit, _together(pod["spec"]["containers"]))
        elif limit.get("type") == "Container":
            for container in [*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"]]:
                resources = container.setdefault("resources", {})
                defaults = (("limits", limit.get("default")), ("requests", limit.get("defaultRequest")))
                for part, values in defaults:
                    for name, value in (values or {}).items():
                        resources.setdefault(part, {}).setdefault(name, value)
                for name, value in (resources.get("limits") or {}).items():
                    resources.setdefault("requests", {}).setdefault(name, value)
                _check_bounds(pod, limit, resources)


def _together(containers: Iterable[Object]) -> dict[str, dict[str, str]]:
    """What the containers of a pod ask for in all; a resource that none names is not there."""
    found: dict[str, dict[str, str]] = {"requests": {}, "limits": {}}
    for container in containers:
        for part, sums in found.items():
            for name, value in ((container.get("resources") or {}).get(part) or {}).items():
                sums[name] = str(quantity(sums.get(name, "0")) + quantity(value)) if name in sums else value
    return found


def _check_bounds(pod: Object, limit: Mapping[str, Any], resources: Mapping[str, Any]) -> None:
    name, of = pod["metadata"].get("name", ""), limit["type"]
    for key, bound in (limit.get("max") or {}).items():
        value = (resources.get("limits") or {}).get(key)
        if value is None:
            why = f"maximum {key} usage per {of} is {bound}.  No limit is specified"
        elif quantity(value) > quantity(bound):
            why = f"maximum {key} usage per {of} is {bound}, but limit is {value}"
        else:
            continue
        raise forbidden("pods", "", name, why)
    for key, bound in (limit.get("min") or {}).items():
        value = (resources.get("requests") or {}).get(key)
        if value is None:
            why = f"minimum {key} usage per {of} is {bound}.  No request is specified"
        elif quantity(value) < quantity(bound):
            why = f"minimum {key} usage per {of} is {bound}, but request is {value}"
        else:
            continue
        raise forbidden("pods", "", name, why)
