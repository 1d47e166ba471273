"""One Kubernetes cluster through one context: plain JSON in and out, every error an `ApiError`.

We speak to the API in JSON trees, as the charts' objects are, over the connection that the official client's
loader sets up. Typed models would cost most of the start-up time and reject objects that servers accept
(engineering notes 4). Every call goes to the context that was named; nothing ever reads the current context.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping
from typing import Any, Literal

from bevel_tui.kube import transport
from bevel_tui.kube.contexts import Kubeconfig, read
from bevel_tui.kube.credentials import Credentials, load
from bevel_tui.kube.kinds import Resource, known, prefix
from bevel_tui.kube.transport import ApiError, Transport, refusal
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import ObjectRef

__all__ = ["ApiError", "KubeClient", "ref_of"]

#: a name of its own: inside the client `list` is a method
Objects = list[dict[str, Any]]
PatchType = Literal["merge", "json", "strategic", "apply"]
_PATCH = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}
#: real API servers give the metadata of any object alone, in lists and in watches (meta.k8s.io/v1)
_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
_METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


def ref_of(obj: Mapping[str, Any]) -> ObjectRef:
    """The reference of an object given as JSON."""
    meta = obj.get("metadata") or {}
    return ObjectRef(obj["apiVersion"], obj["kind"], meta.get("name", ""), meta.get("namespace"))


class KubeClient(Transport):
    """One cluster. Make it with `connect`, close it with `close` (or use it as an async context manager)."""

    def __init__(self, context: str, kubeconfig: Kubeconfig, credentials: Credentials) -> None:
        super().__init__(context, kubeconfig, credentials)
        self._discovered: dict[tuple[str, str], Resource] = {}

    @classmethod
    async def connect(cls, context: str, kubeconfig: str | None = None, *, verify: bool = True) -> KubeClient:
        """Open a cluster; with `verify`, ask for its version once so that an unusable one is known at once.

        Raises BevelError: CONTEXT_UNKNOWN, KUBECONFIG, CLUSTER_UNREACHABLE or ACCESS_DENIED.
        """
        merged = read(kubeconfig)
        client = cls(context, merged, await load(merged, context))
        if verify:
            try:
                await client.version()
            except ApiError as error:
                await client.close()
                raise client.unusable(error) from None
        return client

    def unusable(self, error: ApiError) -> BevelError:
        """The error that a user sees when this cluster cannot be used because of `error`."""
        if error.status in {401, 403}:
            return BevelError(
                Code.ACCESS_DENIED,
                f"Access to the cluster of context {self.context!r} was denied: {error.message}",
                remedy="Log in again, or use a context whose user has the rights.",
                details=(f"HTTP {error.status}",),
            )
        return BevelError(
            Code.CLUSTER_UNREACHABLE,
            f"The cluster of context {self.context!r} ({self.server}) cannot be reached: {error.message}",
        )

    async def __aenter__(self) -> KubeClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # ------------------------------------------------------------ objects

    async def version(self) -> dict[str, Any]:
        """The server's version document (``gitVersion``...)."""
        answer: dict[str, Any] = await self.request("GET", "/version", seconds=transport.FIRST_ANSWER)
        return answer

    async def get(self, ref: ObjectRef) -> dict[str, Any] | None:
        """An object, or None when it (or its namespace, or its kind) is not there."""
        try:
            answer: dict[str, Any] = await self.request("GET", await self.path(ref))
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        return answer

    async def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        *,
        labels: str | None = None,
        fields: str | None = None,
    ) -> Objects:
        """All objects of a kind (in all namespaces when none is given), each with apiVersion and kind filled in."""
        items, _ = await self._list(api_version, kind, namespace, labels, fields)
        return items

    async def create(self, obj: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object (409 ApiError with reason AlreadyExists when it exists)."""
        answer: dict[str, Any] = await self.request(
            "POST", await self.path(ref_of(obj), named=False), body=obj, query={"fieldManager": self.manager}
        )
        return answer

    async def apply(self, obj: Mapping[str, Any], *, force: bool = False) -> dict[str, Any]:
        """Server-side apply with our field manager."""
        query = {"fieldManager": self.manager, "force": "true" if force else "false"}
        answer: dict[str, Any] = await self.request(
            "PATCH", await self.path(ref_of(obj)), body=obj, query=query, content_type=_PATCH["apply"]
        )
        return answer

    async def replace(self, obj: Mapping[str, Any], *, subresource: str | None = None) -> dict[str, Any]:
        """Replace an object; with metadata.resourceVersion set, only if nobody changed it meanwhile (else 409)."""
        path = await self.path(ref_of(obj))
        answer: dict[str, Any] = await self.request("PUT", _sub(path, subresource), body=obj)
        return answer

    async def patch(
        self, ref: ObjectRef, body: Any, *, kind: PatchType = "merge", subresource: str | None = None
    ) -> dict[str, Any]:
        """Patch an object or its subresource (``status``, ``scale``)."""
        query = {"fieldManager": self.manager}
        answer: dict[str, Any] = await self.request(
            "PATCH", _sub(await self.path(ref), subresource), body=body, query=query, content_type=_PATCH[kind]
        )
        return answer

    async def delete(
        self,
        ref: ObjectRef,
        *,
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
        uid: str | None = None,
    ) -> bool:
        """Delete an object (only the one with `uid` when given); False when it was not there."""
        body: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        if uid:
            body["preconditions"] = {"uid": uid}
        try:
            await self.request("DELETE", await self.path(ref), body=body)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    async def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, tail: int = 50
    ) -> tuple[str, ...]:
        """The last `tail` log lines of a container; empty when there are none (or the pod is gone)."""
        query = {"container": container, "tailLines": str(tail), "previous": "true" if previous else "false"}
        try:
            text = await self.request("GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/log", query=query, raw=True)
        except ApiError as error:
            if error.status in {400, 404}:
                return ()
            raise
        return tuple(str(text).splitlines())

    async def follow_logs(self, namespace: str, pod: str, container: str, *, tail: int = 50) -> AsyncIterator[str]:
        """The last `tail` lines, then every line as it is written, until the container ends. Raises ApiError."""
        import aiohttp

        query = {"container": container, "tailLines": str(tail), "follow": "true"}
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
        try:
            async with await self.open("GET", path, query=query, timeout=timeout) as response:
                if response.status >= 400:
                    raise await refusal(response)
                async for line in response.content:
                    yield line.decode(errors="replace").rstrip("\n")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise ApiError(0, "Unreachable", str(error) or "the log broke off") from None

    # ------------------------------------------------------------ watching

    async def watch(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        *,
        labels: str | None = None,
        fields: str | None = None,
        metadata_only: bool = False,
    ) -> AsyncIterator[tuple[Literal["ADDED", "MODIFIED", "DELETED", "SYNCED"], dict[str, Any]]]:
        """All objects of a kind now (ADDED, then one SYNCED), then every change, for ever.

        With `metadata_only` the server sends ``metadata`` and nothing else: no value of a Secret comes here.

        Lost connections are resumed where they broke; when the server has forgotten that place (410) the list is
        read again and the differences are reported, so a reader never notices. Raises ApiError when the kind
        cannot be watched (403, 404) or the server stays away for about a minute.
        """
        seen: dict[tuple[str | None, str], dict[str, Any]] = {}
        first = True
        while True:
            items, version = await self._list(api_version, kind, namespace, labels, fields, metadata_only)
            current = {(o["metadata"].get("namespace"), o["metadata"]["name"]): o for o in items}
            for key in [k for k in seen if k not in current]:
                yield "DELETED", seen.pop(key)
            for key, obj in current.items():
                old = seen.get(key)
                seen[key] = obj
                if old is None:
                    yield "ADDED", obj
                elif old["metadata"].get("resourceVersion") != obj["metadata"].get("resourceVersion"):
                    yield "MODIFIED", obj
            if first:
                yield "SYNCED", {}
                first = False
            async for change, obj in self._follow(api_version, kind, namespace, labels, fields, version, metadata_only):
                key = (obj["metadata"].get("namespace"), obj["metadata"]["name"])
                if change == "DELETED":
                    seen.pop(key, None)
                else:
                    seen[key] = obj
                yield change, obj

    async def _follow(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        labels: str | None,
        fields: str | None,
        version: str,
        metadata_only: bool,
    ) -> AsyncIterator[tuple[Literal["ADDED", "MODIFIED", "DELETED"], dict[str, Any]]]:
        """Watch from `version` on, over as many connections as it takes; returns when the list must be read again."""
        import aiohttp

        path = await self.path(ObjectRef(api_version, kind, "", namespace), named=False)
        silent = 0
        while True:
            query = _selectors(labels, fields)
            # Servers end watches after this time; random, so that many watches do not come back together.
            query |= {
                "watch": "true",
                "resourceVersion": version,
                "allowWatchBookmarks": "true",
                "timeoutSeconds": str(random.randint(240, 300)),  # noqa: S311 - no secret
            }
            try:
                # 330 s without a byte: the server should have ended the watch, so the connection is dead.
                timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=330)
                sent = self.renewals
                accept = _METADATA if metadata_only else None
                async with await self.open("GET", path, query=query, timeout=timeout, accept=accept) as response:
                    if response.status == 410:
                        return
                    if response.status == 401 and await self.renew(sent):
                        continue
                    if response.status in {429, 503}:
                        await asyncio.sleep(transport.retry_after(response.headers.get("Retry-After"), silent))
                    if response.status >= 400:
                        raise await refusal(response)
                    async for line in response.content:
                        event = json.loads(line)
                        obj = event["object"]
                        if event["type"] == "ERROR":
                            if obj.get("code") == 410:
                                return
                            raise ApiError(obj.get("code", 500), obj.get("reason", ""), obj.get("message", ""))
                        version = obj["metadata"]["resourceVersion"]
                        silent = 0
                        if event["type"] != "BOOKMARK":
                            yield event["type"], obj
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
                pass
            except ApiError as error:
                if error.status not in {429, 500, 502, 503, 504}:
                    raise
            silent += 1
            if silent > 1:
                if silent > 12:
                    raise ApiError(0, "Unreachable", f"{self.server} does not answer")
                await asyncio.sleep(min(0.2 * 2**silent, 10.0))

    # ------------------------------------------------------------ paths

    async def path(self, ref: ObjectRef, *, named: bool = True) -> str:
        """The URL path of an object, or of its collection."""
        resource = known(ref.api_version, ref.kind) or await self._discover(ref.api_version, ref.kind)
        where = f"/namespaces/{ref.namespace}" if resource.namespaced and ref.namespace else ""
        return f"{prefix(ref.api_version)}{where}/{resource.plural}" + (f"/{ref.name}" if named else "")

    async def _list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        labels: str | None,
        fields: str | None,
        metadata_only: bool = False,
    ) -> tuple[Objects, str]:
        path = await self.path(ObjectRef(api_version, kind, "", namespace), named=False)
        query = _selectors(labels, fields) | {"limit": "500"}
        items: Objects = []
        while True:
            answer = await self.request("GET", path, query=query, accept=_METADATA_LIST if metadata_only else None)
            for item in answer.get("items") or ():
                if metadata_only:
                    item.update(apiVersion=api_version, kind=kind)
                item.setdefault("apiVersion", api_version)
                item.setdefault("kind", kind)
                items.append(item)
            more = (answer.get("metadata") or {}).get("continue")
            if not more:
                return items, answer["metadata"]["resourceVersion"]
            query["continue"] = more

    async def _discover(self, api_version: str, kind: str) -> Resource:
        key = (api_version, kind)
        if key not in self._discovered:
            answer = await self.request("GET", prefix(api_version))
            for entry in answer.get("resources", ()):
                if "/" not in entry["name"]:
                    self._discovered[api_version, entry["kind"]] = Resource(entry["name"], entry["namespaced"])
            if key not in self._discovered:
                raise ApiError(404, "NotFound", f"the server has no kind {kind} in {api_version}")
        return self._discovered[key]


def _sub(path: str, subresource: str | None) -> str:
    return f"{path}/{subresource}" if subresource else path


def _selectors(labels: str | None, fields: str | None) -> dict[str, str]:
    query = {}
    if labels:
        query["labelSelector"] = labels
    if fields:
        query["fieldSelector"] = fields
    return query
