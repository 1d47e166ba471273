"""The reduced description of Kubernetes is whole: every reference resolves, every kind has its parts."""

from __future__ import annotations

import pytest

from bevel_tui.sandbox.apiserver import schema
from bevel_tui.sandbox.apiserver.kinds import Kind, KindTable, builtins


def _walk(type_: schema.Type, seen: set[str]) -> None:
    if type_.title in seen and type_.shape == "struct":
        return
    seen.add(type_.title)
    for name in type_.names:
        field = type_.field(name)
        assert field is not None
        _walk(field, seen)
    if type_.shape in {"list", "map"}:
        _walk(type_.element, seen)
    if type_.list_type == "map":
        assert type_.keys
        assert all(type_.element.field(key) for key in type_.keys)


@pytest.mark.parametrize("kind", builtins(), ids=lambda kind: kind.resource)
def test_every_type_can_be_compiled(kind: Kind) -> None:
    _walk(kind.type, set())
    if kind.plural not in {"selfsubjectreviews"} and "list" in kind.verbs:
        assert kind.type.field("metadata") is not None


def test_merge_keys_are_those_that_patches_rely_on() -> None:
    spec = schema.named("core.v1.PodSpec")
    container = schema.named("core.v1.Container")
    for type_, name, key in (
        (spec, "containers", "name"),
        (spec, "volumes", "name"),
        (container, "env", "name"),
        (container, "ports", "containerPort"),
        (container, "volumeMounts", "mountPath"),
        (schema.named("apis.meta.v1.ObjectMeta"), "ownerReferences", "uid"),
        (schema.named("core.v1.ServiceSpec"), "ports", "port"),
        (schema.named("apps.v1.DeploymentStatus"), "conditions", "type"),
    ):
        field = type_.field(name)
        assert field is not None and field.merges and field.merge_key == key


def test_protobuf_names_only_fields_that_exist() -> None:
    document = schema.document()

    def names(table: dict[str, object]) -> list[str]:
        return [n for v in table.values() for n in (names(v) if isinstance(v, dict) else [str(v)])]

    for title, table in document["protobuf"].items():
        assert set(names(table)) <= set(document["schemas"][title]["properties"]), title


def test_tables_of_two_clusters_are_apart() -> None:
    first, second = KindTable(), KindTable()
    first.replace("configmaps", (), None)
    assert second.at("", "v1", "configmaps") is not None
    assert first.storage("configmaps") is None
