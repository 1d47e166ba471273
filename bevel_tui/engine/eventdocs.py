"""docs/events.md, written from the event types themselves, so that it cannot say something else.

python -m bevel_tui.engine.eventdocs > docs/events.md
"""

from __future__ import annotations

import inspect
import sys
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bevel_tui.records import events
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.findings import Finding

_HEAD = """\
# Events

Generated from `bevel_tui/records/events.py` by `python -m bevel_tui.engine.eventdocs`; do not edit.

A run is a stream of events. `bevel-tui ... -o jsonl` prints one JSON object a line to stdout, the journal of a run
(`$XDG_STATE_HOME/bevel-tui/runs/<run>/events.jsonl`) holds the same lines, and the screens draw them. The first is
`run-started`, the last always `run-finished`; its `exit_code` is the exit code of the process.

`type` says which event it is. This is version {version} of the format (`run-started.version`): within a version,
fields are added, never renamed or removed, so readers should pass over what they do not know. No event holds a
secret's value.

Every event has:

{common}
"""


def document() -> str:
    """The whole page."""
    common = dict(events.Event.model_fields)
    parts = [_HEAD.format(version=events.EVENT_VERSION, common=_doc(events.Event) + "\n\n" + _table(common))]
    for kind in event_types():
        own = {name: field for name, field in kind.model_fields.items() if name not in common and name != "type"}
        parts.append(f"## {kind.model_fields['type'].default}\n\n{_doc(kind)}\n\n{_table(own)}")
    parts.append("# Parts of events\n")
    for part in (events.PlannedStep, events.DnsRecord, events.EndpointSummary, CheckResult, Finding):
        parts.append(f"## {part.__name__}\n\n{_doc(part)}\n\n{_table(part.model_fields)}")
    return "\n".join(parts).rstrip() + "\n"


def event_types() -> tuple[type[events.Event], ...]:
    """Every event type, in the order of the union."""
    return tuple(get_args(get_args(events.AnyEvent)[0]))


def _doc(kind: type[BaseModel]) -> str:
    return inspect.cleandoc(kind.__doc__ or "")


def _table(fields: dict[str, FieldInfo]) -> str:
    if not fields:
        return "No further fields.\n"
    lines = ["| field | type | default |", "|---|---|---|"]
    for name, field in fields.items():
        default = "required" if field.is_required() else f"`{_plain(field.get_default(call_default_factory=True))}`"
        lines.append(f"| `{name}` | {_words(field.annotation)} | {default} |")
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[]" if not value else str(list(value))
    return f'"{value}"' if isinstance(value, str) else str(value)


def _words(kind: Any) -> str:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _words(inner[0])
    if origin is Literal:
        return " \\| ".join(f'`"{value}"`' if isinstance(value, str) else f"`{value}`" for value in inner)
    if origin in {Union, UnionType}:
        return " or ".join(_words(part) for part in inner)
    if origin is tuple:
        return f"list of {_words(inner[0])}"
    if origin is dict:
        return f"object: {_words(inner[0])} to {_words(inner[1])}"
    names = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
    return names.get(kind) or f"[{kind.__name__}](#{kind.__name__.lower()})"


if __name__ == "__main__":
    sys.stdout.write(document())
