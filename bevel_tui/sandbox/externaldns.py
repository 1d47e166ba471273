"""Plays external-dns: the annotation on a LoadBalancer Service becomes A records for its address.

Bevel only sets the annotation; the controller is somebody else's (facts C.4). Here one runs in every cluster.
"""

from __future__ import annotations

import asyncio

from bevel_tui.sandbox.workloads.services import addresses
from bevel_tui.sandbox.workloads.view import Object
from bevel_tui.sandbox.world import Site, World

ANNOTATION = "external-dns.alpha.kubernetes.io/hostname"
TTL_ANNOTATION = "external-dns.alpha.kubernetes.io/ttl"
#: external-dns works in rounds; this is how long one takes to come by
ROUND_SECONDS = 2.0


class ExternalDns:
    """The controllers of all clusters. Each owns the names it made: it removes them with their Service."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._owned: dict[str, dict[str, tuple[str, ...]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def watch(self, site: Site) -> None:
        """Act on a cluster's Services."""
        site.view.listen(["Service"], self._changed)

    def _changed(self, change: str, _kind: str, service: Object) -> None:
        uid = service["metadata"]["uid"]
        wanted = {} if change == "DELETED" else _records(service)
        before = self._owned.get(uid, {})
        if wanted == before:
            return
        self._owned[uid] = wanted
        task = asyncio.create_task(self._apply(before, wanted, _ttl(service)), name="external-dns")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _apply(self, before: dict[str, tuple[str, ...]], wanted: dict[str, tuple[str, ...]], ttl: int) -> None:
        await self.world.clock.sleep(ROUND_SECONDS)
        for name in before.keys() - wanted.keys():
            self.world.names.remove(name, "A")
        for name, values in wanted.items():
            while (trouble := self.world.troubles.typing(name.removeprefix("*."))) is not None:
                if trouble.address:
                    self.world.names.set(name, "A", (trouble.address,), ttl=ttl)
                await self.world.clock.sleep(ROUND_SECONDS)
            self.world.names.set(name, "A", values, ttl=ttl)


def _records(service: Object) -> dict[str, tuple[str, ...]]:
    text = (service["metadata"].get("annotations") or {}).get(ANNOTATION, "")
    found = tuple(addresses(service))
    if service["spec"].get("type") != "LoadBalancer" or not found:
        return {}
    return {name.strip().rstrip("."): found for name in text.split(",") if name.strip()}


def _ttl(service: Object) -> int:
    text = str((service["metadata"].get("annotations") or {}).get(TTL_ANNOTATION, ""))
    return int(text) if text.isdigit() else 300
