"""Sessions that play a recording or a story up to a moment, and stay there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from functools import cache
from pathlib import Path
from typing import Any

from bevel_tui.engine.control import RunControl
from bevel_tui.records.events import EVENTS, AnyEvent
from bevel_tui.ui.session import Session

RECORDINGS = Path(__file__).parent / "recordings"


@cache
def recording(name: str) -> tuple[AnyEvent, ...]:
    """A run of `bevel-tui --preset NAME --sandbox -o jsonl`, as it was."""
    lines = (RECORDINGS / f"{name}.jsonl").read_text().splitlines()
    return tuple(EVENTS.validate_json(line) for line in lines)


def until(events: Iterable[AnyEvent], kind: str, number: int = 1) -> list[AnyEvent]:
    """The events up to the `number`-th of a kind."""
    found: list[AnyEvent] = []
    for event in events:
        found.append(event)
        number -= event.type == kind
        if not number:
            break
    return found


class Played(Session):
    """A session whose events are given. It ends with `run-finished`; else it stays as it is until it is stopped."""

    def __init__(self, events: Iterable[AnyEvent], **more: Any) -> None:
        self.queue: asyncio.Queue[AnyEvent] = asyncio.Queue()
        self.orders: list[Any] = []
        self.fed = asyncio.Event()
        self._events = list(events)
        super().__init__(self._play, clock=lambda: self._events[-1].time, **more)

    async def _play(self, control: RunControl, stack: AsyncExitStack) -> AsyncIterator[AnyEvent]:
        for event in self._events:
            yield event
        self.fed.set()
        if self._events[-1].type == "run-finished":
            return
        stop = asyncio.create_task(control.cancel.stopping.wait())
        while not stop.done():
            ordered = asyncio.create_task(control.ordered.wait())
            more = asyncio.create_task(self.queue.get())
            await asyncio.wait({stop, ordered, more}, return_when=asyncio.FIRST_COMPLETED)
            self.orders += control.taken()
            if more.done():
                yield more.result()
                if more.result().type == "run-finished":
                    return
            more.cancel()
            ordered.cancel()
