"""Texts in an object of the cluster: taken as they are asked for, and nothing else is."""

from __future__ import annotations

import base64
import json
from typing import Any, cast

import pytest

from bevel_tui.engine.objectvalues import fill
from bevel_tui.engine.ports import Cluster
from bevel_tui.plan.plain import masked
from bevel_tui.records.errors import BevelError
from bevel_tui.records.steps import ObjectRef, ObjectValue

SECRET = ObjectRef("v1", "Secret", "keys", "ns")
MAP = ObjectRef("v1", "ConfigMap", "boot", "ns")
ID = r"12D3KooW[1-9A-Za-z]{3,60}"
GOOD = "12D3KooWabc"


class Objects:
    """A cluster that holds these objects' data."""

    def __init__(self, **data: dict[str, str]) -> None:
        self.data = data
        self.asked: list[ObjectRef] = []

    async def get(self, ref: ObjectRef) -> dict[str, Any] | None:
        self.asked.append(ref)
        return {"data": self.data[ref.name]} if ref.name in self.data else None


def cluster(document: Any) -> Objects:
    text = document if isinstance(document, str) else json.dumps(document)
    return Objects(keys={"all": base64.b64encode(text.encode()).decode()}, boot={"id": GOOD})


async def filled(tree: Any, objects: Objects) -> Any:
    return await fill(tree, cast("Cluster", objects))


async def test_values_are_put_where_they_are_asked_for() -> None:
    node = ObjectValue(SECRET, "all", ID, field="data.node_id")
    tree = {
        "plain": ["a", {"b": 1}],
        "node": node,
        "list": [node, ObjectValue(MAP, "id", ID, form="/dns4/host/tcp/4001/p2p/{}")],
    }
    objects = cluster({"data": {"node_id": GOOD, "node_key": "secret"}})
    assert await filled(tree, objects) == {
        "plain": ["a", {"b": 1}],
        "node": GOOD,
        "list": [GOOD, f"/dns4/host/tcp/4001/p2p/{GOOD}"],
    }
    assert sorted(ref.name for ref in objects.asked) == ["boot", "keys"], "each object is read once"
    assert masked(tree)["list"] == [
        "<all data.node_id of Secret keys>",
        "/dns4/host/tcp/4001/p2p/<id of ConfigMap boot>",
    ]


@pytest.mark.parametrize(
    "document",
    ["no JSON", [], {"data": {}}, {"data": GOOD}, {"data": {"node_id": 1}}, {"data": {"node_id": f"{GOOD}; rm"}}, {"data": {"node_id": "ab" * 32}}],
)  # fmt: skip
async def test_nothing_else_gets_into_values(document: Any) -> None:
    with pytest.raises(BevelError, match=r"Secret ns/keys does not hold .* data\.node_id in key all") as raised:
        await filled(ObjectValue(SECRET, "all", ID, field="data.node_id"), cluster(document))
    assert "rm" not in str(raised.value.message)
    assert "abab" not in str(raised.value.message)


async def test_what_is_missing_is_named() -> None:
    with pytest.raises(BevelError, match="ConfigMap ns/boot is not there"):
        await filled([ObjectValue(MAP, "id", ID)], Objects())
    with pytest.raises(BevelError, match="ConfigMap ns/boot does not hold what is expected as key other"):
        await filled([ObjectValue(MAP, "other", ID)], cluster({}))
