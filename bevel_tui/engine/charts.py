"""Charts as the engine needs them: located and digested before anything changes, prepared one copy per install."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from bevel_tui.helm.charts import Located
from bevel_tui.records.steps import ReleaseStep

__all__ = ["Charts", "Located"]


class Charts(Protocol):
    """A source of charts for one run; `helm.charts.ReleaseCharts` is the real one."""

    async def locate(self, step: ReleaseStep) -> Located:
        """Find the chart of a release. Raises BevelError(CHART_MISSING) and the like."""
        ...

    async def prepare(self, step: ReleaseStep, folder: Path, files: Mapping[str, bytes]) -> Path:
        """A private copy in `folder` (0700), patched, with `files` in place; its path."""
        ...
