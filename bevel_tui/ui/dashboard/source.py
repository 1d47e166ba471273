"""What all screens of the dashboard look at: the newest snapshot, its findings, and what changed since it was opened.

It lives in the application, so that screens come and go without anything being read twice. Screens look at `revision`
a few times a second; however quickly clusters change, they are drawn no oftener.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from bevel_tui import api
from bevel_tui.network.model import Network
from bevel_tui.records.actions import Action, ActionDone, Subject
from bevel_tui.records.errors import BevelError
from bevel_tui.records.findings import Diagnosis
from bevel_tui.records.snapshot import Snapshot
from bevel_tui.views.overview import Overview, overview
from bevel_tui.views.timeline import Entry, changes

#: changes that are remembered
KEPT = 500
#: seconds between two looks of a screen
LOOK = 0.25


class Watch(Protocol):
    """What is needed of `api.watch`."""

    def snapshots(self) -> AsyncIterator[Snapshot]: ...
    def networks(self) -> tuple[Network, ...]: ...
    async def probe(self, network: str | None = None) -> None: ...
    async def object(self, cluster: str, kind: str, namespace: str | None, name: str) -> dict[str, Any] | None: ...
    async def logs(
        self, cluster: str, namespace: str, pod: str, container: str, *, previous: bool = False, tail: int = 200
    ) -> tuple[str, ...]: ...
    def follow(
        self, cluster: str, namespace: str, pod: str, container: str, *, tail: int = 50
    ) -> AsyncGenerator[str, None]: ...


class Source:
    """`watch` is entered by `run` and left with it. `act` carries out what was confirmed."""

    def __init__(
        self,
        watch: AbstractAsyncContextManager[Watch],
        *,
        kubeconfig: str | None = None,
        readonly: bool = False,
        clock: Callable[[], float],
    ) -> None:
        self.readonly = readonly
        self.snapshot: Snapshot | None = None
        self.diagnosis = Diagnosis()
        self.overview: Overview | None = None
        self.timeline: deque[Entry] = deque(maxlen=KEPT)
        self.revision = 0
        self.problem: BevelError | None = None
        self.watch: Watch | None = None
        self._entering = watch
        self._kubeconfig = kubeconfig
        self._clock = clock

    async def run(self) -> None:
        """Follow the clusters until cancelled. What keeps it from beginning is `problem` afterwards."""
        try:
            await asyncio.to_thread(api.prepare)
            async with self._entering as watch:
                self.watch = watch
                async for snapshot in watch.snapshots():
                    # the first judgement of a large network takes a second or two: keys go before it
                    diagnosis = await asyncio.to_thread(api.diagnose, snapshot, kubeconfig=self._kubeconfig)
                    self._take(snapshot, diagnosis)
        except BevelError as error:
            self.problem = error
            self.revision += 1

    def _take(self, snapshot: Snapshot, diagnosis: Diagnosis) -> None:
        if self.snapshot is not None:
            self.timeline.extend(changes(self.snapshot, snapshot, self.diagnosis, diagnosis))
        self.snapshot, self.diagnosis = snapshot, diagnosis
        self.overview = overview(snapshot, diagnosis)
        self.revision += 1

    def network(self, name: str) -> Network | None:
        """The Network of that name as its clusters, or a preset, tell of it."""
        known = self.watch.networks() if self.watch is not None else ()
        return next((network for network in known if network.name == name), None)

    def actions(self, about: Subject) -> tuple[Action, ...]:
        """What can be done about a finding or an object of the newest snapshot."""
        return () if self.snapshot is None else api.actions(self.snapshot, about, kubeconfig=self._kubeconfig)

    async def act(self, action: Action) -> ActionDone:
        """Carry out a confirmed action on an object, or ask checks again; never raises for what a cluster says."""
        try:
            if action.kind == "rerun-checks" and self.watch is not None and not self.readonly:
                await self.watch.probe(action.network)
                done = ActionDone(ok=True, message="The checks were asked again.")
            else:
                done = await api.act(action, kubeconfig=self._kubeconfig, readonly=self.readonly)
        except BevelError as error:
            done = ActionDone(ok=False, message=error.message)
        self.timeline.append(
            Entry(self._clock(), action.cluster, "ok" if done.ok else "failed", f"you: {action.title} {done.message}")
        )
        self.revision += 1
        return done
