"""Lists in pages: which parameters go together, and the token that asks for the next page."""

from __future__ import annotations

import base64
import json
from typing import Any

from bevel_tui.sandbox.apiserver.errors import Cause, bad_request, invalid


def check(query: Any) -> None:
    """Raises Refusal(422) for parameters that do not go together."""
    causes = []
    if query.get("resourceVersionMatch") and not query.get("resourceVersion"):
        text = "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"
        causes.append(Cause("FieldValueForbidden", text, "resourceVersionMatch"))
    if query.get("sendInitialEvents"):
        text = "Forbidden: sendInitialEvents is forbidden for list"
        causes.append(Cause("FieldValueForbidden", text, "sendInitialEvents"))
    if causes:
        raise invalid("ListOptions", "meta.k8s.io", "", causes)


def token(version: int, namespace: str, name: str) -> str:
    """What the next page is asked for with."""
    words = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": f"{namespace}/{name}"})
    return base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")


def begins(token: str) -> tuple[int, tuple[str, str]]:
    """The version of the list and the object after which a page begins. Raises Refusal(400)."""
    try:
        decoded = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        namespace, _, name = decoded["start"].partition("/")
        return int(decoded["rv"]), (namespace, name)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise bad_request("continue key is not valid") from None
