"""Contract: finalizers, owners, and the end of a namespace. Answers in ``answers/``."""

from __future__ import annotations

from typing import Any

CORE = "/api/v1/namespaces/{ns}"
MAPS = f"{CORE}/configmaps"


def config(name: str, **meta: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **meta}}


async def test_a_finalizer_holds_an_object(ask: Any) -> None:
    await ask("POST", MAPS, config("a", finalizers=["example.com/hold"]))
    await ask("DELETE", f"{MAPS}/a")
    await ask("DELETE", f"{MAPS}/a")
    await ask("PATCH", f"{MAPS}/a", {"data": {"still": "changes"}}, patch="merge")
    await ask(
        "PATCH", f"{MAPS}/a", {"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}}, patch="merge"
    )
    await ask("POST", MAPS, config("a"))
    await ask("PATCH", f"{MAPS}/a", {"metadata": {"finalizers": []}}, patch="merge")
    await ask("GET", f"{MAPS}/a")
    await ask("POST", MAPS, config("b", finalizers=["no domain"]))


async def test_owners_take_their_own_with_them(ask: Any) -> None:
    async def family(name: str) -> None:
        _, owner = await ask.raw("POST", MAPS, config(name))
        ref = {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": owner["metadata"]["uid"]}
        status, _ = await ask.raw("POST", MAPS, config(f"{name}-child", ownerReferences=[ref]))
        assert status == 201

    for policy in ("Background", "Foreground"):
        name = policy.lower()
        await family(name)
        await ask("DELETE", f"{MAPS}/{name}", {"propagationPolicy": policy})
        await ask.gone(f"{MAPS}/{name}")
        await ask.gone(f"{MAPS}/{name}-child")
        ask.note(f"{policy}: both are gone", True)
    await family("orphan")
    await ask("DELETE", f"{MAPS}/orphan", {"propagationPolicy": "Orphan"})
    await ask.gone(f"{MAPS}/orphan")
    await ask("GET", f"{MAPS}/orphan-child", only="metadata.ownerReferences")
    await ask("DELETE", f"{MAPS}/orphan-child", {"propagationPolicy": "Sideways"})


async def test_a_namespace_ends(ask: Any) -> None:
    space = "/api/v1/namespaces/{ns}-x"
    maps = f"{space}/configmaps"
    await ask("POST", "/api/v1/namespaces", {"metadata": {"name": "{ns}-x"}})
    await ask("POST", "/api/v1/namespaces", {"metadata": {"name": "{ns}-x"}})
    await ask.raw("POST", maps, config("a"))
    await ask.raw("POST", maps, config("held", finalizers=["example.com/hold"]))
    await ask("DELETE", space, only="status.phase")
    await ask("POST", maps, config("late"))
    await ask.gone(f"{maps}/a")

    def told(_: int, found: Any) -> bool:
        kinds = {c["type"]: c["status"] for c in found["status"].get("conditions") or ()}
        return kinds.get("NamespaceFinalizersRemaining") == "True"

    found = await ask.until(space, told)
    for condition in found["status"]["conditions"]:
        if condition["type"] in {"NamespaceContentRemaining", "NamespaceFinalizersRemaining"}:
            condition.pop("lastTransitionTime")
            ask.note(condition["type"], condition)
    await ask("PATCH", f"{maps}/held", {"metadata": {"finalizers": None}}, patch="merge", only="metadata.name")
    await ask.gone(space)
    ask.note("gone", True)
    await ask("DELETE", "/api/v1/namespaces/default")
    await ask("DELETE", space)


async def test_a_pod_waits_for_its_kubelet(ask: Any) -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"nodeName": "nowhere", "containers": [{"name": "c", "image": "a"}]}}
    await ask("POST", f"{CORE}/pods", pod, only="metadata.name")
    marked = await ask("DELETE", f"{CORE}/pods/p", only="metadata.deletionGracePeriodSeconds")
    ask.note("it is marked", sorted(marked["metadata"]))
    await ask("DELETE", f"{CORE}/pods/p", {"gracePeriodSeconds": 0}, only="metadata.deletionGracePeriodSeconds")
    await ask.gone(f"{CORE}/pods/p")
    unplaced = {
        "metadata": {"name": "q"},
        "spec": {"schedulerName": "nobody", "containers": [{"name": "c", "image": "a"}]},
    }
    await ask("POST", f"{CORE}/pods", unplaced, only="metadata.name")
    await ask("DELETE", f"{CORE}/pods/q", only="metadata.name")
    await ask("GET", f"{CORE}/pods/q")
