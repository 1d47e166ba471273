"""A controller that may not create its pods: the API server's admission refuses them, and nobody sees it in a pod.

The signal is the reason FailedCreate of the controller's events; which admission plugin spoke is told by its words,
which are Kubernetes' own (plugin/pkg/admission: resourcequota, limitranger, podsecurity).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from bevel_tui.diagnosis.evidence import age, events_about, name, namespace, quote, status
from bevel_tui.diagnosis.rule import Pending
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import ClusterSnapshot, Object

_CREATORS = ("Job", "StatefulSet", "ReplicaSet", "DaemonSet")


class Refusal(NamedTuple):
    """One admission plugin: its words, our code, why, and what to look at (a kubectl verb and resource)."""

    words: re.Pattern[str]
    code: str
    why: str
    look: str


_REFUSALS = (
    Refusal(re.compile(r"exceeded quota"), "QUOTA", "the quota of namespace {ns} is used up", "describe resourcequota"),
    Refusal(
        re.compile(r"(minimum|maximum) \S+ usage per (Container|Pod)|limit to request ratio per"),
        "LIMIT",
        "a LimitRange of namespace {ns} does not allow their resources",
        "describe limitrange",
    ),
    Refusal(
        # apiserver/pkg/admission/plugin/webhook/errors/statuserror.go
        re.compile(r'admission webhook "[^"]+" denied the request'),
        "WH-DENIED",
        "a policy of the cluster refuses them",
        "get validatingwebhookconfigurations,mutatingwebhookconfigurations",
    ),
    Refusal(
        # apiserver/pkg/admission/plugin/webhook: NewCallWebhookError
        re.compile(r'failed calling webhook "(?P<webhook>[^"]+)"'),
        "WL-CREATE",
        "an admission webhook does not answer",
        "get validatingwebhookconfigurations,mutatingwebhookconfigurations",
    ),
    Refusal(
        re.compile(r"violates PodSecurity"),
        "POD-SECURITY",
        "the Pod Security level of namespace {ns} does not allow them",
        "get namespace {ns} --show-labels",
    ),
)

#: words of refusals that have a rule of their own, or that pass by themselves
_ELSEWHERE = re.compile(r"error looking up service account|already exists|object is being deleted|try again")
_OTHER = Refusal(re.compile(""), "WL-CREATE", "the API server refuses them", "get events")
#: seconds for which a controller may be refused without a known reason
_PATIENCE = 30.0


def _since(obj: Object) -> object:
    return (obj.get("metadata") or {}).get("creationTimestamp")


def pods_refused(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """QUOTA, LIMIT, POD-SECURITY: events FailedCreate about a workload that still lacks pods."""
    for kind in _CREATORS:
        for obj in snapshot.of(kind):
            if not _lacks_pods(kind, obj):
                continue
            said = [e for e in events_about(snapshot, obj, kind) if e.get("reason") == "FailedCreate"]
            for event in reversed(said):
                message = str(event.get("message"))
                refusal = next((r for r in _REFUSALS if r.words.search(message)), None)
                if refusal is None and not _ELSEWHERE.search(message) and age(snapshot, _since(obj)) >= _PATIENCE:
                    refusal = _OTHER
                if refusal is not None:
                    yield _finding(snapshot, kind, obj, refusal, message)
                    break


def _finding(snapshot: ClusterSnapshot, kind: str, obj: Object, refusal: Refusal, message: str) -> Finding:
    where = namespace(obj) or ""
    quotas = _quotas(snapshot, where) if refusal.code == "QUOTA" else ()
    return Finding(
        code=refusal.code,
        cluster=snapshot.cluster,
        namespace=where,
        kind=kind,
        name=name(obj),
        cause=f"{kind} {name(obj)} may not create its pods: {refusal.why.format(ns=where)}.",
        evidence=(quote(message), *quotas),
        remedy=f"See what is allowed, and change it: kubectl --context CONTEXT -n {where} {refusal.look.format(ns=where)}",
        terminal=refusal.code != "WL-CREATE",
        blames=tuple(
            f"{kind}//{name(config)}"
            for kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
            for config in snapshot.of(kind)
            for hook in config.get("webhooks") or ()
            if hook.get("name") and f'"{hook["name"]}"' in message
        ),
    )


def _lacks_pods(kind: str, obj: Object) -> bool:
    now = status(obj)
    if kind == "Job":
        return not any(int(now.get(field) or 0) for field in ("active", "succeeded"))
    if kind == "DaemonSet":
        return int(now.get("currentNumberScheduled") or 0) < int(now.get("desiredNumberScheduled") or 0)
    wanted = (obj.get("spec") or {}).get("replicas")
    return int(now.get("replicas") or 0) < (1 if wanted is None else int(wanted))


def _quotas(snapshot: ClusterSnapshot, where: str | None) -> tuple[str, ...]:
    lines = []
    for quota in snapshot.of("ResourceQuota"):
        if namespace(quota) != where:
            continue
        used, hard = status(quota).get("used") or {}, status(quota).get("hard") or {}
        full = ", ".join(f"{key} {used.get(key, '0')} of {limit}" for key, limit in sorted(hard.items()))
        lines.append(f"quota {name(quota)}: {full}")
    return tuple(lines)
