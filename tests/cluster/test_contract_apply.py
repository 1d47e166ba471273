"""Contract: server-side apply, who owns which field, and conflicts. Answers in ``answers/``."""

from __future__ import annotations

from typing import Any

MAPS = "/api/v1/namespaces/{ns}/configmaps"
JOBS = "/apis/batch/v1/namespaces/{ns}/jobs"


def config(name: str, data: dict[str, str] | None = None, **meta: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **meta}}
    return found if data is None else {**found, "data": data}


async def apply(ask: Any, path: str, body: dict[str, Any], manager: str = "helm", **more: Any) -> Any:
    return await ask("PATCH", path, body, patch="apply", fieldManager=manager, fields=True, **more)


async def test_apply_creates_changes_and_takes_away(ask: Any) -> None:
    await apply(ask, f"{MAPS}/a", config("a", {"a": "1", "b": "2"}, labels={"x": "y"}))
    await apply(ask, f"{MAPS}/a", config("a", {"a": "1", "b": "2"}, labels={"x": "y"}))
    await apply(ask, f"{MAPS}/a", config("a", {"a": "3"}))
    await apply(ask, f"{MAPS}/a", config("a"))
    await apply(ask, f"{MAPS}/a", config("b"))
    await apply(ask, f"{MAPS}/nobody", config("nobody", resourceVersion="1"))
    await ask("PATCH", f"{MAPS}/a", config("a"), patch="apply")


async def test_a_field_of_another_manager_is_a_conflict(ask: Any) -> None:
    await apply(ask, f"{MAPS}/a", config("a", {"a": "1", "b": "1", "c": "1"}))
    await apply(ask, f"{MAPS}/a", config("a", {"a": "2"}), "other")
    await apply(ask, f"{MAPS}/a", config("a", {"a": "2", "b": "2"}), "other")
    await apply(ask, f"{MAPS}/a", config("a", {"a": "1"}), "other")
    await apply(ask, f"{MAPS}/a", config("a", {"a": "2"}), "other", force="true")
    await apply(ask, f"{MAPS}/a", config("a", {"a": "1", "b": "1", "c": "1"}))
    # somebody's plain change owns what it changed
    await ask("PATCH", f"{MAPS}/a", {"data": {"b": "by hand"}}, patch="merge", fieldManager="kubectl-edit", fields=True)
    await apply(ask, f"{MAPS}/a", config("a", {"b": "1", "c": "1"}))
    await apply(ask, f"{MAPS}/a", config("a", {"c": "1"}))


async def test_apply_over_what_was_created_plainly(ask: Any) -> None:
    await ask("POST", MAPS, config("a", {"a": "1"}), fieldManager="somebody", fields=True)
    await apply(ask, f"{MAPS}/a", config("a", {"a": "1"}))
    await apply(ask, f"{MAPS}/a", config("a", {"a": "2"}))


async def test_unknown_fields_in_an_apply(ask: Any) -> None:
    odd = {**config("a", {}), "speck": {}}
    await apply(ask, f"{MAPS}/a", odd, fieldValidation="Strict")
    await apply(ask, f"{MAPS}/a", odd)
    text = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata:\n  a: '1'\n  a: '2'\n"
    await apply(ask, f"{MAPS}/b", text, fieldValidation="Strict")  # type: ignore[arg-type]
    await apply(ask, f"{MAPS}/c", config("c", {"a": 1}))  # type: ignore[dict-item]


async def test_lists_are_merged_by_their_keys(ask: Any) -> None:
    path = "/api/v1/namespaces/{ns}/services/s"

    def service(*ports: dict[str, Any]) -> dict[str, Any]:
        spec = {"clusterIP": "None", "selector": {"app": "x"}, "ports": list(ports)}
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec}

    one, two = {"name": "one", "port": 1}, {"name": "two", "port": 2}
    await apply(ask, path, service(one, two))
    await apply(ask, path, service(two))
    await apply(ask, path, service({"name": "three", "port": 3}, {"name": "two", "port": 2, "targetPort": 22}))
    other = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{**two, "targetPort": 23}]}}  # fmt: skip
    await apply(ask, path, other, "other")
    await apply(ask, path, service(one, one))


async def test_a_job_is_applied_as_helm_does(ask: Any) -> None:
    pod = {
        "restartPolicy": "OnFailure",
        "serviceAccountName": "vault-auth",
        "volumes": [{"name": "scripts", "configMap": {"name": "scripts"}}],
        "containers": [{
            "name": "work", "image": "ghcr.io/hyperledger/bevel-alpine:latest", "command": ["sh", "-c"], "args": ["true"],
            "env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
            "volumeMounts": [{"name": "scripts", "mountPath": "/scripts"}],
            "resources": {"limits": {"cpu": "1", "memory": "1000Mi"}, "requests": {"cpu": 0.5}},
        }],
    }  # fmt: skip
    job = {
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "init", "labels": {"app": "init"}, "annotations": {"helm.sh/hook": "pre-install"}},
        "spec": {"suspend": True, "backoffLimit": 3, "template": {"metadata": {"labels": {"app": "init"}}, "spec": pod}},
    }  # fmt: skip
    await ask("PATCH", f"{JOBS}/init", job, patch="apply", fieldManager="helm", fieldValidation="Strict", only="spec")
    await ask("PATCH", f"{JOBS}/init", job, patch="apply", fieldManager="helm", only="spec")
    job["spec"]["template"]["spec"]["containers"][0]["args"] = ["false"]  # type: ignore[index]
    await ask("PATCH", f"{JOBS}/init", job, patch="apply", fieldManager="helm", only="metadata.name")


async def test_a_stateful_set_with_defaults(ask: Any) -> None:
    labels = {"app": "besu"}
    probe = {"httpGet": {"path": "/liveness", "port": 8545}, "periodSeconds": 30}
    pod = {
        "securityContext": {"fsGroup": 1000},
        "initContainers": [{"name": "wait", "image": "alpine"}],
        "containers": [{"name": "besu", "image": "hyperledger/besu:23.10.2", "livenessProbe": probe,
                        "ports": [{"name": "json-rpc", "containerPort": 8545}],
                        "volumeMounts": [{"name": "data", "mountPath": "/data"}]}],
    }  # fmt: skip
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}},
    }
    body = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "besu"},
        "spec": {"replicas": 0, "serviceName": "besu", "selector": {"matchLabels": labels},
                 "template": {"metadata": {"labels": labels}, "spec": pod}, "volumeClaimTemplates": [claim]},
    }  # fmt: skip
    sets = "/apis/apps/v1/namespaces/{ns}/statefulsets"
    await ask("PATCH", f"{sets}/besu", body, patch="apply", fieldManager="helm", fieldValidation="Strict", only="spec")
    await ask("PATCH", f"{sets}/besu", body, patch="apply", fieldManager="helm", only="metadata.generation")
    body["spec"]["template"]["spec"]["containers"][0]["image"] = "hyperledger/besu:24"  # type: ignore[index]
    await ask("PATCH", f"{sets}/besu", body, patch="apply", fieldManager="helm", only="metadata.generation")
    body["spec"]["serviceName"] = "other"  # type: ignore[index]
    await ask("PATCH", f"{sets}/besu", body, patch="apply", fieldManager="helm", only="metadata.generation")
