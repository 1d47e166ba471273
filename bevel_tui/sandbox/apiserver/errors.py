"""Refusals as a real API server words them: people read the messages, tools match on code, reason and causes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    409: "Conflict",
    410: "Expired",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    504: "Timeout",
}


class Cause(NamedTuple):
    """One thing wrong with a field. `reason` as in Kubernetes: FieldValueInvalid, FieldValueRequired..."""

    reason: str
    message: str
    field: str


class Refusal(Exception):  # noqa: N818 - it is an answer, not a defect
    """An answer other than success. `details` as in metav1.StatusDetails."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        reason: str | None = None,
        details: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        meta: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = _REASONS.get(code, "") if reason is None else reason
        self.details = details
        self.headers = headers or {}
        self.meta = meta or {}

    def status(self) -> dict[str, Any]:
        """The metav1.Status document."""
        document: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.meta,
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            document["reason"] = self.reason
        if self.details is not None:
            document["details"] = self.details
        document["code"] = self.code
        return document


def resource_name(plural: str, group: str) -> str:
    """``deployments.apps``; ``pods`` in the core group."""
    return f"{plural}.{group}" if group else plural


def _details(plural: str, group: str, name: str) -> dict[str, Any]:
    details: dict[str, Any] = {"name": name} if name else {}
    if group:
        details["group"] = group
    details["kind"] = plural
    return details


def not_found(plural: str, group: str, name: str) -> Refusal:
    return Refusal(404, f'{resource_name(plural, group)} "{name}" not found', details=_details(plural, group, name))


class NoSuchPath(Refusal):
    """Nothing is served there at all: the answer is no Status but Go's own text."""

    def __init__(self) -> None:
        super().__init__(404, "404 page not found")


def no_such_path() -> Refusal:
    return Refusal(404, "the server could not find the requested resource", details={})


def already_exists(plural: str, group: str, name: str, *, going: bool = False) -> Refusal:
    """`going`: it is there still, but being deleted."""
    return Refusal(
        409,
        f'{"object is being deleted: " if going else ""}{resource_name(plural, group)} "{name}" already exists',
        reason="AlreadyExists",
        details=_details(plural, group, name),
    )


def conflict(plural: str, group: str, name: str, why: str | None = None) -> Refusal:
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    return Refusal(
        409,
        f'Operation cannot be fulfilled on {resource_name(plural, group)} "{name}": {why}',
        details=_details(plural, group, name),
    )


def forbidden(plural: str, group: str, name: str, why: str, causes: Sequence[Cause] = ()) -> Refusal:
    what = f'{resource_name(plural, group)} "{name}"' if name else resource_name(plural, group)
    details = _details(plural, group, name)
    if causes:
        details["causes"] = [_cause(cause) for cause in causes]
    return Refusal(403, f"{what} is forbidden: {why}", details=details)


def invalid(kind: str, group: str, name: str, causes: Sequence[Cause]) -> Refusal:
    texts = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    listed = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details: dict[str, Any] = _details(kind, group, name) if kind else {"group": group}
    details["causes"] = [_cause(cause) for cause in causes]
    return Refusal(422, f'{resource_name(kind, group)} "{name}" is invalid: {listed}', details=details)


def bad_request(message: str) -> Refusal:
    return Refusal(400, message)


def expired(message: str, goes_on: str = "") -> Refusal:
    """`goes_on`: a token with which a list may go on, in the present state."""
    return Refusal(410, message, meta={"continue": goes_on} if goes_on else None)


def method_not_allowed() -> Refusal:
    return Refusal(405, "the server does not allow this method on the requested resource", details={})


def unsupported_media_type(accepted: Sequence[str]) -> Refusal:
    listed = ", ".join(accepted)
    return Refusal(415, f"the body of the request was in an unknown format - accepted media types include: {listed}")


def apply_conflict(conflicts: Sequence[tuple[str, str]]) -> Refusal:
    """`conflicts`: ``(manager as shown, field path)`` pairs, e.g. ``('"kubectl" using apps/v1', '.spec.replicas')``."""
    number = len(conflicts)
    if number == 1:
        manager, path = conflicts[0]
        message = f"Apply failed with 1 conflict: conflict with {manager}: {path}"
    else:
        by_manager: dict[str, list[str]] = {}
        for manager, path in sorted(conflicts):
            by_manager.setdefault(manager, []).append(path)
        lines = [
            line for m, paths in by_manager.items() for line in (f"conflicts with {m}:", *(f"- {p}" for p in paths))
        ]
        message = f"Apply failed with {number} conflicts: " + "\n".join(lines)
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {manager}", "field": path}
        for manager, path in sorted(conflicts)
    ]
    return Refusal(409, message, details={"causes": causes})


def _cause(cause: Cause) -> dict[str, str]:
    return {"reason": cause.reason, "message": cause.message, "field": cause.field}
