"""/openapi/v3 and the little of /openapi/v2 that clients ask for.

kubectl and Helm look here for two things: whether a kind knows `fieldValidation` (then the server validates), and for
explain. Schemas are the reduced ones of data/ (no descriptions).
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from bevel_tui.sandbox.apiserver import schema
from bevel_tui.sandbox.apiserver.kinds import Kind, KindTable

#: `swagger: "2.0"` as gnostic protobuf: all that a client needs to learn that a kind is unknown
V2_PROTOBUF = b"\x0a\x032.0"
#: dots and no @: Go refuses the media type otherwise
V2_CONTENT_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
#: marks of our own in the reduced schemas
_OURS = {"x-omit-zero", "x-always"}
_PREFIX = "#/components/schemas/"


class OpenApi:
    """The documents of one cluster, made when asked for and kept until the kinds change."""

    def __init__(self, kinds: KindTable) -> None:
        self._kinds = kinds
        self._documents: dict[str, bytes] = {}
        self._generation = -1

    def index(self) -> dict[str, Any]:
        """The answer of /openapi/v3."""
        self._fresh()
        paths = {}
        for group, versions in self._kinds.group_versions().items():
            for version in versions:
                path = f"apis/{group}/{version}" if group else f"api/{version}"
                digest = hashlib.sha256(f"{path} {self._generation}".encode()).hexdigest().upper()
                paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
        return {"paths": paths}

    def document(self, path: str) -> bytes | None:
        """The document of ``api/v1`` or ``apis/<group>/<version>``; None when it is not served."""
        self._fresh()
        if path not in self._documents:
            parts = path.split("/")
            group, version = ("", parts[1]) if parts[0] == "api" and len(parts) == 2 else ("", "")
            if parts[0] == "apis" and len(parts) == 3:
                group, version = parts[1], parts[2]
            kinds = [k for k in self._kinds if (k.group, k.version) == (group, version)]
            if not kinds:
                return None
            self._documents[path] = json.dumps(_document(kinds), separators=(",", ":")).encode()
        return self._documents[path]

    def _fresh(self) -> None:
        if self._generation != self._kinds.generation:
            self._documents.clear()
            self._generation = self._kinds.generation


def _document(kinds: list[Kind]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    wanted: list[str] = []
    for kind in kinds:
        gvk = {"group": kind.group, "version": kind.version, "kind": kind.kind}
        name = kind.type.title or ".".join([*reversed(kind.group.split(".")), kind.version, kind.kind])
        if kind.custom or not kind.type.title:
            schemas[name] = _outward({**kind.type.raw}, wanted)
        else:
            wanted.append(name)
        schemas.setdefault(name, {})
        base = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
        where = "/namespaces/{namespace}" if kind.namespaced else ""
        collection = f"{base}{where}/{kind.plural}"
        body = {"$ref": _PREFIX + name}
        paths[collection] = {
            "get": _operation("list", gvk),
            "post": _operation("post", gvk, body),
            "delete": _operation("deletecollection", gvk),
        }
        paths[f"{collection}/{{name}}"] = {
            "get": _operation("get", gvk),
            "put": _operation("put", gvk, body),
            "patch": _operation("patch", gvk),
            "delete": _operation("delete", gvk),
        }
        schemas[name] = {**schemas[name], "x-kubernetes-group-version-kind": [gvk]}
    known = schema.document()["schemas"]
    tops = {
        n: s["x-kubernetes-group-version-kind"] for n, s in schemas.items() if "x-kubernetes-group-version-kind" in s
    }
    done: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in done:
            continue
        done.add(name)
        reduced = _outward(known[name], wanted)
        schemas[name] = {**reduced, "x-kubernetes-group-version-kind": tops[name]} if name in tops else reduced
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.34.2"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _operation(action: str, gvk: dict[str, str], body: dict[str, Any] | None = None) -> dict[str, Any]:
    names = ["fieldManager", "dryRun", "fieldValidation"] if action in {"post", "put", "patch"} else []
    operation: dict[str, Any] = {
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": gvk,
        "parameters": [{"name": n, "in": "query", "schema": {"type": "string", "uniqueItems": True}} for n in names],
        "responses": {"200": {"description": "OK"}},
    }
    if body is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return operation


def _outward(node: Any, wanted: list[str]) -> Any:
    """A reduced schema with references as they are in a complete document."""
    if isinstance(node, list):
        return [_outward(item, wanted) for item in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("$ref"), str):
        wanted.append(node["$ref"])
        rest = {k: v for k, v in node.items() if k != "$ref"}
        reference = {"$ref": _PREFIX + node["$ref"]}
        return {"allOf": [reference], **rest} if rest else reference
    return {key: _outward(value, wanted) for key, value in node.items() if key not in _OURS}
