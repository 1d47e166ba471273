"""A manifest in few words: the parts that the charts-contract lists, and what a pod needs before it can start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def summary(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest in the contract's own terms."""
    metadata, spec = manifest["metadata"], manifest.get("spec", {})
    found: dict[str, Any] = {"apiVersion": manifest["apiVersion"]}
    annotations = dict(metadata.get("annotations") or {})
    for key, name in (("helm.sh/hook", "hook"), ("helm.sh/hook-weight", "hookWeight")):
        if key in annotations:
            found[name] = annotations.pop(key)
    if "hook" in found:
        found["hookDelete"] = annotations.pop("helm.sh/hook-delete-policy")
    else:
        found.pop("hookWeight", None)  # on what is no hook it says nothing (facts 0.5)
    match manifest["kind"]:
        case "ConfigMap":
            found["keys"] = sorted({**(manifest.get("data") or {}), **(manifest.get("binaryData") or {})})
        case "Secret":
            found["keys"] = sorted(manifest.get("data") or ())
        case "Service":
            found["type"] = spec.get("type", "ClusterIP")
            found["ports"] = [{k: port[k] for k in ("name", "port", "protocol") if k in port} for port in spec["ports"]]
        case "StatefulSet":
            found["replicas"] = spec.get("replicas")
            found["pvcs"] = [claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates") or ()]
        case "Deployment":
            found["replicas"] = spec["replicas"]
        case "Ingress":
            found["hosts"] = [rule["host"] for rule in spec["rules"]]
            found["ingressClassName"] = spec.get("ingressClassName")
            found["annotations"] = annotations
    if manifest["apiVersion"].startswith("getambassador.io/"):
        found["spec"] = dict(spec)
    if manifest["kind"] in ("Job", "StatefulSet", "Deployment"):
        pod = spec["template"]["spec"]
        found["images"] = sorted({c["image"] for c in [*(pod.get("initContainers") or ()), *pod["containers"]]})
    return found


def workload(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What a workload's pods consist of and must find in the cluster."""
    pod = manifest["spec"]["template"]["spec"]
    init, main = pod.get("initContainers") or [], pod["containers"]
    return {
        "account": pod.get("serviceAccountName"),
        "placement": [pod.get("nodeSelector"), pod.get("tolerations")],
        "init": [c["name"] for c in init],
        "containers": sorted(c["name"] for c in main),
        "ports": sorted({p["containerPort"] for c in main for p in c.get("ports") or () if p.get("protocol") != "UDP"}),
        "needs": sorted(set(_needs(pod, [*init, *main]))),
    }


def _needs(pod: Mapping[str, Any], containers: list[Mapping[str, Any]]) -> Iterator[str]:
    for volume in pod.get("volumes") or ():
        if (volume.get("configMap") or {}).get("name"):
            yield f"ConfigMap/{volume['configMap']['name']}"
        if volume.get("secret"):
            yield f"Secret/{volume['secret']['secretName']}"
        for part in (volume.get("projected") or {}).get("sources") or ():
            for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
                if field in part:
                    yield f"{kind}/{part[field]['name']}"
        if volume.get("persistentVolumeClaim"):
            yield f"PersistentVolumeClaim/{volume['persistentVolumeClaim']['claimName']}"
    for container in containers:
        for source in container.get("envFrom") or ():
            if source.get("configMapRef"):
                yield f"ConfigMap/{source['configMapRef']['name']}"
        for variable in container.get("env") or ():
            origin = variable.get("valueFrom") or {}
            if origin.get("secretKeyRef"):
                yield f"Secret/{origin['secretKeyRef']['name']}"
            if origin.get("configMapKeyRef"):
                yield f"ConfigMap/{origin['configMapKeyRef']['name']}"
