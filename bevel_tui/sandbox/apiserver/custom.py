"""Custom objects against the schema of their definition: 422 with the messages of the real server."""

from __future__ import annotations

import json
import re
from typing import Any

from bevel_tui.sandbox.apiserver.errors import Cause
from bevel_tui.sandbox.apiserver.names import required, unsupported, wrong

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}


def problems(value: Any, schema: dict[str, Any], path: str = "") -> list[Cause]:
    """What is wrong with a value; `path` is where it is (empty for the object itself)."""
    if value is None and schema.get("nullable"):
        return []
    if schema.get("x-kubernetes-int-or-string"):
        if isinstance(value, str | int) and not isinstance(value, bool):
            return []
        return [_typed(path, value, "integer,string")]
    kind = schema.get("type")
    if kind in _TYPES and not _fits(value, kind):
        return [_typed(path, value, kind)]
    causes: list[Cause] = []
    if schema.get("enum") and value not in schema["enum"]:
        causes.append(unsupported(path, value, [str(e) for e in schema["enum"]]))
    match value:
        case dict():
            causes += _members(value, schema, path)
        case list():
            causes += _length(path, value, schema, "Items")
            items = schema.get("items")
            if isinstance(items, dict):
                causes += [c for n, item in enumerate(value) for c in problems(item, items, f"{path}[{n}]")]
        case str():
            causes += _length(path, value, schema, "Length")
            if schema.get("pattern") and not _matches(schema["pattern"], value):
                causes.append(wrong(path, value, f"{path} in body should match '{schema['pattern']}'"))
        case int() | float() if not isinstance(value, bool):
            if "minimum" in schema and value < schema["minimum"]:
                causes.append(
                    wrong(path, value, f"{path} in body should be greater than or equal to {schema['minimum']}")
                )
            if "maximum" in schema and value > schema["maximum"]:
                causes.append(wrong(path, value, f"{path} in body should be less than or equal to {schema['maximum']}"))
    return causes


def _members(value: dict[str, Any], schema: dict[str, Any], path: str) -> list[Cause]:
    causes = []
    prefix = f"{path}." if path else ""
    for name in schema.get("required") or ():
        if name not in value:
            causes.append(required(f"{prefix}{name}"))
    properties = schema.get("properties") or {}
    others = schema.get("additionalProperties")
    for name, item in value.items():
        if not path and name in {"metadata", "apiVersion", "kind"}:
            continue
        inner = properties.get(name, others)
        if isinstance(inner, dict):
            causes += problems(item, inner, f"{prefix}{name}")
    return causes


def _fits(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[kind])


def _typed(path: str, value: Any, kind: str) -> Cause:
    shown = next((name for name, types in _TYPES.items() if isinstance(value, types)), "null")
    if isinstance(value, bool):
        shown = "boolean"
    found = wrong(path, shown, f'{path} in body must be of type {kind}: "{shown}"')
    return Cause("FieldValueTypeInvalid", found.message, found.field)


def _length(path: str, value: Any, schema: dict[str, Any], what: str) -> list[Cause]:
    low, high = schema.get(f"min{what}"), schema.get(f"max{what}")
    noun = "chars long" if what == "Length" else "items"
    if low is not None and len(value) < low:
        shown = value if isinstance(value, str) else json.dumps(value)
        return [wrong(path, shown, f"{path} in body should be at least {low} {noun}")]
    if high is not None and len(value) > high:
        return [Cause("FieldValueTooLong", f"Too long: may not be more than {high} {noun}", path)]
    return []


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:  # RE2 knows what Python does not
        return True
