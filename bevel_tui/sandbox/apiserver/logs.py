"""Container logs: what kubelets keep in a real cluster. The workload simulator writes them, pods/log reads them."""

from __future__ import annotations

import asyncio
import datetime
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

#: lines kept for one container (a kubelet rotates at 10 MiB)
LIMIT = 10_000


class Line(NamedTuple):
    moment: datetime.datetime
    text: str


class Log:
    """The log of one run of one container."""

    def __init__(self) -> None:
        self.lines: deque[Line] = deque(maxlen=LIMIT)
        self.total = 0
        self.closed = False
        self._changed = asyncio.Event()

    def append(self, text: str) -> None:
        now = datetime.datetime.now(datetime.UTC)
        for line in text.splitlines():
            self.lines.append(Line(now, line))
            self.total += 1
        self._wake()

    def close(self) -> None:
        """Nothing will follow."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def follow(self, seen: int) -> AsyncIterator[Line]:
        """Lines after the first `seen`, until the log is closed."""
        while True:
            changed = self._changed
            missing = min(self.total - seen, len(self.lines))
            for line in list(self.lines)[len(self.lines) - missing :] if missing else ():
                yield line
            seen = self.total
            if self.closed:
                return
            await changed.wait()


class Logs:
    """All logs of a cluster, by ``(namespace, pod, container)``; the run before the present one too."""

    def __init__(self) -> None:
        self._now: dict[tuple[str, str, str], Log] = {}
        self._before: dict[tuple[str, str, str], Log] = {}

    def append(self, namespace: str, pod: str, container: str, text: str, *, previous: bool = False) -> None:
        """Add lines to a log."""
        logs = self._before if previous else self._now
        logs.setdefault((namespace, pod, container), Log()).append(text)

    def restart(self, namespace: str, pod: str, container: str) -> None:
        """The container starts anew: what there is becomes the previous log."""
        key = (namespace, pod, container)
        old = self._now.pop(key, None)
        if old is not None:
            old.close()
            self._before[key] = old

    def get(self, namespace: str, pod: str, container: str, *, previous: bool = False) -> Log | None:
        return (self._before if previous else self._now).get((namespace, pod, container))

    def present(self, namespace: str, pod: str, container: str) -> Log:
        """The present log, made when nothing was written yet (for followers)."""
        return self._now.setdefault((namespace, pod, container), Log())

    def finish(self, namespace: str, pod: str, container: str | None = None) -> None:
        """A container (or all of a pod's) ended: followers come to an end."""
        for key, log in self._now.items():
            if key[:2] == (namespace, pod) and container in {None, key[2]}:
                log.close()

    def close(self) -> None:
        """The server stops: all followers come to an end."""
        for log in self._now.values():
            log.close()

    def forget(self, namespace: str, pod: str) -> None:
        """The pod is gone, and its logs with it."""
        self.finish(namespace, pod)
        for logs in (self._now, self._before):
            for key in [k for k in logs if k[:2] == (namespace, pod)]:
                del logs[key]


def select(lines: list[Line], query: Mapping[str, str]) -> list[Line]:
    """What a request asks for: `tailLines`, `sinceSeconds`, `sinceTime` and `limitBytes`."""
    if query.get("sinceSeconds"):
        start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=int(query["sinceSeconds"]))
        lines = [line for line in lines if line.moment >= start]
    elif query.get("sinceTime"):
        start = datetime.datetime.fromisoformat(query["sinceTime"])
        lines = [line for line in lines if line.moment >= start]
    if query.get("tailLines"):
        number = int(query["tailLines"])
        lines = lines[-number:] if number else []
    return lines


def render(line: Line, *, timestamps: bool) -> bytes:
    stamp = line.moment.strftime("%Y-%m-%dT%H:%M:%S.%f000Z ") if timestamps else ""
    return f"{stamp}{line.text}\n".encode()
