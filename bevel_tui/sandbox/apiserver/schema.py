"""The shape of objects: which fields exist, their types, and how lists and maps merge.

Compiled lazily from OpenAPI: Kubernetes' own (data/kubernetes-1.34.json, see tools/kubernetes_api.py) and the schemas
inside CustomResourceDefinitions. Patching, field ownership, strict validation and `/openapi/v3` read it.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Shape = Literal["struct", "map", "list", "string", "integer", "number", "boolean", "quantity", "int-or-string", "any"]


class Type:
    """One type. `shape` says which of the other attributes mean something.

    struct: `field(name)`, `names`, `required`, `open` (unknown fields are kept), `omits`
    (members whose zero value is left out) and `always` (members that Go writes whatever they hold); map: `element`; list: `element`,
    `list_type` (atomic, set, map) and `keys`. `atomic`: changes as one (SSA). `merge_key` and `merges` are the
    strategic merge patch's; `retain_keys` its retainKeys strategy. `default` is None when there is none.
    """

    __slots__ = (
        "_element",
        "_fields",
        "_raw",
        "_resolve",
        "always",
        "atomic",
        "default",
        "keys",
        "list_type",
        "merge_key",
        "merges",
        "names",
        "omits",
        "open",
        "required",
        "retain_keys",
        "shape",
        "title",
    )

    def __init__(self, raw: dict[str, Any], resolve: dict[str, Any], title: str = "") -> None:
        self._resolve = resolve
        self.title = title
        decorations = raw
        while "$ref" in raw:
            self.title = raw["$ref"]
            raw = resolve[raw["$ref"]]
        self._raw = raw
        self.shape: Shape = _shape(raw, self.title)
        self.names: dict[str, Any] = raw.get("properties", {})
        self.required: tuple[str, ...] = tuple(raw.get("required", ()))
        self.omits = frozenset(raw.get("x-omit-zero", ()))
        self.always = frozenset(raw.get("x-always", ()))
        self.open = bool(raw.get("x-kubernetes-preserve-unknown-fields"))
        self.default = decorations.get("default", raw.get("default"))
        self.list_type: str = decorations.get("x-kubernetes-list-type") or raw.get("x-kubernetes-list-type", "atomic")
        self.keys: tuple[str, ...] = tuple(
            decorations.get("x-kubernetes-list-map-keys") or raw.get("x-kubernetes-list-map-keys", ())
        )
        map_type = decorations.get("x-kubernetes-map-type") or raw.get("x-kubernetes-map-type")
        self.atomic = map_type == "atomic" or (self.shape == "list" and self.list_type == "atomic")
        strategy = decorations.get("x-kubernetes-patch-strategy") or ""
        self.merges = "merge" in strategy.split(",")
        self.retain_keys = "retainKeys" in strategy.split(",")
        self.merge_key: str | None = decorations.get("x-kubernetes-patch-merge-key")
        self._fields: dict[str, Type] = {}
        self._element: Type | None = None

    def field(self, name: str) -> Type | None:
        """The type of a struct's field; None when there is no such field."""
        found = self._fields.get(name)
        if found is None and name in self.names:
            found = self._fields[name] = Type(self.names[name], self._resolve, self.title)
        return found

    @property
    def raw(self) -> dict[str, Any]:
        """The schema that this was compiled from, references resolved one level."""
        return self._raw

    @property
    def element(self) -> Type:
        """The type of a map's values or a list's items."""
        if self._element is None:
            raw = self._raw.get("items") if self.shape == "list" else self._raw.get("additionalProperties")
            self._element = Type(raw if isinstance(raw, dict) else {}, self._resolve, self.title)
        return self._element

    def child(self, name: str) -> Type:
        """The type of a member of a struct or map; ANY where the schema does not say."""
        if self.shape == "struct":
            return self.field(name) or ANY
        return self.element if self.shape == "map" else ANY

    def key_of(self, item: Any) -> tuple[Any, ...] | None:
        """What identifies an item of a list of type map; None for an item that lacks every key."""
        if not isinstance(item, dict):
            return None
        defaults = self.element
        values = []
        for key in self.keys:
            value = item.get(key)
            if value is None:
                field = defaults.field(key)
                value = field.default if field else None
            values.append(value)
        return None if all(value is None for value in values) else tuple(values)


def _shape(raw: dict[str, Any], title: str) -> Shape:
    if raw.get("x-kubernetes-int-or-string") or raw.get("format") == "int-or-string":
        return "int-or-string"
    if title == "api.resource.Quantity":
        return "quantity"
    kind = raw.get("type")
    if kind == "array":
        return "list"
    if raw.get("properties"):
        return "struct"
    if isinstance(raw.get("additionalProperties"), dict) and raw["additionalProperties"]:
        return "map"
    if kind in {"string", "integer", "number", "boolean"}:
        return kind  # type: ignore[no-any-return]
    return "any"


#: whatever is not described: maps merge, lists are atomic (as server-side apply deduces)
ANY = Type({}, {})


@cache
def document() -> dict[str, Any]:
    """The reduced API description of Kubernetes: keys ``groups``, ``kinds`` and ``schemas``."""
    text = files("bevel_tui.sandbox.apiserver").joinpath("data/kubernetes-1.34.json").read_bytes()
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def builtin(group: str, version: str, kind: str) -> Type:
    """The type of a kind that Kubernetes itself serves. Raises KeyError."""
    for g, v, k, name in document()["kinds"]:
        if (g, v, k) == (group, version, kind):
            return named(name)
    raise KeyError((group, version, kind))


@cache
def named(name: str) -> Type:
    """A type by its name in the reduced document, e.g. ``core.v1.PodSpec``."""
    return Type({"$ref": name}, document()["schemas"], name)


def custom(raw: dict[str, Any] | None) -> Type:
    """The type of a custom resource from the ``openAPIV3Schema`` of its version (None: nothing is described)."""
    schemas = document()["schemas"]
    body = dict(raw or {})
    properties = dict(body.get("properties") or {})
    properties["apiVersion"] = properties["kind"] = {"type": "string"}
    properties["metadata"] = {"$ref": "apis.meta.v1.ObjectMeta"}
    body["type"] = "object"
    body["properties"] = properties
    if raw is None:
        body["x-kubernetes-preserve-unknown-fields"] = True
    return Type(body, schemas)
