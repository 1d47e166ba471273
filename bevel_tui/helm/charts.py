"""The charts of one run: for every release step the source that holds, located once, prepared per install.

This is the engine's `Charts`. It decides per cluster, because a network may have simulated and real ones: stand-ins
never reach a real cluster.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bevel_tui.helm.prepare import corrected, prepare
from bevel_tui.helm.sources import ChartLocator, SourceChart, choose
from bevel_tui.helm.standin import chart_of
from bevel_tui.network.model import Charts as ChartChoices
from bevel_tui.network.model import ChartSource
from bevel_tui.platforms.behaviour import Manifest
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import ReleaseStep


@dataclass(frozen=True, slots=True)
class Located:
    """Where the chart of a release comes from. `digest` is of its content, before files are handed in."""

    digest: str
    source: str
    version: str
    stand_in: bool = False


class ReleaseCharts:
    """Charts for the release steps of a run.

    `ledger` and `gateways` are what the command line says, `preset` what the preset says; `simulated` tells of each
    cluster by name whether it is one; `manifests` gives what a step's chart renders, reduced (`plan.manifests`).
    `stand_ins` asks for stand-ins by name: they are refused on clusters that are not simulated.
    """

    def __init__(
        self,
        *,
        manifests: Callable[[ReleaseStep], Sequence[Manifest]],
        simulated: Mapping[str, bool],
        ledger: ChartSource | None = None,
        gateways: ChartSource | None = None,
        preset: ChartChoices | None = None,
        stand_ins: bool = False,
        locator: ChartLocator | None = None,
    ) -> None:
        self._manifests = manifests
        self._simulated = simulated
        self._override = {"ledger": ledger, "gateways": gateways}
        self._preset = {
            "ledger": preset.ledger if preset is not None else None,
            "gateways": preset.gateways if preset is not None else None,
        }
        self._stand_ins = stand_ins
        self._locator = locator or ChartLocator()

    async def chart(self, step: ReleaseStep) -> SourceChart:
        """The chart of a release. Raises BevelError: CHART_MISSING, CHART_DIFFERS, STAND_IN_REFUSED."""
        if step.origin == "own":
            return chart_of(step.chart, step.chart_version, self._manifests(step), origin="own")
        simulated = self._simulated.get(step.cluster, False)
        choice = (
            "stand-in"
            if self._stand_ins
            else choose(override=self._override[step.origin], preset=self._preset[step.origin], simulated=simulated)
        )
        if choice != "stand-in":
            return await self._locator.find(step.chart, step.chart_version, choice)
        if not simulated:
            raise BevelError(
                Code.STAND_IN_REFUSED,
                f"Release {step.namespace}/{step.release} would get a stand-in chart in cluster {step.cluster}, "
                "which is not simulated.",
            )
        return chart_of(step.chart, step.chart_version, self._manifests(step))

    async def locate(self, step: ReleaseStep) -> Located:
        """Find the chart of a release. Raises as `chart`."""
        chart = await self.chart(step)
        return Located(chart.digest, chart.source, chart.version, chart.stand_in)

    async def prepare(self, step: ReleaseStep, folder: Path, files: Mapping[str, bytes]) -> Path:
        """A private archive in `folder` (0700), patched, with `files` in place; its path. Raises as `chart`, and
        BevelError(CHART_RENDER) when a patch does not fit."""
        chart = await self.chart(step)
        prepared = await asyncio.to_thread(prepare, chart, folder, files=files, patches=step.patches)
        return prepared.path

    async def tree(self, step: ReleaseStep) -> Mapping[str, bytes]:
        """The same copy as content by path, without handed-off files. Raises as `prepare`."""
        chart = await self.chart(step)
        return await asyncio.to_thread(corrected, chart, step.patches)
