"""The three patch languages that Kubernetes speaks besides apply: JSON patch, merge patch, strategic merge patch.

All are pure: they return a new document and leave their arguments alone.
"""

from __future__ import annotations

import copy
from typing import Any

from bevel_tui.sandbox.apiserver.errors import Refusal, bad_request
from bevel_tui.sandbox.apiserver.schema import Type


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


# ---------------------------------------------------------------- JSON patch


def json_patch(target: Any, operations: Any) -> Any:
    """RFC 6902. Raises Refusal: 400 for a malformed patch, 422 when it cannot be applied (a failed test too)."""
    if not isinstance(operations, list):
        raise bad_request("error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    document = copy.deepcopy(target)
    for operation in operations:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise bad_request("error decoding patch: an operation needs op and path")
        try:
            document = _operate(document, operation)
        except (KeyError, IndexError, ValueError, TypeError):
            # the real server does not say which operation, or why
            raise Refusal(422, "the server rejected our request due to an error in our request", details={}) from None
    return document


def _operate(document: Any, operation: dict[str, Any]) -> Any:
    op, path = operation.get("op"), _pointer(operation["path"])
    match op:
        case "add":
            return _add(document, path, copy.deepcopy(operation.get("value")))
        case "remove":
            return _remove(document, path)[0]
        case "replace":
            document, _ = _remove(document, path)
            return _add(document, path, copy.deepcopy(operation.get("value")))
        case "move":
            document, value = _remove(document, _pointer(operation.get("from", "")))
            return _add(document, path, value)
        case "copy":
            return _add(document, path, copy.deepcopy(_get(document, _pointer(operation.get("from", "")))))
        case "test":
            try:
                found = _get(document, path)
            except (KeyError, IndexError):
                found = None
            if not _same(found, operation.get("value")):
                raise ValueError(f"testing value {operation['path']} failed")
            return document
    raise bad_request(f"Unexpected kind: {op}")


def _same(left: Any, right: Any) -> bool:
    """Equality of JSON values; true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)


def _pointer(path: str) -> list[str]:
    if path and not path.startswith("/"):
        raise ValueError(f"path {path!r} does not begin with a slash")
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]


def _index(part: str, length: int) -> int:
    if not (part.isascii() and part.isdigit()) or (len(part) > 1 and part[0] == "0"):
        raise ValueError(f"invalid array index {part!r}")
    index = int(part)
    if index >= length:
        raise IndexError(f"array index {index} is out of bounds")
    return index


def _get(document: Any, path: list[str]) -> Any:
    for part in path:
        if isinstance(document, list):
            document = document[_index(part, len(document))]
        elif isinstance(document, dict):
            if part not in document:
                raise KeyError(f"missing path {part}")
            document = document[part]
        else:
            raise KeyError(f"missing path {part}")
    return document


def _add(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent = _get(document, path[:-1])
    last = path[-1]
    if isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else _index(last, len(parent) + 1), value)
    elif isinstance(parent, dict):
        parent[last] = value
    else:
        raise KeyError(f"missing path {last}")
    return document


def _remove(document: Any, path: list[str]) -> tuple[Any, Any]:
    if not path:
        return None, document
    parent = _get(document, path[:-1])
    last = path[-1]
    if isinstance(parent, list):
        return document, parent.pop(_index(last, len(parent)))
    if not isinstance(parent, dict) or last not in parent:
        raise KeyError(f"unable to remove nonexistent key: {last}")
    return document, parent.pop(last)


# ---------------------------------------------------------------- strategic merge patch


def strategic_merge_patch(target: Any, patch: Any, type_: Type) -> Any:
    """Kubernetes' own: lists merge by the key their type names; directives ``$patch``, ``$retainKeys``,
    ``$deleteFromPrimitiveList`` and ``$setElementOrder``. Raises Refusal(400) for a malformed patch."""
    if not isinstance(patch, dict):
        raise bad_request("cannot apply a strategic merge patch that is no object")
    return _merge_map(target if isinstance(target, dict) else {}, patch, type_)


def _merge_map(target: dict[str, Any], patch: dict[str, Any], type_: Type) -> dict[str, Any]:
    directive = patch.get("$patch")
    if directive == "replace":
        return {k: copy.deepcopy(v) for k, v in patch.items() if k != "$patch"}
    if directive == "delete":
        return {}
    result = dict(target)
    if "$retainKeys" in patch:
        keep = set(patch["$retainKeys"] or ())
        result = {k: v for k, v in result.items() if k in keep}
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            name = key.partition("/")[2]
            result[name] = [item for item in result.get(name) or [] if item not in value]
        if key.startswith("$"):
            continue
        if value is None:
            result.pop(key, None)
            continue
        child = type_.child(key)
        old = result.get(key)
        if isinstance(value, dict):
            merged = _merge_map(old if isinstance(old, dict) else {}, value, child)
            result[key] = merged
        elif isinstance(value, list):
            order = patch.get(f"$setElementOrder/{key}")
            result[key] = _merge_list(old if isinstance(old, list) else [], value, child, order, key)
        else:
            result[key] = value
    for key, order in patch.items():
        if key.startswith("$setElementOrder/"):
            name = key.partition("/")[2]
            child = type_.child(name)
            if name in result and name not in patch and child.merges:
                result[name] = _ordered(result[name], order, child.merge_key, result[name])
    return result


def _merge_list(old: list[Any], patch: list[Any], type_: Type, order: list[Any] | None, name: str) -> list[Any]:
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [copy.deepcopy(i) for i in patch if not (isinstance(i, dict) and i.get("$patch") == "replace")]
    if not type_.merges:
        return [_clean(item) for item in patch]
    key = type_.merge_key
    if key is None:
        merged = old + [item for item in patch if item not in old]
        return _ordered(merged, patch if order is None else order, None, old)
    result = list(old)
    for item in patch:
        if not isinstance(item, dict):
            raise bad_request(f"map: {name}: an item of a list that merges by {key} is no object")
        if key not in item:
            raise bad_request(f"map: {item} does not contain declared merge key: {key}")
        places = [i for i, o in enumerate(result) if isinstance(o, dict) and o.get(key) == item[key]]
        if item.get("$patch") == "delete":
            result = [o for i, o in enumerate(result) if i not in places]
        elif places:
            result[places[0]] = _merge_map(result[places[0]], item, type_.element)
        else:
            result.append(_merge_map({}, item, type_.element))
    return _ordered(result, patch if order is None else order, key, old)


def _ordered(items: list[Any], order: list[Any], key: str | None, old: list[Any]) -> list[Any]:
    """`items` with those that `order` names in that order, and the others in the order of `old`.

    How the two go together is Kubernetes' mergeSortedSlice: another item comes first only where it stood before the
    next named one in `old` (so new ones come before those that the patch does not mention).
    """

    def identity(item: Any) -> Any:
        return item.get(key) if key and isinstance(item, dict) else item

    wanted = [identity(item) for item in order]
    before = [identity(item) for item in old]
    named = {i: item for item in items if (i := identity(item)) in wanted}
    right = [named[i] for i in dict.fromkeys(wanted) if i in named]
    left = [item for item in items if identity(item) not in wanted]
    result = []
    while left and right:
        mine, theirs = identity(left[0]), identity(right[0])
        first = mine in before and theirs in before and before.index(mine) < before.index(theirs)
        result.append((left if first else right).pop(0))
    return result + left + right


def _clean(value: Any) -> Any:
    """A value without directives in it."""
    if isinstance(value, dict):
        return {k: _clean(v) for k, v in value.items() if not k.startswith("$")}
    return [_clean(v) for v in value] if isinstance(value, list) else value
