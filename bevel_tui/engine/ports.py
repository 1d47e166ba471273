"""What the engine needs of a cluster, as a protocol: `kube.client.KubeClient` has it, tests bring their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Literal, Protocol

from bevel_tui.records.steps import ObjectRef

Change = Literal["ADDED", "MODIFIED", "DELETED", "SYNCED"]
Objects = list[dict[str, Any]]


class Cluster(Protocol):
    """One Kubernetes cluster: see `bevel_tui.kube.client.KubeClient` for what each method promises."""

    context: str
    #: the API server's URL
    server: str

    async def get(self, ref: ObjectRef) -> dict[str, Any] | None: ...

    async def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        *,
        labels: str | None = None,
        fields: str | None = None,
    ) -> Objects: ...

    async def create(self, obj: Mapping[str, Any]) -> dict[str, Any]: ...

    async def replace(self, obj: Mapping[str, Any], *, subresource: str | None = None) -> dict[str, Any]: ...

    async def delete(
        self,
        ref: ObjectRef,
        *,
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
        uid: str | None = None,
    ) -> bool: ...

    async def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, tail: int = 50
    ) -> tuple[str, ...]: ...

    def watch(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        *,
        labels: str | None = None,
        fields: str | None = None,
    ) -> AsyncIterator[tuple[Change, dict[str, Any]]]: ...

    async def close(self) -> None: ...
