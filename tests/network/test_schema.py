"""The JSON Schema: the committed file is the generated one, and it agrees with the reader."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
from hypothesis import given

from bevel_tui.network import shipped
from bevel_tui.network.schema import DIALECT, ID, at, render, schema
from bevel_tui.network.tree import read
from tests.network.documents import BESU, Json, change
from tests.network.strategies import documents

ROOT = Path(__file__).parents[2]
VALIDATOR = jsonschema.Draft202012Validator(schema())


def valid(document: object) -> bool:
    return bool(VALIDATOR.is_valid(document))


def lists(value: object) -> object:
    """Tuples as the lists that JSON Schema knows."""
    if isinstance(value, dict):
        return {k: lists(v) for k, v in value.items()}
    return [lists(v) for v in value] if isinstance(value, tuple) else value


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert (schema()["$schema"], schema()["$id"]) == (DIALECT, ID)
    assert schema()["title"]


def test_the_committed_file_is_up_to_date() -> None:
    """Renew it with: python -c "from bevel_tui.network.schema import render; print(render(), end='')" > docs/..."""
    assert (ROOT / "docs" / "preset.schema.json").read_text(encoding="utf-8") == render()


@pytest.mark.parametrize("name", shipped.names())
def test_shipped_presets_are_valid_and_name_the_schema_first(name: str) -> None:
    text = (shipped.read(name) or b"").decode()
    VALIDATOR.validate(lists(read(text).data))
    first = text.splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (ROOT / "presets" / first.partition("=")[2]).resolve() == ROOT / "docs" / "preset.schema.json"


def test_every_field_is_described_and_nothing_quotes_our_own_notes() -> None:
    blank: list[str] = []

    def walk(node: object, place: str) -> None:
        if isinstance(node, dict):
            for name, field in node.get("properties", {}).items():
                if not field.get("description") and "$ref" not in field and "const" not in field:
                    blank.append(f"{place}.{name}")
            for key, value in node.items():
                walk(value, f"{place}.{key}")
        elif isinstance(node, list):
            for value in node:
                walk(value, place)

    walk(schema(), "")
    assert blank == []
    assert "(facts" not in render()


@pytest.mark.parametrize(
    ("path", "value"),
    [("typo", 1), ("platform.type", "bezu"), ("platform.channels", []), ("clusters", []), ("name", "A"), ("name", 5)],
)
def test_it_refuses_what_the_reader_refuses(path: str, value: object) -> None:
    assert valid(BESU)
    assert not valid(change(BESU, (path, value)))


@given(documents())
def test_it_accepts_what_the_models_accept(document: Json) -> None:
    VALIDATOR.validate(document)


def test_what_stands_at_a_path() -> None:
    assert len(at(("platform",))) == 7
    assert at(("clusters", 3, "storage", "class"))[0]["type"] == "string"
    assert at(("placement", "node_selector", "anything"))[0]["type"] == "string"
    assert at(("clusters", "name")) == []
    assert at(("nowhere", 0)) == []
