"""Fabric 2.2: the system channel's genesis block, and channels made by transactions (fabric-channel-create; facts A1.1).

An orderer knows the system channel by the block that is mounted into its pod when it starts.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from bevel_tui.sandbox.players.context import PodContext
from bevel_tui.sandbox.players.fabric_channel import Channel, administrator, digest, orderer_trust

_NO_HEADER = "Error: Invalid channel create transaction : bad header"


async def create(context: PodContext) -> None:
    """createchannel: asks the orderer for the channel, and sends the transaction that makes it when there is none."""
    name = context.env.get("CHANNEL_NAME", "")
    await administrator(context)
    context.log("Fetch block to see if channel has already been created...")
    orderer = await orderer_trust(context, name)
    if name in context.world.channels:
        context.log(f"Channel {name} is already created.")
        return
    context.log(f"Creating Channel {name}")
    transaction = decoded(context, "channeltx_base64")
    if transaction.get("channel") != name:
        raise context.fail(f"Error: mismatched channel ID {name} != {transaction.get('channel')}")
    system = _system(context, digest(orderer))
    if context.env.get("CORE_PEER_LOCALMSPID") not in system["consortium"]:
        raise context.fail("Error: got unexpected status: FORBIDDEN -- implicit policy evaluation failed")
    for member in transaction["application"]:
        if member not in system["consortium"]:
            raise context.fail(
                "Error: got unexpected status: BAD_REQUEST -- error validating channel creation transaction for new "
                f"channel '{name}', could not successfully apply update to template configuration: Attempted to "
                f"include member {member} which is not in the consortium"
            )
    if _holders(context, system) * 2 <= len(system["consenters"]):
        raise context.fail("Error: got unexpected status: SERVICE_UNAVAILABLE -- no Raft leader")
    block = {
        **{key: system[key] for key in ("simulated", "orderer", "consenters", "organizations")},
        "channel": name,
        "application": transaction["application"],
    }
    context.world.channels[name] = Channel(block, orderers={c["certificate"] for c in system["consenters"]})
    context.log(f"Received block: 0 of channel {name}")


def decoded(context: PodContext, file: str) -> dict[str, Any]:
    """A transaction among the mounted channel artifacts; one that is empty has no header."""
    data = next((d for p, d in context.files.items() if p.endswith(f"/{file}")), b"")
    try:
        found: dict[str, Any] = json.loads(base64.b64decode(data))
    except (ValueError, binascii.Error):
        raise context.fail(_NO_HEADER) from None
    return found


def _blocks(context: PodContext) -> list[dict[str, Any]]:
    """The system channel's block of every orderer that has started with one."""
    found = []
    for files in context.world.mounted.values():
        data = next((d for p, d in files.items() if p.endswith("/genesis.block.base64")), None)
        if data is not None:
            try:
                found.append(json.loads(base64.b64decode(data)))
            except (ValueError, binascii.Error):
                continue
    return found


def _system(context: PodContext, orderer: str) -> Mapping[str, Any]:
    for block in _blocks(context):
        if orderer in {c["certificate"] for c in block.get("consenters", ())}:
            return block
    raise context.fail("Error: got unexpected status: NOT_FOUND -- channel creation request not allowed because the "
                       "orderer system channel is not defined")  # fmt: skip


def _holders(context: PodContext, system: Mapping[str, Any]) -> int:
    return sum(block == system for block in _blocks(context))
