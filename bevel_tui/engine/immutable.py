"""What Kubernetes lets nobody change, looked at before Helm would fail on it.

A Job's template cannot be changed, and a failed Job stays failed: both must go first. Bevel's Jobs without hooks are
plain objects of their release and stay there when they are done (facts 0.5). What is fixed of a StatefulSet, its
claims for volumes above all, cannot be changed without its owner's word: that is refused and explained.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

#: fields of a Job's spec that the API server lets nobody change
_FIXED = ("template", "completions", "selector", "completionMode")


#: fields of a StatefulSet's spec that the API server lets nobody change (Kubernetes 1.34,
#: pkg/apis/apps/validation: everything but replicas, ordinals, template, updateStrategy, revisionHistoryLimit,
#: persistentVolumeClaimRetentionPolicy and minReadySeconds)
_FIXED_SET = ("volumeClaimTemplates", "serviceName", "selector", "podManagementPolicy")


def stateful_sets(manifest: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The StatefulSets in rendered objects, by name."""
    return {str(obj["metadata"]["name"]): obj for obj in manifest if obj and obj.get("kind") == "StatefulSet"}


def fixed(
    names: Iterable[str], installed: Mapping[str, Mapping[str, Any]], wanted: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """Names of StatefulSets that would change in what is fixed, with the fields and what they were and would be.

    `names` are those that are there; `installed` and `wanted` as rendered before and now, as with Jobs.
    """
    found = {}
    for name in names:
        if name in installed and name in wanted:
            before, after = (one[name].get("spec") or {} for one in (installed, wanted))
            different = [field for field in _FIXED_SET if before.get(field) != after.get(field)]
            if different:
                found[name] = "; ".join(_told(field, before.get(field), after.get(field)) for field in different)
    return found


def _told(field: str, before: Any, after: Any) -> str:
    """One change in words: of claims only what differs, since they are long."""
    if field != "volumeClaimTemplates":
        return f"{field} {before} -> {after}"
    old, new = (dict(_leaves(claims)) for claims in (before, after))
    changes = [
        f"{key} {old.get(key, 'unset')} -> {new.get(key, 'unset')}" for key in old | new if old.get(key) != new.get(key)
    ]
    return f"{field}: {', '.join(changes) or 'another order'}"


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a tree with its place; entries of a list go by their names."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            name = (inner.get("metadata") or {}).get("name") if isinstance(inner, Mapping) else None
            yield from _leaves(inner, f"{path}[{name or index}]")
    else:
        yield path, value


def jobs(manifest: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The Jobs that are ordinary objects (no hooks) in rendered objects, by name."""
    return {
        str(obj["metadata"]["name"]): obj
        for obj in manifest
        if obj
        and obj.get("kind") == "Job"
        and "helm.sh/hook" not in ((obj.get("metadata") or {}).get("annotations") or {})
    }


def in_the_way(
    live: Iterable[Mapping[str, Any]],
    installed: Mapping[str, Mapping[str, Any]],
    wanted: Mapping[str, Mapping[str, Any]],
) -> dict[str, str]:
    """Names of live Jobs to delete before an upgrade, with the reason.

    `installed` are the Jobs as the release rendered them last, `wanted` as it will now: those two are compared,
    since the live object also has what the API server filled in. A Job that is done and has not changed stays.
    """
    found = {}
    for job in live:
        name = str((job.get("metadata") or {}).get("name"))
        if any(
            c.get("type") == "Failed" and c.get("status") == "True"
            for c in (job.get("status") or {}).get("conditions") or ()
        ):
            found[name] = "it has failed"
        elif name in installed and name in wanted and _fixed(installed[name]) != _fixed(wanted[name]):
            found[name] = "its template changes, which Kubernetes does not allow"
    return found


def _fixed(job: Mapping[str, Any]) -> dict[str, Any]:
    spec = job.get("spec") or {}
    return {field: spec.get(field) for field in _FIXED}
