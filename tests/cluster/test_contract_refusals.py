"""Contract: what is refused of workloads, what may not change, quotas and limits. Answers in ``answers/``."""

from __future__ import annotations

import copy
from typing import Any

CORE = "/api/v1/namespaces/{ns}"
APPS = "/apis/apps/v1/namespaces/{ns}"
JOBS = "/apis/batch/v1/namespaces/{ns}/jobs"
LABELS = {"app": "x"}


def pod(**more: Any) -> dict[str, Any]:
    return {"containers": [{"name": "c", "image": "busybox"}], **more}


def template(**more: Any) -> dict[str, Any]:
    return {"metadata": {"labels": LABELS}, "spec": pod(**more)}


def deployment(**more: Any) -> dict[str, Any]:
    spec = {"replicas": 0, "selector": {"matchLabels": LABELS}, "template": template(), **more}
    return {"metadata": {"name": "d"}, "spec": spec}


async def test_pods_that_cannot_be(ask: Any) -> None:
    async def refuse(**spec: Any) -> None:
        await ask("POST", f"{CORE}/pods", {"metadata": {"name": "p"}, "spec": pod(**spec)}, only="metadata.name")

    await refuse(containers=[])
    await refuse(containers=[{"name": "c"}])
    await refuse(containers=[{"name": "c", "image": "a"}, {"name": "c", "image": "b"}])
    await refuse(containers=[{"name": "C_1", "image": "a"}])
    await refuse(containers=[{"name": "c", "image": "a", "volumeMounts": [{"name": "v", "mountPath": "/x"}]}])
    await refuse(containers=[{"name": "c", "image": "a", "ports": [{"containerPort": 0}]}])
    await refuse(
        containers=[{"name": "c", "image": "a", "ports": [{"containerPort": 80, "name": "much-too-long-a-name"}]}]
    )
    await refuse(containers=[{"name": "c", "image": "a", "env": [{"name": "a=b", "value": "x"}]}])
    await refuse(
        containers=[{"name": "c", "image": "a", "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}}]
    )
    await refuse(containers=[{"name": "c", "image": "a", "resources": {"limits": {"memory": "lots"}}}])
    await refuse(volumes=[{"name": "v"}, {"name": "v"}])
    await refuse(volumes=[{"name": "v", "configMap": {}}])
    await refuse(restartPolicy="Sometimes")
    await refuse(serviceAccountName="nobody-has-this")
    await refuse(terminationGracePeriodSeconds=-1)


async def test_workloads_that_cannot_be(ask: Any) -> None:
    path = f"{APPS}/deployments"
    await ask("POST", path, deployment(selector={"matchLabels": {"app": "y"}}))
    await ask("POST", path, deployment(selector=None))
    await ask("POST", path, deployment(template=template(restartPolicy="Never")))
    await ask("POST", path, deployment(replicas=-1))
    await ask("POST", f"{APPS}/statefulsets", {"metadata": {"name": "s"}, "spec": {"serviceName": "s"}})
    await ask("POST", JOBS, {"metadata": {"name": "j"}, "spec": {"template": {"spec": pod()}}})
    await ask("POST", JOBS, {"metadata": {"name": "j"}, "spec": {"template": {"spec": pod(restartPolicy="Always")}}})
    await ask("POST", JOBS, {"metadata": {"name": "j"}, "spec": {"backoffLimit": -1, "template": {"spec": pod(restartPolicy="Never")}}})  # fmt: skip
    await ask("POST", f"{CORE}/services", {"metadata": {"name": "s"}, "spec": {}})
    await ask("POST", f"{CORE}/services", {"metadata": {"name": "1s"}, "spec": {"ports": [{"port": 80}]}})
    await ask("POST", f"{CORE}/services", {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}, {"port": 81}]}})
    await ask("POST", f"{CORE}/services", {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 70000}]}})
    await ask("POST", f"{CORE}/secrets", {"metadata": {"name": "s"}, "type": "kubernetes.io/tls", "data": {}})
    await ask("POST", f"{CORE}/secrets", {"metadata": {"name": "s"}, "data": {"a": "not base64"}})
    # what stands in a file ends with the end of a line
    await ask("POST", f"{CORE}/secrets", {"metadata": {"name": "s"}, "data": {"a": "YmFzZT\nY0\n"}})
    claim = {"metadata": {"name": "c"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}
    await ask("POST", f"{CORE}/persistentvolumeclaims", claim)
    claim["spec"] = {"accessModes": ["ReadWriteOnce"]}
    await ask("POST", f"{CORE}/persistentvolumeclaims", claim)
    ingress = {"metadata": {"name": "i"}, "spec": {"rules": [{"host": "a.b", "http": {"paths": [{"path": "/"}]}}]}}
    await ask("POST", "/apis/networking.k8s.io/v1/namespaces/{ns}/ingresses", ingress)


async def test_what_may_not_change(ask: Any) -> None:
    job = {"metadata": {"name": "j"}, "spec": {"suspend": True, "template": {"spec": pod(restartPolicy="Never")}}}
    await ask("POST", JOBS, job, only="metadata.name")
    change = {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 5}}}}
    status, answer = await ask.raw("PATCH", f"{JOBS}/j", {"spec": {"completions": 2}}, patch="merge")
    ask.note("a Job's completions", [status, answer["reason"], answer["details"]["causes"]])
    unsuspended = {"spec": {"suspend": False}}
    await ask("PATCH", f"{JOBS}/j", unsuspended, patch="merge", only="spec.suspend")
    changed = copy.deepcopy(change)
    changed["spec"]["template"]["spec"]["containers"] = [{"name": "c", "image": "other"}]  # type: ignore[assignment]
    status, answer = await ask.raw("PATCH", f"{JOBS}/j", changed, patch="strategic")
    ask.note(
        "a Job's template", [status, answer["reason"], answer["details"]["causes"][0]["field"], answer["message"][-20:]]
    )
    sets = f"{APPS}/statefulsets"
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}  # fmt: skip
    spec = {"replicas": 0, "serviceName": "s", "selector": {"matchLabels": LABELS}, "template": template(), "volumeClaimTemplates": [claim]}  # fmt: skip
    await ask("POST", sets, {"metadata": {"name": "s"}, "spec": spec}, only="metadata.name")
    await ask("PATCH", f"{sets}/s", {"spec": {"serviceName": "t"}}, patch="merge")
    await ask("PATCH", f"{sets}/s", {"spec": {"volumeClaimTemplates": []}}, patch="merge")
    await ask("PATCH", f"{sets}/s", {"spec": {"minReadySeconds": 1}}, patch="merge", only="spec.minReadySeconds")
    await ask("POST", f"{APPS}/deployments", deployment(), only="metadata.name")
    status, answer = await ask.raw("PATCH", f"{APPS}/deployments/d", {"spec": {"selector": {"matchLabels": {"b": "c"}}}}, patch="merge")  # fmt: skip
    ask.note("a Deployment's selector", [status, [c["field"] for c in answer["details"]["causes"]]])
    await ask("POST", f"{CORE}/secrets", {"metadata": {"name": "s"}, "immutable": True, "stringData": {"a": "b"}})
    await ask("PATCH", f"{CORE}/secrets/s", {"stringData": {"a": "c"}}, patch="merge")
    await ask("PATCH", f"{CORE}/secrets/s", {"type": "x/y"}, patch="merge")
    await ask("PATCH", f"{CORE}/secrets/s", {"immutable": False}, patch="merge")
    claim["metadata"]["name"] = "c"
    await ask("POST", f"{CORE}/persistentvolumeclaims", claim, only="spec")
    await ask("PATCH", f"{CORE}/persistentvolumeclaims/c", {"spec": {"accessModes": ["ReadWriteMany"]}}, patch="merge", only="spec")  # fmt: skip
    classes = "/apis/storage.k8s.io/v1/storageclasses"
    await ask("POST", classes, {"metadata": {"name": "{ns}"}, "provisioner": "a"})
    await ask("PATCH", f"{classes}/{{ns}}", {"reclaimPolicy": "Retain"}, patch="merge")
    await ask("DELETE", f"{classes}/{{ns}}", only="metadata.name")


async def test_a_quota_refuses_what_is_too_much(ask: Any) -> None:
    quota = {"metadata": {"name": "q"}, "spec": {"hard": {"count/secrets": "1", "pods": "1", "requests.cpu": "1", "persistentvolumeclaims": "0"}}}  # fmt: skip
    await ask("POST", f"{CORE}/resourcequotas", quota, only="spec")
    await ask.until(f"{CORE}/resourcequotas/q", lambda _, q: q.get("status", {}).get("used"))
    await ask("POST", f"{CORE}/secrets", {"metadata": {"name": "a"}})
    await ask("POST", f"{CORE}/secrets", {"metadata": {"name": "b"}})
    claim = {"metadata": {"name": "c"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}  # fmt: skip
    await ask("POST", f"{CORE}/persistentvolumeclaims", claim)
    await ask("POST", f"{CORE}/pods", {"metadata": {"name": "p"}, "spec": pod()})
    big = {"name": "c", "image": "a", "resources": {"requests": {"cpu": "2"}}}
    await ask("POST", f"{CORE}/pods", {"metadata": {"name": "p"}, "spec": pod(containers=[big])})
    small = {"name": "c", "image": "a", "resources": {"requests": {"cpu": "500m"}}}
    await ask(
        "POST", f"{CORE}/pods", {"metadata": {"name": "p"}, "spec": pod(containers=[small])}, only="metadata.name"
    )
    await ask("POST", f"{CORE}/pods", {"metadata": {"name": "p2"}, "spec": pod(containers=[small])})
    # an object that is there already needs nothing more
    await ask("PATCH", f"{CORE}/secrets/a", {"stringData": {"x": "y"}}, patch="merge")


async def test_limits_are_filled_in_and_kept(ask: Any) -> None:
    limit = {"type": "Container", "default": {"cpu": "1"}, "defaultRequest": {"cpu": "100m"}, "max": {"cpu": "2"}, "min": {"cpu": "50m"}}  # fmt: skip
    await ask("POST", f"{CORE}/limitranges", {"metadata": {"name": "l"}, "spec": {"limits": [limit]}}, only="spec")
    big = {"name": "c", "image": "a", "resources": {"limits": {"cpu": "4"}, "requests": {"cpu": "3"}}}
    for _ in range(100):  # admission learns of limits through a watch
        status, _ = await ask.raw("POST", f"{CORE}/pods", {"metadata": {"name": "q"}, "spec": pod(containers=[big])}, dryRun="All")  # fmt: skip
        if status == 403:
            break
    await ask("POST", f"{CORE}/pods", {"metadata": {"name": "p"}, "spec": pod(containers=[big])})
    small = {"name": "c", "image": "a", "resources": {"requests": {"cpu": "10m"}}}
    await ask("POST", f"{CORE}/pods", {"metadata": {"name": "p"}, "spec": pod(containers=[small])})
    status, made = await ask.raw("POST", f"{CORE}/pods", {"metadata": {"name": "p"}, "spec": pod()})
    ask.note("defaults", [status, made["spec"]["containers"][0]["resources"], made["status"]["qosClass"]])
    # a bound of containers is a default too; one of pods is none
    bounds = [{"type": "Container", "min": {"memory": "1Mi"}, "max": {"memory": "2Gi"}}, {"type": "Pod", "min": {"memory": "1Gi"}}]  # fmt: skip
    await ask("PUT", f"{CORE}/limitranges/l", {"metadata": {"name": "l"}, "spec": {"limits": bounds[:1]}}, only="spec")
    await ask.until(f"{CORE}/limitranges/l", lambda _, found: found["spec"]["limits"][0].get("default"))
    await ask("PUT", f"{CORE}/limitranges/l", {"metadata": {"name": "l"}, "spec": {"limits": bounds[1:]}}, only="spec")
    for _ in range(100):
        status, _ = await ask.raw("POST", f"{CORE}/pods", {"metadata": {"name": "q"}, "spec": pod()}, dryRun="All")
        if status == 403:
            break
    await ask("POST", f"{CORE}/pods", {"metadata": {"name": "q"}, "spec": pod()})


async def test_a_pod_as_it_is_created(ask: Any) -> None:
    body = {"metadata": {"name": "p", "labels": LABELS}, "spec": pod(automountServiceAccountToken=False)}
    made = await ask("POST", f"{CORE}/pods", body)
    ask.note("its quality", made["status"]["qosClass"])
    await ask("PATCH", f"{CORE}/pods/p/status", {"status": {"qosClass": "Burstable"}}, patch="merge")
    await ask("PATCH", f"{CORE}/pods/p", {"spec": {"hostNetwork": True}}, patch="merge", only="metadata.name")
