"""Values that only the cluster can tell."""

from __future__ import annotations

from typing import Any, cast

import pytest

from bevel_tui.engine.clusterfacts import fill
from bevel_tui.engine.ports import Cluster
from bevel_tui.records.errors import BevelError
from bevel_tui.records.steps import ClusterFact, ObjectRef


class Classes:
    """A cluster that has StorageClasses and nothing else."""

    server = "https://api.example:6443"

    def __init__(self, *classes: dict[str, Any]) -> None:
        self.classes = classes
        self.asked = 0

    async def list(self, api_version: str, kind: str, *_: Any) -> list[dict[str, Any]]:
        assert (api_version, kind) == ("storage.k8s.io/v1", "StorageClass")
        self.asked += 1
        return list(self.classes)

    async def get(self, ref: ObjectRef) -> dict[str, Any] | None:
        self.asked += 1
        return next((c for c in self.classes if c["metadata"]["name"] == ref.name), None)


def storage_class(name: str, default: bool = False, created: str = "2024", **more: Any) -> dict[str, Any]:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return {
        "metadata": {"name": name, "annotations": annotations, "creationTimestamp": created},
        "provisioner": f"{name}.example",
        **more,
    }


async def filled(tree: Any, *classes: dict[str, Any]) -> Any:
    return await fill(tree, cast("Cluster", Classes(*classes)))


async def test_the_default_class_serves() -> None:
    tree = {
        "storage": {
            "provisioner": ClusterFact("provisioner"),
            "parameters": {"other": ClusterFact("parameters")},
            "size": "2Gi",
        },
        "list": [ClusterFact("server")],
    }
    assert await filled(tree, storage_class("slow"), storage_class("fast", True, parameters={"type": "ssd"})) == {
        "storage": {"provisioner": "fast.example", "parameters": {"other": {"type": "ssd"}}, "size": "2Gi"},
        "list": ["https://api.example:6443"],
    }


async def test_a_class_without_parameters_has_none() -> None:
    assert await filled(ClusterFact("parameters"), storage_class("fast", True)) == {}


async def test_a_named_class_serves() -> None:
    assert await filled(ClusterFact("provisioner", "slow"), storage_class("slow"), storage_class("f", True)) == (
        "slow.example"
    )


async def test_of_several_defaults_the_newest_serves() -> None:
    classes = (storage_class("old", True, "2023"), storage_class("new", True, "2025"))
    assert await filled(ClusterFact("provisioner"), *classes) == "new.example"


async def test_nothing_is_asked_for_nothing() -> None:
    cluster = Classes()
    assert await fill({"a": [1, "b"]}, cast("Cluster", cluster)) == {"a": [1, "b"]}
    assert cluster.asked == 0


@pytest.mark.parametrize(("name", "words"), [(None, "no default StorageClass"), ("fast", "no StorageClass fast")])
async def test_a_missing_class_is_an_error_with_a_remedy(name: str | None, words: str) -> None:
    with pytest.raises(BevelError, match=words) as caught:
        await filled(ClusterFact("provisioner", name), storage_class("slow"))
    assert "preset" in caught.value.remedy
