"""From a request to what it names and what it wants: resource, namespace, name, subresource and verb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bevel_tui.sandbox.apiserver.errors import method_not_allowed, no_such_path


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names."""

    group: str
    version: str
    plural: str
    namespace: str | None = None
    name: str | None = None
    subresource: str = ""


def parse(path: str) -> Target | None:
    """The resource that a path names; None for a path that names none (``/api/v1``, ``/version``)."""
    parts = [part for part in path.split("/") if part]
    if len(parts) >= 3 and parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = None
    if rest[0] == "namespaces" and len(rest) >= 3 and rest[2] not in {"status", "finalize"}:
        namespace, rest = rest[1], rest[2:]
    if len(rest) > 3:
        raise no_such_path()
    name = rest[1] if len(rest) > 1 else None
    return Target(group, version, rest[0], namespace, name, rest[2] if len(rest) > 2 else "")


def verb_of(method: str, target: Target, query: Any) -> str:
    """The verb as RBAC names it. Raises Refusal(405)."""
    wants_name = {"POST": bool(target.subresource), "PUT": True, "PATCH": True}.get(method, target.name is not None)
    if wants_name != (target.name is not None):
        raise method_not_allowed()
    match method:
        case "GET" | "HEAD":
            if target.name is not None:
                return "get"
            return "watch" if query.get("watch") in {"true", "1"} else "list"
        case "POST":
            return "create"
        case "PUT":
            return "update"
        case "PATCH":
            return "patch"
        case "DELETE":
            return "delete" if target.name is not None else "deletecollection"
    raise method_not_allowed()
