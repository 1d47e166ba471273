"""Our own chart for a node's way through the gateway, where Bevel's charts advertise one and route nothing.

Corda nodes tell each other ``<release>.<domain>:<port>``, but no chart of theirs opens that port (facts A5, C11). Raw
TCP, because peers must meet the node's own certificate.
"""

from __future__ import annotations

from typing import Any

from bevel_tui.network.corda import P2P_ROUTE
from bevel_tui.platforms import sketch
from bevel_tui.platforms.behaviour import ChartBehaviour, Manifest
from bevel_tui.records.steps import ReleaseStep

VERSION = "1.0.0"
BEHAVIOUR = ChartBehaviour(P2P_ROUTE, VERSION)


def values(host: str, port: int, service: str) -> dict[str, Any]:
    """The chart's values: `port` of the gateway leads to `service` (``name.namespace:port``); `host` says who."""
    return {"host": host, "port": port, "service": service}


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """The objects of the chart, complete."""
    namespace, port = str(step.namespace), int(step.values["port"])
    mapping = {"port": port, "service": step.values["service"]}
    return (
        sketch.tcp_listener(step.release, namespace, port),
        sketch.ambassador("TCPMapping", step.release, namespace, mapping),
    )
