"""Which of a name's addresses a client ends up with: the race of happy eyeballs (RFC 8305), really run.

That every address is also probed by itself says which are dead; this says what that costs a client. No sockets here: who
races says how to connect.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Literal

from bevel_tui.reachability.wanted import is_ip

#: seconds between two attempts (RFC 8305 5, recommended)
DELAY = 0.25


@dataclass(frozen=True, slots=True)
class Attempt:
    """One address in the race; times are seconds from its start. `overtaken`: another one had connected before."""

    address: str
    began: float
    ended: float
    outcome: Literal["connected", "failed", "overtaken"]

    @property
    def words(self) -> str:
        """``2001:db8::1: tried at 0 ms, failed after 3 ms``."""
        return f"{self.address}: tried at {1000 * self.began:.0f} ms, {self.outcome} at {1000 * self.ended:.0f} ms"


def order(addresses: Iterable[str]) -> tuple[str, ...]:
    """The order of attempts: families take turns, IPv6 begins (RFC 8305 4); host names stand where IPv4 does."""
    known = list(addresses)
    six = [a for a in known if is_ip(a) and ipaddress.ip_address(a).version == 6]
    others = [a for a in known if a not in six]
    return tuple(a for a in chain.from_iterable(zip_longest(six, others)) if a is not None)


async def race(addresses: Iterable[str], connect: Callable[[str], Awaitable[None]]) -> tuple[Attempt, ...]:
    """Connect to one address after the other until one is there: the next is tried after `DELAY`, or as soon as one
    fails. Attempts in their order; those that were not needed are not among them. `connect` raises where it fails."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    waiting = list(order(addresses))
    began: dict[str, float] = {}
    running: dict[asyncio.Future[None], str] = {}
    made: dict[str, Attempt] = {}
    won = False
    try:
        while not won and (waiting or running):
            if waiting:
                address = waiting.pop(0)
                began[address] = loop.time() - start
                running[asyncio.ensure_future(connect(address))] = address
            done, _ = await asyncio.wait(
                running, timeout=DELAY if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                address = running.pop(task)
                fine = task.exception() is None and not won
                won = won or fine
                made[address] = Attempt(address, began[address], loop.time() - start, "connected" if fine else "failed")
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    ended = loop.time() - start
    return tuple(made.get(a) or Attempt(a, began[a], ended, "overtaken") for a in began)


def winner(attempts: Sequence[Attempt]) -> Attempt | None:
    """The attempt that connected."""
    return next((attempt for attempt in attempts if attempt.outcome == "connected"), None)
