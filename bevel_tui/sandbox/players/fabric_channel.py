"""Fabric's channels: joined by orderers, then by peers, then given anchors (osnadmin, channel-join; facts A1.1, A1.3).

Which orderers and peers are members is kept in the `World`, by their TLS certificates: the ledger's own state.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from bevel_tui.sandbox.players.context import PodContext
from bevel_tui.sandbox.players.shared import vault_token


@dataclass(frozen=True, slots=True)
class Definition:
    """What all have to agree on before a chaincode can be used."""

    version: str
    sequence: int
    init_required: bool
    policy: str


@dataclass(slots=True)
class Channel:
    """A channel as its members know it: the genesis block, and the certificates (SHA-256) of who joined.

    `members` (MSPs, each with the hash of its administrator's certificate), `consenters` (address -> certificate) and
    `sequence` are its configuration of now. An orderer that joined and is no consenter only follows.
    """

    block: dict[str, Any]
    members: dict[str, str] = field(init=False)
    consenters: dict[str, str] = field(init=False)
    sequence: int = 0
    orderers: set[str] = field(default_factory=set)
    peers: set[str] = field(default_factory=set)
    anchors: set[str] = field(default_factory=set)
    #: what organizations (MSPs) have agreed to, by chaincode and sequence
    approvals: dict[tuple[str, int], dict[str, Definition]] = field(default_factory=dict)
    committed: dict[str, Definition] = field(default_factory=dict)
    #: chaincodes that were initialized, with the sequence at which
    initialized: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = self.block.get("organizations") or {}
        self.consenters = {f"{c['host']}:{c['port']}": c["certificate"] for c in self.block["consenters"]}
        self.members = {name: known.get(name, {}).get("admin", "") for name in self.block["application"]}

    @property
    def led(self) -> bool:
        """Whether more than half of the consenters run it, so that Raft has a leader."""
        return sum(one in self.orderers for one in self.consenters.values()) * 2 > len(self.consenters)


def digest(pem: bytes) -> str:
    """How a component is known: its certificate's hash."""
    return hashlib.sha256(pem.strip()).hexdigest()


async def create(context: PodContext) -> None:
    """createchannel (2.5): every orderer listed joins with the genesis block, over its admin port, in the cluster.

    The real script goes on after errors of single orderers; a rehearsal is to end at the first (F13).
    """
    name = context.env.get("CHANNEL_NAME", "")
    block = _block(context, name)
    if await context.read("Secret", "admin-msp") is None:
        raise context.fail("osnadmin: error: admin-msp: secret not found")
    pairs = re.findall(r'ORDERER_NAME=(\S+)[\s\S]*?ORDERER_URL="([^"]*)"', context.args)
    orderers = list(dict.fromkeys((n, url) for n, url in pairs if "$" not in n))
    if not orderers:
        raise context.fail("osnadmin: error: no orderers are listed")
    for orderer, url in orderers:
        for part in ("msp", "tls"):
            if await context.read("Secret", f"{orderer}-{part}") is None:
                raise context.fail(
                    f'Error from server (NotFound): secrets "{orderer}-{part}" not found\n'
                    "osnadmin: error: tls: failed to find any PEM data in certificate input"
                )
        own = await context.read("Secret", f"{orderer}-tls") or {}
        host, _, port = url.partition(":")
        where = f'osnadmin: error: Get "https://{url}/participation/v1/channels/{name}"'
        certificate = await context.tls(host, int(port or 7055), own.get("cacrt", b""), purpose=where)
        channel = context.world.channels.get(name)
        if channel is None or channel.block != block:
            channel = context.world.channels[name] = Channel(block)
        if digest(certificate) in channel.orderers:
            context.log(f"Channel {name}, is already created for url: {url}")
            continue
        context.log("Creating channel.....")
        channel.orderers.add(digest(certificate))
        context.log(f'Status: 201\n{{"name": "{name}", "status": "active", "consensusRelation": "consenter"}}')


def _block(context: PodContext, name: str) -> dict[str, Any]:
    data = next((d for p, d in context.files.items() if p.endswith("/genesis.block.base64")), b"")
    try:
        block: dict[str, Any] = json.loads(base64.b64decode(data))
    except (ValueError, binascii.Error):
        raise context.fail(
            "osnadmin: error: reading config block: proto: cannot parse invalid wire-format data"
        ) from None
    if block.get("channel") != name:
        raise context.fail(f"osnadmin: error: config block is for channel {block.get('channel')}, not {name}")
    return block


async def orderer_trust(context: PodContext, name: str) -> bytes:
    """The certificate (PEM) of the orderer that a peer command is told of, once it has shown one that is trusted."""
    url = context.env.get("ORDERER_URL", "")
    trust = next((d for p, d in context.files.items() if "/orderer/tls/" in p), b"")
    host, _, port = url.partition(":")
    failed = f"Error: failed to create deliver client for orderer: orderer client failed to connect to {url}"
    missing = f"Error: genesis block file not found open {name}.block: no such file or directory"
    if b"BEGIN CERTIFICATE" not in trust:
        raise context.fail(
            f"Error: failed to load config for OrdererClient: unable to load orderer.tls.rootcert.file\n{missing}"
        )
    return await context.tls(host, int(port or 7050), trust, purpose=failed)


async def channel_of(context: PodContext) -> Channel:
    """The channel as the peer command reads it from its orderer."""
    name = context.env.get("CHANNEL_NAME", "")
    missing = f"Error: genesis block file not found open {name}.block: no such file or directory"
    certificate = await orderer_trust(context, name)
    channel = context.world.channels.get(name)
    if channel is None or digest(certificate) not in channel.orderers:
        raise context.fail(f"Error: can't read the block: &{{NOT_FOUND}}\n{missing}")
    if context.env.get("CORE_PEER_LOCALMSPID") not in channel.members:
        raise context.fail(f"Error: can't read the block: &{{FORBIDDEN}}\n{missing}")
    return channel


async def administrator(context: PodContext) -> bytes:
    """The CA certificate from the administrator's MSP, without which the peer command does not start (F25)."""
    await vault_token(context)
    found = await context.read("Secret", "admin-msp")
    if found is None:
        raise context.fail(
            "Error: error getting endorser client for channel: unable to load peer.tls.rootcert.file\n"
            'Error from server (NotFound): secrets "admin-msp" not found'
        )
    return found.get("tlscacerts", b"")


async def join(context: PodContext) -> None:
    """joinchannel: the genesis block from the orderer, then the peer joins with it (F11, F12, F15)."""
    name = context.env.get("CHANNEL_NAME", "")
    context.log(f"Joining Channel {name}")
    trust = await administrator(context)
    channel = await channel_of(context)
    peer = await _peer(context, trust)
    if peer in channel.peers:
        context.log("Peer has already joined the channel")
        return
    channel.peers.add(peer)
    context.log("Successfully submitted proposal to join channel")


async def _peer(context: PodContext, trust: bytes) -> str:
    url = context.env.get("CORE_PEER_ADDRESS", "")
    host, _, port = url.partition(":")
    purpose = f"Error: error getting endorser client for channel: endorser client failed to connect to {url}"
    return digest(await context.tls(host, int(port or 7051), trust, purpose=purpose))


async def anchor(context: PodContext) -> None:
    """anchorpeer: the organization's anchor in the channel's configuration; needs a Raft leader to be accepted."""
    trust = await administrator(context)
    context.log("Fetching the most recent configuration block for the channel")
    channel = await channel_of(context)
    if not channel.led:
        raise context.fail("Error: got unexpected status: SERVICE_UNAVAILABLE -- no Raft leader")
    peer = await _peer(context, trust)
    if "2.5" not in context.env.get("NETWORK_VERSION", "2.5"):
        _anchor_transaction(context)
    if peer not in channel.peers:
        context.log("the peer has not joined the channel: its anchor is set all the same")
    channel.anchors.add(context.env.get("CORE_PEER_ADDRESS", "").partition(":")[0])
    context.log("Successfully submitted channel update")


def _anchor_transaction(context: PodContext) -> None:
    """2.2: the update was made by the genesis Job and comes as a file (facts A1.2 h5)."""
    from bevel_tui.sandbox.players.fabric_system import decoded

    transaction = decoded(context, "anchors.tx.json")
    name, member = context.env.get("CHANNEL_NAME"), context.env.get("CORE_PEER_LOCALMSPID")
    if transaction.get("channel") != name:
        raise context.fail(f"Error: mismatched channel ID {name} != {transaction.get('channel')}")
    if transaction.get("organization") != member:
        raise context.fail(
            "Error: got unexpected status: BAD_REQUEST -- error applying config update to existing channel "
            f"'{name}': error authorizing update: error validating DeltaSet: policy for [Group]  "
            f"/Channel/Application/{transaction.get('organization')} not satisfied"
        )
