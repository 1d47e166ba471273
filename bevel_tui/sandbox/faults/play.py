"""Bringing faults into a running sandbox and taking them away again."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bevel_tui.records.errors import BevelError, Code
from bevel_tui.sandbox.faults.catalogue import BY_NAME, Fault
from bevel_tui.sandbox.faults.scripts import SCRIPTS
from bevel_tui.sandbox.faults.spaces import SPACES, Heal

if TYPE_CHECKING:
    from bevel_tui.sandbox.apiserver import SimulatedCluster
    from bevel_tui.sandbox.world import World


def parse(text: str) -> tuple[Fault, str]:
    """``NAME[:TARGET]``. Raises BevelError(usage) for a name that is none."""
    name, _, target = text.partition(":")
    if name not in BY_NAME:
        raise BevelError(
            Code.USAGE,
            f"There is no fault {name!r}.",
            remedy="`bevel-tui sandbox faults` lists them.",
        )
    return BY_NAME[name], target or BY_NAME[name].target


async def strike(world: World, servers: Mapping[str, SimulatedCluster], text: str) -> Heal:
    """Let a fault happen; what is returned undoes it. For faults of whole clusters the target may name one
    (``CLUSTER``, or ``CLUSTER/NAMESPACE`` where namespaces are struck). Raises BevelError(usage)."""
    fault, target = parse(text)
    if fault.trouble is not None:
        world.troubles.strike(text, fault.trouble, target)

        async def heal() -> None:
            world.troubles.heal(text)

        return heal
    healers = []
    cluster, slash, rest = target.partition("/")
    for name, site in world.sites.items():
        if fault.script in SPACES and not slash:
            cluster, rest = "*", target
        if fnmatch.fnmatch(name, cluster):
            script = SPACES.get(fault.script) or SCRIPTS[fault.script]
            healers.append(await script(site, servers.get(name), rest or "*"))
    if not healers:
        raise BevelError(Code.USAGE, f"Fault {fault.name} finds no cluster {cluster!r}.")

    async def heal_all() -> None:
        for one in healers:
            await one()

    return heal_all
