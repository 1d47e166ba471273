"""POD-CFG: a container that Kubernetes cannot even create, mostly for want of a Secret or ConfigMap."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bevel_tui.diagnosis.evidence import age, condition, containers, finished, name, namespace, quote, status, waiting
from bevel_tui.diagnosis.rule import Pending, may_come
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import ClusterSnapshot, Object

#: seconds that a node may lag behind an object made a moment ago
LAG = 10.0
_REASONS = {"CreateContainerConfigError", "CreateContainerError"}
_MISSING = re.compile(r'(?P<kind>secret|configmap) "(?P<name>[^"]+)" not found', re.IGNORECASE)
_KEY = re.compile(r"couldn't find key (?P<key>\S+) in (?P<kind>Secret|ConfigMap) (?P<ref>\S+)", re.IGNORECASE)
_KINDS = {"secret": "Secret", "configmap": "ConfigMap"}


def configuration_error(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """CreateContainerConfigError. Not terminal while the step that makes the missing object is not finished."""
    for pod in snapshot.of("Pod"):
        if finished(pod):
            continue
        for container, entry in containers(pod):
            state = waiting(entry)
            if state.get("reason") not in _REASONS:
                continue
            message = str(state.get("message") or "")
            yield _finding(snapshot, pending, pod, container, message)


def _finding(snapshot: ClusterSnapshot, pending: Pending, pod: Object, container: str, message: str) -> Finding:
    where = namespace(pod)
    missing, key = _MISSING.search(message), _KEY.search(message)
    waits = False
    blames: tuple[str, ...] = ()
    if missing:
        kind = _KINDS[missing["kind"].lower()]
        what = f"{kind} {missing['name']} does not exist"
        remedy = (
            f"Find out which release should have made it (bevel-tui plan lists `produces`), or create it: "
            f"kubectl --context CONTEXT -n {where} get {kind.lower()} {missing['name']}"
        )
        waits = may_come(pending, kind, missing["name"], where)
        blames = (f"{kind}/{where}/{missing['name']}",)
    elif key:
        ref = key["ref"].rpartition("/")[2]
        what = f"{key['kind']} {ref} has no key {key['key']}"
        remedy = f"Look at its keys: kubectl --context CONTEXT -n {where} describe {key['kind'].lower()} {ref}"
        waits = may_come(pending, key["kind"], ref, where)
        blames = (f"{key['kind']}/{where}/{ref}",)
    else:
        what = quote(message) or "Kubernetes gives no reason"
        remedy = f"Read the events: kubectl --context CONTEXT -n {where} describe pod {name(pod)}"
    scheduled = condition(pod, "PodScheduled") or {}
    since = age(snapshot, scheduled.get("lastTransitionTime") or status(pod).get("startTime"))
    return Finding(
        code="VLT-TOKEN" if missing and missing["name"] == "roottoken" else "POD-CFG",
        severity="warning" if waits else "error",
        cluster=snapshot.cluster,
        namespace=where,
        kind="Pod",
        name=name(pod),
        cause=f"Container {container} cannot be created: {what}.",
        evidence=(quote(message),) if message else (),
        blames=blames,
        remedy=remedy,
        terminal=not waits and since >= LAG,
    )
