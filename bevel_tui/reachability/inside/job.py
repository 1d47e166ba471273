"""The Job that looks from inside: unprivileged, labelled, gone by itself.

A Job and not a bare pod: `activeDeadlineSeconds` ends it and `ttlSecondsAfterFinished` has the cluster remove it with
its pod, whatever becomes of us. It fulfils Pod Security "restricted", mounts no token, and states requests and limits,
because a ResourceQuota may insist on them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bevel_tui.reachability.inside.script import PARALLEL, SCRIPT, Question

#: label of the Job and its pod; a sweep finds both by it
ROLE, ROLE_PROBE = "bevel-tui.dev/role", "probe"
CONTAINER = "probe"
#: seconds for starting: scheduling, and pulling an image that may not be on the node yet
START = 90.0
#: seconds after its end until the cluster itself removes it
KEPT = 60
#: any user that is not root
_USER = 10001


def lasts(questions: Sequence[Question], timeout: float) -> float:
    """Seconds within which a started pod has asked everything, with every answer timing out."""
    longest = max((2.0 + 2.0 * timeout * max(len(q.tries), 1) for q in questions), default=0.0)
    return longest * (1 + (len(questions) - 1) // PARALLEL) if questions else 0.0


def job(
    name: str,
    namespace: str,
    labels: Mapping[str, str],
    image: str,
    questions: Sequence[Question],
    *,
    timeout: float,
    pull_secret: str | None = None,
    placement: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The Job as JSON. `timeout` is seconds for one connection; `placement` goes into the pod's spec as it is."""
    labels = {**labels, ROLE: ROLE_PROBE}
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 0,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": CONTAINER,
                "image": image,
                "imagePullPolicy": "IfNotPresent",
                "command": ["/bin/sh", "-c", SCRIPT, CONTAINER],
                "args": [question.argument for question in questions],
                "env": [{"name": "PROBE_TIMEOUT", "value": str(max(1, round(timeout)))}],
                "resources": {
                    "requests": {"cpu": "50m", "memory": "32Mi"},
                    "limits": {"cpu": "500m", "memory": "64Mi"},
                },
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
        **(placement or {}),
    }
    if pull_secret:
        spec["imagePullSecrets"] = [{"name": pull_secret}]
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": int(START + lasts(questions, timeout)) + 1,
            "ttlSecondsAfterFinished": KEPT,
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }
