"""Runs and their reports on disk: which runs there are, their events, the report beside them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from bevel_tui import locations
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.events import EVENTS, AnyEvent
from bevel_tui.views.report import facts, markdown, page
from bevel_tui.views.state import RunView

Form = Literal["md", "html", "json"]
#: form -> name of the file beside events.jsonl
NAMES: dict[Form, str] = {"md": "report.md", "html": "report.html", "json": "report.json"}
EVENTS_FILE = "events.jsonl"


def render(report: dict[str, Any], form: Form) -> str:
    """The report in one of its forms."""
    if form == "json":
        return json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    return markdown.render(report) if form == "md" else page.render(report)


def save(view: RunView) -> Path | None:
    """Write the report of a run beside its journal, in all forms; its folder, None for a run without a journal.

    Never raises: a report that cannot be written must not fail a deployment that went well.
    """
    folder = locations.runs() / view.run
    if not view.run or not (folder / EVENTS_FILE).is_file():
        return None
    report = facts.of(view)
    try:
        for form, name in NAMES.items():
            handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(render(report, form))
    except OSError:
        return None
    return folder


def journal(run: str | None) -> Path:
    """The events of a run: by its id, the beginning of it, the path of a file or folder; None: of the latest.

    Raises BevelError(USAGE) where there is none, or more than one.
    """
    if run is not None:
        path = Path(run)
        for candidate in (path, path / EVENTS_FILE):
            if candidate.is_file():
                return candidate
    folder = locations.runs()
    try:
        known = [path for path in folder.iterdir() if (path / EVENTS_FILE).is_file()]
    except OSError:
        known = []
    known.sort(key=lambda path: (path / EVENTS_FILE).stat().st_mtime)
    latest = ", ".join(path.name for path in known[-3:])
    if run is not None:
        exact = [path for path in known if path.name == run]
        known = exact or [path for path in known if path.name.startswith(run)]
        if len(known) > 1:
            raise BevelError(
                Code.USAGE,
                f"{len(known)} runs begin with {run}",
                remedy="Name one: " + ", ".join(path.name for path in known[-8:]),
            )
    if not known:
        raise BevelError(
            Code.USAGE,
            f"there is no run called {run}" if run else "there is no run yet",
            remedy=f"Runs are kept in {folder}; {f'the latest are {latest}' if latest else 'deployments and removals leave one'}.",
        )
    return known[-1] / EVENTS_FILE


def events(path: Path) -> Iterator[AnyEvent]:
    """The events of a journal. A last line that was cut off, and events that a later version wrote, are passed over.

    Raises BevelError(USAGE) for a file that cannot be read or holds no event at all.
    """
    found = 0
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    event = EVENTS.validate_json(line)
                except (ValidationError, ValueError):
                    continue
                found += 1
                yield event
    except OSError as error:
        raise BevelError(Code.USAGE, f"{path} cannot be read: {error.strerror}", remedy="Check the path.") from None
    if not found:
        raise BevelError(
            Code.USAGE, f"{path} holds no event of a run", remedy="Name the journal of a run, events.jsonl."
        )


def of(run: str | None) -> dict[str, Any]:
    """The report of a run, made anew from its events. Raises BevelError(USAGE)."""
    return facts.of(RunView.of(events(journal(run))))
