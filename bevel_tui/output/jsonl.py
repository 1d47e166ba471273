"""``-o jsonl``: one event a line on stdout, and nothing else; the last line is `run-finished` with its exit code.

ASCII only: what clusters say is escaped, whatever terminal or locale reads it.
"""

from __future__ import annotations

import json
from typing import TextIO

from bevel_tui.output.paper import Paper
from bevel_tui.output.renderer import Renderer
from bevel_tui.records.events import AnyEvent


class JsonLines(Renderer):
    """Writes every event as a JSON object."""

    def __init__(self, stdout: TextIO) -> None:
        self._paper = Paper(stdout)

    def handle(self, event: AnyEvent) -> None:
        """One event, one line."""
        self._paper.raw(json.dumps(event.model_dump(mode="json"), separators=(",", ":")))
