"""Contract: where the API serves what, so that every client finds its way. Answers in ``answers/``."""

from __future__ import annotations

from typing import Any

from bevel_tui.kube import kinds

#: groups that a gateway or a GitOps engine brings along
BROUGHT = ("getambassador.io", "helm.toolkit.fluxcd.io")


async def test_the_kinds_that_we_use_are_served_where_we_look(ask: Any) -> None:
    for group_version, table in kinds._GROUPS.items():
        if group_version.startswith(BROUGHT):
            continue
        _, found = await ask.raw("GET", kinds.prefix(group_version))
        served = {(r["kind"], r["name"], r["namespaced"]) for r in found["resources"]}
        assert {(kind, r.plural, r.namespaced) for kind, r in table.items()} <= served
        names = {resource.plural for resource in table.values()}
        for entry in sorted(found["resources"], key=lambda r: r["name"]):
            if entry["name"].partition("/")[0] in names and entry["name"].partition("/")[2] in {"", "status", "log"}:
                entry.pop("storageVersionHash", None)
                entry.pop("categories", None)
                ask.note(f"{group_version} {entry['name']}", entry)


async def test_the_list_of_groups(ask: Any) -> None:
    _, core = await ask.raw("GET", "/api")
    ask.note("core", {key: core[key] for key in ("kind", "versions")})
    _, groups = await ask.raw("GET", "/apis")
    wanted = {version.partition("/")[0] for version in kinds._GROUPS} - {"v1", *BROUGHT}
    for group in sorted(groups["groups"], key=lambda g: g["name"]):
        if group["name"] in wanted:
            ask.note(group["name"], group["preferredVersion"])
    aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    _, found = await ask.raw("GET", "/apis", headers={"Accept": aggregated})
    ask.note("aggregated", [found["kind"], found["apiVersion"]])
    _, found = await ask.raw("GET", "/version")
    ask.note("version", sorted(set(found) & {"major", "minor", "gitVersion", "platform"}))


async def test_custom_kinds_come_and_go(ask: Any) -> None:
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    name = f"things.{ask.namespace}.example.com"
    schema = {"type": "object", "properties": {"spec": {"type": "object", "required": ["size"], "properties": {
        "size": {"type": "integer", "minimum": 1}, "colour": {"type": "string", "default": "red"}}}}}  # fmt: skip
    body = {
        "metadata": {"name": name},
        "spec": {
            "group": "{ns}.example.com", "scope": "Namespaced", "names": {"kind": "Thing", "plural": "things"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }  # fmt: skip
    things = "/apis/{ns}.example.com/v1/namespaces/{ns}/things"
    status, _ = await ask.raw("GET", things)
    ask.note("before", status)
    await ask("POST", crds, body)

    def established(_: int, found: Any) -> bool:
        return any(
            c["type"] == "Established" and c["status"] == "True"
            for c in found.get("status", {}).get("conditions") or ()
        )

    await ask.until(f"{crds}/{name}", established)
    await ask.until("/apis/{ns}.example.com/v1", lambda status, _: status == 200)
    await ask.until(things, lambda status, _: status == 200)
    thing: dict[str, Any] = {
        "apiVersion": "{ns}.example.com/v1",
        "kind": "Thing",
        "metadata": {"name": "a"},
        "spec": {"size": 1},
    }
    await ask("POST", things, thing)
    await ask("POST", things, {**thing, "metadata": {"name": "b"}, "spec": {"size": 0}})
    await ask("POST", things, {**thing, "metadata": {"name": "b"}, "spec": {}})
    await ask("POST", things, {**thing, "metadata": {"name": "b"}, "spec": {"size": "x"}})
    await ask(
        "POST", things, {**thing, "metadata": {"name": "b"}, "spec": {"size": 1, "odd": 1}}, fieldValidation="Strict"
    )
    await ask("PATCH", f"{things}/a", {"spec": {"size": 2}}, patch="merge")
    await ask("PATCH", f"{things}/a", {"spec": {"size": 2}}, patch="strategic")
    await ask("DELETE", f"{crds}/{name}", only="metadata.name")
    await ask.gone(f"{crds}/{name}")
    await ask.until(things, lambda status, _: status == 404)
    ask.note("after", 404)
