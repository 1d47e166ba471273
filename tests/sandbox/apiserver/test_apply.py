"""Field ownership: the algebra of FieldsV1, and what applies and other writes own, take and leave."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevel_tui.sandbox.apiserver import apply, fieldset, schema
from bevel_tui.sandbox.apiserver.apply import Writer
from bevel_tui.sandbox.apiserver.errors import Refusal

DEPLOYMENT = schema.builtin("apps", "v1", "Deployment")
CONFIGMAP = schema.builtin("", "v1", "ConfigMap")
ONE = Writer("one", "Apply", "v1")
TWO = Writer("two", "Apply", "v1")
EDITOR = Writer("editor", "Update", "v1")

_ELEMENTS = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}', 'v:"y"', "f:."])
PATHS = st.lists(_ELEMENTS, min_size=1, max_size=4).map(tuple)
SETS = st.sets(PATHS, max_size=8)
DATA = st.dictionaries(st.sampled_from("abcde"), st.sampled_from("123"), max_size=5)


@given(SETS)
def test_fieldsv1_says_exactly_what_the_set_holds(fields: set[Any]) -> None:
    assert fieldset.decode(fieldset.encode(fields)) == fields


@given(SETS)
def test_prefixes_contain_the_set_and_are_closed(fields: set[Any]) -> None:
    closed = fieldset.prefixes(fields)
    assert fields <= closed
    assert fieldset.prefixes(closed) == closed


def _map(data: dict[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "namespace": "n"}, "data": dict(data)}


def _owned(obj: dict[str, Any], writer: Writer) -> set[str]:
    entry = apply.managers_of(obj).get(writer)
    return {p[1][2:] for p in entry.fields if p[0] == "f:data" and len(p) == 2} if entry else set()


@given(DATA, DATA, DATA)
def test_an_apply_owns_what_it_says_and_takes_back_what_it_no_longer_says(
    first: dict[str, str], other: dict[str, str], second: dict[str, str]
) -> None:
    live = apply.apply(None, _map(first), CONFIGMAP, ONE, force=True)
    live = apply.apply(live, _map(other), CONFIGMAP, TWO, force=True)
    live = apply.apply(live, _map(second), CONFIGMAP, ONE, force=True)
    # whoever applied last wins; what only `first` said is gone, what `other` said is there
    assert live.get("data", {}) == {**other, **second}
    assert _owned(live, ONE) == set(second)
    assert _owned(live, TWO) == {k for k in other if second.get(k, other[k]) == other[k]}


@given(DATA, DATA)
def test_without_force_a_conflict_is_exactly_a_different_value_of_anothers_field(
    mine: dict[str, str], theirs: dict[str, str]
) -> None:
    live = apply.apply(None, _map(theirs), CONFIGMAP, TWO, force=False)
    before = copy.deepcopy(live)
    conflicting = {k for k in mine if k in theirs and mine[k] != theirs[k]}
    if not conflicting:
        after = apply.apply(live, _map(mine), CONFIGMAP, ONE, force=False)
        assert after.get("data", {}) == {**theirs, **mine}
        return
    with pytest.raises(Refusal) as caught:
        apply.apply(live, _map(mine), CONFIGMAP, ONE, force=False)
    assert {c["field"] for c in caught.value.details["causes"]} == {f".data.{k}" for k in conflicting}
    assert caught.value.details["causes"][0]["message"] == 'conflict with "two"'
    assert live == before


@given(DATA, DATA)
def test_applying_twice_is_applying_once(first: dict[str, str], second: dict[str, str]) -> None:
    live = apply.apply(None, _map(first), CONFIGMAP, TWO, force=False)
    once = apply.apply(live, _map(second), CONFIGMAP, ONE, force=True)
    assert apply.same_but_for_times(apply.apply(once, _map(second), CONFIGMAP, ONE, force=False), once)


@given(DATA, DATA)
def test_an_update_owns_what_it_changed_and_others_lose_that(old: dict[str, str], new: dict[str, str]) -> None:
    live = apply.apply(None, _map(old), CONFIGMAP, ONE, force=False)
    changed = _map(new)
    after = apply.update(live, changed, CONFIGMAP, EDITOR)
    assert _owned(after, EDITOR) == {k for k in new if old.get(k) != new[k]}
    assert _owned(after, ONE) == {k for k in old if new.get(k) == old[k]}


def _deployment(*containers: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"template": {"spec": {"containers": list(containers)}}},
    }


def _containers(obj: dict[str, Any]) -> dict[str, Any]:
    return {c["name"]: c for c in obj["spec"]["template"]["spec"]["containers"]}


def test_two_managers_own_containers_of_one_pod() -> None:
    live = apply.apply(None, _deployment({"name": "a", "image": "1"}), DEPLOYMENT, ONE, force=False)
    live = apply.apply(live, _deployment({"name": "b", "image": "2"}), DEPLOYMENT, TWO, force=False)
    assert set(_containers(live)) == {"a", "b"}
    live = apply.apply(live, _deployment({"name": "c", "image": "3"}), DEPLOYMENT, ONE, force=False)
    assert set(_containers(live)) == {"b", "c"}


def test_a_field_that_nobody_owns_goes_with_the_list_item_it_is_in() -> None:
    live = apply.apply(None, _deployment({"name": "a", "image": "1"}, {"name": "b"}), DEPLOYMENT, ONE, force=False)
    _containers(live)["a"]["imagePullPolicy"] = "Always"  # as defaulting does
    live = apply.apply(live, _deployment({"name": "b"}), DEPLOYMENT, ONE, force=False)
    assert set(_containers(live)) == {"b"}


def test_a_defaulted_field_stays_when_its_neighbour_is_no_longer_applied() -> None:
    config = _deployment({"name": "a", "image": "1", "workingDir": "/x"})
    live = apply.apply(None, config, DEPLOYMENT, ONE, force=False)
    _containers(live)["a"]["imagePullPolicy"] = "Always"
    live = apply.apply(live, _deployment({"name": "a", "image": "1"}), DEPLOYMENT, ONE, force=False)
    assert _containers(live)["a"] == {"name": "a", "image": "1", "imagePullPolicy": "Always"}


def test_ports_are_told_apart_by_number_and_protocol_with_its_default() -> None:
    udp = {"name": "a", "ports": [{"containerPort": 53}, {"containerPort": 53, "protocol": "UDP"}]}
    live = apply.apply(None, _deployment(udp), DEPLOYMENT, ONE, force=False)
    entry = apply.managers_of(live)[ONE]
    keys = {element for path in entry.fields for element in path if element.startswith('k:{"containerPort"')}
    assert keys == {'k:{"containerPort":53,"protocol":"TCP"}', 'k:{"containerPort":53,"protocol":"UDP"}'}


def test_an_atomic_map_has_one_owner() -> None:
    first = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"selector": {"a": "1"}}}
    second = {**first, "spec": {"selector": {"b": "1"}}}
    service = schema.builtin("", "v1", "Service")
    live = apply.apply(None, first, service, ONE, force=False)
    with pytest.raises(Refusal) as caught:
        apply.apply(live, second, service, TWO, force=False)
    assert caught.value.details["causes"][0]["field"] == ".spec.selector"
    forced = apply.apply(live, second, service, TWO, force=True)
    assert forced["spec"]["selector"] == {"b": "1"}
    assert ONE not in apply.managers_of(forced)


def test_a_client_may_hand_fields_over_and_reset_them() -> None:
    live = apply.update(None, _map({"a": "1"}), CONFIGMAP, EDITOR)
    moved = copy.deepcopy(live)
    moved["metadata"]["managedFields"][0] |= {"manager": "one", "operation": "Apply"}
    after = apply.update(live, moved, CONFIGMAP, EDITOR)
    assert set(apply.managers_of(after)) == {ONE}
    reset = copy.deepcopy(after)
    reset["metadata"]["managedFields"] = [{}]
    assert "managedFields" not in apply.update(after, reset, CONFIGMAP, EDITOR)["metadata"]


def test_malformed_ownership_is_passed_over() -> None:
    live = apply.update(None, _map({"a": "1"}), CONFIGMAP, EDITOR)
    bad = copy.deepcopy(live)
    bad["metadata"]["managedFields"][0]["fieldsV1"] = {"zz": {}}
    assert apply.managers_of(apply.update(live, bad, CONFIGMAP, EDITOR)) == apply.managers_of(live)


def test_who_applies_in_another_version_is_the_same_applier() -> None:
    live = apply.apply(None, _map({"a": "1", "b": "1"}), CONFIGMAP, ONE, force=False)
    later = Writer("one", "Apply", "v2")
    live = apply.apply(live, _map({"a": "2"}), CONFIGMAP, later, force=False)
    assert live["data"] == {"a": "2"}
    assert set(apply.managers_of(live)) == {later}


def test_an_apply_that_names_an_item_twice_is_refused() -> None:
    twice = _deployment({"name": "a", "env": [{"name": "X", "value": "1"}, {"name": "X", "value": "2"}]})
    with pytest.raises(Refusal) as caught:
        apply.check_typed(twice, DEPLOYMENT, "apps", custom=False)
    assert caught.value.code == 500
    assert caught.value.message == (
        "failed to create typed patch object (/d; apps/v1, Kind=Deployment): "
        '.spec.template.spec.containers[name="a"].env: duplicate entries for key [name="X"]'
    )


def test_ownership_of_a_created_object_reads_as_on_a_real_server() -> None:
    """As `kubectl create deployment` leaves it: containers that Go's zero value has are nobody's, others are owned."""
    obj = _deployment({"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]})
    obj["metadata"]["labels"] = {"app": "a"}
    obj["spec"]["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}}
    made = apply.update(None, obj, DEPLOYMENT, Writer("kubectl-create", "Update", "apps/v1"))
    assert made["metadata"]["managedFields"][0]["fieldsV1"] == {
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {
            "f:strategy": {"f:rollingUpdate": {".": {}, "f:maxSurge": {}}, "f:type": {}},
            "f:template": {
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"a"}': {
                            ".": {},
                            "f:env": {
                                ".": {},
                                'k:{"name":"X"}': {".": {}, "f:name": {}, "f:value": {}},
                            },
                            "f:image": {},
                            "f:name": {},
                        }
                    }
                }
            },
        },
    }
