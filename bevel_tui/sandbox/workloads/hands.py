"""How the simulator changes a cluster: the few writes that controllers and kubelets make, and their Events.

Every answer goes into the `View` at once. Objects that vanish in between are no error: controllers live with it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from bevel_tui.kube.client import ApiError, KubeClient
from bevel_tui.sandbox.clock import timestamp
from bevel_tui.sandbox.workloads.view import Object, View, ref

log = logging.getLogger(__name__)

T = TypeVar("T")
#: seconds between two tries while an API server does not answer
_AWAY = 0.5


def owner_reference(owner: Mapping[str, Any]) -> dict[str, Any]:
    """What a dependent says of its controller."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controlled_by(obj: Mapping[str, Any]) -> dict[str, Any] | None:
    """The controller reference of an object, or None."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return dict(reference)
    return None


async def _insist(request: Callable[[], Awaitable[T]]) -> T:
    """Ask until the API server answers, as controllers and kubelets do: it may be starting anew. Raises ApiError."""
    while True:
        try:
            return await request()
        except ApiError as error:
            if error.status:
                raise
        await asyncio.sleep(_AWAY)


class Hands:
    """Writes to one cluster."""

    def __init__(self, client: KubeClient, view: View) -> None:
        self.client = client
        self.view = view
        self._events: asyncio.Queue[tuple[Object, str, str, str, str]] = asyncio.Queue()
        self._counts: dict[str, int] = {}

    async def create(self, obj: Mapping[str, Any]) -> Object | None:
        """Create; None when it is there already. Other refusals are raised (ApiError)."""
        try:
            made = await _insist(lambda: self.client.create(obj))
        except ApiError as error:
            if error.status == 409:
                return None
            raise
        self.view.put(made)
        return made

    async def status(self, obj: Mapping[str, Any], status: Mapping[str, Any]) -> None:
        """Write a status, unless the cache shows that nothing would change."""
        meta = obj["metadata"]
        kind, namespace, name = obj["kind"], meta.get("namespace"), meta["name"]
        now = self.view.get(kind, namespace, name) or obj
        have = now.get("status") or {}
        # servers leave zeros and empty lists out, as Go does
        if all((have.get(key) or None) == (value or None) for key, value in status.items()):
            return
        await self.patch(kind, namespace, name, {"status": dict(status)}, subresource="status")

    async def patch(
        self, kind: str, namespace: str | None, name: str, body: Mapping[str, Any], *, subresource: str | None = None
    ) -> Object | None:
        """Merge-patch; None when the object is gone."""
        try:
            made = await _insist(lambda: self.client.patch(ref(kind, namespace, name), body, subresource=subresource))
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        self.view.put(made)
        return made

    async def delete(self, obj: Mapping[str, Any]) -> None:
        """Delete at once, without grace (what a kubelet does when the last container has ended)."""
        meta = obj["metadata"]
        path = await self.client.path(ref(obj["kind"], meta.get("namespace"), meta["name"]))
        body: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "gracePeriodSeconds": 0,
            "propagationPolicy": "Background",
            "preconditions": {"uid": meta["uid"]},
        }
        try:
            await _insist(lambda: self.client.request("DELETE", path, body=body))
        except ApiError as error:
            if error.status not in {404, 409}:
                raise

    # ------------------------------------------------------------ events

    def event(self, about: Object, kind: str, reason: str, message: str, component: str) -> None:
        """Record an Event (`kind` Normal or Warning) about an object; repetitions count up. Returns at once."""
        self._events.put_nowait((about, kind, reason, message, component))

    async def write_events(self) -> None:
        """Write the recorded Events, for ever (one task per cluster)."""
        while True:
            about, kind, reason, message, component = await self._events.get()
            try:
                await self._write_event(about, kind, reason, message, component)
            except ApiError as error:
                log.debug("an event was not written: %s", error)  # the namespace is going, most likely

    async def _write_event(self, about: Object, kind: str, reason: str, message: str, component: str) -> None:
        meta = about["metadata"]
        namespace = meta.get("namespace") or "default"
        digest = hashlib.sha256(f"{meta.get('uid')}{kind}{reason}{message}{component}".encode()).hexdigest()[:16]
        name = f"{meta['name'][:230]}.{digest}"
        key = f"{namespace}/{name}"
        now = timestamp()
        self._counts[key] = count = self._counts.get(key, 0) + 1
        if count > 1:
            path = f"/api/v1/namespaces/{namespace}/events/{name}"
            body = {"count": count, "lastTimestamp": now}
            try:
                await self.client.request("PATCH", path, body=body, content_type="application/merge-patch+json")
                return
            except ApiError as error:
                if error.status != 404:
                    raise
        await self.client.create(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": name, "namespace": namespace},
                "involvedObject": {
                    "apiVersion": about["apiVersion"],
                    "kind": about["kind"],
                    "name": meta["name"],
                    "namespace": meta.get("namespace", ""),
                    "uid": meta.get("uid", ""),
                },
                "type": kind,
                "reason": reason,
                "message": message,
                "source": {"component": component},
                "reportingComponent": component,
                "reportingInstance": "",
                "firstTimestamp": now,
                "lastTimestamp": now,
                "count": count,
            }
        )
