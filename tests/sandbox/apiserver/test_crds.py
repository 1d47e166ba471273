"""Custom resources: from a definition to served, validated and removed objects."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytestmark = pytest.mark.sandbox

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MAPPINGS = "/apis/example.org/v2/namespaces/default/mappings"


def definition(*, served_v1: bool = True) -> dict[str, Any]:
    spec = {
        "type": "object",
        "required": ["host"],
        "properties": {
            "host": {"type": "string"},
            "port": {"type": "integer", "default": 443},
            "replicas": {"type": "integer"},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            "rules": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "properties": {"name": {"type": "string"}, "to": {"type": "string"}}},
            },
        },
    }
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": {"type": "object"}}}}
    columns = [{"name": "Host", "type": "string", "jsonPath": ".spec.host"}]
    version = {
        "schema": schema,
        "subresources": {
            "status": {},
            "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"},
        },
        "additionalPrinterColumns": columns,
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "mappings.example.org"},
        "spec": {
            "group": "example.org",
            "scope": "Namespaced",
            "names": {"plural": "mappings", "kind": "Mapping", "shortNames": ["mp"]},
            "versions": [
                {"name": "v1", "served": served_v1, "storage": False, **version},
                {"name": "v2", "served": True, "storage": True, **version},
            ],
        },
    }


def mapping(name: str = "m", version: str = "v2", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": f"example.org/{version}",
        "kind": "Mapping",
        "metadata": {"name": name},
        "spec": {"host": "a.example.org", **spec},
    }


@pytest.fixture
async def defined(client: Any) -> Any:
    await client.post(CRDS, definition())
    async with asyncio.timeout(60):
        while not (await client.get(f"{CRDS}/mappings.example.org")).get("status", {}).get("conditions"):
            await asyncio.sleep(0.01)
    return client


async def test_a_definition_is_established_and_discovered(defined: Any) -> None:
    status = (await defined.get(f"{CRDS}/mappings.example.org"))["status"]
    assert {c["type"]: c["status"] for c in status["conditions"]} == {"NamesAccepted": "True", "Established": "True"}
    assert status["storedVersions"] == ["v2"]
    assert status["acceptedNames"] == {
        "plural": "mappings",
        "kind": "Mapping",
        "shortNames": ["mp"],
        "singular": "mapping",
        "listKind": "MappingList",
    }
    group = await defined.get("/apis/example.org")
    assert [v["version"] for v in group["versions"]] == ["v2", "v1"]
    names = [r["name"] for r in (await defined.get("/apis/example.org/v2"))["resources"]]
    assert names == ["mappings", "mappings/status", "mappings/scale"]
    openapi = await defined.get("/openapi/v3")
    document = await defined.get("/openapi/v3/apis/example.org/v2")
    assert "apis/example.org/v2" in openapi["paths"]
    assert "/apis/example.org/v2/namespaces/{namespace}/mappings/{name}" in document["paths"]


async def test_custom_objects_are_defaulted_pruned_and_versioned(defined: Any) -> None:
    made = await defined.post(MAPPINGS, mapping(free={"x": 1}, stray=True))
    assert made["spec"] == {"host": "a.example.org", "free": {"x": 1}, "port": 443}
    assert made["metadata"]["generation"] == 1
    old = await defined.get("/apis/example.org/v1/namespaces/default/mappings/m")
    assert old["apiVersion"] == "example.org/v1"
    changed = await defined.merge(f"{MAPPINGS}/m", {"spec": {"port": 80}})
    assert changed["metadata"]["generation"] == 2
    status, answer = await defined("POST", MAPPINGS, mapping("n", stray=True), fieldValidation="Strict")
    assert status == 400 and 'unknown field "spec.stray"' in answer["message"]


async def test_custom_objects_know_no_strategic_merge(defined: Any) -> None:
    await defined.post(MAPPINGS, mapping())
    media = "application/strategic-merge-patch+json"
    status, answer = await defined("PATCH", f"{MAPPINGS}/m", {"spec": {}}, media=media)
    assert status == 415
    assert "accepted media types include: application/json-patch+json" in answer["message"]


async def test_custom_lists_merge_by_their_keys_when_applied(defined: Any) -> None:
    await defined.apply(f"{MAPPINGS}/m", mapping(rules=[{"name": "a", "to": "1"}]))
    status, both = await defined.apply(f"{MAPPINGS}/m", mapping(rules=[{"name": "b", "to": "2"}]), manager="two")
    assert status == 200
    assert both["spec"]["rules"] == [{"name": "a", "to": "1"}, {"name": "b", "to": "2"}]


async def test_custom_status_and_scale(defined: Any) -> None:
    await defined.post(MAPPINGS, mapping(replicas=2))
    await defined.merge(f"{MAPPINGS}/m/status", {"status": {"replicas": 1}, "spec": {"host": "x"}})
    scale = await defined.get(f"{MAPPINGS}/m/scale")
    assert (scale["spec"], scale["status"]) == ({"replicas": 2}, {"replicas": 1})
    assert (await defined.get(f"{MAPPINGS}/m"))["spec"]["host"] == "a.example.org"


async def test_a_put_needs_a_version(defined: Any) -> None:
    await defined.post(MAPPINGS, mapping())
    status, answer = await defined("PUT", f"{MAPPINGS}/m", mapping())
    assert (
        status == 422
        and "metadata.resourceVersion: Invalid value: 0: must be specified for an update" in answer["message"]
    )


async def test_a_removed_definition_takes_its_objects_and_paths_along(defined: Any) -> None:
    await defined.post(MAPPINGS, mapping())
    await defined.delete(f"{CRDS}/mappings.example.org")
    assert (await defined("GET", MAPPINGS))[0] == 404
    await defined.post(CRDS, definition(served_v1=False))
    assert (await defined.get(MAPPINGS))["items"] == []
    assert (await defined("GET", "/apis/example.org/v1"))[0] == 404


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metadata": {"name": "other.example.org"}}, "metadata.name: Invalid value"),
        ({"spec": {**definition()["spec"], "versions": []}}, "must have exactly one version marked as storage version"),
    ],
)
async def test_definitions_are_checked(client: Any, change: dict[str, Any], message: str) -> None:
    status, answer = await client("POST", CRDS, definition() | change)
    assert status == 422 and message in answer["message"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"host": None}, "spec.host: Required value"),
        ({"port": "x"}, 'spec.port: Invalid value: "string": spec.port in body must be of type integer: "string"'),
        ({"rules": {}}, 'spec.rules: Invalid value: "object": spec.rules in body must be of type array: "object"'),
        ({"rules": [{"to": 1}]}, "spec.rules[0].to in body must be of type string"),
    ],
)
async def test_custom_objects_are_checked_against_their_schema(
    defined: Any, spec: dict[str, Any], message: str
) -> None:
    body = mapping(**spec)
    body["spec"] = {k: v for k, v in body["spec"].items() if v is not None}
    status, answer = await defined("POST", MAPPINGS, body)
    assert status == 422 and message in answer["message"]
