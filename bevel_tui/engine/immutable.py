"""Jobs that stand in the way of an upgrade. A Job's template cannot be changed, so Helm fails on a changed one; and
a failed Job stays failed. Both must go first. Bevel's Jobs without hooks are plain objects of their release and
stay there when they are done (facts 0.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: fields of a Job's spec that the API server lets nobody change
_FIXED = ("template", "completions", "selector", "completionMode")


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
