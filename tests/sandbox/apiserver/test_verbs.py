"""Objects over HTTP: identity, versions, namespaces, conflicts, subresources, selectors, paging, defaults, refusals."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bevel_tui.sandbox.apiserver import SimulatedCluster

pytestmark = pytest.mark.sandbox

MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
SERVICES = "/api/v1/namespaces/default/services"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


def config(name: str, labels: dict[str, str] | None = None, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels or {}}, "data": data}


def pod(name: str, **spec: Any) -> dict[str, Any]:
    body = {"containers": [{"name": "c", "image": "busybox"}], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": body}


def deployment(name: str = "web", replicas: int | None = None, **container: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "selector": {"matchLabels": {"app": name}},
        "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": "c", "image": "x:1", **container}]},
        },
    }
    if replicas is not None:
        spec["replicas"] = replicas
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


async def test_a_created_object_gets_an_identity(client: Any) -> None:
    made = await client.post(MAPS, config("a", x="1"))
    meta = made["metadata"]
    assert meta["uid"] and meta["resourceVersion"].isdigit() and meta["creationTimestamp"].endswith("Z")
    assert meta["namespace"] == "default" and "generation" not in meta
    assert await client.get(f"{MAPS}/a") == made


async def test_names_are_generated(client: Any) -> None:
    body = {"metadata": {"generateName": "x-"}}
    first, second = [(await client.post(MAPS, body))["metadata"]["name"] for _ in range(2)]
    assert first.startswith("x-") and len(first) == 7 and first != second


async def test_creating_twice_is_refused(client: Any) -> None:
    await client.post(MAPS, config("a"))
    status, answer = await client("POST", MAPS, config("a"))
    assert (status, answer["reason"], answer["message"]) == (409, "AlreadyExists", 'configmaps "a" already exists')


async def test_a_group_that_is_not_there_is_no_status(client: Any) -> None:
    assert await client("GET", "/apis/none.io/v1/things") == (404, "404 page not found\n")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (f"{MAPS}/none", 'configmaps "none" not found'),
        (f"{DEPLOYMENTS}/none", 'deployments.apps "none" not found'),
        ("/api/v1/namespaces/default/nodes/a", "the server could not find the requested resource"),
    ],
)
async def test_what_is_not_there_is_404(client: Any, path: str, message: str) -> None:
    status, answer = await client("GET", path)
    assert (status, answer["reason"], answer["message"]) == (404, "NotFound", message)


async def test_a_namespace_must_exist(client: Any) -> None:
    status, answer = await client("POST", "/api/v1/namespaces/nope/configmaps", config("a"))
    assert (status, answer["message"]) == (404, 'namespaces "nope" not found')
    assert (await client.get("/api/v1/namespaces/nope/configmaps"))["items"] == []


async def test_new_namespaces_are_furnished(client: Any) -> None:
    made = await client.post("/api/v1/namespaces", {"metadata": {"name": "team"}})
    assert made["status"] == {"phase": "Active"}
    assert made["metadata"]["labels"] == {"kubernetes.io/metadata.name": "team"}
    await client.get("/api/v1/namespaces/team/serviceaccounts/default")
    authority = await client.get("/api/v1/namespaces/team/configmaps/kube-root-ca.crt")
    assert authority["data"]["ca.crt"].encode() == client.cluster.authority.pem


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_stale_version_is_a_conflict(client: Any, method: str) -> None:
    old = await client.post(MAPS, config("a", x="1"))
    await client.merge(f"{MAPS}/a", {"data": {"x": "2"}})
    body = old if method == "PUT" else {"metadata": {"resourceVersion": old["metadata"]["resourceVersion"]}, "data": {}}
    media = None if method == "PUT" else "application/merge-patch+json"
    status, answer = await client(method, f"{MAPS}/a", body, media=media)
    assert (status, answer["reason"]) == (409, "Conflict")
    assert answer["message"].startswith('Operation cannot be fulfilled on configmaps "a": the object has been modified')
    assert (await client.get(f"{MAPS}/a"))["data"] == {"x": "2"}


async def test_a_write_that_changes_nothing_keeps_the_version(client: Any) -> None:
    made = await client.post(DEPLOYMENTS, deployment())
    version = made["metadata"]["resourceVersion"]
    assert (await client.merge(f"{DEPLOYMENTS}/web", {"spec": {"replicas": 1}}))["metadata"][
        "resourceVersion"
    ] == version
    again = await client("PUT", f"{DEPLOYMENTS}/web", made)
    assert again[1]["metadata"]["resourceVersion"] == version
    status, applied = await client.apply(f"{MAPS}/b", config("b", x="1"))
    assert status == 201
    status, second = await client.apply(f"{MAPS}/b", config("b", x="1"))
    assert (status, second) == (200, applied)


async def test_generation_counts_changes_of_the_spec_only(client: Any) -> None:
    await client.post(DEPLOYMENTS, deployment())
    labelled = await client.merge(f"{DEPLOYMENTS}/web", {"metadata": {"labels": {"a": "b"}}})
    assert labelled["metadata"]["generation"] == 1
    scaled = await client.merge(f"{DEPLOYMENTS}/web", {"spec": {"replicas": 2}})
    assert scaled["metadata"]["generation"] == 2
    reported = await client.merge(f"{DEPLOYMENTS}/web/status", {"status": {"replicas": 2}})
    assert reported["metadata"]["generation"] == 2


async def test_status_and_spec_are_written_apart(client: Any) -> None:
    made = await client.post(DEPLOYMENTS, deployment() | {"status": {"replicas": 7}})
    assert made["status"] == {}
    both = {"spec": {"replicas": 5}, "status": {"replicas": 3}}
    reported = await client.merge(f"{DEPLOYMENTS}/web/status", both)
    assert (reported["spec"]["replicas"], reported["status"]["replicas"]) == (1, 3)
    wanted = await client.merge(f"{DEPLOYMENTS}/web", {"spec": {"replicas": 5}, "status": {"replicas": 9}})
    assert (wanted["spec"]["replicas"], wanted["status"]["replicas"]) == (5, 3)


async def test_scale_is_a_view_of_replicas(client: Any) -> None:
    await client.post(DEPLOYMENTS, deployment())
    scale = await client.get(f"{DEPLOYMENTS}/web/scale")
    assert (scale["kind"], scale["spec"], scale["status"]["selector"]) == ("Scale", {"replicas": 1}, "app=web")
    status, _ = await client("PUT", f"{DEPLOYMENTS}/web/scale", scale | {"spec": {"replicas": 4}})
    assert status == 200
    assert (await client.get(f"{DEPLOYMENTS}/web"))["spec"]["replicas"] == 4
    status, answer = await client("PUT", f"{DEPLOYMENTS}/web/scale", scale | {"spec": {"replicas": 5}})
    assert (status, answer["reason"]) == (409, "Conflict")


async def test_dry_run_changes_nothing(client: Any) -> None:
    made = await client.post(MAPS, config("a", x="1"), dryRun="All")
    assert made["metadata"]["uid"]
    assert (await client("GET", f"{MAPS}/a"))[0] == 404
    await client.post(MAPS, config("a", x="1"))
    changed = await client.merge(f"{MAPS}/a", {"data": {"x": "2"}}, dryRun="All")
    assert changed["data"] == {"x": "2"}
    await client.delete(f"{MAPS}/a", dryRun="All")
    assert (await client.get(f"{MAPS}/a"))["data"] == {"x": "1"}


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("app=a", ["one"]),
        ("app!=a", ["two", "three"]),
        ("app in (a,b)", ["one", "two"]),
        ("app notin (a)", ["two", "three"]),
        ("app", ["one", "two"]),
        ("!app", ["three"]),
        ("app=b,tier==x", ["two"]),
        ("size>1", ["two"]),
    ],
)
async def test_label_selectors(client: Any, selector: str, names: list[str]) -> None:
    await client.post(PODS, _labelled("one", app="a"))
    await client.post(PODS, _labelled("two", app="b", tier="x", size="2"))
    await client.post(PODS, _labelled("three", tier="y"))
    found = await client.get(PODS, labelSelector=selector)
    assert sorted(p["metadata"]["name"] for p in found["items"]) == sorted(names)


def _labelled(name: str, **labels: str) -> dict[str, Any]:
    body = pod(name)
    body["metadata"]["labels"] = labels
    return body


async def test_field_selectors(client: Any) -> None:
    await client.post(PODS, pod("a"))
    await client.post(PODS, pod("b", nodeName="n1"))
    await client.merge(f"{PODS}/b/status", {"status": {"phase": "Running"}})

    async def names(selector: str) -> list[str]:
        return [p["metadata"]["name"] for p in (await client.get(PODS, fieldSelector=selector))["items"]]

    assert await names("metadata.name=a") == ["a"]
    assert await names("spec.nodeName=n1,status.phase=Running") == ["b"]
    assert await names("status.phase!=Running") == ["a"]
    assert await names("spec.nodeName=") == ["a"]
    status, answer = await client("GET", PODS, fieldSelector="spec.color=red")
    assert (status, answer["message"]) == (400, "field label not supported: spec.color")


async def test_lists_come_in_pages(client: Any) -> None:
    for n in range(5):
        await client.post(PODS, pod(f"p{n}"))
    seen: list[str] = []
    query: dict[str, str] = {"limit": "2"}
    while True:
        page = await client.get(PODS, **query)
        seen += [p["metadata"]["name"] for p in page["items"]]
        if not page["metadata"].get("continue"):
            break
        assert page["metadata"]["remainingItemCount"] == 5 - len(seen)
        query["continue"] = page["metadata"]["continue"]
    assert seen == [f"p{n}" for n in range(5)]


async def test_a_page_that_is_too_old_is_410(client: Any) -> None:
    for n in range(3):
        await client.post(PODS, pod(f"p{n}"))
    token = (await client.get(PODS, limit="1"))["metadata"]["continue"]
    client.cluster.store.version += 1
    client.cluster.store.compact()
    status, answer = await client("GET", PODS, **{"continue": token, "limit": "1"})
    assert (status, answer["reason"]) == (410, "Expired")


async def test_services_get_addresses_and_node_ports(client: Any) -> None:
    ports = [{"name": "a", "port": 80}, {"name": "b", "port": 81}]
    made = await client.post(SERVICES, {"metadata": {"name": "s"}, "spec": {"type": "LoadBalancer", "ports": ports}})
    spec = made["spec"]
    assert spec["clusterIP"].startswith("10.96.") and spec["clusterIPs"] == [spec["clusterIP"]]
    numbers = [p["nodePort"] for p in spec["ports"]]
    assert len(set(numbers)) == 2 and all(30000 <= n <= 32767 for n in numbers)
    assert [p["targetPort"] for p in spec["ports"]] == [80, 81]
    again = await client.merge(f"{SERVICES}/s", {"metadata": {"labels": {"x": "y"}}})
    assert again["spec"] == spec
    headless = await client.post(SERVICES, {"metadata": {"name": "h"}, "spec": {"clusterIP": "None"}})
    assert headless["spec"]["clusterIPs"] == ["None"]


@pytest.mark.parametrize(
    ("port", "why"), [(80, "provided port is not in the valid range"), (30001, "already allocated")]
)
async def test_node_ports_that_cannot_be_had(client: Any, port: int, why: str) -> None:
    spec = {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30001}]}
    await client.post(SERVICES, {"metadata": {"name": "first"}, "spec": spec})
    spec = {"type": "NodePort", "ports": [{"port": 80, "nodePort": port}]}
    status, answer = await client("POST", SERVICES, {"metadata": {"name": "s"}, "spec": spec})
    assert status == 422 and why in answer["message"]
    assert answer["details"]["causes"][0]["field"] == "spec.ports[0].nodePort"


async def test_secrets_take_plain_text(client: Any) -> None:
    made = await client.post(
        "/api/v1/namespaces/default/secrets", {"metadata": {"name": "s"}, "stringData": {"k": "v"}}
    )
    assert (made["data"], made["type"]) == ({"k": "dg=="}, "Opaque") and "stringData" not in made


async def test_claims_get_the_default_storage_class(client: Any) -> None:
    annotation = {"storageclass.kubernetes.io/is-default-class": "true"}
    for name, marks in (("slow", {}), ("fast", annotation)):
        body = {"metadata": {"name": name, "annotations": marks}, "provisioner": "x"}
        await client.post("/apis/storage.k8s.io/v1/storageclasses", body)
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    path = "/api/v1/namespaces/default/persistentvolumeclaims"
    made = await client.post(path, {"metadata": {"name": "c"}, "spec": spec})
    assert made["spec"]["storageClassName"] == "fast"
    other = await client.post(path, {"metadata": {"name": "d"}, "spec": {**spec, "storageClassName": ""}})
    assert other["spec"]["storageClassName"] == ""


async def test_a_pod_needs_its_service_account(client: Any) -> None:
    status, answer = await client("POST", PODS, pod("p", serviceAccountName="nobody"))
    assert status == 403
    assert answer["message"] == (
        'pods "p" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found'
    )


async def test_jobs_get_their_selector_and_keep_their_template(client: Any) -> None:
    jobs = "/apis/batch/v1/namespaces/default/jobs"
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}}
    made = await client.post(jobs, {"metadata": {"name": "j"}, "spec": {"template": template}})
    uid = made["metadata"]["uid"]
    assert made["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    assert made["spec"]["template"]["metadata"]["labels"]["job-name"] == "j"
    change = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "y"}]}}}}
    status, answer = await client("PATCH", f"{jobs}/j", change, media="application/strategic-merge-patch+json")
    assert status == 422 and "spec.template: Invalid value" in answer["message"]
    assert "field is immutable" in answer["message"]
    applied = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"template": template}}
    status, same = await client.apply(f"{jobs}/j", applied)
    assert status == 200 and same["metadata"]["generation"] == 1


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        (
            MAPS,
            {"metadata": {"name": "Bad_Name"}},
            'metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain',
        ),
        (SERVICES, {"metadata": {"name": "1a"}, "spec": {"ports": [{"port": 1}]}}, "a DNS-1035 label must consist of"),
        (SERVICES, {"metadata": {"name": "a"}}, "spec.ports: Required value"),
        (MAPS, config("a", {"x": "a b"}), 'metadata.labels: Invalid value: "a b": a valid label must be'),
        (MAPS, config("a", {"x": "y" * 64}), "must be no more than 63 characters"),
        (MAPS, config("a", **{"a/b": ""}), "a valid config key must consist of"),
        (PODS, {"metadata": {"name": "p"}, "spec": {"containers": []}}, "spec.containers: Required value"),
        (PODS, pod("p", containers=[{"name": "c"}]), "spec.containers[0].image: Required value"),
        (PODS, pod("p", volumes=[{"name": "a"}, {"name": "a"}]), 'spec.volumes[1].name: Duplicate value: "a"'),
        (
            PODS,
            pod("p", containers=[{"name": "c", "image": "x", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]),
            'spec.containers[0].volumeMounts[0].name: Not found: "v"',
        ),
        (
            "/apis/batch/v1/namespaces/default/jobs",
            {"metadata": {"name": "j"}, "spec": {"template": {"spec": {"containers": [{"name": "c", "image": "x"}]}}}},
            'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
        ),
        (
            "/apis/networking.k8s.io/v1/namespaces/default/ingresses",
            {"metadata": {"name": "i"}, "spec": {"rules": [{"http": {"paths": [{"path": "/"}]}}]}},
            "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified",
        ),
    ],
)
async def test_what_is_invalid_is_422_and_says_why(client: Any, path: str, body: Any, message: str) -> None:
    status, answer = await client("POST", path, body)
    assert (status, answer["reason"]) == (422, "Invalid")
    assert message in answer["message"]
    assert answer["details"]["causes"]


async def test_a_selector_must_match_its_template(client: Any) -> None:
    body = deployment()
    body["spec"]["selector"]["matchLabels"]["app"] = "other"
    status, answer = await client("POST", DEPLOYMENTS, body)
    assert status == 422 and "`selector` does not match template `labels`" in answer["message"]


async def test_a_selector_stays(client: Any) -> None:
    await client.post(DEPLOYMENTS, deployment())
    labels = {"app": "web", "x": "y"}
    change = {"spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}}}
    status, answer = await client("PATCH", f"{DEPLOYMENTS}/web", change, media="application/merge-patch+json")
    assert status == 422 and "spec.selector: Invalid value" in answer["message"]


async def test_stateful_sets_forbid_changes_of_their_claims(client: Any) -> None:
    path = "/apis/apps/v1/namespaces/default/statefulsets"
    body = deployment() | {"kind": "StatefulSet"}
    await client.post(path, body)
    assert (await client.merge(f"{path}/web", {"spec": {"replicas": 3}}))["spec"]["replicas"] == 3
    status, answer = await client(
        "PATCH", f"{path}/web", {"spec": {"serviceName": "x"}}, media="application/merge-patch+json"
    )
    assert status == 422
    assert "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals'" in answer["message"]


async def test_immutable_data_stays(client: Any) -> None:
    await client.post(MAPS, config("a", x="1") | {"immutable": True})
    status, answer = await client("PATCH", f"{MAPS}/a", {"data": {"x": "2"}}, media="application/merge-patch+json")
    assert status == 422 and "field is immutable when `immutable` is set" in answer["message"]


async def test_a_wrong_type_cannot_be_decoded(client: Any) -> None:
    body = deployment(env=[{"name": "A", "value": 1}])
    status, answer = await client("POST", DEPLOYMENTS, body)
    assert (status, answer["reason"]) == (400, "BadRequest")
    assert "cannot unmarshal number into Go struct field" in answer["message"]


@pytest.mark.parametrize(
    ("mode", "status", "warned"), [("Strict", 400, False), ("Warn", 201, True), ("Ignore", 201, False), ("", 201, True)]
)
async def test_unknown_fields(client: Any, mode: str, status: int, warned: bool) -> None:
    body = deployment(imge="typo")
    query = {"fieldValidation": mode} if mode else {}
    async with client.session.post(
        client.cluster.url + DEPLOYMENTS, json=body, headers=client.headers, params=query
    ) as response:
        answer = await response.json()
        assert response.status == status
        warnings = response.headers.getall("Warning", [])
    text = 'unknown field \\"spec.template.spec.containers[0].imge\\"'
    assert warnings == ([f'299 - "{text}"'] if warned else [])
    if status == 400:
        assert "strict decoding error: unknown field" in answer["message"]
    else:
        assert "imge" not in answer["spec"]["template"]["spec"]["containers"][0]


async def test_duplicate_fields_in_strict_mode(client: Any) -> None:
    raw = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"1","x":"2"}}'
    status, answer = await client("POST", MAPS, raw, fieldValidation="Strict")
    assert status == 400 and 'duplicate field "data.x"' in answer["message"]
    assert (await client.post(MAPS, raw))["data"] == {"x": "2"}


@pytest.mark.parametrize(
    ("method", "path", "body", "media", "status"),
    [
        ("PATCH", f"{MAPS}/a", {}, "application/json", 415),
        ("POST", MAPS, b"{}", "text/plain", 415),
        ("POST", MAPS, b"{", None, 400),
        ("POST", MAPS, b"", None, 400),
        ("POST", MAPS, b'"' + b"x" * 3_200_000 + b'"', None, 413),
        ("PUT", MAPS, {}, None, 405),
        ("POST", f"{MAPS}/a", {}, None, 405),
        ("POST", MAPS, {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "a"}}, None, 400),
        ("POST", MAPS, {"metadata": {"name": "a", "namespace": "other"}}, None, 400),
        ("POST", MAPS, {"metadata": {"name": "a", "resourceVersion": "1"}}, None, 400),
        ("GET", f"{MAPS}/a/status", None, None, 404),
    ],
)
async def test_requests_that_make_no_sense(
    client: Any, method: str, path: str, body: Any, media: str | None, status: int
) -> None:
    got, answer = await client(method, path, body, media=media)
    assert (got, answer["code"], answer["status"]) == (status, status, "Failure")


async def test_apply_creates_and_conflicts(client: Any) -> None:
    assert (await client.apply(f"{MAPS}/a", config("a", x="1")))[0] == 201
    status, answer = await client.apply(f"{MAPS}/a", config("a", x="2"), manager="two")
    assert (status, answer["reason"]) == (409, "Conflict")
    assert answer["message"] == 'Apply failed with 1 conflict: conflict with "one": .data.x'
    status, forced = await client.apply(f"{MAPS}/a", config("a", x="2"), manager="two", force="true")
    assert (status, forced["data"]) == (200, {"x": "2"})
    status, answer = await client("PATCH", f"{MAPS}/a", config("a"), media="application/apply-patch+yaml")
    assert status == 422 and "fieldManager: Required value" in answer["message"]


async def test_apply_takes_yaml(client: Any) -> None:
    text = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: y}\ndata:\n  a: 'b'\n"
    status, made = await client("PATCH", f"{MAPS}/y", text, media="application/apply-patch+yaml", fieldManager="m")
    assert (status, made["data"]) == (201, {"a": "b"})


async def test_zero_values_are_left_out_as_go_does(client: Any) -> None:
    body = pod("p", hostNetwork=False, containers=[{"name": "c", "image": "x", "env": [{"name": "A", "value": ""}]}])
    made = await client.post(PODS, body)
    assert "hostNetwork" not in made["spec"]
    assert made["spec"]["containers"][0]["env"] == [{"name": "A"}]


async def test_writes_are_counted_by_user(client: Any, cluster: SimulatedCluster) -> None:
    await client.post(MAPS, config("a"))
    await client.get(f"{MAPS}/a")
    await client.post(MAPS, config("b"), dryRun="All")
    review = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}
    await client.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
    assert cluster.counts.writes() == cluster.counts.writes("kubernetes-admin") == 1
    document = await client.get("/bevel-tui/metrics")
    assert document["writes"] == 1
    assert {"user": "kubernetes-admin", "verb": "get", "resource": "configmaps", "count": 1} in document["requests"]


async def test_faults_answer_first(client: Any, cluster: SimulatedCluster) -> None:
    from aiohttp import web

    async def slow(request: web.BaseRequest) -> None:
        await asyncio.sleep(0)

    def full(request: web.BaseRequest) -> web.Response | None:
        return web.json_response({"code": 429}, status=429) if request.path == MAPS else None

    cluster.faults += [slow, full]
    assert (await client("GET", MAPS))[0] == 429
    assert (await client("GET", PODS))[0] == 200


async def test_a_stopped_server_comes_back_with_its_objects(client: Any, cluster: SimulatedCluster) -> None:
    await client.post(MAPS, config("a"))
    port = cluster.port
    await cluster.stop()
    await cluster.start()
    assert cluster.port == port
    await client.get(f"{MAPS}/a")


async def test_a_quantity_must_be_one(client: Any) -> None:
    body = pod("p", containers=[{"name": "c", "image": "x", "resources": {"limits": {"cpu": "much"}}}])
    status, answer = await client("POST", PODS, body)
    assert status == 400 and "quantities must match the regular expression" in answer["message"]
