"""A clock that only waiting moves: a minute of a simulated cluster takes as long as what happens in it.

Everything runs in one event loop and one process, servers and clients too. Whenever nothing is ready and no thread is
at work, the clock goes on by a small step instead of being waited for. `time.time` and `time.monotonic` follow it, so
that what objects say of their age is measured by it too. How busy the machine is makes no difference to it.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

#: seconds of the clock for the first step after something happened: smaller than anything that is waited for, so that an
#: answer on its way comes in time. The longer nothing happens, the longer the steps.
_STEP = 0.05
_GROWTH = 2.0
#: seconds for which the kernel is given the chance to deliver what was written, and before a long step
_GRACE, _LONGER = 0.0002, 0.005

#: seconds for a turn of the loop: whoever asks again and again until a time has come is not kept from it for ever
_TURN = 1e-6

T = TypeVar("T")

_time, _monotonic = time.time, time.monotonic


class _Selector(selectors.DefaultSelector):
    """Waits for files without waiting for time."""

    loop: VirtualLoop
    step = _STEP

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.loop.passed += _TURN
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            self.step = _STEP
            return ready
        if timeout is None or self.loop.threads:
            return super().select(0.01 if timeout is None else min(timeout, 0.01))
        ready = super().select(_GRACE if self.step < 0.5 else _LONGER)
        if not ready:
            self.loop.passed += min(timeout, self.step)
            self.step = _STEP if timeout <= self.step else self.step * _GROWTH
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """`passed` are the seconds that went by."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.threads = 0
        self._began = _time(), _monotonic()
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self._began[1] + self.passed

    def now(self) -> float:
        """What `time.time` is."""
        return self._began[0] + self.passed

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        future = super().run_in_executor(executor, func, *args)
        self.threads += 1
        future.add_done_callback(self._ended)
        return future

    def _ended(self, _: object) -> None:
        self.threads -= 1


def play(what: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a clock of its own."""
    loop = VirtualLoop()
    before: Mapping[str, Any] = {"time": time.time, "monotonic": time.monotonic}
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        try:
            time.time, time.monotonic = loop.now, loop.time
            return runner.run(what)
        finally:
            for name, function in before.items():
                setattr(time, name, function)
