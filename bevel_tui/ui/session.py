"""A run that the application keeps: its events go into one `RunView`, whatever is on the screen meanwhile.

Screens look at `view` a few times a second (`view.revision` says whether there is something new): two thousand events
a second cost a fold each, never a drawing each.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from bevel_tui.records.errors import BevelError, ExitCode
from bevel_tui.records.events import AnyEvent, RunFinished
from bevel_tui.views.state import RunView

if TYPE_CHECKING:
    from bevel_tui.engine.cancel import Cancellation

#: events taken in before the event loop gets its turn: keys are answered in between
_BATCH = 100


class Session:
    """One run. `begin` is given the Cancellation and returns the stream of events (`api.deploy`, a recording...)."""

    def __init__(self, begin: Callable[[Cancellation], AsyncIterator[AnyEvent]], *, clock: Callable[[], float]) -> None:
        from bevel_tui.engine.cancel import Cancellation

        self.view = RunView()
        self.cancel = Cancellation()
        self._clock = clock
        self._task = asyncio.create_task(self._follow(begin(self.cancel)), name="session")

    @property
    def running(self) -> bool:
        """Whether events may still come."""
        return not self._task.done()

    async def ended(self) -> None:
        """Returns when the last event is in the view. Never raises for how the run ended."""
        await asyncio.wait([self._task])

    async def _follow(self, events: AsyncIterator[AnyEvent]) -> None:
        code, message, remedy = ExitCode.FAILED, "the run ended without a last word", None
        try:
            count = 0
            async for event in events:
                self.view.apply(event)
                count += 1
                if count % _BATCH == 0:
                    await asyncio.sleep(0)
        except BevelError as error:
            code, message, remedy = error.exit_code, "\n".join((error.message, *error.details)), error.remedy
        except asyncio.CancelledError:
            code, message = ExitCode.INTERRUPTED, "interrupted"
            raise
        except Exception as error:
            message = f"internal error: {type(error).__name__}: {error}"
        finally:
            if self.view.finished is None:
                outcome = "unusable" if code in (ExitCode.USAGE, ExitCode.CLUSTER) else "failed"
                self.view.apply(
                    RunFinished(
                        time=self._clock(),
                        outcome="interrupted" if code == ExitCode.INTERRUPTED else outcome,
                        exit_code=int(code),
                        duration=self.view.elapsed(self._clock()),
                        error=message,
                        remedy=remedy,
                    )
                )
