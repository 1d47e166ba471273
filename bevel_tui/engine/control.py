"""What a person may do to a run while it goes on: pause it, try a failed step again, give it more time, stop it.

A screen makes a `RunControl` and hands it to `api.deploy`; without one a run is as a script wants it: it ends when
nothing more can be done. With one it is *attended*: when steps have failed and nothing else is left to do, the run is
held (`run-held`) until one of them is tried again, or the run is let go (`finish`, `stop`). The clusters stay leased
meanwhile, and the budget of the whole run stands still, as it does while the run is paused.

Every call says by its result whether it had an effect; what happens then is told by events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bevel_tui.engine.cancel import Cancellation


@dataclass(frozen=True, slots=True)
class Order:
    """One thing asked for. `seconds` only with ``extend``."""

    what: Literal["pause", "resume", "retry", "extend", "finish"]
    step: str | None = None
    seconds: float = 0.0


class RunControl:
    """The typed channel from a screen to a run. One event loop only, as `Cancellation`.

    `watched` is the step whose running containers' logs are read every few seconds (None: nobody looks at one).
    """

    def __init__(self, cancel: Cancellation | None = None) -> None:
        self.cancel = cancel or Cancellation()
        self.paused = False
        #: whether what this run created is removed when it stops
        self.rollback = False
        self.watched: str | None = None
        #: set when there is an order to look at
        self.ordered = asyncio.Event()
        self._orders: list[Order] = []

    def pause(self) -> None:
        """Start no further step; what runs goes on."""
        if not self.paused:
            self.paused = True
            self._order(Order("pause"))

    def resume(self) -> None:
        """Go on."""
        if self.paused:
            self.paused = False
            self._order(Order("resume"))

    def retry(self, step: str) -> None:
        """Carry out a failed step again, and then what was skipped because of it."""
        self._order(Order("retry", step))

    def extend(self, step: str | None, seconds: float) -> None:
        """Give a running step more time; None: the whole run. Raises ValueError for less than nothing."""
        if seconds <= 0:
            raise ValueError("a budget is extended by more than 0 seconds")
        self._order(Order("extend", step, seconds))

    def finish(self) -> None:
        """End a held run as failed: nobody will try again."""
        self._order(Order("finish"))

    def stop(self, *, rollback: bool = False) -> int:
        """Stop as `Cancellation.request` does. `rollback`: then remove what this run created, and only that; a second
        stop ends the removal too. Returns the stage reached (1 or 2)."""
        if self.cancel.stage == 0:
            self.rollback = rollback
        return self.cancel.request()

    def taken(self) -> tuple[Order, ...]:
        """The orders since the last call; for the run."""
        orders = tuple(self._orders)
        self._orders.clear()
        self.ordered.clear()
        return orders

    def _order(self, order: Order) -> None:
        self._orders.append(order)
        self.ordered.set()


class Budget:
    """The time of a whole run: a deadline that can be moved, and that stands still while nothing may happen."""

    def __init__(self, seconds: float | None, expire: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._expire = expire
        self._left = seconds
        self._began = self._loop.time()
        self._handle: asyncio.TimerHandle | None = None
        self.go()

    def go(self) -> None:
        """Count."""
        if self._handle is None and self._left is not None:
            self._began = self._loop.time()
            self._handle = self._loop.call_later(self._left, self._expire)

    def stand(self) -> None:
        """Count no more, until `go`."""
        if self._handle is not None and self._left is not None:
            self._handle.cancel()
            self._handle = None
            self._left = max(0.0, self._left - (self._loop.time() - self._began))

    def add(self, seconds: float) -> bool:
        """More time; False for a run without an end."""
        if self._left is None:
            return False
        standing = self._handle is None
        self.stand()
        self._left += seconds
        if not standing:
            self.go()
        return True
