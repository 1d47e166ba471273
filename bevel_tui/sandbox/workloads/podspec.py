"""Pods as controllers make them from a template."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from bevel_tui.kube.client import ApiError
from bevel_tui.sandbox.workloads.hands import Hands, owner_reference
from bevel_tui.sandbox.workloads.needs import missing_account
from bevel_tui.sandbox.workloads.view import Object, View


def template_hash(template: Mapping[str, Any]) -> str:
    """A short name for a pod template: equal templates, equal hashes."""
    text = json.dumps(template, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


async def create_pod(
    view: View,
    hands: Hands,
    owner: Object,
    name: str,
    template: Mapping[str, Any],
    labels: Mapping[str, str],
    spec: Mapping[str, Any] | None = None,
) -> Object | None:
    """Create a controller's pod; None when it exists.

    Raises ApiError(403) as the admission of a real server does when the ServiceAccount is missing.
    """
    meta = template.get("metadata") or {}
    namespace = owner["metadata"]["namespace"]
    body = {**copy.deepcopy(dict(template["spec"])), **(spec or {})}
    body.setdefault("restartPolicy", "Always")
    account = body.setdefault("serviceAccountName", body.get("serviceAccount") or "default")
    problem = missing_account(view, namespace, account)
    if problem:
        raise ApiError(403, "Forbidden", f'pods "{name}" is forbidden: {problem}')
    return await hands.create(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": {**(meta.get("labels") or {}), **labels},
                "annotations": dict(meta.get("annotations") or {}),
                "ownerReferences": [owner_reference(owner)],
            },
            "spec": body,
        }
    )
