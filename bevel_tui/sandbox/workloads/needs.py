"""What a pod needs before it may start, in the kubelet's own words when it is missing.

Pure questions to the cache: volumes first (the pod stays ContainerCreating, FailedMount), then the environment
of each container (CreateContainerConfigError), as the kubelet does.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from bevel_tui.sandbox.workloads.view import View


def _keys(obj: Mapping[str, Any]) -> set[str]:
    return {*(obj.get("data") or ()), *(obj.get("binaryData") or ())}


def content(obj: Mapping[str, Any], key: str) -> bytes | None:
    """A data value of a ConfigMap or Secret."""
    if obj["kind"] == "Secret":
        value = (obj.get("data") or {}).get(key)
        return None if value is None else base64.b64decode(value)
    if key in (obj.get("data") or {}):
        return str(obj["data"][key]).encode()
    value = (obj.get("binaryData") or {}).get(key)
    return None if value is None else base64.b64decode(value)


def _sources(volume: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """The ConfigMaps and Secrets behind a volume: kind, name, source."""
    if "configMap" in volume:
        source = volume["configMap"] or {}
        yield "ConfigMap", source.get("name", ""), source
    elif "secret" in volume:
        source = volume["secret"] or {}
        yield "Secret", source.get("secretName", ""), source
    elif "projected" in volume:
        for part in volume["projected"].get("sources") or ():
            for key, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
                if key in part:
                    yield kind, part[key].get("name", ""), part[key]


def missing_volume(view: View, pod: Mapping[str, Any]) -> str | None:
    """Why a volume cannot be mounted, as the FailedMount event says it; None when all can."""
    namespace = pod["metadata"]["namespace"]
    for volume in pod["spec"].get("volumes") or ():
        for kind, name, source in _sources(volume):
            if source.get("optional") or not name:
                # A ConfigMap volume without a name: facts A2.1, vault type kubernetes. The kubelet mounts nothing.
                continue
            word = kind.lower()
            found = view.get(kind, namespace, name)
            if found is None:
                return f'MountVolume.SetUp failed for volume "{volume["name"]}" : {word} "{name}" not found'
            for item in source.get("items") or ():
                if item["key"] not in _keys(found):
                    return (
                        f'MountVolume.SetUp failed for volume "{volume["name"]}" : '
                        f"references non-existent {'config' if kind == 'ConfigMap' else 'secret'} key: {item['key']}"
                    )
    return None


def missing_environment(view: View, pod: Mapping[str, Any], container: Mapping[str, Any]) -> str | None:
    """Why a container's environment cannot be made (CreateContainerConfigError); None when it can."""
    namespace = pod["metadata"]["namespace"]
    for source in container.get("envFrom") or ():
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            wanted = source.get(field)
            if wanted and not wanted.get("optional") and view.get(kind, namespace, wanted["name"]) is None:
                return f'{kind.lower()} "{wanted["name"]}" not found'
    for variable in container.get("env") or ():
        origin = variable.get("valueFrom") or {}
        for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            wanted = origin.get(field)
            if not wanted or wanted.get("optional"):
                continue
            found = view.get(kind, namespace, wanted["name"])
            if found is None:
                return f'{kind.lower()} "{wanted["name"]}" not found'
            if wanted["key"] not in _keys(found):
                return f"couldn't find key {wanted['key']} in {kind} {namespace}/{wanted['name']}"
    return None


def environment(view: View, pod: Mapping[str, Any], container: Mapping[str, Any]) -> dict[str, str]:
    """The environment of a container, references resolved (those that may be absent are left out)."""
    namespace = pod["metadata"]["namespace"]
    found: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if field in source and (obj := view.get(kind, namespace, source[field]["name"])):
                for key in _keys(obj):
                    found[source.get("prefix", "") + key] = (content(obj, key) or b"").decode(errors="replace")
    for variable in container.get("env") or ():
        origin = variable.get("valueFrom") or {}
        value: str | None = variable.get("value", "")
        if origin:
            value = _reference(view, pod, namespace, origin)
        if value is not None:
            found[variable["name"]] = value
    return found


def _reference(view: View, pod: Mapping[str, Any], namespace: str, origin: Mapping[str, Any]) -> str | None:
    for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        if field in origin:
            obj = view.get(kind, namespace, origin[field]["name"])
            data = content(obj, origin[field]["key"]) if obj else None
            return None if data is None else data.decode(errors="replace")
    path = (origin.get("fieldRef") or {}).get("fieldPath", "")
    meta = pod["metadata"]
    known = {
        "metadata.name": meta["name"],
        "metadata.namespace": namespace,
        "metadata.uid": meta.get("uid", ""),
        "spec.nodeName": pod["spec"].get("nodeName", ""),
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", ""),
        "status.podIP": (pod.get("status") or {}).get("podIP", ""),
    }
    return known.get(path)


def files(view: View, pod: Mapping[str, Any], container: Mapping[str, Any]) -> dict[str, bytes]:
    """What is mounted from ConfigMaps and Secrets: absolute path -> content, as it stands now."""
    namespace = pod["metadata"]["namespace"]
    volumes: dict[str, dict[str, bytes]] = {}
    for volume in pod["spec"].get("volumes") or ():
        entries: dict[str, bytes] = {}
        for kind, name, source in _sources(volume):
            obj = view.get(kind, namespace, name)
            if obj is None:
                continue
            items = source.get("items") or [{"key": key, "path": key} for key in _keys(obj)]
            for item in items:
                data = content(obj, item["key"])
                if data is not None:
                    entries[item["path"]] = data
        volumes[volume["name"]] = entries
    found: dict[str, bytes] = {}
    for mount in container.get("volumeMounts") or ():
        entries = volumes.get(mount["name"], {})
        where = mount["mountPath"].rstrip("/")
        if mount.get("subPath"):
            if mount["subPath"] in entries:
                found[where] = entries[mount["subPath"]]
        else:
            found |= {f"{where}/{path}": data for path, data in entries.items()}
    return found


def claims(pod: Mapping[str, Any]) -> list[str]:
    """Names of the PersistentVolumeClaims that a pod mounts."""
    return [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["spec"].get("volumes") or ()
        if "persistentVolumeClaim" in volume
    ]


def missing_account(view: View, namespace: str, name: str) -> str | None:
    """The admission's words when a pod's ServiceAccount is not there (it refuses to create the pod)."""
    if view.get("ServiceAccount", namespace, name) is not None:
        return None
    return f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found'
