"""What every headless view has in common, and the loop that feeds one.

The loop makes sure of two promises: a view is closed whatever happens (the cursor comes back), and the last event is
always `run-finished`, also when the run could not begin or broke off.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self

from bevel_tui.records.errors import BevelError, ExitCode
from bevel_tui.records.events import AnyEvent, RunFinished, RunOutcome

#: seconds between ticks: quick enough for a clock and far below what a terminal minds
TICK = 0.125

_OUTCOMES: dict[ExitCode, RunOutcome] = {
    ExitCode.OK: "ok",
    ExitCode.FAILED: "failed",
    ExitCode.USAGE: "unusable",
    ExitCode.CLUSTER: "unusable",
    ExitCode.TIMEOUT: "timed-out",
    ExitCode.UNREACHABLE: "unreachable",
    ExitCode.CHANGES: "ok",
    ExitCode.INTERRUPTED: "interrupted",
}


class Renderer:
    """A headless view: entered before the first event, left after the last."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def handle(self, event: AnyEvent) -> None:
        """Take an event in."""
        raise NotImplementedError

    def tick(self, now: float) -> None:
        """Time goes on without events; `now` is seconds since the epoch."""

    def close(self) -> None:
        """Leave the terminal as it was found. May be called twice."""


def broken_off(exit_code: ExitCode, error: str | None = None, remedy: str | None = None) -> RunFinished:
    """The last event of a run that did not get to say it itself."""
    return RunFinished(
        time=time.time(),
        outcome=_OUTCOMES[exit_code],
        exit_code=int(exit_code),
        duration=0.0,
        error=error,
        remedy=remedy,
    )


async def render(
    renderer: Renderer,
    events: AsyncIterator[AnyEvent],
    *,
    tick: float = TICK,
    clock: Callable[[], float] = time.time,
) -> RunFinished:
    """Show a run from its first event to its last, and return that one.

    When the stream breaks off (BevelError, cancellation), the view gets a `run-finished` that says why, and the
    exception goes on.
    """
    finished: RunFinished | None = None

    async def ticking() -> None:
        while True:
            await asyncio.sleep(tick)
            renderer.tick(clock())

    with renderer:
        ticker = asyncio.create_task(ticking())
        try:
            async for event in events:
                renderer.handle(event)
                if isinstance(event, RunFinished):
                    finished = event
        except BevelError as error:
            if finished is None:
                renderer.handle(broken_off(error.exit_code, error.message, error.remedy))
            raise
        except (asyncio.CancelledError, KeyboardInterrupt):
            if finished is None:
                renderer.handle(broken_off(ExitCode.INTERRUPTED, "interrupted"))
            raise
        except Exception as error:
            if finished is None:
                renderer.handle(broken_off(ExitCode.FAILED, f"internal error: {type(error).__name__}"))
            raise
        finally:
            ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticker
        if finished is None:
            finished = broken_off(ExitCode.FAILED, "the run ended without a last word")
            renderer.handle(finished)
        return finished
