"""Request bodies: JSON, YAML and protobuf, bounded as in Kubernetes."""

from __future__ import annotations

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
            return cls(_yaml(data, duplicates), duplicates)
        if media != "application/json" and media not in _PATCHES:
            raise unsupported_media_type(_ACCEPTED)
        try:
            return cls(structure.loads(data, duplicates), duplicates)
        except (ValueError, RecursionError) as error:
            raise bad_request(f"the object provided is unrecognized (must be of type json): {error}") from None


def _yaml(data: bytes, duplicates: list[str]) -> Any:
    try:
        return structure.loads(data, duplicates)  # nearly always JSON, which is YAML too
    except (ValueError, RecursionError):
        duplicates.clear()
    import yaml

    try:
        return yaml.load(data, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader, in C
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise bad_request(f"error decoding YAML: {error}") from None
