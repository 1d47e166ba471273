"""What is in the clusters right now: one watch per (cluster, namespace, kind), shared by all steps.

Steps never poll: they read the board and wait for it to change. Secrets and ConfigMaps are kept without their
values: names and keys are all that readiness and diagnosis need, and values would be secrets held in memory.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Any

from bevel_tui.diagnosis.evidence import seconds
from bevel_tui.engine.ports import Cluster
from bevel_tui.engine.readiness import API_VERSION
from bevel_tui.kube.client import ApiError
from bevel_tui.records.snapshot import ClusterSnapshot

#: Helm's own records are big, many, and not ours to judge
_FIELDS = {"Secret": "type!=helm.sh/release.v1"}
_VALUES = ("data", "binaryData", "stringData")


class ServerClock:
    """The API server's time, from objects as they change: ages must not depend on this machine's clock.

    A change that arrives now carries a time stamp of about now; the newest one tells the difference.
    """

    def __init__(self) -> None:
        self._offset: float | None = None

    def observe(self, obj: Mapping[str, Any]) -> None:
        """Learn from an object that changed this moment."""
        stamps = [stamp for stamp in map(seconds, _times(obj)) if stamp is not None]
        if stamps:
            offset = max(stamps) - time.time()
            self._offset = offset if self._offset is None else max(self._offset, offset)

    def now(self) -> float:
        """Seconds since the epoch. Without knowledge, or within 2 s of it, this machine's clock."""
        offset = self._offset if self._offset is not None and abs(self._offset) > 2.0 else 0.0
        return time.time() + offset


def _times(obj: Mapping[str, Any]) -> Iterable[object]:
    yield (obj.get("metadata") or {}).get("creationTimestamp")
    yield obj.get("lastTimestamp")
    status = obj.get("status")
    if isinstance(status, Mapping):
        for entry in status.get("conditions") or ():
            yield entry.get("lastTransitionTime")


class Board:
    """The objects of one namespace (None: cluster-scoped) of one cluster, kept current by watches."""

    def __init__(self, cluster: str, client: Cluster, namespace: str | None, clock: ServerClock) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self._client = client
        self._clock = clock
        self._objects: dict[str, dict[str, dict[str, Any]]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._synced: dict[str, asyncio.Event] = {}
        self._changed = asyncio.Event()
        self._stamp = 0
        #: kinds that cannot be watched, and why
        self.errors: dict[str, ApiError] = {}

    async def follow(self, kinds: Iterable[str]) -> None:
        """Watch these kinds from now on; returns when all that exists of them is known (or cannot be)."""
        wanted = [kind for kind in kinds if kind in API_VERSION]
        for kind in wanted:
            task = self._tasks.get(kind)
            if task is None or task.done():
                self.errors.pop(kind, None)
                self._synced[kind] = asyncio.Event()
                self._tasks[kind] = asyncio.create_task(self._watch(kind), name=f"watch {self.cluster} {kind}")
        await asyncio.gather(*(self._synced[kind].wait() for kind in wanted))

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """An object as last seen, or None."""
        return self._objects.get(kind, {}).get(name)

    @property
    def stamp(self) -> int:
        """Grows with every change."""
        return self._stamp

    async def changed(self, since: int, within: float) -> None:
        """Return when the board differs from `since`, or after `within` seconds."""
        if self._stamp != since:
            return
        self._changed.clear()
        try:
            async with asyncio.timeout(within):
                await self._changed.wait()
        except TimeoutError:
            return

    def objects(self) -> dict[str, tuple[dict[str, Any], ...]]:
        """All objects by kind; kinds that could not be watched are absent."""
        return {
            kind: tuple(found.values())
            for kind, found in self._objects.items()
            if kind not in self.errors and self._synced[kind].is_set()
        }

    async def close(self) -> None:
        """End all watches."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()

    async def _watch(self, kind: str) -> None:
        found = self._objects.setdefault(kind, {})
        found.clear()
        synced = self._synced[kind]
        stream = self._client.watch(API_VERSION[kind], kind, self.namespace, fields=_FIELDS.get(kind))
        try:
            async for change, obj in stream:
                if change == "SYNCED":
                    synced.set()
                elif change == "DELETED":
                    found.pop(obj["metadata"]["name"], None)
                else:
                    if synced.is_set():
                        self._clock.observe(obj)
                    found[obj["metadata"]["name"]] = reduce(obj)
                if synced.is_set():
                    self._touch()
        except ApiError as error:
            self.errors[kind] = error
        finally:
            synced.set()
            self._touch()

    def _touch(self) -> None:
        self._stamp += 1
        self._changed.set()


def reduce(obj: dict[str, Any]) -> dict[str, Any]:
    """Drop, in place, what nobody reads: managed fields, and the values of Secrets and ConfigMaps."""
    obj["metadata"].pop("managedFields", None)
    if obj.get("kind") in {"Secret", "ConfigMap"}:
        obj["metadata"].pop("annotations", None)
        for field in _VALUES:
            if obj.get(field):
                obj[field] = dict.fromkeys(obj[field], "")
    return obj


class Watcher:
    """All boards of a run."""

    def __init__(self) -> None:
        self._boards: dict[tuple[str, str | None], Board] = {}
        self._clocks: dict[str, ServerClock] = {}

    def board(self, cluster: str, client: Cluster, namespace: str | None) -> Board:
        """The board of a namespace, made when it is first asked for."""
        key = (cluster, namespace)
        if key not in self._boards:
            clock = self._clocks.setdefault(cluster, ServerClock())
            self._boards[key] = Board(cluster, client, namespace, clock)
        return self._boards[key]

    def snapshot(self, cluster: str, boards: Iterable[Board], logs: Mapping[str, tuple[str, ...]]) -> ClusterSnapshot:
        """The boards together as diagnosis reads them."""
        objects: dict[str, tuple[dict[str, Any], ...]] = {}
        for board in boards:
            for kind, found in board.objects().items():
                objects[kind] = objects.get(kind, ()) + found
        return ClusterSnapshot(cluster, self._clocks.setdefault(cluster, ServerClock()).now(), objects, dict(logs))

    async def close(self) -> None:
        """End every watch."""
        await asyncio.gather(*(board.close() for board in self._boards.values()))
        self._boards.clear()
