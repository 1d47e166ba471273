"""What we may do in a cluster, asked before anything is changed: SelfSubjectAccessReviews, in one batch.

Bevel finds out half-way, with a namespace full of half a network. Here everything that is missing is listed at
once, with a Role that the cluster's owner can apply as it stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

#: reviews in flight per cluster
_AT_ONCE = 8


class Asks(Protocol):
    """What is needed of a client."""

    async def create(self, obj: Mapping[str, Any]) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """One right: `verb` on `resource` (plural) of `group` in `namespace` (None: cluster-wide)."""

    namespace: str | None
    group: str
    resource: str
    verb: str


async def missing(client: Asks, needs: Iterable[Need]) -> tuple[Need, ...]:
    """The needs that are not allowed, sorted. Raises ApiError when the server does not answer.

    One review asks first whether everything is allowed, as it is for most users.
    """
    wanted = sorted(set(needs), key=lambda n: (n.namespace or "", n.group, n.resource, n.verb))
    if not wanted or await _allowed(client, Need(None, "*", "*", "*")):
        return ()
    limit = asyncio.Semaphore(_AT_ONCE)

    async def ask(need: Need) -> bool:
        async with limit:
            return await _allowed(client, need)

    scopes = sorted({need.namespace or "" for need in wanted})
    whole = dict(
        zip(
            scopes,
            await asyncio.gather(*(ask(Need(scope, "*", "*", "*")) if scope else _no() for scope in scopes)),
            strict=True,
        )
    )
    open_needs = [need for need in wanted if not whole[need.namespace or ""]]
    answers = await asyncio.gather(*(ask(need) for need in open_needs))
    return tuple(need for need, allowed in zip(open_needs, answers, strict=True) if not allowed)


async def _no() -> bool:
    return False


async def _allowed(client: Asks, need: Need) -> bool:
    attributes = {"verb": need.verb, "group": need.group, "resource": need.resource}
    if need.namespace is not None:
        attributes["namespace"] = need.namespace
    answer = await client.create(
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "metadata": {},
            "spec": {"resourceAttributes": attributes},
        }
    )
    return bool((answer.get("status") or {}).get("allowed"))


def sentences(needs: Iterable[Need]) -> tuple[str, ...]:
    """One line per namespace and resource: ``namespace x: create, patch deployments.apps``."""
    grouped: dict[tuple[str | None, str, str], list[str]] = {}
    for need in needs:
        grouped.setdefault((need.namespace, need.group, need.resource), []).append(need.verb)
    return tuple(
        f"{f'namespace {namespace}' if namespace else 'cluster-wide'}: {', '.join(verbs)} "
        f"{resource}{f'.{group}' if group else ''}"
        for (namespace, group, resource), verbs in grouped.items()
    )


def roles(needs: Iterable[Need], name: str) -> str:
    """Roles (and a ClusterRole) that grant exactly these needs, as YAML ready for kubectl apply."""
    lines: list[str] = []
    needs = tuple(needs)
    for namespace in sorted({need.namespace or "" for need in needs}):
        here = [need for need in needs if (need.namespace or "") == namespace]
        lines += [
            "---",
            "apiVersion: rbac.authorization.k8s.io/v1",
            f"kind: {'Role' if namespace else 'ClusterRole'}",
            f"metadata: {{name: {name}{f', namespace: {namespace}' if namespace else ''}}}",
            "rules:",
        ]
        rules: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        by_resource: dict[tuple[str, str], list[str]] = {}
        for need in here:
            by_resource.setdefault((need.group, need.resource), []).append(need.verb)
        for (group, resource), verbs in by_resource.items():
            rules.setdefault((group, tuple(verbs)), []).append(resource)
        lines += [
            f'- {{apiGroups: ["{group}"], resources: [{", ".join(resources)}], verbs: [{", ".join(verbs)}]}}'
            for (group, verbs), resources in rules.items()
        ]
    return "\n".join(lines) + "\n" if lines else ""
