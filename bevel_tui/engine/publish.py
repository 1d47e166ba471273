"""Public texts that lie in clusters, for whoever uses a network: certificates of CAs, a genesis. Nothing is changed.

Only what looks like no private key leaves this module, whatever was asked for.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bevel_tui.engine.connect import Connect, close, connect_some, kube
from bevel_tui.engine.context import Access
from bevel_tui.engine.material import looks_private
from bevel_tui.kube.client import ApiError
from bevel_tui.network.model import Network
from bevel_tui.records.errors import BevelError
from bevel_tui.records.steps import ObjectRef


@dataclass(frozen=True, slots=True)
class Place:
    """A data key of an object in a cluster."""

    cluster: str
    ref: ObjectRef
    key: str

    def __str__(self) -> str:
        return f"{self.key} of {self.ref.kind} {self.ref.namespace}/{self.ref.name} in cluster {self.cluster}"


@dataclass(frozen=True, slots=True)
class Published:
    """What was found, and of the rest why not, a sentence each."""

    texts: Mapping[Place, str]
    missing: tuple[str, ...]


async def read(
    network: Network, places: Iterable[Place], kubeconfig: str | None = None, *, open_cluster: Connect = kube
) -> Published:
    """The texts at these places. A cluster that cannot be used is told in `missing`; none that can: BevelError."""
    wanted = sorted(set(places), key=str)
    if not wanted:
        return Published({}, ())
    clusters, failures = await connect_some(network, {p.cluster for p in wanted}, kubeconfig, open_cluster)
    try:
        found = await asyncio.gather(*(_one(clusters.get(place.cluster), place, failures) for place in wanted))
    finally:
        await close(clusters.values())
    texts = {place: text for place, (text, why) in zip(wanted, found, strict=True) if not why}
    return Published(texts, tuple(dict.fromkeys(why for _, why in found if why)))


async def _one(access: Access | None, place: Place, failures: Mapping[str, BevelError]) -> tuple[str, str]:
    """(text, "") or ("", why not)."""
    if access is None:
        error = failures.get(place.cluster)
        return "", f"cluster {place.cluster} cannot be used: {error.message if error else 'it is not in the preset'}"
    try:
        found = await access.client.get(place.ref)
    except ApiError as error:
        return "", f"{place} cannot be read: {error.reason or error.status}"
    value = ((found or {}).get("data") or {}).get(place.key)
    if not value:
        return "", f"{place} is not there yet"
    try:
        content = base64.b64decode(value, validate=True) if place.ref.kind == "Secret" else value.encode()
    except (binascii.Error, ValueError):
        return "", f"{place} is not base64"
    why = looks_private(content)
    if why:
        return "", f"{place} looks like {why} and is left alone"
    return content.decode(errors="replace"), ""
