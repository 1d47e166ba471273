"""Who does the work of a run: connections, Helm, charts and probes. Tests and other programs put in their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bevel_tui.engine.charts import Charts
from bevel_tui.engine.connect import Connect, kube
from bevel_tui.engine.context import Access, Reach
from bevel_tui.engine.options import RunOptions
from bevel_tui.helm.driver import HelmDriver
from bevel_tui.network.model import Network


def _driver(options: RunOptions) -> HelmDriver:
    from bevel_tui.engine.live import driver

    return driver(options)


def _charts(network: Network, options: RunOptions, clusters: Mapping[str, Access], work: Path) -> Charts:
    from bevel_tui.engine.live import charts

    return charts(network, options, clusters, work)


def _reach(network: Network, options: RunOptions) -> Reach:
    from bevel_tui.engine.reach import LiveReach

    return LiveReach(network, options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The real ones by default. Each factory is called once per run; it may raise BevelError."""

    connect: Connect = kube
    driver: Callable[[RunOptions], HelmDriver] = field(default=_driver)
    charts: Callable[[Network, RunOptions, Mapping[str, Access], Path], Charts] = field(default=_charts)
    reach: Callable[[Network, RunOptions], Reach] = field(default=_reach)
