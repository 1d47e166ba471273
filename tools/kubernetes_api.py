r"""Reduces Kubernetes' own published API description to what the simulated API server needs.

    go mod download -json k8s.io/kubernetes@v1.34.2 k8s.io/api@v0.34.2 k8s.io/apimachinery@v0.34.2   # prints each "Dir"
    python tools/kubernetes_api.py KUBERNETES_DIR/api API_DIR APIMACHINERY_DIR \
        bevel_tui/sandbox/apiserver/data/kubernetes-1.34.json

Kubernetes (Apache-2.0) publishes its discovery and OpenAPI v3 documents in its repository. Field names, types, list and
merge keys taken from there cannot drift from the real server as a table written by hand would. Descriptions are left
out: they are nine tenths of the size, and `kubectl explain` is not what a sandbox is for. One definition a line, so
that a new Kubernetes version reads as a diff. Field numbers come from the .proto files (Go's typed clients send
protobuf); types there are those of the schema, and what OpenAPI inlines is a nested table.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

#: group versions served; where a group has several, only the preferred one (there is no conversion)
SERVED = {
    ("", "v1"),
    ("admissionregistration.k8s.io", "v1"),
    ("apiextensions.k8s.io", "v1"),
    ("apiregistration.k8s.io", "v1"),
    ("apps", "v1"),
    ("authentication.k8s.io", "v1"),
    ("authorization.k8s.io", "v1"),
    ("autoscaling", "v2"),
    ("batch", "v1"),
    ("coordination.k8s.io", "v1"),
    ("discovery.k8s.io", "v1"),
    ("events.k8s.io", "v1"),
    ("networking.k8s.io", "v1"),
    ("policy", "v1"),
    ("rbac.authorization.k8s.io", "v1"),
    ("scheduling.k8s.io", "v1"),
    ("storage.k8s.io", "v1"),
}
#: what only a node or a cloud could answer
LEFT_OUT = {"bindings", "componentstatuses", "tokenreviews"}
LEFT_OUT_SUB = {"attach", "binding", "ephemeralcontainers", "proxy", "resize", "token"}
PREFIX = "#/components/schemas/"


def _short(name: str) -> str:
    """Schema names without the common prefixes, as they stay unique without them."""
    for prefix in ("io.k8s.apimachinery.pkg.", "io.k8s.api.", "io.k8s.apiextensions-apiserver.pkg.apis.", "io.k8s."):
        if name.startswith(prefix):
            return name[len(prefix) :]
    return name


def _reduce(node: Any, refs: set[str]) -> Any:
    if isinstance(node, list):
        return [_reduce(item, refs) for item in node]
    if not isinstance(node, dict):
        return node
    if "allOf" in node:  # {"allOf": [{"$ref"}], "default": {}}: one reference with decorations
        node = {**node["allOf"][0], **{k: v for k, v in node.items() if k != "allOf"}}
    out = {}
    for key, value in node.items():
        if key == "$ref":
            refs.add(value.removeprefix(PREFIX))
            out["$ref"] = _short(value.removeprefix(PREFIX))
        elif key == "properties":
            out[key] = {name: _reduce(sub, refs) for name, sub in value.items()}
        elif key == "default" and value in ({}, "", 0, False):
            continue  # Go's zero values, not defaults
        elif key in {"description", "x-kubernetes-group-version-kind"}:
            continue
        else:
            out[key] = _reduce(value, refs)
    return out


def _resources(api: Path) -> list[dict[str, Any]]:
    core = json.loads((api / "discovery/api__v1.json").read_text())
    groups = json.loads((api / "discovery/aggregated_v2.json").read_text())["items"]
    found = []
    by_name = {}
    for entry in core["resources"]:
        name, _, sub = entry["name"].partition("/")
        if sub:
            by_name[name].setdefault("subresources", []).append(
                {
                    "subresource": sub,
                    "verbs": entry["verbs"],
                    "responseKind": {k: entry.get(k, "") for k in ("group", "version", "kind")},
                }
            )
            continue
        resource = {
            "resource": name,
            "singularResource": entry["singularName"],
            "scope": "Namespaced" if entry["namespaced"] else "Cluster",
            "responseKind": {"group": "", "version": "", "kind": entry["kind"]},
            "verbs": entry["verbs"],
        }
        for key in ("shortNames", "categories"):
            if key in entry:
                resource[key] = entry[key]
        by_name[name] = resource
    found.append({"group": "", "version": "v1", "resources": list(by_name.values())})
    for group in groups:
        for version in group["versions"]:
            key = (group["metadata"].get("name", ""), version["version"])
            if key in SERVED and key[0]:
                found.append({"group": key[0], "version": key[1], "resources": version["resources"]})
    for group in found:
        group["resources"] = [r for r in group["resources"] if r["resource"] not in LEFT_OUT]
        for resource in group["resources"]:
            kept = [s for s in resource.get("subresources", ()) if s["subresource"] not in LEFT_OUT_SUB]
            resource.pop("subresources", None)
            if kept:
                resource["subresources"] = kept
    return found


_MESSAGE = re.compile(r"^message (\w+) \{(.*?)^\}", re.M | re.S)
_FIELD = re.compile(r"^  (?:optional|repeated|map<string, [\w.]+>) ?([\w.]*) (\w+) = (\d+);", re.M)


def _numbers(modules: list[Path], schemas: dict[str, Any]) -> dict[str, Any]:
    """Schema name -> field number -> field name (or, for what JSON inlines, a table of its own)."""
    messages: dict[str, list[tuple[int, str, str]]] = {}
    for module in modules:
        for file in sorted(module.rglob("generated.proto")):
            text = file.read_text()
            package = re.search(r"^package k8s\.io\.(?:api|apimachinery\.pkg)\.([\w.]+);", text, re.M)
            if not package:
                continue
            for name, body in _MESSAGE.findall(text):
                fields = []
                for kind, field, number in _FIELD.findall(body):
                    local = kind if "." in kind else f"{package[1]}.{kind}"
                    target = re.sub(r"^\.?k8s\.io\.(api|apimachinery\.pkg)\.", "", local)
                    fields.append((int(number), field, target))
                messages[f"{package[1]}.{name}"] = fields

    def table(name: str, known: dict[str, str]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for number, field, kind in messages[name]:
            if field.lower() in known:  # a few differ in case: Webhooks, aPIGroup
                out[str(number)] = known[field.lower()]
            elif kind in messages:
                out[str(number)] = table(kind, known)
        return out

    return {
        name: table(name, {field.lower(): field for field in schema["properties"]})
        for name, schema in schemas.items()
        if name in messages and "properties" in schema
    }


_STRUCT = re.compile(r"^type (\w+) struct \{(.*?)^\}", re.M | re.S)
_MEMBER = re.compile(r"^\t\w+\s+([^\s`]+)\s+`json:\"(\w+)(,omitempty)?\"", re.M)


def _mark_omitted(modules: list[Path], schemas: dict[str, Any]) -> None:
    """Name the members whose zero value Go leaves out (plain fields with omitempty: a server never shows those), and
    those that it always writes (structs, and fields without omitempty: nobody comes to own them by their presence)."""
    for module in modules:
        for file in sorted(module.rglob("v1/types.go")) + sorted(module.rglob("v2/types.go")):
            package = ".".join(file.relative_to(module).parent.parts).removeprefix("pkg.")
            for name, body in _STRUCT.findall(file.read_text()):
                schema = schemas.get(f"{package}.{name}")
                if not schema or "properties" not in schema:
                    continue
                omitted, always = [], []
                for kind, member, omitempty in _MEMBER.findall(body):
                    shape = schema["properties"].get(member, {})
                    plain = shape.get("type") in {"string", "integer", "number", "boolean", "array", "object"}
                    if kind.startswith("*"):
                        continue
                    if omitempty and plain:
                        omitted.append(member)
                    else:
                        always.append(member)
                if omitted:
                    schema["x-omit-zero"] = sorted(omitted)
                if always:
                    schema["x-always"] = sorted(always)


def main(source: Path, modules: list[Path], target: Path) -> None:
    schemas: dict[str, Any] = {}
    kinds: dict[tuple[str, str, str], str] = {}
    for group, version in sorted(SERVED):
        name = f"api__{version}" if not group else f"apis__{group}__{version}"
        document = json.loads((source / f"openapi-spec/v3/{name}_openapi.json").read_text())
        for schema_name, schema in document["components"]["schemas"].items():
            schemas[schema_name] = schema
            for gvk in schema.get("x-kubernetes-group-version-kind", ()):
                if (gvk["group"], gvk["version"]) == (group, version):
                    kinds[group, version, gvk["kind"]] = schema_name
    groups = _resources(source)
    wanted = {"io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}
    top = []
    for entry in groups:
        for resource in entry["resources"]:
            kind = resource["responseKind"]
            name = kinds[kind.get("group") or entry["group"], kind.get("version") or entry["version"], kind["kind"]]
            wanted.add(name)
            top.append((entry["group"], entry["version"], kind["kind"], _short(name)))
            # autoscaling/v1 Scale and policy/v1 Eviction have no collection of their own
    wanted |= {n for n in schemas if n.endswith(("autoscaling.v1.Scale", "policy.v1.Eviction", "v1.DeleteOptions"))}
    out: dict[str, Any] = {}
    while wanted:
        name = wanted.pop()
        refs: set[str] = set()
        out[_short(name)] = _reduce(schemas[name], refs)
        wanted |= {ref for ref in refs if _short(ref) not in out}
    _mark_omitted(modules, out)
    lines = [
        '{"source": "Kubernetes v1.34.2 (Apache-2.0), api/discovery and api/openapi-spec/v3, reduced by tools/kubernetes_api.py",'
    ]
    compact = {"separators": (",", ":"), "sort_keys": True}
    lines.append('"groups": [')
    lines += [",\n".join(json.dumps(g, **compact) for g in groups), "],", '"kinds": [']  # type: ignore[arg-type]
    lines += [",\n".join(json.dumps(k) for k in top), "],", '"schemas": {']
    lines += [",\n".join(f"{json.dumps(n)}:{json.dumps(out[n], **compact)}" for n in sorted(out)), "},"]  # type: ignore[arg-type]
    numbers = _numbers(modules, out)
    lines.append('"protobuf": {')
    lines += [",\n".join(f"{json.dumps(n)}:{json.dumps(numbers[n], **compact)}" for n in sorted(numbers)), "}}"]  # type: ignore[arg-type]
    target.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(sys.argv[2]), Path(sys.argv[3])], Path(sys.argv[4]))
