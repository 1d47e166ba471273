"""Watches: resuming, streaming lists, bookmarks, and what a selector makes of changes."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from bevel_tui.sandbox.apiserver.errors import Cause, Refusal, bad_request, expired, invalid
from bevel_tui.sandbox.apiserver.kinds import Kind
from bevel_tui.sandbox.apiserver.selectors import Predicate
from bevel_tui.sandbox.apiserver.store import Event, Object, Store, dumps

if TYPE_CHECKING:
    from aiohttp import web

#: a stored object as the client wants it (its version; whole, table or metadata); second argument: is it the first
Render = Callable[[Object, bool], Object]
INITIAL_END = "k8s.io/initial-events-end"


def too_large(asked: int, current: int) -> Refusal:
    """The client has seen a newer version than there is (of another server, or before a restart)."""
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    return Refusal(
        504,
        f"Too large resource version: {asked}, current: {current}",
        details={"causes": [cause], "retryAfterSeconds": 1},
        headers={"Retry-After": "1"},
    )


def parse_version(text: str, *, watching: bool = False) -> int:
    """A resourceVersion parameter. Raises Refusal: 400, and 500 of a watch (as the real server)."""
    if not text.isascii() or not text.isdigit():
        why = f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        raise Refusal(500, why, reason="") if watching else bad_request(f"invalid resource version: {why}")
    return int(text)


def transition(event: Event, matches: Predicate | None) -> tuple[str, Object] | None:
    """What a watch with a selector sees of an event: objects that come to match are ADDED, that cease to, DELETED."""
    if matches is None:
        return event.change, event.obj
    is_now = event.change != "DELETED" and matches(event.obj)
    was = event.old is not None and matches(event.old)
    if event.change == "DELETED":
        return ("DELETED", event.obj) if was else None
    if is_now:
        return ("MODIFIED" if was else "ADDED"), event.obj
    if was and event.old is not None:
        # the object as it was when it matched, at the version of the change
        meta = {**event.old["metadata"], "resourceVersion": event.obj["metadata"]["resourceVersion"]}
        return "DELETED", {**event.old, "metadata": meta}
    return None


class Stream:
    """One watch: what was asked for, and the lines that answer it."""

    def __init__(
        self,
        store: Store,
        kind: Kind,
        namespace: str | None,
        query: Any,
        matches: Predicate | None,
        render: Render,
        bookmark_interval: float,
    ) -> None:
        """Raises Refusal: 400, 422, 504."""
        self._store = store
        self._kind = kind
        self._matches = matches
        self._render = render
        self._first = True
        self._interval = bookmark_interval
        self._bookmarks = query.get("allowWatchBookmarks") in {"true", "1"}
        streaming = query.get("sendInitialEvents") in {"true", "1"}
        if streaming and query.get("resourceVersionMatch") != "NotOlderThan":
            text = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            causes = [Cause("FieldValueForbidden", text, "resourceVersionMatch")]
            raise invalid("ListOptions", "meta.k8s.io", "", causes)
        asked = query.get("timeoutSeconds")
        self._timeout = float(asked) if asked and float(asked) > 0 else random.uniform(1800, 3600)  # noqa: S311
        version = query.get("resourceVersion") or ""
        number = parse_version(version, watching=True) if version else 0
        if number > store.version:
            raise too_large(number, store.version)
        # registered before anything is read, and nothing is awaited in between: no event is lost
        self._watcher = store.watch(kind.resource, namespace)
        self._initial: Iterator[bytes] = iter(())
        if streaming or (number == 0 and query.get("sendInitialEvents") is None):
            objects = store.collection(kind.resource).all(namespace)
            present = [obj for obj in objects if matches is None or matches(obj)]
            end = [self._bookmark({INITIAL_END: "true"})] if streaming else []
            # encoded while it is sent: hundreds of watchers must not hold a copy of everything each
            self._initial = itertools.chain((self._line("ADDED", obj) for obj in present), end)
        elif number:
            missed = store.since(kind.resource, number)
            if missed is None:
                self._initial = iter([_expired(number, store)])
                self._watcher.closed = True
            seen = [e for e in missed or () if namespace is None or e.obj["metadata"].get("namespace") == namespace]
            if seen:
                self._initial = (line for event in seen for line in self._lines(event))

    async def write_to(self, response: web.StreamResponse) -> None:
        """Send lines until the time is over, the client goes or the server closes the watch."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._timeout
        mark = loop.time() + self._interval
        try:
            for lines in iter(lambda: list(itertools.islice(self._initial, 64)), []):
                await response.write(b"".join(lines))
            while True:
                events = self._watcher.take()
                lines = [line for event in events for line in self._lines(event)]
                if lines:
                    await response.write(b"".join(lines))
                    continue
                now = loop.time()
                if self._watcher.closed:
                    return
                if now >= mark or now >= end:
                    mark = now + self._interval
                    if self._bookmarks:
                        await response.write(self._bookmark({}))
                    if now >= end:
                        return
                try:
                    async with asyncio.timeout(min(mark, end) - now):
                        await self._watcher.ready()
                except TimeoutError:
                    pass
        finally:
            self.close()

    def close(self) -> None:
        self._store.unwatch(self._kind.resource, self._watcher)

    def _lines(self, event: Event) -> list[bytes]:
        seen = transition(event, self._matches)
        return [self._line(*seen)] if seen else []

    def _line(self, change: str, obj: Object) -> bytes:
        rendered = self._render(obj, self._first)
        self._first = False
        return dumps({"type": change, "object": rendered}) + b"\n"

    def _bookmark(self, annotations: dict[str, str]) -> bytes:
        meta: Object = {"resourceVersion": str(self._store.version)}
        if annotations:
            meta["annotations"] = annotations
        obj = {"kind": self._kind.kind, "apiVersion": self._kind.api_version, "metadata": meta}
        return dumps({"type": "BOOKMARK", "object": obj}) + b"\n"


def _expired(asked: int, store: Store) -> bytes:
    refusal = expired(f"too old resource version: {asked} ({store.version})")
    return dumps({"type": "ERROR", "object": refusal.status()}) + b"\n"
