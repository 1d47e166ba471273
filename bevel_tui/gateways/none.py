"""No gateway: the network lives inside one cluster and nothing is opened to the outside."""

from __future__ import annotations

from collections.abc import Sequence

from bevel_tui.gateways.common import About
from bevel_tui.network.model import Cluster, Network
from bevel_tui.platforms.behaviour import ChartBehaviour, Manifest
from bevel_tui.records.steps import Endpoint, ReleaseStep, Step

behaviours: dict[str, ChartBehaviour] = {}


def about(network: Network) -> About:
    """No gateway, in words."""
    return About(
        title="no gateway",
        what="Nothing is opened to the outside: services are found by their names inside the cluster.",
        ports="none",
        licence="",
    )


def steps(network: Network, cluster: Cluster, endpoints: Sequence[Endpoint]) -> tuple[Step, ...]:
    """Nothing: no release, no address, no name to wait for."""
    return ()


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """Raises KeyError: there is no chart."""
    raise KeyError(step.chart)
