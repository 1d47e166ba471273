"""What a simulated cluster holds, and everyone who waits for it to change.

One counter of versions per cluster, as in etcd. Stored objects are never modified in place: a change stores a new
object, so that watches and answers can share them without copying. Each resource keeps a bounded history; whoever
asks for an older place is told 410 Expired.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

Object = dict[str, Any]
Change = Literal["ADDED", "MODIFIED", "DELETED"]


class Event(NamedTuple):
    """One change. `old` is the object before it (None for ADDED); for DELETED `obj` is its last state."""

    version: int
    change: Change
    obj: Object
    old: Object | None


class Watcher:
    """Receives the events of one resource. `events` grows until `ready` is awaited and `take` empties it."""

    #: a reader that far behind is cut off, as the real watch cache does
    LIMIT = 20_000

    def __init__(self, namespace: str | None) -> None:
        self.namespace = namespace
        self.events: list[Event] = []
        self.closed = False
        self._ready = asyncio.Event()

    def feed(self, event: Event) -> None:
        if self.namespace is None or event.obj["metadata"].get("namespace") == self.namespace:
            self.events.append(event)
            if len(self.events) > self.LIMIT:
                self.closed = True
            self._ready.set()

    def close(self) -> None:
        """The server ends this watch."""
        self.closed = True
        self._ready.set()

    async def ready(self) -> None:
        """Return when there is something to take, or the watch was closed."""
        await self._ready.wait()

    def take(self) -> list[Event]:
        taken, self.events = self.events, []
        if not self.closed:
            self._ready.clear()
        return taken


class Collection:
    """All objects of one resource."""

    def __init__(self, history: int) -> None:
        self.objects: dict[str, dict[str, Object]] = {}
        self.events: deque[Event] = deque(maxlen=history)
        self.watchers: set[Watcher] = set()
        #: version of the newest event that was forgotten
        self.horizon = 0

    def get(self, namespace: str | None, name: str) -> Object | None:
        return self.objects.get(namespace or "", {}).get(name)

    def all(self, namespace: str | None) -> Iterator[Object]:
        """Objects in key order: by namespace, then by name."""
        spaces = sorted(self.objects) if namespace is None else [namespace]
        for space in spaces:
            members = self.objects.get(space)
            if members:
                for name in sorted(members):
                    yield members[name]


class Store:
    """All collections of one cluster. `history` is the number of changes kept for each resource."""

    def __init__(self, history: int = 1000) -> None:
        self.version = 1
        self.history = history
        self._collections: dict[str, Collection] = {}
        #: owner uid -> keys of the objects that name it as owner
        self._dependents: dict[str, set[tuple[str, str, str]]] = {}
        self._by_uid: dict[str, tuple[str, str, str]] = {}
        #: called after every change; must not change the store itself (schedule it)
        self.listeners: list[Any] = []

    def collection(self, resource: str) -> Collection:
        found = self._collections.get(resource)
        if found is None:
            found = self._collections[resource] = Collection(self.history)
            found.horizon = 0
        return found

    def resources(self) -> list[str]:
        """Resources that hold at least one object."""
        return [name for name, c in self._collections.items() if any(c.objects.values())]

    def get(self, resource: str, namespace: str | None, name: str) -> Object | None:
        collection = self._collections.get(resource)
        return collection.get(namespace, name) if collection else None

    def by_uid(self, uid: str) -> tuple[str, str, str] | None:
        """Key ``(resource, namespace, name)`` of the object with that uid."""
        return self._by_uid.get(uid)

    def dependents(self, uid: str) -> list[tuple[str, str, str]]:
        """Keys of the objects owned by `uid`, in a stable order."""
        return sorted(self._dependents.get(uid, ()))

    def put(self, resource: str, obj: Object) -> Object:
        """Store an object (new or changed), giving it the next version; returns what was stored."""
        meta = obj["metadata"]
        namespace, name = meta.get("namespace") or "", meta["name"]
        collection = self.collection(resource)
        old = collection.get(namespace, name)
        self.version += 1
        obj = {**obj, "metadata": {**meta, "resourceVersion": str(self.version)}}
        collection.objects.setdefault(namespace, {})[name] = obj
        key = (resource, namespace, name)
        self._by_uid[meta["uid"]] = key
        if old is None or _owners(old) != _owners(obj):
            self._index(key, old, obj)
        self._publish(resource, collection, Event(self.version, "ADDED" if old is None else "MODIFIED", obj, old))
        return obj

    def remove(self, resource: str, namespace: str | None, name: str) -> Object | None:
        """Take an object out; returns its last state, with the version of its removal."""
        collection = self.collection(resource)
        members = collection.objects.get(namespace or "", {})
        old = members.pop(name, None)
        if old is None:
            return None
        if not members:
            collection.objects.pop(namespace or "", None)
        self.version += 1
        last = {**old, "metadata": {**old["metadata"], "resourceVersion": str(self.version)}}
        self._by_uid.pop(old["metadata"]["uid"], None)
        self._index((resource, namespace or "", name), old, None)
        self._publish(resource, collection, Event(self.version, "DELETED", last, old))
        return last

    def watch(self, resource: str, namespace: str | None) -> Watcher:
        """Start to receive events from now on; end with `unwatch`."""
        watcher = Watcher(namespace)
        self.collection(resource).watchers.add(watcher)
        return watcher

    def unwatch(self, resource: str, watcher: Watcher) -> None:
        self.collection(resource).watchers.discard(watcher)

    def since(self, resource: str, version: int) -> list[Event] | None:
        """The events after `version`; None when some of them were forgotten."""
        collection = self.collection(resource)
        if version < collection.horizon:
            return None
        return [event for event in collection.events if event.version > version]

    def close_watches(self, resource: str | None = None) -> int:
        """End all watches (of a resource); returns how many."""
        closed = 0
        for name, collection in self._collections.items():
            if resource in {None, name}:
                for watcher in collection.watchers:
                    watcher.close()
                    closed += 1
        return closed

    def compact(self) -> None:
        """Forget all history, as etcd's compaction does."""
        for collection in self._collections.values():
            collection.events.clear()
            collection.horizon = self.version

    def _publish(self, resource: str, collection: Collection, event: Event) -> None:
        if len(collection.events) == collection.events.maxlen and collection.events:
            collection.horizon = collection.events[0].version
        collection.events.append(event)
        for watcher in collection.watchers:
            watcher.feed(event)
        for listener in self.listeners:
            listener(resource, event)

    def _index(self, key: tuple[str, str, str], old: Object | None, new: Object | None) -> None:
        for uid in _owners(old):
            keys = self._dependents.get(uid)
            if keys:
                keys.discard(key)
                if not keys:
                    del self._dependents[uid]
        for uid in _owners(new):
            self._dependents.setdefault(uid, set()).add(key)


def _owners(obj: Object | None) -> set[str]:
    return {ref.get("uid", "") for ref in (obj or {}).get("metadata", {}).get("ownerReferences") or ()}


def dumps(value: Any) -> bytes:
    """Compact JSON, UTF-8."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
