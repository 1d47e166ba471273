"""What a run knows of bundles taken in, and waiting for more: the run goes on by itself when one is imported."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from bevel_tui.engine.bundles.received import Received, read
from bevel_tui.engine.labels import HOME
from bevel_tui.engine.ports import Cluster
from bevel_tui.plan.sides import run_needs, senders
from bevel_tui.records.events import StepWaiting
from bevel_tui.records.steps import HandoffStep, Step

if TYPE_CHECKING:
    from bevel_tui.engine.context import RunContext
    from bevel_tui.engine.watcher import Board

#: seconds after which it is looked again though no watch told anything
_PATIENCE = 10.0


class Inbox:
    """The bundles that the clusters of a run hold; read again when their namespace changes."""

    def __init__(self, clients: Iterable[Cluster] = (), network: str = "") -> None:
        self._clients = tuple(clients)
        self._network = network
        self._lock = asyncio.Lock()
        self._seen: tuple[int, ...] | None = None
        self.received = Received()

    async def read(self) -> None:
        """Raises ApiError."""
        self.received = await read(self._clients, self._network)

    async def look(self, stamps: tuple[int, ...], *, anyway: bool) -> None:
        """Read again if anything changed since the last time. Raises ApiError."""
        async with self._lock:
            if anyway or stamps != self._seen:
                await self.read()
                self._seen = stamps


async def until(ctx: RunContext, step: Step, there: Callable[[Received], bool]) -> bool:
    """Wait until what a step needs was taken in; False when the run is to stop. Raises ApiError."""
    if there(ctx.inbox.received):
        return True
    boards = [ctx.watcher.board(name, access.client, HOME) for name, access in ctx.clusters.items()]
    await asyncio.gather(*(board.follow(("ConfigMap",)) for board in boards))
    told = False
    anyway = True
    while not ctx.cancel.stopping.is_set():
        stamps = tuple(board.stamp for board in boards)
        await ctx.inbox.look(stamps, anyway=anyway)
        if there(ctx.inbox.received):
            return True
        if not told:
            told = True
            ctx.emit(StepWaiting(step=step.id, cluster=step.cluster, waiting_for=_words(ctx, step)))
        anyway = not await _changed(ctx, boards, stamps)
    return False


async def _changed(ctx: RunContext, boards: Sequence[Board], stamps: tuple[int, ...]) -> bool:
    """Until a board changes (True), the run is to stop, or patience is over."""
    waits: list[asyncio.Future[object]] = [
        asyncio.ensure_future(board.changed(stamp, _PATIENCE)) for board, stamp in zip(boards, stamps, strict=True)
    ]
    waits.append(asyncio.ensure_future(ctx.cancel.stopping.wait()))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
    return tuple(board.stamp for board in boards) != stamps


def _words(ctx: RunContext, step: Step) -> tuple[str, ...]:
    """What is waited for and from whom; and what they may wait for themselves."""
    names = senders(ctx.network, step)
    what = f"with {step.source.kind} {step.source.name}" if isinstance(step, HandoffStep) else f"that {step.id} is done"
    found = [f"a bundle from {' or '.join(names)} ({what}): bevel-tui handoff import FILE"]
    before = [ctx.steps[name] for name in run_needs(ctx.plan.steps)[step.id] if name in ctx.steps]
    gave = {name for s in before if isinstance(s, HandoffStep) and s.crossing == "export" for name in s.receivers}
    found += [f"{name} needs yours first: bevel-tui handoff export --for {name}" for name in sorted(gave & {*names})]
    return tuple(found)
