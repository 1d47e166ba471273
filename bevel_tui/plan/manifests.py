"""What a planned release's chart renders, and what its pods do: asked of the module that planned it.

Stand-in charts, the sandbox and `expects` all come from here, so that they cannot disagree.
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from bevel_tui.gateways import registry as gateways
from bevel_tui.platforms import growth
from bevel_tui.platforms import registry as platforms
from bevel_tui.platforms.behaviour import ChartBehaviour, Manifest
from bevel_tui.records.steps import ChartOrigin, ReleaseStep

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bevel_tui.gateways.registry import GatewayModule
    from bevel_tui.platforms.growth import ChartModule
    from bevel_tui.platforms.registry import PlatformModule


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """The objects that the chart of a release step renders, reduced; complete for charts of origin ``own``.

    Raises KeyError for a chart that no platform and no gateway of this version installs.
    """
    return _module(step.chart, step.origin).manifests(step)


@cache
def _module(chart: str, origin: ChartOrigin) -> PlatformModule | GatewayModule | ChartModule:
    found: list[PlatformModule | GatewayModule | ChartModule] = []
    # charts of our own belong to whoever plans them
    if origin != "gateways":
        found += [*(platforms.platform(name) for name in platforms.MODULES), *growth.charts()]
    if origin != "ledger":
        found += [*(gateways.gateway(name) for name in gateways.MODULES), *gateways.extras()]
    for module in found:
        if chart in module.behaviours:
            return module
    raise KeyError(chart)


@cache
def behaviours() -> Mapping[str, ChartBehaviour]:
    """What the pods of every chart do that this version can install, by bare chart name."""
    table: dict[str, ChartBehaviour] = {}
    for name in platforms.MODULES:
        table.update(platforms.platform(name).behaviours)
    for module in growth.charts():
        table.update(module.behaviours)
    for name in gateways.MODULES:
        table.update(gateways.gateway(name).behaviours)
    for extra in gateways.extras():
        table.update(extra.behaviours)
    return MappingProxyType(table)
