"""Contract: verbs, names, optimistic locks, selectors, patches, pages. Answers in ``answers/``."""

from __future__ import annotations

from typing import Any

MAPS = "/api/v1/namespaces/{ns}/configmaps"
SECRETS = "/api/v1/namespaces/{ns}/secrets"


def config(name: str, data: dict[str, str] | None = None, **meta: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **meta}, "data": data or {"a": "1"}}


async def test_an_object_is_created_read_replaced_and_deleted(ask: Any) -> None:
    made = await ask("POST", MAPS, config("a"), fields=True)
    await ask("POST", MAPS, config("a"))
    await ask("GET", f"{MAPS}/a")
    await ask("GET", f"{MAPS}/nothing")
    await ask("PUT", f"{MAPS}/a", config("a", {"a": "2"}))
    # somebody changed it meanwhile
    await ask("PUT", f"{MAPS}/a", config("a", {"a": "3"}, resourceVersion=made["metadata"]["resourceVersion"]))
    await ask("PUT", f"{MAPS}/b", config("b"))
    await ask("PUT", f"{MAPS}/a", config("b"))
    await ask("PUT", f"{MAPS}/a", config("a", uid="11111111-1111-4111-8111-111111111111"))
    body = {"preconditions": {"uid": "11111111-1111-4111-8111-111111111111"}}
    await ask("DELETE", f"{MAPS}/a", body)
    await ask("DELETE", f"{MAPS}/a")
    await ask("DELETE", f"{MAPS}/a")


async def test_bodies_that_are_not_what_the_path_says(ask: Any) -> None:
    await ask("POST", MAPS, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}})
    await ask("POST", MAPS, {"apiVersion": "v2", "kind": "ConfigMap", "metadata": {"name": "a"}})
    await ask("POST", MAPS, config("a", namespace="elsewhere"))
    await ask("POST", "/api/v1/namespaces/no-such-namespace/configmaps", config("a"))
    await ask("POST", MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}})
    await ask("GET", "/api/v1/namespaces/{ns}/nonsense")
    await ask("GET", "/apis/nonsense.example.com/v1/things")
    await ask("POST", f"{MAPS}/a", config("a"))


async def test_names_and_labels_that_are_refused(ask: Any) -> None:
    for name in ("Upper", "under_score", "-dash", "a" * 254, "dots..twice"):
        await ask("POST", MAPS, config(name))
    await ask("POST", "/api/v1/namespaces", {"metadata": {"name": "with.dots"}})
    await ask("POST", MAPS, config("a", labels={"a b": "x"}))
    await ask("POST", MAPS, config("a", labels={"a": "x" * 64}))
    await ask("POST", MAPS, config("a", labels={"a": "spaces are not allowed"}))
    await ask("POST", MAPS, config("a", {"a/b": "x"}))
    await ask("POST", MAPS, config("a", annotations={"x y": "z"}))


async def test_generated_names(ask: Any) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "made-"}}
    status, made = await ask.raw("POST", MAPS, body)
    name = made["metadata"]["name"]
    ask.note("generated", {"status": status, "stem": name[:5], "length": len(name)})


async def test_unknown_and_duplicate_fields(ask: Any) -> None:
    odd = {**config("a"), "speck": {}, "metadata": {"name": "a", "lables": {}}}
    await ask("POST", MAPS, odd, fieldValidation="Strict")
    await ask("POST", MAPS, odd, fieldValidation="Ignore")
    twice = b'{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}, "data": {"a": "1", "a": "2"}}'
    await ask("POST", MAPS, twice, fieldValidation="Strict")
    typed = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": 1}}
    await ask("POST", MAPS, typed)
    port = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": "eighty"}]}}
    await ask("POST", "/api/v1/namespaces/{ns}/services", port)


async def test_dry_runs_answer_and_change_nothing(ask: Any) -> None:
    await ask("POST", MAPS, config("a"), dryRun="All")
    await ask("GET", f"{MAPS}/a")
    await ask("POST", MAPS, config("a"))
    await ask("DELETE", f"{MAPS}/a", dryRun="All")
    await ask("GET", f"{MAPS}/a")


async def test_patches(ask: Any) -> None:
    await ask("POST", MAPS, config("a", {"a": "1", "b": "2"}, labels={"x": "1"}))
    await ask("PATCH", f"{MAPS}/a", {"data": {"a": None, "c": "3"}}, patch="merge")
    await ask("PATCH", f"{MAPS}/a", [{"op": "replace", "path": "/data/b", "value": "9"}], patch="json")
    await ask("PATCH", f"{MAPS}/a", [{"op": "test", "path": "/data/b", "value": "7"}], patch="json")
    await ask("PATCH", f"{MAPS}/a", [{"op": "remove", "path": "/data/nothing"}], patch="json")
    await ask("PATCH", f"{MAPS}/nothing", {"data": {}}, patch="merge")
    await ask("PATCH", f"{MAPS}/a", {"metadata": {"resourceVersion": "1"}, "data": {"a": "x"}}, patch="merge")
    await ask("POST", MAPS, config("f", finalizers=["x.y/a", "x.y/b"]))
    change = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["x.y/a"], "finalizers": ["x.y/c"]}}
    await ask("PATCH", f"{MAPS}/f", change, patch="strategic")
    await ask("PATCH", f"{MAPS}/f", {"metadata": {"finalizers": None}}, patch="merge")
    service = {
        "metadata": {"name": "s"},
        "spec": {"clusterIP": "None", "selector": {"a": "b"}, "ports": [{"name": "one", "port": 1}, {"name": "two", "port": 2}]},
    }  # fmt: skip
    services = "/api/v1/namespaces/{ns}/services"
    await ask("POST", services, service)
    await ask("PATCH", f"{services}/s", {"spec": {"ports": [{"port": 3, "name": "three"}]}}, patch="strategic")
    await ask("PATCH", f"{services}/s", {"spec": {"ports": [{"port": 1, "$patch": "delete"}]}}, patch="strategic")
    await ask("PATCH", f"{services}/s", {"spec": {"ports": [{"port": 4}]}}, patch="merge")


async def test_selectors(ask: Any) -> None:
    for name, team in (("a", "red"), ("b", "blue"), ("c", "red")):
        await ask.raw("POST", SECRETS, {"metadata": {"name": name, "labels": {"team": team, name: ""}}, "type": "x/y"})
    await ask.raw("POST", SECRETS, {"metadata": {"name": "d"}})

    async def names(**query: str) -> None:
        status, found = await ask.raw("GET", SECRETS, **query)
        shown = [item["metadata"]["name"] for item in found["items"]] if status == 200 else found
        ask.note(f"list {query}", {"status": status, "answer": shown})

    for labels in ("team=red", "team!=red", "team in (red,blue)", "team notin (red)", "team", "!team", "a,team=red", "=x", "team in red"):  # fmt: skip
        await names(labelSelector=labels)
    for fields in (
        "metadata.name=a",
        "metadata.name!=a",
        "type=x/y",
        "type!=x/y",
        "metadata.namespace={ns}",
        "data.x=y",
    ):
        await names(fieldSelector=fields.replace("{ns}", ask.namespace))
    await ask("DELETE", SECRETS, labelSelector="team=red", only="metadata.name")
    await names()


async def test_lists_come_in_pages(ask: Any) -> None:
    for name in "abcde":
        await ask.raw("POST", SECRETS, {"metadata": {"name": name}})
    _, first = await ask.raw("GET", SECRETS, limit="2")
    ask.note("first", [[i["metadata"]["name"] for i in first["items"]], first["metadata"].get("remainingItemCount")])
    _, second = await ask.raw("GET", SECRETS, limit="2", **{"continue": first["metadata"]["continue"]})
    ask.note("second", [[i["metadata"]["name"] for i in second["items"]], second["metadata"].get("remainingItemCount")])
    _, third = await ask.raw("GET", SECRETS, limit="2", **{"continue": second["metadata"]["continue"]})
    ask.note("third", [[i["metadata"]["name"] for i in third["items"]], sorted(third["metadata"])])
    ask.note("of one version", first["metadata"]["resourceVersion"] == third["metadata"]["resourceVersion"])
    status, answer = await ask.raw("GET", SECRETS, limit="2", **{"continue": "nonsense"})
    ask.note("nonsense", [status, answer["reason"], "continue key is not valid" in answer["message"]])


async def test_status_is_a_resource_of_its_own(ask: Any) -> None:
    services = "/api/v1/namespaces/{ns}/services"
    body = {
        "metadata": {"name": "s"},
        "spec": {"clusterIP": "None", "selector": {"a": "b"}, "ports": [{"port": 80}]},
        "status": {"conditions": [{"type": "Ready"}]},
    }
    await ask("POST", services, body)
    condition = {"type": "Ready", "status": "True", "reason": "Because", "message": "it is", "lastTransitionTime": "2024-01-01T00:00:00Z"}  # fmt: skip
    change = {"status": {"conditions": [condition]}, "spec": {"selector": {"a": "c"}}}
    await ask("PATCH", f"{services}/s/status", change, patch="merge")
    await ask("PATCH", f"{services}/s", {"status": {"conditions": []}}, patch="merge")
    await ask("GET", f"{services}/s/status")
    await ask("GET", "/api/v1/namespaces/{ns}/configmaps/kube-root-ca.crt/status")
    sets = "/apis/apps/v1/namespaces/{ns}/replicasets"
    labels = {"app": "x"}
    container = {"name": "c", "image": "busybox"}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}  # fmt: skip
    await ask("POST", sets, {"metadata": {"name": "r"}, "spec": spec}, only="spec")
    await ask("GET", f"{sets}/r/scale", only="spec")
    await ask("PATCH", f"{sets}/r", {"spec": {"replicas": 0}}, patch="merge", only="metadata.generation")
    await ask("PATCH", f"{sets}/r", {"spec": {"minReadySeconds": 1}}, patch="merge", only="metadata.generation")
    await ask("PATCH", f"{sets}/r", {"metadata": {"labels": {"a": "b"}}}, patch="merge", only="metadata.generation")
