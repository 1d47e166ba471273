"""Stopping a run in two stages, as people expect of Ctrl-C.

First request: what is in flight is finished (a Helm operation, a handoff), waits end, nothing new starts. Second
request: leave within two seconds. The total time budget ends a run the same way, but is told apart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")

#: seconds that running steps get to leave cleanly after the second request
GRACE = 1.5


class Cancellation:
    """Shared by whoever may stop a run (signal handler, screen) and the run itself. One event loop only."""

    def __init__(self) -> None:
        self.stage = 0
        #: set at the first request: start nothing, end waits
        self.stopping = asyncio.Event()
        #: set at the second request, or when the total budget is spent: leave now
        self.aborting = asyncio.Event()
        #: True when it is the total time budget that ended the run
        self.expired = False

    def request(self) -> int:
        """Ask to stop; a second call insists. Returns the stage reached (1 or 2)."""
        self.stage = min(self.stage + 1, 2)
        self.stopping.set()
        if self.stage == 2:
            self.aborting.set()
        return self.stage

    def expire(self) -> None:
        """The total time budget is spent."""
        self.expired = True
        self.stopping.set()
        self.aborting.set()

    async def unless_stopped(self, work: Awaitable[T], within: float | None = None) -> T | None:
        """What `work` comes to; None when a stop is asked for, or `within` seconds are over, before it is done.

        It is cancelled then, so it must not be in the middle of a change.
        """
        doing = asyncio.ensure_future(work)
        stopping = asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait({doing, stopping}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
            return doing.result() if doing.done() else None
        finally:
            for task in (doing, stopping):
                task.cancel()
            await asyncio.gather(doing, stopping, return_exceptions=True)

    async def pause(self, seconds: float) -> bool:
        """Wait so many seconds, or until a stop is asked for; whether one is."""
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            return False
        return True
