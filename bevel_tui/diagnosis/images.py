"""POD-IMG-*: an image that cannot be pulled. Terminal once the registry has said no for good, twice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bevel_tui.diagnosis.evidence import containers, events_about, finished, name, namespace, quote, waiting
from bevel_tui.diagnosis.rule import Pending
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import ClusterSnapshot, Object

_PULLING = {"ErrImagePull", "ImagePullBackOff"}
# Docker Hub's own words: docs.docker.com, "Docker Hub pull usage and limits"
_RATE = re.compile(r"toomanyrequests|rate limit", re.IGNORECASE)
# Containerd's, CRI-O's and registries' own words; matched loosely, in this order.
_DENIED = re.compile(r"unauthorized|authentication required|denied|forbidden|\b40[13]\b|no basic auth", re.IGNORECASE)
_NOT_FOUND = re.compile(r"not found|manifest unknown|does not exist|name unknown|\b404\b", re.IGNORECASE)


def image_cannot_be_pulled(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """Container states ErrImagePull, ImagePullBackOff, InvalidImageName, ErrImageNeverPull (facts G15)."""
    for pod in snapshot.of("Pod"):
        if finished(pod):
            continue
        for container, entry in containers(pod):
            state = waiting(entry)
            reason = state.get("reason")
            if reason in _PULLING:
                yield _pull(snapshot, pod, container, str(entry.get("image") or _image(pod, container)), state)
            elif reason in {"InvalidImageName", "ErrImageNeverPull"}:
                image = str(entry.get("image") or _image(pod, container))
                yield Finding(
                    code="POD-IMG-NAME",
                    cluster=snapshot.cluster,
                    namespace=namespace(pod),
                    kind="Pod",
                    name=name(pod),
                    cause=f"Container {container} cannot start: the image {quote(image)!r} is refused ({reason}).",
                    evidence=(quote(state.get("message")),) if state.get("message") else (),
                    remedy="Correct the image name in the chart's values, then run the same command again.",
                    terminal=True,
                )


def _pull(snapshot: ClusterSnapshot, pod: Object, container: str, image: str, state: Mapping[str, Any]) -> Finding:
    message = str(state.get("message") or "")
    reason = str(state.get("reason") or "")
    said = [
        event
        for event in events_about(snapshot, pod, "Pod")
        if event.get("reason") == "Failed" and (not image or image in str(event.get("message")))
    ]
    texts = [str(event.get("message")) for event in said] + [message]
    # Back-off means that it failed, was tried again and failed again.
    tries = max([int(event.get("count") or 1) for event in said], default=1) + (
        1 if reason == "ImagePullBackOff" else 0
    )
    joined = " ".join(texts)
    if _RATE.search(joined):
        code, why = "POD-IMG-RATE", "the registry allows no more pulls for now"
        remedy = "Give the preset a `registry` with an account, or wait for the limit to pass."
        final = False
    elif _DENIED.search(joined):
        code, why = "POD-IMG-AUTH", "the registry denies access to it"
        remedy = (
            "Give the preset a `registry` with a user that may pull it; see: "
            f"kubectl --context CONTEXT -n {namespace(pod)} get secret,serviceaccount"
        )
        final = True
    elif _NOT_FOUND.search(joined):
        code, why = "POD-IMG-NOTFOUND", "the registry does not have it"
        remedy = "Correct the image or its tag (platform.version in the preset), then run the same command again."
        final = True
    else:
        code, why = "POD-IMG-TIMEOUT", "the registry did not give it"
        remedy = f"Check that nodes reach the registry: kubectl --context CONTEXT -n {namespace(pod)} describe pod {name(pod)}"
        final = False
    evidence = tuple(dict.fromkeys(quote(text) for text in texts if text))[-3:]
    return Finding(
        code=code,
        severity="error" if final or code == "POD-IMG-RATE" else "warning",
        cluster=snapshot.cluster,
        namespace=namespace(pod),
        kind="Pod",
        name=name(pod),
        cause=f"Container {container} cannot start: the image {quote(image)} cannot be pulled, {why}.",
        evidence=evidence,
        remedy=remedy,
        terminal=final and tries >= 2,
    )


def _image(pod: Object, container: str) -> str:
    spec = pod.get("spec") or {}
    for entry in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        if entry.get("name") == container:
            return str(entry.get("image") or "")
    return ""
