"""Reading observed objects: ages, owners, events about an object. What every rule needs and none should repeat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bevel_tui.records.snapshot import ClusterSnapshot, Object

_MAX = 300  # characters of one quoted message


def name(obj: Object) -> str:
    """metadata.name."""
    return str((obj.get("metadata") or {}).get("name") or "")


def namespace(obj: Object) -> str | None:
    """metadata.namespace."""
    value = (obj.get("metadata") or {}).get("namespace")
    return str(value) if value else None


def status(obj: Object) -> Mapping[str, Any]:
    """The status, or an empty mapping."""
    value = obj.get("status")
    return value if isinstance(value, dict) else {}


def condition(obj: Object, kind: str) -> Mapping[str, Any] | None:
    """The condition of that type, whatever its status."""
    for entry in status(obj).get("conditions") or ():
        if entry.get("type") == kind:
            return dict(entry)
    return None


def seconds(timestamp: object) -> float | None:
    """An RFC 3339 time of the API server as seconds since the epoch; None when there is none."""
    if not isinstance(timestamp, str) or not timestamp:
        return None
    try:
        return datetime.fromisoformat(timestamp).timestamp()
    except ValueError:
        return None


def age(snapshot: ClusterSnapshot, timestamp: object) -> float:
    """Seconds since `timestamp` on the observer's clock; 0 when it is unknown or in the future."""
    then = seconds(timestamp)
    return 0.0 if then is None else max(0.0, snapshot.now - then)


def labels(obj: Object) -> Mapping[str, str]:
    """metadata.labels."""
    return (obj.get("metadata") or {}).get("labels") or {}


def selects(selector: Mapping[str, str], found: Mapping[str, str]) -> bool:
    """Whether labels have everything that a selector wants."""
    return all(found.get(key) == value for key, value in selector.items())


def volumes(pod: Object) -> Iterator[tuple[str, str]]:
    """(kind, name) of the claims, Secrets and ConfigMaps that a pod mounts and cannot do without."""
    for volume in (pod.get("spec") or {}).get("volumes") or ():
        for field, kind, key in (
            ("persistentVolumeClaim", "PersistentVolumeClaim", "claimName"),
            ("secret", "Secret", "secretName"),
            ("configMap", "ConfigMap", "name"),
        ):
            source = volume.get(field)
            if source and source.get(key) and not source.get("optional"):
                yield kind, str(source[key])


def events_about(snapshot: ClusterSnapshot, obj: Object, kind: str) -> tuple[Object, ...]:
    """Kubernetes events about an object, oldest first. An object made anew under the name does not inherit them."""
    if "events" not in snapshot.memo:
        index: dict[tuple[object, object, object], list[Object]] = {}
        for event in snapshot.of("Event"):
            about = event.get("involvedObject") or {}
            key = (about.get("kind"), about.get("namespace") or None, about.get("name"))
            index.setdefault(key, []).append(event)
        snapshot.memo["events"] = index
    uid = (obj.get("metadata") or {}).get("uid")
    found = [
        event
        for place in dict.fromkeys((namespace(obj), None))
        for event in snapshot.memo["events"].get((kind, place, name(obj)), ())
        if not (uid and (event.get("involvedObject") or {}).get("uid"))
        or (event.get("involvedObject") or {}).get("uid") == uid
    ]
    return tuple(sorted(found, key=lambda event: last_seen(event) or 0.0))


def last_seen(event: Object) -> float | None:
    """When an event happened last, seconds since the epoch."""
    return seconds(_when(event))


def _when(event: Object) -> object:
    series = event.get("series") or {}
    return series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")


def quote(text: object) -> str:
    """A message from a cluster as one line of evidence: control characters gone, length bounded."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text or "")).split())
    return line if len(line) <= _MAX else line[: _MAX - 1] + "…"


def containers(pod: Object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(name, container status) of a pod's init containers, then its containers."""
    for field in ("initContainerStatuses", "containerStatuses"):
        for entry in status(pod).get(field) or ():
            yield str(entry.get("name", "")), entry


def waiting(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The waiting state of a container status, or an empty mapping."""
    value = (entry.get("state") or {}).get("waiting")
    return value if isinstance(value, dict) else {}


def finished(pod: Object) -> bool:
    """True for a pod that has run to its end or is being deleted: nothing it says matters any more."""
    return status(pod).get("phase") in {"Succeeded", "Failed"} or bool(
        (pod.get("metadata") or {}).get("deletionTimestamp")
    )


def owner(obj: Object) -> tuple[str, str] | None:
    """(kind, name) of the controlling owner."""
    references = (obj.get("metadata") or {}).get("ownerReferences") or ()
    for reference in references:
        if reference.get("controller"):
            return str(reference.get("kind")), str(reference.get("name"))
    return (str(references[0].get("kind")), str(references[0].get("name"))) if references else None


def workload(snapshot: ClusterSnapshot, obj: Object, kind: str) -> tuple[str, str]:
    """(kind, name) of the object that a release rendered, for an object that came from it.

    Pods lead to their Job, StatefulSet, DaemonSet or (through the ReplicaSet) Deployment; a claim made from a
    volumeClaimTemplate leads to its StatefulSet. Anything else is its own workload.
    """
    current, current_kind = obj, kind
    for _ in range(4):
        above = owner(current)
        if above is None:
            break
        above_kind, above_name = above
        found = snapshot.find(above_kind, namespace(current), above_name)
        if found is None:
            if above_kind == "ReplicaSet":  # not watched: its name is the Deployment's and a hash
                return "Deployment", above_name.rpartition("-")[0]
            return above
        current, current_kind = found, above_kind
    if current_kind == "PersistentVolumeClaim":
        for candidate in snapshot.of("StatefulSet"):
            for template in (candidate.get("spec") or {}).get("volumeClaimTemplates") or ():
                prefix = f"{(template.get('metadata') or {}).get('name')}-{name(candidate)}-"
                if name(current).startswith(prefix) and name(current)[len(prefix) :].isdigit():
                    return "StatefulSet", name(candidate)
    return current_kind, name(current)
