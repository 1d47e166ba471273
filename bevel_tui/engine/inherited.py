"""What of a release is there before it is installed: a removal without `purge_data` leaves a ledger's data."""

from __future__ import annotations

import re

from bevel_tui.engine.ports import Cluster
from bevel_tui.records.steps import ReleaseStep


async def has_past(client: Cluster, step: ReleaseStep) -> bool:
    """Whether a release that is not installed has data there already: volumes, or what its Jobs write. Raises ApiError."""
    sets = [item.ref.name for item in step.expects if item.ref.kind == "StatefulSet"]
    if sets:
        mine = re.compile(rf".+-({'|'.join(map(re.escape, sets))})-\d+")
        for claim in await client.list("v1", "PersistentVolumeClaim", step.namespace):
            if mine.fullmatch(claim["metadata"]["name"]):
                return True
    for made in step.produces:
        if await client.get(made.ref) is not None:
            return True
    return False
