"""A `BevelError` on stderr: code, one sentence, the details, what to do."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from bevel_tui.output.colour import wants_colour
from bevel_tui.output.paper import Paper
from bevel_tui.records.errors import BevelError


def show(error: BevelError, stream: TextIO | None = None, *, colour: str = "auto") -> None:
    """Write the error for a person; the process's exit code is the caller's."""
    target = stream if stream is not None else sys.stderr
    paper = Paper(target, wants_colour(colour, target, os.environ))
    paper.line((f"error [{error.code}]", "bold red"), f": {error.message}")
    for detail in error.details:
        paper.line(f"  - {detail}")
    if error.remedy:
        paper.line(f"  remedy: {error.remedy}")
