"""The way out of a run: numbers its events, journals them, and makes sure that no secret value is in any of them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from bevel_tui.engine.journal import Journal
from bevel_tui.records.events import EVENTS, AnyEvent, Notice

_MASK = "******"
#: shorter values are too common to be masked without making nonsense of messages
_SHORTEST = 4
#: fields whose values are words of the event format, never anybody's text
_WORDS = frozenset(
    {
        "type",
        "kind",
        "outcome",
        "action",
        "state",
        "status",
        "severity",
        "level",
        "command",
        "run",
        "id",
        "vantage",
        "about",
    }
)


class Emitter:
    """Call it with an event; `queue` delivers the numbered ones in order, None after `close`."""

    def __init__(self, run: str, *, journal: bool = True, clock: Callable[[], float] = time.time) -> None:
        self.run = run
        self.queue: asyncio.Queue[AnyEvent | None] = asyncio.Queue()
        self._clock = clock
        self._seq = 0
        self._secrets: tuple[str, ...] = ()
        self._journal = Journal(run) if journal else None
        self._complained = False

    def hide(self, secrets: Iterable[str]) -> None:
        """Values that may appear in no event from now on, whatever Helm, a log or the API server says."""
        values = set(self._secrets)
        for secret in secrets:
            # A multi-line value can be quoted line by line.
            values.update(part for part in (secret, *secret.splitlines()) if len(part) >= _SHORTEST)
        self._secrets = tuple(sorted(values, key=len, reverse=True))

    def __call__(self, event: AnyEvent) -> None:
        numbered = event.model_copy(update={"run": self.run, "seq": self._seq, "time": self._clock()})
        self._seq += 1
        line = numbered.model_dump_json()
        if any(json.dumps(secret, ensure_ascii=False)[1:-1] in line for secret in self._secrets):
            numbered = EVENTS.validate_python(self._masked(numbered.model_dump(mode="json")))
            line = numbered.model_dump_json()
        if self._journal is not None:
            self._journal.write(line)
        self.queue.put_nowait(numbered)
        if self._journal is not None and self._journal.problem and not self._complained:
            self._complained = True
            self(Notice(level="warning", text=self._journal.problem))

    def _masked(self, node: Any, field: str = "") -> Any:
        """The tree without secret values; words of the format itself (a secret may be ``release``) stay."""
        if isinstance(node, dict):
            return {key: self._masked(value, key) for key, value in node.items()}
        if isinstance(node, list):
            return [self._masked(value, field) for value in node]
        if isinstance(node, str) and field not in _WORDS:
            for secret in self._secrets:
                node = node.replace(secret, _MASK)
        return node

    def close(self) -> None:
        """The last event was sent."""
        if self._journal is not None:
            self._journal.close()
        self.queue.put_nowait(None)
