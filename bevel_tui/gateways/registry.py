"""Which gateways this version can set up: a new one is a module and a line here.

Modules are imported when asked for, so that start-up pays only for the gateway in use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Protocol, cast

from bevel_tui.gateways.common import About
from bevel_tui.network.model import Cluster, Network
from bevel_tui.platforms.behaviour import ChartBehaviour, Manifest
from bevel_tui.records.steps import Endpoint, ReleaseStep, Step

MODULES = {
    "haproxy": "bevel_tui.gateways.haproxy",
    "ambassador": "bevel_tui.gateways.ambassador",
    "none": "bevel_tui.gateways.none",
}


#: charts beside gateways: chart name -> module with `behaviours` and `manifests`
EXTRAS = {"external-dns": "bevel_tui.gateways.externaldns"}


class GatewayModule(Protocol):
    """What a gateway's module offers. Pure: no I/O, same input, same steps."""

    #: behaviours of every chart that the gateway installs, by chart name
    behaviours: Mapping[str, ChartBehaviour]

    def about(self, network: Network) -> About:
        """What it is, which ports it opens, its licence."""
        ...

    def steps(self, network: Network, cluster: Cluster, endpoints: Sequence[Endpoint]) -> tuple[Step, ...]:
        """The steps of one cluster's edge: namespaces, releases, address, DNS gate.

        `endpoints` are those of this cluster; exactly their ports are opened. Empty if none is exposed. The release
        `gateway_crds_id(cluster)` is done when routes can be stored, `gateway_ready_id(cluster)` when pods run.
        """
        ...

    def manifests(self, step: ReleaseStep) -> tuple[Manifest, ...]:
        """What the chart of `step` renders with its values, reduced; for origin ``own`` the chart itself, complete.

        Raises KeyError for a chart that is not the gateway's.
        """
        ...


def gateway(name: str) -> GatewayModule:
    """The module of a gateway. Raises KeyError if this version cannot set it up."""
    return cast("GatewayModule", import_module(MODULES[name]))


def extras() -> tuple[GatewayModule, ...]:
    """The modules of charts that stand beside a gateway."""
    return tuple(cast("GatewayModule", import_module(name)) for name in EXTRAS.values())
