"""A look from inside that a deployment owes: said in the clusters, so that whoever starts next, wherever, makes up for it.

A run that changes something ends with the matrix of what the clusters see of each other. Killed or stopped before that,
it leaves nothing to do, and a run with nothing to do starts no pods. So a changing run marks its inventories (an
annotation, written with them) and takes the marks away once every cluster's look has ended. One mark is enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from bevel_tui.engine import inventory
from bevel_tui.engine.context import Access
from bevel_tui.engine.observe import gather_all
from bevel_tui.kube.client import ApiError

#: tries to change an annotation when somebody else changes the object too
_TRIES = 3
AGAIN = (
    "The last run ended before it had looked from inside the clusters: this one does, although nothing else is to do."
)


async def read(clusters: Mapping[str, Access], network: str) -> frozenset[str]:
    """The clusters whose inventory bears the mark; one that cannot be asked bears none."""

    async def bears(access: Access) -> bool:
        with suppress(ApiError):
            return inventory.OWED in _annotations(await access.client.get(inventory.ref(network)))
        return False

    names = list(clusters)
    found = await gather_all(bears(clusters[name]) for name in names)
    return frozenset(name for name, marked in zip(names, found, strict=True) if marked)


async def mark(accesses: Iterable[Access], network: str) -> None:
    """Put the mark on inventories that are there. Raises ApiError."""
    await gather_all(_change(access, network, marked=True) for access in accesses)


async def settle(accesses: Iterable[Access], network: str) -> None:
    """Take the mark away. Where that cannot be, the next run looks once more: that is no reason to fail."""

    async def one(access: Access) -> None:
        with suppress(ApiError):
            await _change(access, network, marked=False)

    await gather_all(one(access) for access in accesses)


def _annotations(found: dict[str, object] | None) -> dict[str, str]:
    meta = (found or {}).get("metadata")
    return (meta.get("annotations") or {}) if isinstance(meta, dict) else {}


async def _change(access: Access, network: str, *, marked: bool) -> None:
    for left in reversed(range(_TRIES)):
        found = await access.client.get(inventory.ref(network))
        if found is None or (inventory.OWED in _annotations(found)) is marked:
            return
        annotations = found["metadata"].setdefault("annotations", {}) or {}
        if marked:
            annotations[inventory.OWED] = "matrix"
        else:
            del annotations[inventory.OWED]
        if not annotations:
            del found["metadata"]["annotations"]
        found["metadata"].pop("managedFields", None)
        try:
            await access.client.replace(found)
        except ApiError as error:
            if error.reason != "Conflict" or not left:
                raise
            continue
        return
