"""Our own Jobs that change a channel's configuration: made, signed by one after the other, submitted (facts A1.1b).

The update is simulated as JSON; who signs it is known by the administrator's certificate, as an orderer would.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from bevel_tui.platforms.fabric_update_manifests import NOTHING, UPDATE_KEY
from bevel_tui.sandbox.players.context import PodContext
from bevel_tui.sandbox.players.fabric_channel import Channel, channel_of, digest


async def update(context: PodContext) -> None:
    """channel-update and what `keep` stores after it."""
    name, member = context.env.get("CHANNEL_NAME", ""), context.env.get("MEMBER", "")
    joins = context.env.get("JOINS") == "true"
    admin = _administrator(context)
    channel = await channel_of(context)
    if (member in channel.members) == joins:
        context.log(f"Nothing to do: the configuration of {name} says so of {member} already.")
        await _keep(context, NOTHING)
        return
    handed = next((d for p, d in context.files.items() if p.startswith("/handed/")), None)
    document = _made(context, channel, name, member, joins) if handed is None else _handed(context, handed)
    if (document["channel"], document["member"], document["joins"]) != (name, member, joins):
        raise context.fail(f"The update of {name} changes something else than {member}: not signed.")
    document["signatures"][context.env.get("CORE_PEER_LOCALMSPID", "")] = admin
    if "orderer update -f update.pb" in context.args:
        _submit(context, channel, document)
    else:
        context.log(f"{context.env.get('CORE_PEER_LOCALMSPID')} has signed the update of {name}.")
    await _keep(context, base64.b64encode(json.dumps(document, sort_keys=True).encode()).decode())


def _administrator(context: PodContext) -> str:
    """The hash of the administrator's certificate; without a whole MSP the peer command does not start."""
    for part in ("cacerts/ca.crt", "keystore/server.key", "signcerts/server.crt"):
        if b"BEGIN" not in context.files.get(f"/crypto/msp/{part}", b""):
            raise context.fail(
                "Error: error getting endorser client for channel: Cannot run peer because error when setting up MSP of "
                f"type bccsp from directory /crypto/msp: could not load a valid {part.partition('/')[0]}"
            )
    return digest(context.files["/crypto/msp/signcerts/server.crt"])


def _made(context: PodContext, channel: Channel, name: str, member: str, joins: bool) -> dict[str, Any]:
    document = {"simulated": True, "channel": name, "member": member, "joins": joins, "sequence": channel.sequence}
    if joins:
        file = f"/definition/{context.env.get('DEFINITION', '')}"
        try:
            defined = json.loads(context.files.get(file, b""))
        except ValueError:
            raise context.fail(f"jq: Bad JSON in --slurpfile new {file}: Could not open {file}", 2) from None
        if defined.get("organization") != member:
            raise context.fail("configtxlator: error: Error computing update: no differences detected")
        host, port = context.env.get("ANCHOR_HOST", ""), context.env.get("ANCHOR_PORT", "")
        if not host or not port.isdigit():
            raise context.fail("jq: invalid JSON text passed to --argjson", 2)
        document |= {"admin": defined["admin"], "anchor": f"{host}:{port}"}
    return {**document, "signatures": {}}


def _handed(context: PodContext, handed: bytes) -> dict[str, Any]:
    if handed.strip() == NOTHING.encode():
        raise context.fail("The update that was handed over is empty.")
    try:
        found: dict[str, Any] = json.loads(base64.b64decode(handed))
    except (ValueError, binascii.Error):
        raise context.fail("configtxlator: error: Error decoding: error unmarshalling: unexpected EOF") from None
    return found


def _submit(context: PodContext, channel: Channel, document: dict[str, Any]) -> None:
    """As an orderer takes it: made from the configuration of now, signed by more than half of its members."""
    name, member = document["channel"], document["member"]
    refused = f"Error: got unexpected status: BAD_REQUEST -- error applying config update to existing channel '{name}'"
    if len(channel.orderers) * 2 <= len(channel.block["consenters"]):
        raise context.fail("Error: got unexpected status: SERVICE_UNAVAILABLE -- no Raft leader")
    if document["sequence"] != channel.sequence:
        raise context.fail(f"{refused}: error authorizing update: error validating ReadSet: readset expected key "
                           "[Group]  /Channel/Application at version "
                           f"{document['sequence']}, but got version {channel.sequence}")  # fmt: skip
    signed = [msp for msp, admin in document["signatures"].items() if channel.members.get(msp) == admin]
    if len(signed) * 2 <= len(channel.members):
        raise context.fail(
            f"{refused}: error authorizing update: error validating DeltaSet: policy for [Group]  /Channel/Application "
            f"not satisfied: implicit policy evaluation failed - {len(signed)} sub-policies were satisfied, but this "
            f"policy requires {len(channel.members) // 2 + 1} of the 'Admins' sub-policies to be satisfied"
        )
    if document["joins"]:
        channel.members[member] = document["admin"]
        channel.anchors.add(document["anchor"].partition(":")[0])
    else:
        del channel.members[member]
    channel.sequence += 1
    context.log(f"Successfully submitted channel update\nChannel {name} is updated.")


async def _keep(context: PodContext, encoded: str) -> None:
    if not await context.write("ConfigMap", context.release, {UPDATE_KEY: encoded}):
        await context.replace(context.release, {UPDATE_KEY: encoded})
