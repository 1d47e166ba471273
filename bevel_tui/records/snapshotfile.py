"""A snapshot as a file: JSON (gzipped where the name ends in .gz), or YAML when it is read, so that people can write one.

The format is versioned; fields may be added within a version. What is missing has its default, so that a snapshot
written by hand holds only what matters.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.snapshot import Snapshot

VERSION = 1
#: bytes of a file before it is taken for something else
MAX_SIZE = 512 << 20

_KIND = TypeAdapter(Snapshot)
#: what is derived from the rest
_NOT_SAVED: Any = {"memo": True, "clusters": {"__all__": {"memo"}}}


def to_tree(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot as a JSON tree."""
    return {"version": VERSION, **_KIND.dump_python(snapshot, mode="json", exclude=_NOT_SAVED)}


def from_tree(tree: Mapping[str, Any]) -> Snapshot:
    """The snapshot that a tree holds. Raises ValueError with the path of what does not fit."""
    if tree.get("version") != VERSION:
        raise ValueError(f"version {tree.get('version')!r} is not {VERSION}")
    try:
        return _KIND.validate_python({k: v for k, v in tree.items() if k != "version"})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {first['msg'][0].lower()}{first['msg'][1:]}") from None


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
