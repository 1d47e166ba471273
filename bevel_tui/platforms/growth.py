"""Planning a network that runs already: which module knows how, per platform; the others plan it as if it were new."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Protocol, cast

from bevel_tui.network.model import Network
from bevel_tui.network.naming import PortMap
from bevel_tui.network.past import Past
from bevel_tui.platforms.behaviour import ChartBehaviour, Manifest
from bevel_tui.platforms.registry import platform
from bevel_tui.records.steps import ReleaseStep, Step

MODULES = {
    "besu": "bevel_tui.platforms.ethereum_growth",
    "quorum": "bevel_tui.platforms.ethereum_growth",
    "fabric": "bevel_tui.platforms.fabric_growth",
}

#: modules of charts that only growing networks install
CHARTS = ("bevel_tui.platforms.ethereum_votes", "bevel_tui.platforms.fabric_update_manifests")


class GrowthModule(Protocol):
    """What a platform's growth module offers. Pure."""

    def steps(self, network: Network, past: Past, ports: PortMap) -> list[Step]:
        """All steps but the gateways'. `ports`: p2p port by (cluster, namespace, release)."""
        ...


class ChartModule(Protocol):
    """What a module of `CHARTS` offers. Pure."""

    behaviours: Mapping[str, ChartBehaviour]

    def manifests(self, step: ReleaseStep) -> tuple[Manifest, ...]:
        """What the chart of `step` would render."""
        ...


def steps(network: Network, past: Past, ports: PortMap) -> list[Step]:
    """The platform's steps of a network with that past."""
    name = network.platform.type
    if name in MODULES:
        return cast("GrowthModule", import_module(MODULES[name])).steps(network, past, ports)
    return list(platform(name).steps(network))


def charts() -> tuple[ChartModule, ...]:
    """The modules of `CHARTS`."""
    return tuple(cast("ChartModule", import_module(name)) for name in CHARTS)
