"""Charts as the engine needs them: located and digested before anything changes, prepared one copy per install."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bevel_tui.records.steps import ReleaseStep


@dataclass(frozen=True, slots=True)
class Located:
    """Where the chart of a release comes from. `digest` is of its content, before files are handed in."""

    digest: str
    source: str
    version: str
    stand_in: bool = False


class Charts(Protocol):
    """A source of charts for one run."""

    async def locate(self, step: ReleaseStep) -> Located:
        """Find the chart of a release. Raises BevelError(CHART_MISSING) and the like."""
        ...

    async def prepare(self, step: ReleaseStep, folder: Path, files: Mapping[str, bytes]) -> Path:
        """A private copy in `folder` (0700), patched, with `files` in place; its path."""
        ...
