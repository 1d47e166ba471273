"""Networks, clusters and endpoints by hand: gateways are judged without any platform."""

from __future__ import annotations

from typing import Any

from bevel_tui.network.model import Network
from bevel_tui.records.steps import Endpoint

EAST: dict[str, Any] = {"name": "east", "context": "east", "domain": "east.example.com"}


def network_of(name: str, cluster: dict[str, Any] | None = None, /, **more: Any) -> Network:
    """A network of one cluster; `more` are further parts of the document."""
    document = {
        "apiVersion": "bevel-tui/v1",
        "kind": "Network",
        "name": "n",
        "platform": {"type": "fabric" if name == "haproxy" else "besu"},
        "gateway": {"type": name},
        "clusters": [EAST | (cluster or {})],
        "organizations": [{"name": "supplychain", "cluster": "east"}],
    }
    return Network.model_validate(document | more)


def endpoint(host: str, port: int, *, exposed: bool = True) -> Endpoint:
    """An endpoint of which gateways read host and port only."""
    return Endpoint(f"{host}:{port}", "east", "supplychain", "r", host, port, "tcp", "tcp", "s.n:1", exposed=exposed)
