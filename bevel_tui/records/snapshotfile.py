"""A snapshot as a file: JSON (gzipped where the name ends in .gz), or YAML when it is read, so that people can write one.

The format is versioned; fields may be added within a version. What is missing has its default, so that a snapshot
written by hand holds only what matters.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bevel_tui.records.checks import CheckResult
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.snapshot import Snapshot

VERSION = 1
#: bytes of a file before it is taken for something else
MAX_SIZE = 512 << 20


def to_tree(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot as a JSON tree."""
    return {"version": VERSION, **_dump(snapshot)}


def from_tree(tree: Mapping[str, Any]) -> Snapshot:
    """The snapshot that a tree holds. Raises ValueError with the path of what does not fit."""
    if tree.get("version") != VERSION:
        raise ValueError(f"version {tree.get('version')!r} is not {VERSION}")
    return typing.cast("Snapshot", _load(Snapshot, {k: v for k, v in tree.items() if k != "version"}, ""))


def save(snapshot: Snapshot, path: Path) -> None:
    """Write a file that only its owner may read (names of hosts and objects are in it). Raises OSError."""
    text = json.dumps(to_tree(snapshot), separators=(",", ":"), sort_keys=True).encode()
    path.touch(mode=0o600)
    path.write_bytes(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)


def load(path: Path) -> Snapshot:
    """Read a file. Raises BevelError(snapshot-unreadable)."""
    try:
        if path.stat().st_size > MAX_SIZE:
            raise ValueError("it is too big")
        raw = path.read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
        tree = _parse(raw, path.suffix)
        if not isinstance(tree, dict):
            raise ValueError("it holds no mapping")
        return from_tree(tree)
    except OSError as error:
        raise BevelError(Code.SNAPSHOT, f"The snapshot {path} cannot be read: {error.strerror or error}.") from None
    except (ValueError, EOFError, RecursionError) as error:
        raise BevelError(Code.SNAPSHOT, f"{path} is not a snapshot: {str(error).splitlines()[0]}.") from None


def _parse(raw: bytes, suffix: str) -> Any:
    if suffix in {".yaml", ".yml"}:
        import yaml

        try:
            return yaml.load(raw, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader, in C
        except yaml.YAMLError as error:
            raise ValueError(str(error)) from None
    return json.loads(raw)


def _dump(value: Any) -> Any:
    if isinstance(value, CheckResult):
        return value.model_dump(mode="json", exclude_defaults=True)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            each.name: _dump(getattr(value, each.name)) for each in dataclasses.fields(value) if each.name != "memo"
        }
    if isinstance(value, Mapping):
        return {key: _dump(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_dump(one) for one in value]
    return value


def _load(kind: Any, value: Any, where: str) -> Any:
    """A value of a type, from plain JSON. Raises ValueError."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is CheckResult:
        return CheckResult.model_validate(value)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if not isinstance(value, Mapping):
            raise ValueError(f"{where or 'the top'} is no mapping")
        hints = typing.get_type_hints(kind)
        known = {each.name for each in dataclasses.fields(kind)} - {"memo"}
        if unknown := sorted(set(value) - known):
            raise ValueError(f"{where or 'the top'} has no field {unknown[0]!r}")
        try:
            return kind(**{name: _load(hints[name], one, f"{where}.{name}".lstrip(".")) for name, one in value.items()})
        except TypeError as error:
            raise ValueError(f"{where or 'the top'}: {str(error).partition('() ')[2]}") from None
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{where} is no list")
        return tuple(_load(arguments[0], one, f"{where}[{index}]") for index, one in enumerate(value))
    if origin in {Mapping, dict} and len(arguments) == 2 and kind != Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise ValueError(f"{where} is no mapping")
        return {str(key): _load(arguments[1], one, f"{where}.{key}") for key, one in value.items()}
    if origin in {typing.Union, types.UnionType}:
        if value is None and type(None) in arguments:
            return None
        return _load(next(a for a in arguments if a is not type(None)), value, where)
    if origin is typing.Literal:
        if value not in arguments:
            raise ValueError(f"{where} is none of {', '.join(map(str, arguments))}")
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    plain = origin or kind
    if isinstance(plain, type) and plain is not object and not isinstance(value, plain):
        raise ValueError(f"{where} is no {plain.__name__}")
    return value
