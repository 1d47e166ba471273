"""Simulated time: one clock that everything in the sandbox waits on, so that --speed scales all of it alike."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime


class Clock:
    """`speed` nominal seconds pass per real second (2.0: twice as fast). Raises ValueError unless positive."""

    def __init__(self, speed: float = 1.0) -> None:
        if not speed > 0:
            raise ValueError("speed must be positive")
        self.speed = speed

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` of nominal time."""
        await asyncio.sleep(max(seconds, 0.0) / self.speed)

    def now(self) -> float:
        """Nominal seconds on the event loop's clock (only differences mean something)."""
        return asyncio.get_running_loop().time() * self.speed


def timestamp() -> str:
    """The present moment as Kubernetes writes it (RFC 3339, UTC, whole seconds)."""
    return moment().strftime("%Y-%m-%dT%H:%M:%SZ")


def moment() -> datetime:
    """The present moment, UTC."""
    return datetime.fromtimestamp(time.time(), UTC)
