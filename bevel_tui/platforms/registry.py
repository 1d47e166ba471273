"""Which platforms this version knows how to deploy: a new one is a module and a line here.

Modules are imported when asked for, so that start-up pays only for the platform in use.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Protocol, cast

from bevel_tui.network.model import Network
from bevel_tui.platforms.behaviour import ChartBehaviour, Manifest
from bevel_tui.records.steps import ReleaseStep, Step

MODULES = {
    "besu": "bevel_tui.platforms.besu",
    "quorum": "bevel_tui.platforms.quorum",
    "fabric": "bevel_tui.platforms.fabric",
    "substrate": "bevel_tui.platforms.substrate",
    "indy": "bevel_tui.platforms.indy",
    "corda": "bevel_tui.platforms.corda",
    "corda-enterprise": "bevel_tui.platforms.corda_enterprise",
}


class PlatformModule(Protocol):
    """What a platform's module offers. Pure: no I/O, same Network, same steps."""

    #: behaviours of every chart that the platform installs, by chart name
    behaviours: Mapping[str, ChartBehaviour]

    def steps(self, network: Network, ports: Mapping[str, int] | None = None) -> tuple[Step, ...]:
        """Namespaces, Secrets, releases and handoffs. `ports` overrides p2p ports, by release step id."""
        ...

    def manifests(self, step: ReleaseStep) -> tuple[Manifest, ...]:
        """What the chart of `step` would render with its values, reduced. Raises KeyError for a foreign chart."""
        ...


def platform(name: str) -> PlatformModule:
    """The module of a platform. Raises KeyError if this version cannot deploy it."""
    return cast("PlatformModule", import_module(MODULES[name]))
