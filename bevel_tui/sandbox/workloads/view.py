"""What the simulator knows of one cluster: a cache fed by one watch per kind, and a way to wait for changes in it.

Nothing here polls. Own writes are put into the cache as soon as the server has answered, so that a controller
never acts twice because its watch is a moment behind.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from bevel_tui.kube.client import ApiError, KubeClient
from bevel_tui.records.steps import ObjectRef

Object = dict[str, Any]
Listener = Callable[[str, str, Object], None]
T = TypeVar("T")

log = logging.getLogger(__name__)

#: kinds that every simulated cluster is watched for: kind -> apiVersion
CORE: Mapping[str, str] = {
    "Namespace": "v1",
    "Node": "v1",
    "Pod": "v1",
    "Service": "v1",
    "ConfigMap": "v1",
    "Secret": "v1",
    "ServiceAccount": "v1",
    "PersistentVolumeClaim": "v1",
    "StorageClass": "storage.k8s.io/v1",
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "Job": "batch/v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "Ingress": "networking.k8s.io/v1",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
}
#: kinds of Ambassador, watched from when their CRDs are there
ROUTES: Mapping[str, str] = dict.fromkeys(
    ("Mapping", "TCPMapping", "Listener", "Host", "TLSContext"), "getambassador.io/v3alpha1"
)
API_VERSIONS: Mapping[str, str] = {
    **CORE,
    **ROUTES,
    "PersistentVolume": "v1",
    "Endpoints": "v1",
    "Lease": "coordination.k8s.io/v1",
}

#: Helm's release records are large, many, and nobody mounts them
_FIELDS = {"Secret": "type!=helm.sh/release.v1"}


def ref(kind: str, namespace: str | None, name: str) -> ObjectRef:
    """The reference of an object of a kind that the sandbox knows."""
    return ObjectRef(API_VERSIONS[kind], kind, name, namespace)


def _version(obj: Mapping[str, Any]) -> int:
    try:
        return int(obj["metadata"].get("resourceVersion", 0))
    except (TypeError, ValueError):
        return 0


class View:
    """Cache and change notification of one cluster. `start` before use, `stop` at the end."""

    def __init__(self, client: KubeClient) -> None:
        self.client = client
        self._objects: dict[str, dict[tuple[str | None, str], Object]] = defaultdict(dict)
        self._listeners: dict[str, list[Listener]] = defaultdict(list)
        self._waiters: dict[str, set[asyncio.Future[None]]] = defaultdict(set)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    # ------------------------------------------------------------ reading

    def get(self, kind: str, namespace: str | None, name: str) -> Object | None:
        """One object from the cache."""
        return self._objects[kind].get((namespace, name))

    def all(self, kind: str, namespace: str | None = None) -> list[Object]:
        """All objects of a kind (of one namespace when it is given)."""
        found = self._objects[kind]
        if namespace is None:
            return list(found.values())
        return [obj for (where, _), obj in found.items() if where == namespace]

    async def until(self, kinds: Iterable[str], question: Callable[[], T | None]) -> T:
        """The first true answer to `question`, asked now and after every change of one of `kinds`."""
        kinds = tuple(kinds)
        while not (answer := question()):
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            for kind in kinds:
                self._waiters[kind].add(waiter)
            try:
                await waiter
            finally:
                for kind in kinds:
                    self._waiters[kind].discard(waiter)
        return answer

    def listen(self, kinds: Iterable[str], listener: Listener) -> None:
        """Call ``listener(change, kind, object)`` for every change, and for all that is there already."""
        for kind in kinds:
            self._listeners[kind].append(listener)
            for obj in list(self._objects[kind].values()):
                listener("ADDED", kind, obj)

    # ------------------------------------------------------------ feeding

    def put(self, obj: Object) -> None:
        """Take in an object as the server answered it, unless the cache is ahead already."""
        kind = obj["kind"]
        meta = obj["metadata"]
        key = (meta.get("namespace"), meta["name"])
        old = self._objects[kind].get(key)
        if old is not None:
            if _version(obj) <= _version(old):
                return
            if meta.get("deletionTimestamp") and _gone(obj):
                self.drop(obj)
                return
        self._objects[kind][key] = obj
        self._tell("ADDED" if old is None else "MODIFIED", kind, obj)

    def drop(self, obj: Object) -> None:
        """Forget an object that is gone."""
        kind = obj["kind"]
        meta = obj["metadata"]
        key = (meta.get("namespace"), meta["name"])
        old = self._objects[kind].get(key)
        if old is not None and old["metadata"].get("uid") == meta.get("uid", old["metadata"].get("uid")):
            del self._objects[kind][key]
            self._tell("DELETED", kind, old)

    def _tell(self, change: str, kind: str, obj: Object) -> None:
        for listener in list(self._listeners[kind]):
            try:
                listener(change, kind, obj)
            except Exception:
                log.exception("a listener for %s failed", kind)
        for waiter in list(self._waiters[kind]):
            if not waiter.done():
                waiter.set_result(None)

    # ------------------------------------------------------------ lifecycle

    async def start(self) -> None:
        """Open the watches; returns when every kind has been listed once."""
        ready = [self._follow(kind, version) for kind, version in CORE.items()]
        self.listen(["CustomResourceDefinition"], self._route_kinds)
        await asyncio.gather(*ready)

    async def stop(self) -> None:
        """End all watches."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    def _follow(self, kind: str, api_version: str) -> asyncio.Future[None]:
        synced: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks[kind] = asyncio.create_task(self._watch(kind, api_version, synced), name=f"watch {kind}")
        return synced

    async def _watch(self, kind: str, api_version: str, synced: asyncio.Future[None]) -> None:
        try:
            async for change, obj in self.client.watch(api_version, kind, fields=_FIELDS.get(kind)):
                if change == "SYNCED":
                    if not synced.done():
                        synced.set_result(None)
                elif change == "DELETED":
                    obj.setdefault("kind", kind)
                    self.drop(obj)
                else:
                    obj.setdefault("apiVersion", api_version)
                    obj.setdefault("kind", kind)
                    self.put(obj)
        except ApiError as error:
            if not synced.done():
                synced.set_exception(error)
            elif error.status != 404:
                log.warning("the watch of %s ended: %s", kind, error)
            for obj in self.all(kind):
                self.drop(obj)

    def _route_kinds(self, change: str, _: str, crd: Object) -> None:
        names = crd.get("spec", {}).get("names", {})
        kind = names.get("kind", "")
        if crd["metadata"]["name"] != f"{names.get('plural')}.getambassador.io" or kind not in ROUTES:
            return
        established = any(
            c["type"] == "Established" and c["status"] == "True"
            for c in (crd.get("status") or {}).get("conditions") or ()
        )
        running = self._tasks.get(kind)
        if change == "DELETED":
            if running is not None:
                running.cancel()
            for obj in self.all(kind):
                self.drop(obj)
        elif established and (running is None or running.done()):
            # nobody waits for it: routes count from when they are seen
            self._follow(kind, ROUTES[kind]).add_done_callback(lambda f: f.cancelled() or f.exception())


def _gone(obj: Mapping[str, Any]) -> bool:
    """A server may answer a DELETE with the object's last state: grace over, nothing holding it."""
    meta = obj["metadata"]
    return meta.get("deletionGracePeriodSeconds") == 0 and not meta.get("finalizers")
