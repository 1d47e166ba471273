"""The work queue of a controller: keys to look at again, each at most once at a time, refusals tried again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bevel_tui.kube.client import ApiError

Key = tuple[str, str]

log = logging.getLogger(__name__)


class Queue:
    """`reconcile` is called with a ``(namespace, name)`` that was added; additions meanwhile call it once more."""

    def __init__(self, name: str, reconcile: Callable[[Key], Awaitable[None]]) -> None:
        self.name = name
        self._reconcile = reconcile
        self._keys: dict[Key, None] = {}
        self._wake = asyncio.Event()
        self._later: set[asyncio.TimerHandle] = set()

    def add(self, key: Key) -> None:
        """Look at `key` soon."""
        self._keys[key] = None
        self._wake.set()

    def add_later(self, key: Key, seconds: float) -> None:
        """Look at `key` in so many real seconds."""
        handle: asyncio.TimerHandle | None = None

        def fire() -> None:
            if handle is not None:
                self._later.discard(handle)
            self.add(key)

        handle = asyncio.get_running_loop().call_later(seconds, fire)
        self._later.add(handle)

    async def run(self) -> None:
        """Work, for ever."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._keys:
                    key = next(iter(self._keys))
                    del self._keys[key]
                    await self._one(key)
        finally:
            for handle in self._later:
                handle.cancel()

    async def _one(self, key: Key) -> None:
        try:
            await self._reconcile(key)
        except ApiError as error:
            log.debug("%s %s: %s", self.name, key, error)
            self.add_later(key, 0.2)
        except Exception:
            log.exception("%s %s", self.name, key)
            self.add_later(key, 1.0)
