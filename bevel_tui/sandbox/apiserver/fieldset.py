"""Sets of fields: what a manager owns, and how that is written down (FieldsV1).

A field is a tuple of path elements as FieldsV1 spells them: ``f:name`` a member, ``k:{"name":"x"}`` an item of a list
of type map, ``v:"x"`` an item of a set. A set is a plain Python set of such tuples, so that its algebra is Python's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from bevel_tui.sandbox.apiserver.schema import Type

Path = tuple[str, ...]
FieldSet = set[Path]
#: stands for a container that exists, whatever is in it
_PRESENT = object()


def key_element(keys: tuple[str, ...], values: tuple[Any, ...]) -> str:
    """The path element of an item of a list of type map."""
    named = {k: v for k, v in sorted(zip(keys, values, strict=True)) if v is not None}
    return "k:" + json.dumps(named, separators=(",", ":"), ensure_ascii=False)


def value_element(value: Any) -> str:
    """The path element of an item of a list of type set."""
    return "v:" + json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def flatten(value: Any, type_: Type, path: Path = ()) -> dict[Path, Any]:
    """Every field of a value with what it holds: leaves with their values, items of lists with a mark of presence."""
    out: dict[Path, Any] = {}
    _flatten(value, type_, path, out)
    return out


def _flatten(value: Any, type_: Type, path: Path, out: dict[Path, Any]) -> None:
    if isinstance(value, dict) and not type_.atomic and type_.shape in {"struct", "map", "any"}:
        if not value and path:
            out[path] = value
        for key, item in value.items():
            place = (*path, f"f:{key}")
            _flatten(item, type_.child(key), place, out)
            if type_.shape != "struct" or key not in type_.names:
                out.setdefault(place, _PRESENT)
    elif isinstance(value, list) and type_.shape == "list" and type_.list_type == "map":
        if not value:
            out[path] = value
        for item in value:
            key = type_.key_of(item)
            if key is None:
                out[path] = value
                continue
            place = (*path, key_element(type_.keys, key))
            out[place] = _PRESENT
            _flatten(item, type_.element, place, out)
            if isinstance(item, dict) and not item:
                out[place] = _PRESENT
    elif isinstance(value, list) and type_.shape == "list" and type_.list_type == "set":
        if not value:
            out[path] = value
        for item in value:
            out[(*path, value_element(item))] = _PRESENT
    else:
        out[path] = value


def containers(value: Any, type_: Type, path: Path = (), *, implied: bool = True) -> dict[Path, bool]:
    """The structs, maps and keyed lists inside a value, and whether Go's zero value has them too."""
    out: dict[Path, bool] = {}
    if isinstance(value, dict) and not type_.atomic and type_.shape in {"struct", "map", "any"}:
        for key, item in value.items():
            if isinstance(item, dict | list) and item:
                place, child = (*path, f"f:{key}"), type_.child(key)
                known = implied and (key in type_.always or (len(place) == 1 and child.shape == "struct"))
                inner = containers(item, child, place, implied=known)
                if not child.atomic and (isinstance(item, dict) or child.shape == "list"):
                    out[place] = known
                    out |= inner
    elif isinstance(value, list) and type_.shape == "list" and type_.list_type == "map":
        for item in value:
            key_values = type_.key_of(item)
            if key_values is not None:
                out |= containers(item, type_.element, (*path, key_element(type_.keys, key_values)), implied=False)
    return out


def duplicates(value: Any, type_: Type, path: Path = ()) -> list[tuple[Path, str]]:
    """Where a keyed list or a set names an item twice: the list and the item."""
    found: list[tuple[Path, str]] = []
    if isinstance(value, dict) and type_.shape in {"struct", "map"} and not type_.atomic:
        for key, item in value.items():
            found += duplicates(item, type_.child(key), (*path, f"f:{key}"))
    elif isinstance(value, list) and type_.shape == "list" and not type_.atomic:
        seen: set[str] = set()
        for item in value:
            if type_.list_type == "map":
                key_values = type_.key_of(item)
                element = key_element(type_.keys, key_values) if key_values else ""
            else:
                element = value_element(item)
            if element and element in seen:
                found.append((path, element))
            seen.add(element)
            found += duplicates(item, type_.element, (*path, element))
    return found


def encode(fields: Iterable[Path]) -> dict[str, Any]:
    """FieldsV1 of a set. A field that also has members below it is marked with ``.``."""
    tree: dict[str, Any] = {}
    for path in sorted(fields):
        node = tree
        for element in path:
            node = node.setdefault(element, {})
        node["."] = {}
    _prune_dots(tree)
    return tree


def _prune_dots(node: dict[str, Any]) -> None:
    for key, child in node.items():
        if key != ".":
            if len(child) == 1 and "." in child:
                child.clear()
            else:
                _prune_dots(child)


def decode(tree: Any) -> FieldSet:
    """The set that a FieldsV1 document describes. Raises ValueError for what is none."""
    out: FieldSet = set()
    _decode(tree, (), out)
    return out


def _decode(node: Any, path: Path, out: FieldSet) -> None:
    if not isinstance(node, dict):
        raise ValueError("FieldsV1 holds only objects")
    if not node and path:
        out.add(path)
    for key, child in node.items():
        if key == ".":
            out.add(path)
        elif key[:2] in {"f:", "k:", "v:", "i:"}:
            _decode(child, (*path, key), out)
        else:
            raise ValueError(f"unknown path element {key!r}")


def shown(path: Path) -> str:
    """A field as messages show it: ``.spec.containers[name="a"].image``."""
    text = ""
    for element in path:
        kind, rest = element[:2], element[2:]
        if kind == "f:":
            text += f".{rest}"
        elif kind == "k:":
            text += "[" + ",".join(f"{k}={json.dumps(v)}" for k, v in json.loads(rest).items()) + "]"
        else:
            text += f"[={rest}]" if kind == "v:" else f"[{rest}]"
    return text


def prefixes(fields: Iterable[Path]) -> FieldSet:
    """The fields and everything that contains them."""
    return {path[:n] for path in fields for n in range(1, len(path) + 1)}


def remove(value: Any, doomed: FieldSet, type_: Type, path: Path = ()) -> Any:
    """A copy of a value without the fields in `doomed`; a removed container takes what is in it along."""
    if isinstance(value, dict):
        out = {}
        for key, item in value.items():
            place = (*path, f"f:{key}")
            if place not in doomed:
                out[key] = remove(item, doomed, type_.child(key), place)
        return out
    if isinstance(value, list) and type_.shape == "list" and type_.list_type in {"map", "set"}:
        kept = []
        for item in value:
            if type_.list_type == "set":
                place = (*path, value_element(item))
            else:
                key_values = type_.key_of(item)
                place = (*path, key_element(type_.keys, key_values)) if key_values else path
            if place not in doomed or place == path:
                kept.append(remove(item, doomed, type_.element, place))
        return kept
    return value


def merge(live: Any, config: Any, type_: Type) -> Any:
    """What an apply of `config` makes of `live`: granular maps and keyed lists merge, everything else is replaced."""
    if isinstance(config, dict) and isinstance(live, dict) and not type_.atomic and type_.shape != "list":
        out = dict(live)
        for key, value in config.items():
            out[key] = merge(live.get(key), value, type_.child(key)) if key in live else value
        return out
    if isinstance(config, list) and isinstance(live, list) and type_.shape == "list" and type_.list_type != "atomic":
        if type_.list_type == "set":
            return live + [item for item in config if item not in live]
        return _merge_list(live, config, type_)
    return config


def _merge_list(live: list[Any], config: list[Any], type_: Type) -> list[Any]:
    """Two keyed lists in one order that keeps both orders: structured-merge-diff's mergeListItems, step by step."""
    left = {type_.key_of(item): item for item in live}
    right = {type_.key_of(item): item for item in config}
    lefts, rights = list(left), list(right)
    shared = iter([key for key in rights if key in left])
    following = next(shared, None)
    merged: list[Any] = []
    taken: set[Any] = set()

    def take(key: Any) -> None:
        taken.add(key)
        merged.append(merge(left[key], right[key], type_.element) if key in left else right[key])

    at = of = 0
    while at < len(lefts) or of < len(rights):
        if at < len(lefts) and of < len(rights):
            if lefts[at] == rights[of]:
                take(lefts[at])
                at, of, following = at + 1, of + 1, next(shared, None)
                continue
            if lefts[at] in right and following is not None and following != lefts[at]:
                at += 1
                continue
        if at < len(lefts):
            if lefts[at] not in right:
                merged.append(left[lefts[at]])
                at += 1
                continue
            if lefts[at] in taken:
                at += 1
        if of < len(rights):
            key = rights[of]
            take(key)
            of += 1
            if following == key:
                following = next(shared, None)
    return merged
