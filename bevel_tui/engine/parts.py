"""Who does the work of a run: connections, Helm, charts and probes. Tests and other programs put in their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from bevel_tui.engine.charts import Charts
from bevel_tui.engine.connect import Connect, kube
from bevel_tui.engine.context import Access, Reach
from bevel_tui.engine.options import RunOptions
from bevel_tui.helm.driver import HelmDriver
from bevel_tui.network.model import Network


async def _driver(options: RunOptions, environ: Mapping[str, str]) -> HelmDriver:
    from bevel_tui.helm.drivers import choose

    return await choose(options.helm, environ=environ)


def _charts(network: Network, options: RunOptions, clusters: Mapping[str, Access]) -> Charts:
    from bevel_tui.engine.live import charts

    return charts(network, options, clusters)


def _reach(network: Network, options: RunOptions) -> Reach:
    from bevel_tui.engine.reach import LiveReach

    return LiveReach(network, options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The real ones by default. Each factory is called once per run; it may raise BevelError.

    `driver` gets the environment that Helm's processes may have: this one's without the preset's secrets.
    """

    connect: Connect = kube
    driver: Callable[[RunOptions, Mapping[str, str]], Awaitable[HelmDriver]] = field(default=_driver)
    charts: Callable[[Network, RunOptions, Mapping[str, Access]], Charts] = field(default=_charts)
    reach: Callable[[Network, RunOptions], Reach] = field(default=_reach)
