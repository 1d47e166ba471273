"""Which question an endpoint is asked: one per kind of probe."""

from __future__ import annotations

from bevel_tui.reachability import components, ethereum, probes
from bevel_tui.reachability.found import Found
from bevel_tui.reachability.handshake import Trust
from bevel_tui.reachability.streams import Target
from bevel_tui.records.steps import Endpoint


async def ask(endpoint: Endpoint, target: Target, trust: Trust | None) -> Found:
    """Ask an endpoint in its own language. Raises ProbeError."""
    over_tls = endpoint.protocol in ("https", "tls")
    match endpoint.probe:
        case "json-rpc":
            return await ethereum.json_rpc(target, trust, over_tls=over_tls)
        case "ws":
            return await ethereum.websocket(target, trust, over_tls=over_tls)
        case "fabric-operations":
            return await components.fabric_operations(target)
        case "fabric-ca":
            return await components.fabric_ca(target, trust)
        case "fabric-grpc":
            return await components.fabric_grpc(target, trust)
        case "network-map":
            return await components.network_map(target, trust, over_tls=over_tls)
        case "doorman":
            return await components.doorman(target, trust, over_tls=over_tls)
        case "tessera":
            return await components.tessera(target, trust, over_tls=over_tls)
        case "tls" | "tcp":
            return await probes.stays_open(target)
