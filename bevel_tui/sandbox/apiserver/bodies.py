"""Request bodies: JSON, YAML and protobuf, bounded as in Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bevel_tui.sandbox.apiserver import protobuf, structure
from bevel_tui.sandbox.apiserver.errors import Refusal, bad_request, unsupported_media_type

if TYPE_CHECKING:
    from aiohttp import web

#: bytes (the real server's limit)
LIMIT = 3 * 1024 * 1024
_ACCEPTED = ("application/json", "application/yaml", protobuf.CONTENT_TYPE)
_PATCHES = ("application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json")


@dataclass(frozen=True, slots=True)
class Body:
    """A decoded body. `duplicates` are names that occurred twice in one object."""

    value: Any
    duplicates: list[str]

    @classmethod
    async def read(cls, request: web.BaseRequest, *, optional: bool = False) -> Body:
        """Raises Refusal: 400, 413, 415."""
        data = b""
        async for chunk in request.content.iter_any():
            data += chunk
            if len(data) > LIMIT:
                raise Refusal(413, f"Request entity too large: limit is {LIMIT}")
        if not data:
            if optional:
                return cls(None, [])
            raise bad_request("the request has no body")
        media = request.content_type if "Content-Type" in request.headers else "application/json"
        duplicates: list[str] = []
        if media == protobuf.CONTENT_TYPE:
            return cls(protobuf.decode(data), duplicates)
        if media in {"application/yaml", "application/apply-patch+yaml"}:
            value = _yaml(data)
            return cls(value, repeated(data) if media.endswith("patch+yaml") else duplicates)
        if media != "application/json" and media not in _PATCHES:
            raise unsupported_media_type(_ACCEPTED)
        try:
            return cls(structure.loads(data, duplicates), duplicates)
        except (ValueError, RecursionError) as error:
            raise bad_request(f"the object provided is unrecognized (must be of type json): {error}") from None


def _yaml(data: bytes) -> Any:
    try:
        return structure.loads(data, [])  # nearly always JSON, which is YAML too
    except (ValueError, RecursionError):
        pass
    import yaml

    try:
        return yaml.load(data, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader, in C
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise bad_request(f"error decoding YAML: {error}") from None


def repeated(data: bytes) -> list[str]:
    """Names that occur twice in one object of a YAML document, in the words of Go's YAML library."""
    found: list[str] = []
    try:
        structure.loads(data, found)
        if not found:
            return []  # JSON, as nearly always
    except (ValueError, RecursionError):
        pass
    import yaml

    def walk(node: yaml.Node) -> Iterator[str]:
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                if key.value in seen:
                    yield f'line {key.start_mark.line + 1}: key "{key.value}" already set in map'
                seen.add(key.value)
                yield from walk(value)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                yield from walk(item)

    node = yaml.compose(data, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return list(walk(node)) if node else []
