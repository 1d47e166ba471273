"""What a revision of a release rendered, read from the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bevel_tui.engine.ports import Cluster
from bevel_tui.helm.releases import decode
from bevel_tui.records.steps import ObjectRef


async def installed_objects(client: Cluster, namespace: str, secret: str) -> tuple[Mapping[str, Any], ...]:
    """The objects of a release's revision, without hooks; empty when its record cannot be read. Raises ApiError."""
    found = await client.get(ObjectRef("v1", "Secret", secret, namespace))
    if found is None:
        return ()
    try:
        return decode(found).objects
    except ValueError:
        return ()
