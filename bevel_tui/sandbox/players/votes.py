"""Votes on validators: the Jobs of besu-propose-validator and quorum-propose-validator (facts A2.4)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from bevel_tui.sandbox.components import Unreachable, in_cluster
from bevel_tui.sandbox.players.context import PodContext

#: what the unpatched chart of Besu sends: the shell leaves a variable within single quotes as it is
_UNEXPANDED = re.compile(r'"method":"\$CONSENSUS_METHOD"')


async def propose(context: PodContext) -> None:
    """Ask every voter for its vote on every candidate. The Job ends well whatever they answer, as the real one does."""
    method = _method(context)
    join = bool(re.search(r",\s*true\]", context.args))
    for candidate in context.env.get("PROPOSE_VALIDATOR_ADDRS", "").split():
        # the private copy puts one 0x in front, whatever there is (helm.vote_patches)
        address = candidate if "#0x}" not in context.args and "candidate" not in context.args else _prefixed(candidate)
        for voter in context.env.get("EXISTING_VALIDATOR_URLS", "").split():
            reply = _ask(context, voter, {"jsonrpc": "2.0", "method": method, "params": [address, join], "id": 1})
            if reply is None:
                context.log("curl: (7) Failed to connect")
            elif "result" in reply:
                context.log("Node proposed successfully.")
            else:
                context.log(str(reply.get("error")))
    context.log("COMPLETED")


def _prefixed(candidate: str) -> str:
    return f"0x{candidate.removeprefix('0x')}"


def _method(context: PodContext) -> str:
    if _UNEXPANDED.search(context.args):
        return "$CONSENSUS_METHOD"
    found = re.search(r'"method":"([A-Za-z_]+)"', context.args)
    return found.group(1) if found else context.env.get("CONSENSUS_METHOD", "")


def _ask(context: PodContext, url: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """The answer of a node inside the cluster; None when nothing answers there."""
    parts = urlsplit(url)
    try:
        backend = in_cluster(
            context.world, context.site, parts.hostname or "", parts.port or 80, namespace=context.namespace
        )
    except Unreachable:
        return None
    if backend is None or context.world.rpc is None:
        return None
    reply = context.world.rpc(backend, body)
    return reply if isinstance(reply, dict) else None
