"""How objects end: finalizers, owners, namespaces, pods and their kubelets, preconditions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

pytestmark = pytest.mark.sandbox

MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"


async def until(check: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await check():
            await asyncio.sleep(0.01)


def config(name: str, owner: dict[str, Any] | None = None, *, block: bool = False, **meta: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **meta}}
    if owner:
        ref = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
        }
        body["metadata"]["ownerReferences"] = [ref | ({"blockOwnerDeletion": True} if block else {})]
    return body


async def exists(client: Any, path: str) -> bool:
    return (await client("GET", path))[0] == 200


async def test_deleting_answers_with_a_status_or_the_object(client: Any) -> None:
    made = await client.post(MAPS, config("a"))
    answer = await client.delete(f"{MAPS}/a")
    assert (answer["kind"], answer["status"]) == ("Status", "Success")
    assert answer["details"] == {"name": "a", "kind": "configmaps", "uid": made["metadata"]["uid"]}
    await client.post(PODS, {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "x"}]}})
    assert (await client.delete(f"{PODS}/p"))["kind"] == "Pod"
    assert (await client("DELETE", f"{MAPS}/a"))[0] == 404


async def test_a_finalizer_keeps_an_object_until_it_is_taken_away(client: Any) -> None:
    await client.post(MAPS, config("a", finalizers=["example.org/keep"]))
    marked = await client.delete(f"{MAPS}/a")
    assert marked["metadata"]["deletionTimestamp"]
    again = await client.delete(f"{MAPS}/a")
    assert again["metadata"]["resourceVersion"] == marked["metadata"]["resourceVersion"]
    status, answer = await client(
        "PATCH", f"{MAPS}/a", {"metadata": {"finalizers": ["x.org/y"]}}, media="application/merge-patch+json"
    )
    assert status == 422 and "no new finalizers can be added" in answer["message"]
    await client.merge(f"{MAPS}/a", {"metadata": {"finalizers": None}})
    assert not await exists(client, f"{MAPS}/a")


@pytest.mark.parametrize(("key", "value"), [("uid", "other"), ("resourceVersion", "1")])
async def test_preconditions(client: Any, key: str, value: str) -> None:
    made = await client.post(MAPS, config("a"))
    status, answer = await client("DELETE", f"{MAPS}/a", {"preconditions": {key: value}})
    assert (status, answer["reason"]) == (409, "Conflict") and "in the precondition" in answer["message"]
    await client.delete(f"{MAPS}/a", {"preconditions": {key: made["metadata"][key]}})


async def test_dependents_follow_their_owner_in_the_background(client: Any) -> None:
    owner = await client.post(MAPS, config("owner"))
    child = await client.post(MAPS, config("child", owner))
    await client.post(MAPS, config("grandchild", child))
    await client.delete(f"{MAPS}/owner", {"propagationPolicy": "Background"})
    assert not await exists(client, f"{MAPS}/owner")
    await client.gone(f"{MAPS}/grandchild")


async def test_a_dependent_with_another_owner_stays(client: Any) -> None:
    first, second = [await client.post(MAPS, config(name)) for name in ("first", "second")]
    body = config("child", first)
    body["metadata"]["ownerReferences"] += config("x", second)["metadata"]["ownerReferences"]
    await client.post(MAPS, body)
    await client.delete(f"{MAPS}/first")

    async def released() -> bool:
        refs = (await client.get(f"{MAPS}/child"))["metadata"]["ownerReferences"]
        return [r["name"] for r in refs] == ["second"]

    await until(released)


async def test_a_foreground_owner_waits_for_those_that_block(client: Any) -> None:
    owner = await client.post(MAPS, config("owner"))
    await client.post(MAPS, config("child", owner, block=True, finalizers=["example.org/keep"]))
    marked = await client.delete(f"{MAPS}/owner", {"propagationPolicy": "Foreground"})
    assert marked["metadata"]["finalizers"] == ["foregroundDeletion"]

    async def child_marked() -> bool:
        return "deletionTimestamp" in (await client.get(f"{MAPS}/child"))["metadata"]

    await until(child_marked)
    assert await exists(client, f"{MAPS}/owner")
    await client.merge(f"{MAPS}/child", {"metadata": {"finalizers": None}})
    await client.gone(f"{MAPS}/owner")


async def test_orphans_are_let_go(client: Any) -> None:
    owner = await client.post(MAPS, config("owner"))
    await client.post(MAPS, config("child", owner))
    await client.delete(f"{MAPS}/owner", propagationPolicy="Orphan")
    await client.gone(f"{MAPS}/owner")
    assert "ownerReferences" not in (await client.get(f"{MAPS}/child"))["metadata"]


async def test_an_object_whose_owner_never_was_is_collected(client: Any) -> None:
    client.cluster.lifecycle._grace = 0.01
    owner = await client.post(MAPS, config("owner"))
    await client.delete(f"{MAPS}/owner")
    await client.post(MAPS, config("child", owner))
    await client.gone(f"{MAPS}/child")


async def test_a_pod_with_a_node_waits_for_its_kubelet(client: Any) -> None:
    spec = {"nodeName": "n", "containers": [{"name": "c", "image": "x"}]}
    await client.post(PODS, {"metadata": {"name": "p"}, "spec": spec})
    marked = await client.delete(f"{PODS}/p")
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 30
    await client.merge(f"{PODS}/p/status", {"status": {"phase": "Running"}})
    await client.delete(f"{PODS}/p", {"gracePeriodSeconds": 0})
    assert not await exists(client, f"{PODS}/p")


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
async def test_a_finished_pod_goes_at_once(client: Any, phase: str) -> None:
    spec = {"nodeName": "n", "containers": [{"name": "c", "image": "x"}]}
    await client.post(PODS, {"metadata": {"name": "p"}, "spec": spec})
    await client.merge(f"{PODS}/p/status", {"status": {"phase": phase}})
    await client.delete(f"{PODS}/p")
    assert not await exists(client, f"{PODS}/p")


async def test_an_eviction_deletes(client: Any) -> None:
    await client.post(PODS, {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "x"}]}})
    await client.post(f"{PODS}/p/eviction", {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}})
    assert not await exists(client, f"{PODS}/p")


async def test_a_namespace_takes_everything_along(client: Any) -> None:
    await client.post("/api/v1/namespaces", {"metadata": {"name": "team"}})
    await client.post("/api/v1/namespaces/team/configmaps", config("a"))
    marked = await client.delete("/api/v1/namespaces/team")
    assert marked["status"]["phase"] == "Terminating"
    await client.gone("/api/v1/namespaces/team")
    assert (await client.get("/api/v1/namespaces/team/configmaps"))["items"] == []


async def test_a_terminating_namespace_takes_nothing_in_and_says_what_keeps_it(client: Any) -> None:
    maps = "/api/v1/namespaces/team/configmaps"
    await client.post("/api/v1/namespaces", {"metadata": {"name": "team"}})
    await client.post(maps, config("a", finalizers=["example.org/keep"]))
    await client.delete("/api/v1/namespaces/team")
    status, answer = await client("POST", maps, config("b"))
    assert status == 403
    assert answer["message"] == (
        'configmaps "b" is forbidden: unable to create new content in namespace team because it is being terminated'
    )
    assert answer["details"]["causes"][0]["reason"] == "NamespaceTerminating"

    async def explained() -> bool:
        space = await client.get("/api/v1/namespaces/team")
        return any(
            c["type"] == "NamespaceFinalizersRemaining" and "example.org/keep in 1 resource" in c["message"]
            for c in space["status"].get("conditions", ())
        )

    await until(explained)
    assert (await client("DELETE", "/api/v1/namespaces/team"))[0] == 409
    await client.merge(f"{maps}/a", {"metadata": {"finalizers": None}})
    await client.gone("/api/v1/namespaces/team")


async def test_namespaces_that_stay(client: Any) -> None:
    status, answer = await client("DELETE", "/api/v1/namespaces/kube-system")
    assert (status, answer["message"]) == (
        403,
        'namespaces "kube-system" is forbidden: this namespace may not be deleted',
    )


async def test_collections_are_deleted_by_selector(client: Any) -> None:
    for name, label in (("a", "x"), ("b", "x"), ("c", "y")):
        await client.post(MAPS, config(name, labels={"l": label}))
    gone = await client.delete(MAPS, labelSelector="l=x")
    assert [o["metadata"]["name"] for o in gone["items"]] == ["a", "b"]
    left = [o["metadata"]["name"] for o in (await client.get(MAPS))["items"]]
    assert left == ["c", "kube-root-ca.crt"]
