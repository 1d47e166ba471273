"""What Kubernetes refuses with 422: names, labels, missing fields, and changes to what may not change.

Not the whole of it: the rules that charts and people run into. Messages are the real server's.
"""

from __future__ import annotations

from typing import Any

from bevel_tui.sandbox.apiserver import custom
from bevel_tui.sandbox.apiserver.changes import forbidden_changes
from bevel_tui.sandbox.apiserver.contents import body
from bevel_tui.sandbox.apiserver.errors import Cause, invalid
from bevel_tui.sandbox.apiserver.kinds import Kind
from bevel_tui.sandbox.apiserver.names import metadata, wrong

Object = dict[str, Any]


def check_create(kind: Kind, obj: Object) -> None:
    """Raises Refusal(422) with all causes at once."""
    causes = _problems(kind, obj)
    _refuse(kind, obj, causes)


def check_update(kind: Kind, old: Object, new: Object) -> None:
    """Raises Refusal(422) for an invalid object or a forbidden change."""
    causes = _problems(kind, new)
    causes += forbidden_changes(kind.resource, old, new)
    _refuse(kind, new, causes)


def check_status(kind: Kind, old: Object, new: Object) -> None:
    """Raises Refusal(422) for a change of what a status may not change."""
    if kind.resource == "pods":
        before, after = ((o.get("status") or {}).get("qosClass") for o in (old, new))
        if before != after:
            _refuse(kind, new, [wrong("status.qosClass", after or "", "field is immutable")])


def _problems(kind: Kind, obj: Object) -> list[Cause]:
    found = custom.problems(obj, kind.type.raw) if kind.custom else body(kind, obj)
    return [*metadata(kind, obj["metadata"]), *found]


def _refuse(kind: Kind, obj: Object, causes: list[Cause]) -> None:
    if causes:
        raise invalid(kind.kind, kind.group, obj["metadata"].get("name", ""), causes)
