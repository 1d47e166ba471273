"""The JSON Schema of a preset, for editors and for `bevel-tui schema`; made from the models, never by hand.

The reader's error messages also look here for what would have been allowed.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from bevel_tui.network.model import Network
from bevel_tui.network.problem import YamlPath

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ID = "urn:bevel-tui:preset:v1"
#: where our own source says how it knows; readers of a schema have no use for it
_SOURCE = re.compile(r"\s*\((?:its )?facts [^)]*\)")


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a preset. A fresh copy each time."""
    made: dict[str, Any] = json.loads(_text())
    return made


def render() -> str:
    """The schema as docs/preset.schema.json holds it: JSON, two spaces, a final newline."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


@cache
def _text() -> str:
    body = Network.model_json_schema(by_alias=True, mode="validation")
    _tidy(body)
    body["title"] = "bevel-tui preset"
    return json.dumps({"$schema": DIALECT, "$id": ID, **body})


@cache
def _root() -> dict[str, Any]:
    """The schema for readers of this module: nobody may change it."""
    return schema()


def without_sources(words: str) -> str:
    """A description without the places where our own source says how it knows."""
    return _SOURCE.sub("", words)


def _tidy(node: Any) -> None:
    """Drop what pydantic adds for nobody: titles repeating the field's name, defaults of whole sections."""
    if isinstance(node, list):
        for item in node:
            _tidy(item)
    elif isinstance(node, dict):
        for name, value in node.get("properties", {}).items():
            value.pop("title", None)
            if isinstance(value.get("default"), dict | list) or value.get("default", 0) is None:
                value.pop("default", None)
            if name == "type" and "const" in value:
                value.setdefault("description", "Which platform.")
        if isinstance(node.get("description"), str):
            node["description"] = " ".join(_SOURCE.sub("", node["description"]).split())
        for value in node.values():
            _tidy(value)


def at(path: YamlPath) -> list[dict[str, Any]]:
    """The object schemas that may describe what stands at `path`: several where a union is open, none unknown.

    A union's branches are narrowed by nothing here: the caller knows the data.
    """
    root = _root()
    found = _open(root, root)
    for part in path:
        below: list[dict[str, Any]] = []
        for node in found:
            if isinstance(part, int):
                child = node.get("items")
            else:
                child = node.get("properties", {}).get(part)
                if child is None and isinstance(node.get("additionalProperties"), dict):
                    child = node["additionalProperties"]
            if isinstance(child, dict):
                below += _open(child, root)
        found = below
    return found


def _open(node: dict[str, Any], root: dict[str, Any]) -> list[dict[str, Any]]:
    """Follow references and take unions apart; null branches are left out. The description of a field stays."""
    if "$ref" in node:
        target = root["$defs"][node["$ref"].rsplit("/", 1)[1]]
        return _open({**target, **{k: v for k, v in node.items() if k != "$ref"}}, root)
    for union in ("anyOf", "oneOf"):
        if union in node:
            outer = {k: v for k, v in node.items() if k in ("description", "default")}
            branches = [b for b in node[union] if b.get("type") != "null"]
            return [{**opened, **outer} for b in branches for opened in _open(b, root)]
    return [node]
