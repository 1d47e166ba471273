"""Helm and charts as a run on real or simulated clusters uses them, from its options and its Network."""

from __future__ import annotations

from collections.abc import Mapping

from bevel_tui.engine.context import Access
from bevel_tui.engine.options import RunOptions
from bevel_tui.helm.charts import ReleaseCharts
from bevel_tui.helm.sources import parse
from bevel_tui.network.model import Network
from bevel_tui.plan.manifests import manifests


def charts(network: Network, options: RunOptions, clusters: Mapping[str, Access]) -> ReleaseCharts:
    """Charts of a run: the command line's sources, the preset's, stand-ins where simulated. Raises BevelError(USAGE)."""
    return ReleaseCharts(
        manifests=manifests,
        simulated={name: access.simulation is not None for name, access in clusters.items()},
        ledger=parse(options.charts) if options.charts else None,
        gateways=parse(options.gateway_charts) if options.gateway_charts else None,
        preset=network.charts,
    )
