"""The probes of a bare connection. Those of a component's language are in `ethereum` and `components`.

A probe returns what it found, or raises `ProbeError`, which says what kind of no it was: no listener, no route, no
backend, the wrong certificate, the wrong answer.
"""

from __future__ import annotations

import asyncio

from bevel_tui.reachability.found import Found
from bevel_tui.reachability.streams import ProbeError, Target, connected

#: how long a raw TCP connection must stay open to count: a gateway without a backend hangs up at once
_STAYS = 0.5


async def tcp(target: Target) -> Found:
    """Connect and hang up."""
    phases: dict[str, float] = {}
    async with connected(target, phases):
        pass
    return Found(f"{target.via}:{target.port} accepts connections", target.route, phases)


async def stays_open(target: Target) -> Found:
    """Connect and see whether the other side hangs up: all that raw TCP (RLPx, ZMQ) tells without its protocol."""
    phases: dict[str, float] = {}
    async with connected(target, phases) as (reader, _):
        try:
            first = await asyncio.wait_for(reader.read(1), min(_STAYS, target.timeout))
        except TimeoutError:
            first = b"\0"
        except OSError:
            first = b""
    if not first:
        words = f"port {target.port} accepts a connection and hangs up at once"
        raise ProbeError("backend", words, evidence=target.route, phases=phases)
    return Found(f"port {target.port} accepts a connection and keeps it", target.route, phases)
