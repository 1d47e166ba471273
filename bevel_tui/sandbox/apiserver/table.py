"""The server's side of `kubectl get`: metav1.Table with the columns of each kind, and PartialObjectMetadata."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from bevel_tui.sandbox.apiserver.columns import AGE, COLUMNS, NAME, Cell, Column, since, storage_class
from bevel_tui.sandbox.apiserver.kinds import Kind
from bevel_tui.sandbox.apiserver.store import Object


def document(
    kind: Kind, objects: Iterable[Object], meta: dict[str, Any], include: str, *, headers: bool = True
) -> Object:
    """A Table of objects. `include` as in the includeObject parameter (Metadata, Object, None)."""
    columns = columns_of(kind)
    rows = []
    for obj in objects:
        row: Object = {"cells": [_safe(c.cell, obj) for c in columns]}
        if include != "None":
            row["object"] = obj if include == "Object" else partial(obj)
        rows.append(row)
    definitions = [
        {
            "name": c.name,
            "type": c.type,
            "format": "name" if c.name == "Name" else "",
            "description": c.description,
            "priority": 1 if c.wide else 0,
        }
        for c in columns
    ]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": meta,
        "columnDefinitions": definitions if headers else None,
        "rows": rows,
    }


def partial(obj: Object) -> Object:
    """The metadata of an object alone."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def columns_of(kind: Kind) -> list[Column]:
    """The columns of a kind: Kubernetes' own, a CRD's printer columns, or name and age."""
    if kind.custom:
        own = [
            Column(c["name"], _path(c.get("jsonPath", "")), c.get("type", "string"), bool(c.get("priority")))
            for c in kind.columns
        ]
        named = [c for c in own if c.name.lower() != "name"]
        if not own:
            named = [AGE]
        dates = [c._replace(cell=since(c.cell)) if c.type == "date" else c for c in named]
        return [NAME, *dates]
    if kind.resource == "events":  # whose names say nothing
        return COLUMNS["events"]
    name = NAME._replace(cell=storage_class) if kind.plural == "storageclasses" else NAME
    return [name, *COLUMNS.get(kind.resource, [AGE])]


def _safe(cell: Cell, obj: Object) -> Any:
    try:
        value = cell(obj)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        value = None
    return "<none>" if value is None or value == "" else value


def _path(json_path: str) -> Cell:
    """The common subset of JSONPath in printer columns: ``.a.b[0].c`` and ``[?(@.type=="Ready")]``."""
    parts = re.findall(r"\.([\w-]+|\*)|\[(\d+|\*)\]|\[\?\(@\.(\w+)\s*==\s*[\"']([^\"']*)[\"']\)\]", json_path)

    def cell(obj: Object) -> Any:
        nodes: list[Any] = [obj]
        for member, index, key, value in parts:
            following: list[Any] = []
            for node in nodes:
                if key and isinstance(node, list):
                    following += [i for i in node if isinstance(i, dict) and i.get(key) == value]
                elif index and isinstance(node, list):
                    following += node if index == "*" else node[int(index) : int(index) + 1]
                elif member and isinstance(node, dict) and member in node:
                    following.append(node[member])
            nodes = following
        return nodes[0] if nodes else None

    return cell
