"""Reading what is there, once and in parallel, before anything is decided: release records and live objects.

A cluster that does not answer here cannot be used: nothing was changed yet, so the run ends with exit code 3.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from bevel_tui.engine.connect import unusable
from bevel_tui.engine.labels import DIGEST, NETWORK
from bevel_tui.engine.ports import Cluster
from bevel_tui.engine.readiness import doomed
from bevel_tui.engine.repair import Record
from bevel_tui.engine.watcher import reduce
from bevel_tui.kube.client import ApiError
from bevel_tui.records.steps import ObjectRef

_RELEASE_PREFIX = "sh.helm.release.v1."
#: requests in flight per cluster while reading
_AT_ONCE = 8


class Observed:
    """The state of one cluster, read on demand and remembered. Nothing here writes.

    Methods raise BevelError(CLUSTER_UNREACHABLE or ACCESS_DENIED).
    """

    def __init__(self, client: Cluster) -> None:
        self._client = client
        self._limit = asyncio.Semaphore(_AT_ONCE)
        self._records: dict[str, asyncio.Task[dict[str, tuple[Record, ...]]]] = {}
        self._lists: dict[tuple[str, str, str], asyncio.Task[dict[str, dict[str, Any]]]] = {}
        self._objects: dict[ObjectRef, asyncio.Task[dict[str, Any] | None]] = {}

    async def records(self, namespace: str, release: str) -> tuple[Record, ...]:
        """All revisions of a release, oldest first."""
        if namespace not in self._records:
            self._records[namespace] = asyncio.create_task(self._read_records(namespace))
        return (await self._records[namespace]).get(release, ())

    async def get(self, ref: ObjectRef) -> dict[str, Any] | None:
        """One object, values included."""
        if ref not in self._objects:
            self._objects[ref] = asyncio.create_task(self._get(ref))
        return await self._objects[ref]

    async def find(self, ref: ObjectRef) -> dict[str, Any] | None:
        """One object without the values of Secrets and ConfigMaps; namespaced kinds are listed once."""
        if ref.namespace is None:
            return await self.get(ref)
        key = (ref.api_version, ref.kind, ref.namespace)
        if key not in self._lists:
            self._lists[key] = asyncio.create_task(self._list(*key))
        return (await self._lists[key]).get(ref.name)

    async def _read_records(self, namespace: str) -> dict[str, tuple[Record, ...]]:
        async with self._limit:
            try:
                return await release_records(self._client, namespace)
            except ApiError as error:
                raise unusable(self._client, error) from None

    async def _get(self, ref: ObjectRef) -> dict[str, Any] | None:
        async with self._limit:
            try:
                return await self._client.get(ref)
            except ApiError as error:
                raise unusable(self._client, error) from None

    async def _list(self, api_version: str, kind: str, namespace: str) -> dict[str, dict[str, Any]]:
        fields = "type!=helm.sh/release.v1" if kind == "Secret" else None
        async with self._limit:
            try:
                items = await self._client.list(api_version, kind, namespace, fields=fields)
            except ApiError as error:
                if error.status == 404:  # the kind itself is not there (no CRD)
                    return {}
                raise unusable(self._client, error) from None
        return {obj["metadata"]["name"]: reduce(obj) for obj in items}


async def release_records(client: Cluster, namespace: str) -> dict[str, tuple[Record, ...]]:
    """Every release of a namespace by the labels of Helm's Secrets. Raises ApiError."""
    found: dict[str, list[Record]] = {}
    for secret in await client.list("v1", "Secret", namespace, labels="owner=helm"):
        meta = secret["metadata"]
        labels = meta.get("labels") or {}
        if not meta["name"].startswith(_RELEASE_PREFIX) or "name" not in labels:
            continue
        stamp = labels.get("modifiedAt") or labels.get("createdAt")
        found.setdefault(labels["name"], []).append(
            Record(
                revision=int(labels.get("version") or 0),
                status=str(labels.get("status") or "unknown"),
                secret=meta["name"],
                digest=labels.get(DIGEST),
                network=labels.get(NETWORK),
                modified=float(stamp) if stamp and stamp.isdigit() else None,
            )
        )
    return {name: tuple(sorted(records, key=lambda r: r.revision)) for name, records in found.items()}


async def gather_all(parts: Iterable[Any]) -> list[Any]:
    """Await all; the first error is raised after the others ended (no task is left behind)."""
    results = await asyncio.gather(*parts, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return list(results)


async def until_gone(
    client: Cluster, ref: ObjectRef, unless: Callable[[Mapping[str, Any]], bool] = lambda _: False
) -> Literal[True]:
    """Return when an object that is being deleted is deleted to its end, or as soon as `unless` holds for it. Raises
    ApiError."""
    async for change, obj in client.watch(ref.api_version, ref.kind, ref.namespace, fields=f"metadata.name={ref.name}"):
        if change == "SYNCED":
            if not doomed(await client.get(ref)):
                break  # gone, and perhaps another one there already
        elif obj["metadata"]["name"] == ref.name and (change == "DELETED" or unless(obj)):
            break
    return True
