"""What stands in clusters, without what differs from run to run: uids, times, versions, key material."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

from bevel_tui.kube.client import ApiError, KubeClient
from bevel_tui.kube.contexts import read
from bevel_tui.reachability.inside.job import ROLE, ROLE_PROBE
from bevel_tui.records.steps import ObjectRef

#: what a deployment makes, kind by kind
KINDS = [
    ("v1", "Namespace"), ("v1", "ConfigMap"), ("v1", "Secret"), ("v1", "Service"), ("v1", "ServiceAccount"),
    ("v1", "PersistentVolumeClaim"), ("apps/v1", "StatefulSet"), ("apps/v1", "Deployment"), ("apps/v1", "DaemonSet"),
    ("batch/v1", "Job"), ("storage.k8s.io/v1", "StorageClass"), ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"), ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"), ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("networking.k8s.io/v1", "Ingress"), ("networking.k8s.io/v1", "IngressClass"),
    ("getambassador.io/v3alpha1", "Mapping"), ("getambassador.io/v3alpha1", "TCPMapping"),
    ("getambassador.io/v3alpha1", "Listener"), ("getambassador.io/v3alpha1", "Host"),
    ("coordination.k8s.io/v1", "Lease"),
]  # fmt: skip
_SYSTEM = {"kube-system", "kube-node-lease", "kube-public"}
#: their specs hold generated names and addresses
_BARE = {"Job", "Lease", "PersistentVolumeClaim", "Namespace", "Service", "CustomResourceDefinition"}


#: our own namespace
_HOME = "bevel-tui"
#: networks that follow each other in clusters have this in all their names (tests/faults/seeds.py)
_TAG = re.compile(r"s\d{4}")


async def dump(kubeconfig: str, tag: str = "") -> dict[str, Any]:
    """All objects of all contexts, by ``context kind namespace/name``. With a `tag` those that bear it, without it in
    their names, and those that bear none: what others have left behind may still be going."""
    found = await _all(kubeconfig)
    kept = {key: value for key, value in found.items() if not tag or tag in key or not _TAG.search(key)}
    plain: dict[str, Any] = json.loads(json.dumps(kept).replace(tag, "")) if tag else kept
    return plain


async def sweep(kubeconfig: str, before: dict[str, Any]) -> None:
    """Delete what was not there before, without waiting for the end of it; our own namespace stays, without content."""
    clients: dict[str, KubeClient] = {}
    async with contextlib.AsyncExitStack() as stack:
        for key in (await _all(kubeconfig)).keys() - before.keys():
            context, kind, place = key.split(" ")
            namespace, _, name = place.rpartition("/")
            if namespace not in {"", _HOME} or name == _HOME or (namespace and kind not in {"ConfigMap", "Lease"}):
                continue
            if context not in clients:
                clients[context] = await stack.enter_async_context(await KubeClient.connect(context, kubeconfig))
            api_version = next(version for version, known in KINDS if known == kind)
            await clients[context].delete(ObjectRef(api_version, kind, name, namespace or None))


async def _all(kubeconfig: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for context in [c.name for c in read(kubeconfig).contexts]:
        async with await KubeClient.connect(context, kubeconfig) as client:
            for api_version, kind in KINDS:
                try:
                    items = await client.list(api_version, kind)
                except ApiError as error:
                    if error.status != 404:
                        raise
                    continue
                for obj in items:
                    _note(found, context, kind, obj)
    for value in found.values():
        if isinstance(value, dict):
            value.pop("version", None)
    return found


def _note(found: dict[str, Any], context: str, kind: str, obj: dict[str, Any]) -> None:
    meta = obj["metadata"]
    if meta.get("namespace") in _SYSTEM:
        return
    if meta["name"].startswith("sh.helm.release."):
        # how many attempts it took is history; that the newest stands as deployed is the state
        labels = meta["labels"]
        key = f"{context} release {meta['namespace']}/{labels['name']}"
        if int(labels["version"]) > found.get(key, {"version": 0})["version"]:
            found[key] = {"version": int(labels["version"]), "status": labels["status"]}
        return
    if (meta.get("labels") or {}).get(ROLE) == ROLE_PROBE:
        return  # a look from inside that was cut off: the cluster removes it a minute after its end
    doomed = f"being deleted, held by {meta.get('finalizers')}" if "deletionTimestamp" in meta else None
    found[f"{context} {kind} {meta.get('namespace', '')}/{meta['name']}"] = doomed or shape(kind, obj)


def shape(kind: str, obj: dict[str, Any]) -> Any:
    """The part of an object that two runs must agree on."""
    if kind in {"Secret", "ConfigMap"}:
        return sorted(obj.get("data") or {})
    if kind in _BARE:
        return True
    spec = obj.get("spec") or obj.get("rules") or True
    if isinstance(spec, dict):
        for claim in spec.get("volumeClaimTemplates") or ():
            claim.pop("status", None)
    return spec


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """What is missing, what is too much, what differs."""
    lines = []
    for key in sorted(wanted.keys() | found.keys()):
        if wanted.get(key) != found.get(key):
            lines.append(f"{key} is {str(found.get(key, 'absent'))[:300]}, not {str(wanted.get(key, 'absent'))[:300]}")
    return lines
