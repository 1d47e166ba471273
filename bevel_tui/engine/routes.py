"""Reads the routes of one cluster for the checks: in the namespaces of its endpoints and its gateway, nowhere else."""

from __future__ import annotations

import asyncio
import base64
import time

from bevel_tui.engine.context import Access
from bevel_tui.kube.client import ApiError
from bevel_tui.network.model import Network
from bevel_tui.reachability.objects.observed import (
    BACKENDS,
    KINDS,
    Edge,
    GatewayKind,
    Object,
    secret_of,
)
from bevel_tui.records.steps import AddressStep, CheckStep, ObjectRef

#: seconds for which a reading holds: many endpoints ask at the same moment, and again when they are retried
_FRESH = 2.0


class Routes:
    """`read` gives the objects as they stand; None for a gateway that has no routes of its own."""

    def __init__(self, access: Access, network: Network, step: CheckStep, gateway: AddressStep) -> None:
        self._access = access
        kind = network.gateway.type
        self._kind: GatewayKind | None = kind if kind in ("haproxy", "ambassador") else None
        existing = network.cluster(step.cluster).existing_gateway
        self._class = (existing.ingress_class if existing is not None else None) or "haproxy"
        namespaces = {e.service.partition(".")[2].partition(":")[0] for e in step.endpoints if e.exposed}
        self._namespaces = sorted(namespaces | {str(gateway.service.namespace)})
        self._reading = asyncio.Lock()
        self._known: tuple[float, Edge | None] | None = None

    async def read(self) -> Edge | None:
        """As it is now, or was a moment ago. A kind that may not be read is left out. Raises ApiError."""
        if self._kind is None:
            return None
        async with self._reading:
            if self._known is None or time.monotonic() - self._known[0] > _FRESH:
                self._known = (time.monotonic(), await self._read(self._kind))
            return self._known[1]

    async def _read(self, gateway: GatewayKind) -> Edge | None:
        kinds = (*KINDS[gateway], *BACKENDS)
        found = await asyncio.gather(*(self._all(version, kind) for version, kind in kinds))
        objects = {kind: items for (_, kind), items in zip(kinds, found, strict=True) if items is not None}
        if not any(kind in objects for _, kind in KINDS[gateway]):
            return None
        wanted = {where for host in objects.get("Host", ()) if (where := secret_of(host)) is not None}
        shown = await asyncio.gather(*(self._certificate(*where) for where in wanted))
        certificates = {where: pem for where, (known, pem) in zip(wanted, shown, strict=True) if known}
        return Edge(gateway, objects, certificates, self._class)

    async def _all(self, api_version: str, kind: str) -> tuple[Object, ...] | None:
        """All of a kind in the namespaces; None where it may not be read, nothing where the kind is not there."""
        items: list[Object] = []
        for namespace in self._namespaces:
            try:
                items.extend(await self._access.client.list(api_version, kind, namespace))
            except ApiError as error:
                if error.status == 403:
                    return None
                if error.status != 404:
                    raise
        return tuple(items)

    async def _certificate(self, namespace: str, name: str) -> tuple[bool, str | None]:
        """(whether it is known, tls.crt of a Secret). The key beside it is not looked at."""
        try:
            secret = await self._access.client.get(ObjectRef("v1", "Secret", name, namespace))
        except ApiError:
            return False, None
        value = ((secret or {}).get("data") or {}).get("tls.crt")
        try:
            return True, base64.b64decode(value).decode() if value else None
        except ValueError:
            return True, None
