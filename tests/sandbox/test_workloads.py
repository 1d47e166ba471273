"""Controllers and kubelet over HTTP: hand-made manifests become what Kubernetes makes of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bevel_tui.kube.client import ApiError
from bevel_tui.records.steps import ObjectRef
from bevel_tui.sandbox.workloads import hands

Box = Any


def pod_template(labels: dict[str, str], **spec: Any) -> dict[str, Any]:
    body = {"containers": [{"name": "main", "image": "example.com/main:1"}], **spec}
    return {"metadata": {"labels": labels}, "spec": body}


def stateful_set(name: str = "db", replicas: int = 2, **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": "test"},
        "spec": {
            "replicas": replicas,
            "serviceName": name,
            "selector": {"matchLabels": labels},
            "template": pod_template(labels, **spec),
            "volumeClaimTemplates": [claim],
        },
    }


def job(name: str = "work", *, backoff: int = 2, template: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "test"},
        "spec": {"backoffLimit": backoff, "template": template or pod_template({}, restartPolicy="OnFailure")},
    }


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "test"}, "data": data}


def condition(obj: dict[str, Any], kind: str) -> dict[str, Any]:
    return next((c for c in obj.get("status", {}).get("conditions", ()) if c["type"] == kind), {})


async def test_stateful_set_and_its_volumes(box: Box) -> None:
    await box.apply("east", stateful_set())
    done = await box.until(
        "east",
        ("StatefulSet",),
        lambda: (s := box.state("east", "StatefulSet", "db")).get("status", {}).get("readyReplicas") == 2 and s,
    )
    status = done["status"]
    assert status["observedGeneration"] == done["metadata"]["generation"]
    assert status["currentRevision"] == status["updateRevision"]
    assert status["updatedReplicas"] == status["currentReplicas"] == 2
    claims = await box.clients["east"].list("v1", "PersistentVolumeClaim", "test")
    assert {(c["metadata"]["name"], c["status"]["phase"]) for c in claims} == {
        ("data-db-0", "Bound"),
        ("data-db-1", "Bound"),
    }
    first, second = (box.state("east", "Pod", f"db-{n}") for n in (0, 1))
    assert condition(first, "Ready")["lastTransitionTime"] <= condition(second, "PodScheduled")["lastTransitionTime"]
    assert first["spec"]["nodeName"].startswith("east-node-")


async def test_a_new_template_rolls_through(box: Box) -> None:
    await box.apply("east", stateful_set(replicas=1))
    await box.until(
        "east",
        ("StatefulSet",),
        lambda: box.state("east", "StatefulSet", "db").get("status", {}).get("readyReplicas") == 1,
    )
    before = box.state("east", "Pod", "db-0")["metadata"]["uid"]
    ref = ObjectRef("apps/v1", "StatefulSet", "db", "test")
    image = [{"name": "main", "image": "example.com/main:2"}]
    await box.clients["east"].patch(ref, {"spec": {"template": {"spec": {"containers": image}}}})

    def settled() -> bool:
        found = box.state("east", "StatefulSet", "db")
        status = found.get("status", {})
        return (
            status.get("observedGeneration") == found["metadata"]["generation"] == 2
            and status["currentRevision"] == status["updateRevision"]
            and status.get("readyReplicas") == 1
        )

    await box.until("east", ("StatefulSet",), settled)
    assert box.state("east", "Pod", "db-0")["metadata"]["uid"] != before


async def test_deployment_rolls_and_reports(box: Box) -> None:
    labels = {"app": "web"}
    await box.apply(
        "east",
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "test"},
            "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": pod_template(labels)},
        },
    )

    def available() -> Any:
        found = box.state("east", "Deployment", "web")
        return condition(found, "Progressing").get("reason") == "NewReplicaSetAvailable" and found

    found = await box.until("east", ("Deployment",), available)
    assert found["status"]["availableReplicas"] == found["status"]["updatedReplicas"] == 2
    assert "unavailableReplicas" not in found["status"]
    assert condition(found, "Available")["status"] == "True"
    await box.clients["east"].delete(ObjectRef("apps/v1", "Deployment", "web", "test"))
    await box.until("east", ("Pod",), lambda: not box.world.sites["east"].view.all("Pod", "test"))


async def test_daemon_set_on_every_node(box: Box) -> None:
    labels = {"app": "agent"}
    await box.apply(
        "east",
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": "agent", "namespace": "test"},
            "spec": {"selector": {"matchLabels": labels}, "template": pod_template(labels)},
        },
    )
    await box.until(
        "east",
        ("DaemonSet",),
        lambda: box.state("east", "DaemonSet", "agent").get("status", {}).get("numberReady") == 3,
    )
    nodes = {p["spec"]["nodeName"] for p in box.world.sites["east"].view.all("Pod", "test")}
    assert len(nodes) == 3


async def test_a_job_completes_and_its_log_is_kept(box: Box) -> None:
    await box.apply("east", job())
    done = await box.until(
        "east", ("Job",), lambda: condition(found := box.state("east", "Job", "work"), "Complete") and found
    )
    assert done["status"]["succeeded"] == 1
    assert done["status"]["completionTime"]
    (pod,) = box.world.sites["east"].view.all("Pod", "test")
    assert await box.clients["east"].logs("test", pod["metadata"]["name"], "main") == ("simulated: nothing runs here",)


@pytest.mark.parametrize(("policy", "failed"), [("OnFailure", 1), ("Never", 3)])
async def test_a_failing_job_uses_up_its_backoff(box: Box, policy: str, failed: int) -> None:
    broken = {"name": "main", "image": "x", "command": ["sh", "-c", "exit 3"]}
    template = {"metadata": {}, "spec": {"restartPolicy": policy, "containers": [broken]}}
    await box.apply("east", job(template=template))
    done = await box.until(
        "east", ("Job",), lambda: condition(found := box.state("east", "Job", "work"), "Failed") and found
    )
    assert condition(done, "Failed")["reason"] == "BackoffLimitExceeded"
    assert done["status"]["failed"] == failed
    assert await box.event("east", "work", "backoff limit") == "BackoffLimitExceeded"


async def test_missing_service_account(box: Box) -> None:
    await box.apply("east", job(template=pod_template({}, restartPolicy="OnFailure", serviceAccountName="vault-auth")))
    reason = await box.event(
        "east", "work", 'error looking up service account test/vault-auth: serviceaccount "vault-auth" not found'
    )
    assert reason == "FailedCreate"
    assert not box.world.sites["east"].view.all("Pod", "test")
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "vault-auth", "namespace": "test"}}
    await box.apply("east", account)
    await box.until("east", ("Job",), lambda: condition(box.state("east", "Job", "work"), "Complete"))


@pytest.mark.parametrize(
    ("volume", "missing", "words"),
    [
        ({"configMap": {"name": "cm"}}, None, 'MountVolume.SetUp failed for volume "v" : configmap "cm" not found'),
        ({"secret": {"secretName": "s"}}, None, 'MountVolume.SetUp failed for volume "v" : secret "s" not found'),
        (
            {"configMap": {"name": "cm", "items": [{"key": "k", "path": "k"}]}},
            config_map("cm", other="1"),
            "references non-existent config key: k",
        ),
    ],
)
async def test_missing_volumes(box: Box, volume: dict[str, Any], missing: dict[str, Any] | None, words: str) -> None:
    if missing:
        await box.apply("east", missing)
    await box.apply(
        "east", job(template=pod_template({}, restartPolicy="OnFailure", volumes=[{"name": "v", **volume}]))
    )
    assert await box.event("east", "work-", words) == "FailedMount"
    (pod,) = box.world.sites["east"].view.all("Pod", "test")
    assert pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "ContainerCreating"
    if "secret" in volume:
        await box.apply("east", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "test"}})
    elif missing:
        await box.clients["east"].patch(ObjectRef("v1", "ConfigMap", "cm", "test"), {"data": {"k": "v"}})
    else:
        await box.apply("east", config_map("cm"))
    await box.until("east", ("Job",), lambda: condition(box.state("east", "Job", "work"), "Complete"))


async def test_missing_environment(box: Box) -> None:
    variable = {"name": "ROOT_TOKEN", "valueFrom": {"secretKeyRef": {"name": "roottoken", "key": "token"}}}
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x", "env": [variable]}]}}
    await box.apply("east", job(template=template))
    assert await box.event("east", "work-", 'Error: secret "roottoken" not found') == "Failed"
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "roottoken", "namespace": "test"}}
    await box.apply("east", {**secret, "stringData": {"other": "x"}})
    assert await box.event("east", "work-", "couldn't find key token in Secret test/roottoken") == "Failed"
    (pod,) = box.world.sites["east"].view.all("Pod", "test")
    assert pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "CreateContainerConfigError"
    await box.clients["east"].patch(ObjectRef("v1", "Secret", "roottoken", "test"), {"stringData": {"token": "x"}})
    await box.until("east", ("Job",), lambda: condition(box.state("east", "Job", "work"), "Complete"))


async def test_a_claim_without_its_class_stays_pending(box: Box) -> None:
    manifest = stateful_set(replicas=1)
    manifest["spec"]["volumeClaimTemplates"][0]["spec"]["storageClassName"] = "storage-db"
    await box.apply("east", manifest)
    assert (
        await box.event("east", "data-db-0", 'storageclass.storage.k8s.io "storage-db" not found')
        == "ProvisioningFailed"
    )
    assert (
        await box.event("east", "db-0", "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims")
        == "FailedScheduling"
    )
    pod = await box.until(
        "east", ("Pod",), lambda: condition(p := box.state("east", "Pod", "db-0"), "PodScheduled") and p
    )
    assert condition(pod, "PodScheduled")["reason"] == "Unschedulable"
    await box.apply(
        "east",
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": "storage-db"},
            "provisioner": "x",
        },
    )
    await box.until(
        "east",
        ("StatefulSet",),
        lambda: box.state("east", "StatefulSet", "db").get("status", {}).get("readyReplicas") == 1,
    )


async def test_an_image_that_no_registry_has(box: Box) -> None:
    box.world.unpullable.add("example.com/*")
    await box.apply("east", job())

    def waiting() -> str:
        pods = box.world.sites["east"].view.all("Pod", "test")
        found = (pods[0].get("status", {}).get("containerStatuses") or [{}])[0] if pods else {}
        return str(found.get("state", {}).get("waiting", {}).get("reason", ""))

    await box.until("east", ("Pod",), lambda: waiting() == "ErrImagePull")
    await box.until("east", ("Pod",), lambda: waiting() == "ImagePullBackOff")
    assert await box.event("east", "work-", "Error: ErrImagePull") == "Failed"
    box.world.unpullable.clear()
    await box.until("east", ("Job",), lambda: condition(box.state("east", "Job", "work"), "Complete"))


async def test_too_large_for_any_node(box: Box) -> None:
    wanted = {"name": "main", "image": "x", "resources": {"requests": {"memory": "65Gi"}}}
    await box.apply("east", job(template={"spec": {"restartPolicy": "Never", "containers": [wanted]}}))
    assert await box.event("east", "work-", "0/3 nodes are available: 3 Insufficient memory") == "FailedScheduling"


async def test_init_containers_come_first(box: Box) -> None:
    init = [{"name": "first", "image": "x"}, {"name": "second", "image": "x", "command": ["sh", "-c", "exit 1"]}]
    await box.apply("east", job(backoff=6, template=pod_template({}, restartPolicy="OnFailure", initContainers=init)))

    def states() -> Any:
        pods = box.world.sites["east"].view.all("Pod", "test")
        found = pods[0].get("status", {}).get("initContainerStatuses") if pods else None
        return found and found[1]["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff" and pods[0]

    pod = await box.until("east", ("Pod",), states)
    first = pod["status"]["initContainerStatuses"][0]
    assert first["state"]["terminated"]["exitCode"] == 0
    assert pod["status"]["phase"] == "Pending"
    assert pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "PodInitializing"
    assert condition(pod, "Initialized")["status"] == "False"


async def test_services_get_endpoints_and_load_balancers_addresses(box: Box) -> None:
    await box.apply("east", stateful_set(replicas=1))
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "db", "namespace": "test"},
        "spec": {"type": "LoadBalancer", "selector": {"app": "db"}, "ports": [{"port": 80, "targetPort": 8080}]},
    }
    await box.apply("east", service)
    await box.until(
        "east",
        ("Service",),
        lambda: box.state("east", "Service", "db").get("status", {}).get("loadBalancer", {}).get("ingress"),
    )
    assert box.state("east", "Service", "db")["status"]["loadBalancer"]["ingress"][0]["ip"] == "127.101.1.1"
    piece = await box.until(
        "east",
        ("EndpointSlice",),
        lambda: next(
            (
                s
                for s in box.world.sites["east"].view.all("EndpointSlice", "test")
                if s["endpoints"] and s["endpoints"][0]["conditions"]["ready"]
            ),
            None,
        ),
    )
    assert piece["endpoints"][0]["targetRef"]["name"] == "db-0"
    endpoints = await box.get("east", "Endpoints", "db", "test")
    assert endpoints and endpoints["subsets"][0]["ports"][0]["port"] == 8080


async def test_a_simulator_that_starts_anew_takes_up_what_runs(box: Box) -> None:
    from bevel_tui.sandbox.conductor import Conductor

    await box.apply("east", stateful_set(replicas=1))
    await box.until(
        "east",
        ("StatefulSet",),
        lambda: box.state("east", "StatefulSet", "db").get("status", {}).get("readyReplicas") == 1,
    )
    before = box.state("east", "Pod", "db-0")
    await box.conductor.stop()
    again = Conductor(speed=50)
    await again.start({"east": box.clients["east"]})
    try:
        ref = ObjectRef("apps/v1", "StatefulSet", "db", "test")
        await box.clients["east"].patch(ref, {"spec": {"replicas": 2}})
        view = again.world.sites["east"].view
        await view.until(
            ["StatefulSet"],
            lambda: (view.get("StatefulSet", "test", "db") or {}).get("status", {}).get("readyReplicas") == 2,
        )
        after = view.get("Pod", "test", "db-0")
        assert after and after["metadata"]["uid"] == before["metadata"]["uid"]
    finally:
        await again.stop()


async def test_an_api_server_that_starts_anew_is_asked_until_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hands, "_AWAY", 0.0)
    silent = [ApiError(0, "Unreachable", "connection refused")] * 3
    seen: list[Any] = []

    async def create(obj: Any) -> Any:
        if silent:
            raise silent.pop()
        return obj

    client, view = SimpleNamespace(create=create), SimpleNamespace(put=seen.append)
    assert await hands.Hands(client, view).create({"kind": "Pod"}) == {"kind": "Pod"}  # type: ignore[arg-type]
    assert seen == [{"kind": "Pod"}]
