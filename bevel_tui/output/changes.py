"""What a deployment would change, for readers (`plan --diff`) and for programs (``-o json``)."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bevel_tui.views.words import clean

if TYPE_CHECKING:
    from bevel_tui.engine.changes import Change

_TITLES = {"add": "To add", "change": "To change", "remove": "To remove", "refuse": "Refused"}
#: values shown per step; the rest is counted
SHOWN = 20


def to_json(network: str, changes: Sequence[Change]) -> str:
    """One document: every change with its group, cause and values; `needs` what must be named for it to be allowed."""
    rows = [dataclasses.asdict(change) for change in changes]
    return json.dumps({"network": network, "changes": rows}, indent=2)


def text(network: str, changes: Sequence[Change]) -> str:
    """Groups with a line per step, under it the values that differ."""
    if not changes:
        return f"Network {network} is as its preset says: nothing would change.\n"
    return "\n".join(clean(line) for line in _lines(changes)) + "\n"


def _lines(changes: Sequence[Change]) -> Iterator[str]:
    for group, title in _TITLES.items():
        found = [change for change in changes if change.group == group]
        if not found:
            continue
        yield f"{title}:"
        width = max(len(change.action) for change in found)
        for change in found:
            yield f"  {change.action:<{width}}  {change.step}: {change.cause}"
            for difference in change.differences[:SHOWN]:
                yield f"  {'':<{width}}    {difference}"
            if len(change.differences) > SHOWN:
                yield f"  {'':<{width}}    and {len(change.differences) - SHOWN} more values"
            if change.needs:
                yield f"  {'':<{width}}    needs --allow-destructive {change.needs}"
    counted = [f"{sum(c.group == group for c in changes)} to {group}" for group in ("add", "change", "remove")]
    refused = sum(change.group == "refuse" for change in changes)
    count = len(changes)
    yield (
        f"{count} step{'s' if count != 1 else ''} would change something: {', '.join(counted)}"
        + (f"; {refused} refused." if refused else ".")
    )
