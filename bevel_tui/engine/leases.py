"""Holding a network's Leases in all clusters that a run will change."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping

from bevel_tui.engine.cancel import GRACE
from bevel_tui.engine.connect import unusable
from bevel_tui.engine.context import Access
from bevel_tui.engine.lease import RELEASE, Lease
from bevel_tui.engine.observe import gather_all
from bevel_tui.engine.runner import Run
from bevel_tui.kube.client import ApiError
from bevel_tui.records.errors import Code
from bevel_tui.records.events import Notice


@contextlib.asynccontextmanager
async def leases(run: Run, clusters: Mapping[str, Access], names: Iterable[str]) -> AsyncIterator[tuple[str, ...]]:
    """Hold the Lease in every cluster that will change; the clusters in which it was taken over from a dead run, whose
    last moments may have changed what was read before. Raises BevelError(LEASE_HELD)."""

    def lost(why: str) -> None:
        run.codes.add(Code.LEASE_HELD)
        run.emit(Notice(level="warning", text=f"{why} This run stops."))
        run.cancel.request()

    def tell(text: str) -> None:
        run.emit(Notice(level="warning", text=text))

    wanted = sorted(set(names))
    leases = [
        Lease(clusters[name].client, name, run.plan.network_name, run.id, lost=lost, tell=tell) for name in wanted
    ]
    # The first one is taken before the others: two runs that begin at the same moment would else keep each other out.
    first = asyncio.Event()
    taken_over: list[str] = []

    async def turn() -> bool:
        await first.wait()
        return leases[0].held

    async def take(lease: Lease, access: Access) -> None:
        try:
            before = await run.cancel.unless_stopped(lease.acquire(None if lease is leases[0] else turn))
        except ApiError as error:
            raise unusable(access.client, error) from None
        finally:
            if lease is leases[0]:
                first.set()
        if run.cancel.stopping.is_set():
            raise asyncio.CancelledError  # nothing was changed yet
        if before:
            taken_over.append(access.name)
            run.emit(
                Notice(level="warning", cluster=access.name, text=f"Took over the Lease of {before}, which is dead.")
            )

    try:
        await gather_all(take(lease, clusters[name]) for lease, name in zip(leases, wanted, strict=True))
        run.held.update(zip(wanted, leases, strict=True))
        yield tuple(taken_over)
    finally:
        run.held.clear()
        # who insists on leaving is not kept by a cluster that hangs
        within = GRACE if run.cancel.aborting.is_set() else RELEASE
        await asyncio.gather(*(lease.release(within) for lease in leases))
