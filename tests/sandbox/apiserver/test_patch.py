"""Patches obey the laws of their specifications, whatever the documents."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevel_tui.sandbox.apiserver import schema
from bevel_tui.sandbox.apiserver.errors import Refusal
from bevel_tui.sandbox.apiserver.patch import json_patch, merge_patch, strategic_merge_patch

_KEYS = st.sampled_from(["a", "b", "c", "~/", ""])
_LEAVES = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "x"])
DOCUMENTS = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3), max_leaves=12
)
OBJECTS = st.dictionaries(_KEYS, DOCUMENTS, max_size=4)
POD = schema.builtin("", "v1", "Pod")


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return value


def _merge_diff(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    patch: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        if key in old and isinstance(old[key], dict) and isinstance(value, dict):
            patch[key] = _merge_diff(old[key], value)
        elif key not in old or not (old[key] == value and type(old[key]) is type(value)):
            patch[key] = value
    return patch


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_is_idempotent_and_leaves_its_arguments_alone(target: Any, patch: Any) -> None:
    before = copy.deepcopy((target, patch))
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once
    assert (target, patch) == before


@given(OBJECTS, OBJECTS)
def test_the_merge_patch_between_two_documents_leads_from_one_to_the_other(old: Any, new: Any) -> None:
    old, new = _without_nulls(old), _without_nulls(new)
    assert merge_patch(old, _merge_diff(old, new)) == new


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [  # RFC 7386, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "foo"}, None, None),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_as_the_rfc_shows_it(target: Any, patch: Any, result: Any) -> None:
    assert merge_patch(target, patch) == result


@given(OBJECTS, _KEYS, DOCUMENTS)
def test_what_a_json_patch_adds_it_can_test_and_remove(target: Any, key: str, value: Any) -> None:
    path = "/" + key.replace("~", "~0").replace("/", "~1")
    added = json_patch(
        target, [{"op": "add", "path": path, "value": value}, {"op": "test", "path": path, "value": value}]
    )
    assert added[key] == value
    rest = {k: v for k, v in target.items() if k != key}
    assert json_patch(added, [{"op": "remove", "path": path}]) == rest


@given(OBJECTS, OBJECTS)
def test_a_failed_json_patch_changes_nothing(target: Any, value: Any) -> None:
    before = copy.deepcopy(target)
    operations = [{"op": "add", "path": "/new", "value": value}, {"op": "test", "path": "/none", "value": 1}]
    with pytest.raises(Refusal) as caught:
        json_patch(target, operations)
    assert caught.value.code == 422
    assert target == before


@pytest.mark.parametrize(
    ("operations", "result"),
    [
        ([{"op": "add", "path": "/l/-", "value": 3}], {"l": [1, 2, 3]}),
        ([{"op": "add", "path": "/l/0", "value": 0}], {"l": [0, 1, 2]}),
        ([{"op": "replace", "path": "/l/1", "value": 9}], {"l": [1, 9]}),
        ([{"op": "move", "from": "/l", "path": "/m"}], {"m": [1, 2]}),
        ([{"op": "copy", "from": "/l/0", "path": "/n"}], {"l": [1, 2], "n": 1}),
    ],
)
def test_json_patch_on_lists(operations: Any, result: Any) -> None:
    assert json_patch({"l": [1, 2]}, operations) == result


@pytest.mark.parametrize("path", ["/l/2", "/l/01", "/l/-1", "/x/y", "l"])
def test_json_patch_refuses_paths_that_are_not_there(path: str) -> None:
    with pytest.raises(Refusal):
        json_patch({"l": [1, 2]}, [{"op": "replace", "path": path, "value": 1}])


def _pod(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"containers": list(containers)}}


def test_strategic_merge_merges_containers_by_name_and_env_by_name() -> None:
    live = _pod({"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]}, {"name": "b", "image": "2"})
    patch = _pod({"name": "a", "env": [{"name": "Y", "value": "2"}]})
    result = strategic_merge_patch(live, patch, POD)
    a, b = result["spec"]["containers"]
    assert a == {"name": "a", "image": "1", "env": [{"name": "Y", "value": "2"}, {"name": "X", "value": "1"}]}
    assert b == {"name": "b", "image": "2"}


def test_strategic_merge_replaces_lists_without_a_merge_strategy() -> None:
    live = _pod({"name": "a", "args": ["1", "2"]})
    assert strategic_merge_patch(live, _pod({"name": "a", "args": ["3"]}), POD) == _pod({"name": "a", "args": ["3"]})


def test_strategic_merge_deletes_by_directive_and_orders_as_asked() -> None:
    live = _pod({"name": "a"}, {"name": "b"}, {"name": "c"})
    patch = {
        "spec": {
            "$setElementOrder/containers": [{"name": "c"}, {"name": "b"}],
            "containers": [{"name": "a", "$patch": "delete"}],
        }
    }
    assert strategic_merge_patch(live, patch, POD) == _pod({"name": "c"}, {"name": "b"})


def test_strategic_merge_replaces_and_deletes_from_primitive_lists() -> None:
    live = {"metadata": {"finalizers": ["a", "b"]}, "spec": {"nodeSelector": {"x": "1"}}}
    patch = {
        "metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c"]},
        "spec": {"nodeSelector": {"$patch": "replace", "y": "2"}},
    }
    result = strategic_merge_patch(live, patch, POD)
    assert result == {"metadata": {"finalizers": ["c", "b"]}, "spec": {"nodeSelector": {"y": "2"}}}


def test_strategic_merge_retains_keys_only() -> None:
    deployment = schema.builtin("apps", "v1", "Deployment")
    live = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic_merge_patch(live, patch, deployment) == {"spec": {"strategy": {"type": "Recreate"}}}


def test_an_item_without_its_merge_key_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        strategic_merge_patch(_pod({"name": "a"}), _pod({"image": "x"}), POD)
    assert "merge key: name" in caught.value.message
