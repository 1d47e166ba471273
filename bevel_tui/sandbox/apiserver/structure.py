"""Does a document have the shape of its kind? Unknown fields, wrong types, and what is left of it.

Kubernetes decodes into Go structs: a wrong type is 400 whatever the client asked for, an unknown field is dropped,
warned about or refused as `fieldValidation` says (Ignore, Warn, Strict).
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any, NamedTuple

from bevel_tui.sandbox.apiserver.errors import Refusal, bad_request
from bevel_tui.sandbox.apiserver.quantities import canonical
from bevel_tui.sandbox.apiserver.schema import Type

_QUANTITY = re.compile(r"([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)")
_GO = {"string": "string", "integer": "int32", "number": "float64", "boolean": "bool", "quantity": "resource.Quantity"}
_JSON = {str: "string", bool: "bool", int: "number", float: "number", dict: "object", list: "array"}


def loads(text: bytes | str, duplicates: list[str]) -> Any:
    """JSON; the paths of names that occur twice in one object are added to `duplicates` (the last one wins)."""
    twice: dict[int, list[str]] = {}
    kept: list[Any] = []  # an object that is dropped must not lend its identity to another one

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(found)
        if len(result) != len(found):
            names = [key for key, _ in found]
            twice[id(result)] = [key for n, key in enumerate(names) if key in names[:n]]
            kept.append(result)
        return result

    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict):
            duplicates.extend(f"{path}{key}" for key in twice.get(id(value), ()))
            for key, item in value.items():
                walk(item, f"{path}{key}.")
        elif isinstance(value, list):
            for n, item in enumerate(value):
                walk(item, f"{path[:-1]}[{n}].")

    document = json.loads(text, object_pairs_hook=pairs)
    if twice:
        walk(document, "")
    return document


def conform(
    obj: dict[str, Any], type_: Type, kind: str, version: str, *, custom: bool = False
) -> tuple[dict[str, Any], list[str]]:
    """The object reduced to the fields of its kind, and the unknown ones (``spec.foo``). Raises Refusal(400).

    In `custom` objects wrong types are left as they are: they are decoded as trees and refused by validation.
    """
    unknown: list[str] = []
    try:
        return (_prune(obj, type_, "", unknown) if custom else _conform(obj, type_, "", unknown, Go(kind))), unknown
    except TypeError as error:
        message = f'{kind} in version "{version}" cannot be handled as a {kind}: {error}'
        raise bad_request(message) from None


def judge(mode: str, unknown: list[str], duplicates: list[str], kind: str, version: str) -> list[str]:
    """Warnings for the answer. Raises Refusal(400) in Strict mode."""
    errors = [f'unknown field "{name}"' for name in unknown] + [f'duplicate field "{name}"' for name in duplicates]
    if not errors or mode == "Ignore":
        return []
    if mode == "Strict":
        listed = ", ".join(errors)
        message = f'{kind} in version "{version}" cannot be handled as a {kind}: strict decoding error: {listed}'
        raise bad_request(message)
    return errors


def strict_mode(query: str | None) -> str:
    """The value of the fieldValidation parameter. Raises Refusal(422) for an unknown one."""
    mode = query or "Warn"
    if mode not in {"Ignore", "Warn", "Strict"}:
        raise Refusal(
            422, f'fieldValidation: Unsupported value: "{mode}": supported values: "Ignore", "Strict", "Warn"'
        )
    return mode


class Go(NamedTuple):
    """Where Go's decoder is, as its messages say it: the struct, and the members on the way from the top."""

    struct: str
    members: tuple[str, ...] = ()

    def member(self, type_: Type, name: str) -> Go:
        """A member of a struct."""
        return Go(type_.title.rpartition(".")[2] or self.struct, (*self.members, name))


def misfits(value: Any, type_: Type, path: str = "") -> list[str]:
    """Why a value cannot be typed for an apply, as structured-merge-diff says it."""
    if value is None:
        return []
    found: list[str] = []
    match type_.shape:
        case "struct" | "map":
            if not isinstance(value, dict):
                return [f"{path}: expected map, got {_value(value)}"]
            for key, item in value.items():
                if type_.shape == "struct" and type_.field(key) is None and not type_.open:
                    found.append(f"{path}.{key}: field not declared in schema")
                else:
                    found += misfits(item, type_.child(key), f"{path}.{key}")
        case "list":
            if not isinstance(value, list):
                return [f"{path}: expected list, got {_value(value)}"]
            for n, item in enumerate(value):
                key = type_.key_of(item) if type_.list_type == "map" else None
                place = f"[{n}]"
                if key is not None:
                    place = "[" + ",".join(f"{k}={json.dumps(v)}" for k, v in zip(type_.keys, key, strict=True)) + "]"
                found += misfits(item, type_.element, path + place)
        case "string" if not isinstance(value, str):
            found.append(f"{path}: expected string, got {_value(value)}")
        case "integer" | "number" if isinstance(value, bool) or not isinstance(value, int | float):
            found.append(f"{path}: expected numeric (int or float), got {_value(value)}")
        case "boolean" if not isinstance(value, bool):
            found.append(f"{path}: expected boolean, got {_value(value)}")
    return found


def _value(value: Any) -> str:
    shown = json.dumps(value) if isinstance(value, bool | int | float | str) else "..."
    return f"&value.valueUnstructured{{Value:{shown}}}"


def _bytes(text: str) -> str:
    """Base64 as it is given back: ends of lines are dropped, as Go's decoder does. Raises TypeError for what is none."""
    joined = text.replace("\r", "").replace("\n", "")
    try:
        base64.b64decode(joined, validate=True)
        return joined
    except ValueError:
        at = next(
            (n for n, c in enumerate(text) if not (c.isascii() and (c.isalnum() or c in "+/=\r\n"))), len(text) // 4 * 4
        )
        raise TypeError(f"illegal base64 data at input byte {at}") from None


def _conform(value: Any, type_: Type, path: str, unknown: list[str], go: Go) -> Any:
    match type_.shape:
        case "struct":
            if not isinstance(value, dict):
                raise _mismatch(value, go, type_.title.rpartition(".")[2] or "object")
            out = {}
            for key, item in value.items():
                place = f"{path}.{key}" if path else key
                field = type_.field(key)
                if field is None:
                    if type_.open:
                        out[key] = item
                    else:
                        unknown.append(place)
                elif item is not None:
                    kept = _conform(item, field, place, unknown, go.member(type_, key))
                    if kept or key not in type_.omits:
                        out[key] = kept
            return out
        case "map":
            if not isinstance(value, dict):
                raise _mismatch(value, go, "map")
            element = type_.element
            # a null member is the zero value: kept as such only where that is a string (labels: "")
            zero = "" if element.shape == "string" else None
            items = {k: (zero if v is None else v) for k, v in value.items()}
            return {k: _conform(v, element, f"{path}.{k}", unknown, go) for k, v in items.items() if v is not None}
        case "list":
            if not isinstance(value, list):
                raise _mismatch(value, go, "[]" + type_.element.title.rpartition(".")[2])
            element = type_.element
            return [_conform(v, element, f"{path}[{n}]", unknown, go) for n, v in enumerate(value) if v is not None]
        case "any":
            return value
        case "string":
            fits = isinstance(value, str)
            if fits and type_.raw.get("format") == "byte":
                value = _bytes(value)
        case "integer":
            fits = isinstance(value, int) and not isinstance(value, bool)
        case "number":
            fits = isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            fits = isinstance(value, bool)
        case "int-or-string" | "quantity":
            fits = isinstance(value, str | int | float) and not isinstance(value, bool)
            if fits and type_.shape == "quantity":
                if not _QUANTITY.fullmatch(str(value)):
                    raise TypeError(f"quantities must match the regular expression '^{_QUANTITY.pattern}$'")
                return canonical(value)
    if not fits:
        raise _mismatch(value, go, _GO.get(type_.shape, "intstr.IntOrString"))
    return value


def _prune(value: Any, type_: Type, path: str, unknown: list[str]) -> Any:
    """A custom object without what its schema does not describe. metadata is decoded as everybody's."""
    if type_.shape == "struct" and isinstance(value, dict):
        out = {}
        for key, item in value.items():
            place = f"{path}.{key}" if path else key
            field = type_.field(key)
            if place == "metadata" and field is not None:
                out[key] = _conform(item, field, place, unknown, Go("ObjectMeta", ("metadata",)))
            elif field is not None:
                out[key] = _prune(item, field, place, unknown)
            elif type_.open:
                out[key] = item
            else:
                unknown.append(place)
        return out
    if type_.shape == "map" and isinstance(value, dict):
        return {k: _prune(v, type_.element, f"{path}.{k}", unknown) for k, v in value.items()}
    if type_.shape == "list" and isinstance(value, list):
        return [_prune(v, type_.element, f"{path}[{n}]", unknown) for n, v in enumerate(value)]
    return value


def _mismatch(value: Any, go: Go, wanted: str) -> TypeError:
    found = _JSON.get(type(value), type(value).__name__)
    place = ".".join((go.struct, *go.members))
    return TypeError(f"json: cannot unmarshal {found} into Go struct field {place} of type {wanted}")
