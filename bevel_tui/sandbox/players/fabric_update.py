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
    orderer = f"{context.env['ORDERER_HOST']}:{context.env['ORDERER_PORT']}" if "ORDERER_HOST" in context.env else ""
    what = orderer or member
    if ((orderer in channel.consenters) if orderer else (member in channel.members)) == joins:
        context.log(f"Nothing to do: the configuration of {name} says so of {what} already.")
        await _keep(context, NOTHING)
        return
    handed = next((d for p, d in context.files.items() if p.startswith("/handed/")), None)
    if handed is not None:
        document = _handed(context, handed)
    else:
        about = {"channel": name, "member": member, "joins": joins, "orderer": orderer, "sequence": channel.sequence}
        document = {"simulated": True, **about, **_made(context, member, orderer, joins), "signatures": {}}
    if tuple(document[key] for key in ("channel", "member", "joins", "orderer")) != (name, member, joins, orderer):
        raise context.fail(f"The update of {name} changes something else than {what}: not signed.")
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


def _made(context: PodContext, member: str, orderer: str, joins: bool) -> dict[str, Any]:
    """What the first Job puts into the configuration."""
    if not joins:
        return {}
    if orderer:
        certificate = context.files.get("/certificate/servercrt", b"")
        if b"BEGIN CERTIFICATE" not in certificate:
            raise context.fail("sh: can't open /certificate/servercrt: no such file", 2)
        return {"certificate": digest(certificate)}
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
    return {"admin": defined["admin"], "anchor": f"{host}:{port}"}


def _handed(context: PodContext, handed: bytes) -> dict[str, Any]:
    if handed.strip() == NOTHING.encode():
        raise context.fail("The update that was handed over is empty.")
    try:
        found: dict[str, Any] = json.loads(base64.b64decode(handed))
    except (ValueError, binascii.Error):
        raise context.fail("configtxlator: error: Error decoding: error unmarshalling: unexpected EOF") from None
    return found


def _submit(context: PodContext, channel: Channel, document: dict[str, Any]) -> None:
    """As an orderer takes it: made from the configuration of now, signed by more than half of those it concerns."""
    name, member, orderer = document["channel"], document["member"], document["orderer"]
    refused = f"Error: got unexpected status: BAD_REQUEST -- error applying config update to existing channel '{name}'"
    group = f"/Channel/{'Orderer' if orderer else 'Application'}"
    if not channel.led:
        raise context.fail("Error: got unexpected status: SERVICE_UNAVAILABLE -- no Raft leader")
    if document["sequence"] != channel.sequence:
        raise context.fail(
            f"{refused}: error authorizing update: error validating ReadSet: readset expected key [Group]  {group} at "
            f"version {document['sequence']}, but got version {channel.sequence}"
        )
    known = channel.members
    if orderer:
        known = {msp: channel.block["organizations"][msp]["admin"] for msp in channel.block["orderer"]}
    signed = {msp for msp, admin in document["signatures"].items() if known.get(msp) == admin}
    if len(signed) * 2 <= len(known):
        raise context.fail(
            f"{refused}: error authorizing update: error validating DeltaSet: policy for [Group]  {group} "
            f"not satisfied: implicit policy evaluation failed - {len(signed)} sub-policies were satisfied, but this "
            f"policy requires {len(known) // 2 + 1} of the 'Admins' sub-policies to be satisfied"
        )
    if orderer and member not in signed:
        raise context.fail(f"{refused}: policy for [Value]  {group}/{member}/Endpoints not satisfied")
    if orderer:
        _order(channel, document)
    elif document["joins"]:
        channel.members[member] = document["admin"]
        channel.anchors.add(document["anchor"].partition(":")[0])
    else:
        del channel.members[member]
    channel.sequence += 1
    context.log(f"Successfully submitted channel update\nChannel {name} is updated.")


def _order(channel: Channel, document: dict[str, Any]) -> None:
    if document["joins"]:
        channel.consenters[document["orderer"]] = document["certificate"]
    else:
        channel.orderers.discard(channel.consenters.pop(document["orderer"]))


async def _keep(context: PodContext, encoded: str) -> None:
    if not await context.write("ConfigMap", context.release, {UPDATE_KEY: encoded}):
        await context.replace(context.release, {UPDATE_KEY: encoded})
