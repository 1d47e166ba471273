"""What Ethereum nodes (Besu, GoQuorum) are asked: JSON-RPC, WebSocket, their peers, new blocks (facts A2.3)."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import secrets
import time
from collections.abc import Sequence

from bevel_tui.reachability.found import Found
from bevel_tui.reachability.handshake import Trust
from bevel_tui.reachability.mesh import NODE, PEERS
from bevel_tui.reachability.queries import as_json, http, must_be_served, said
from bevel_tui.reachability.streams import ProbeError, Target


async def json_rpc(target: Target, trust: Trust | None, *, over_tls: bool) -> Found:
    """An Ethereum node: `eth_chainId`, `eth_blockNumber`, and the genesis block's hash where the node tells it."""
    phases: dict[str, float] = {}
    chain = _quantity(await _call(target, trust, over_tls, "eth_chainId", phases), "eth_chainId")
    block = _quantity(await _call(target, trust, over_tls, "eth_blockNumber", phases), "eth_blockNumber")
    facts = {"chain-id": str(chain), "block": str(block)}
    with contextlib.suppress(ProbeError):  # an API that is not enabled is no reason to call the node broken
        first = await _call(target, trust, over_tls, "eth_getBlockByNumber", {}, ["0x0", False])
        if isinstance(first, dict) and first.get("hash"):
            facts["genesis"] = str(first["hash"])
    with contextlib.suppress(ProbeError):
        own = node_id(await _call(target, trust, over_tls, "admin_nodeInfo", {}))
        facts |= {NODE: own} if own else {}
    evidence = [*target.route, f"eth_chainId {chain}", f"eth_blockNumber {block}"]
    evidence += [f"genesis block {facts['genesis']}"] if "genesis" in facts else []
    return Found(f"the node answers: block {block} of chain {chain}", tuple(evidence), phases, facts=facts)


async def peers(target: Target, trust: Trust | None, *, over_tls: bool, others: int) -> Found:
    """`net_peerCount`, the node's own word for whom it reaches; `others` nodes of the network there are to reach."""
    phases: dict[str, float] = {}
    count = _quantity(await _call(target, trust, over_tls, "net_peerCount", phases), "net_peerCount")
    evidence = (*target.route, f"net_peerCount {count}", f"other nodes of the network: {others}")
    facts: dict[str, str] = {}
    with contextlib.suppress(ProbeError):  # ADMIN is not everybody's to enable
        told = await _call(target, trust, over_tls, "admin_peers", {})
        if isinstance(told, list):
            facts[PEERS] = " ".join(sorted(filter(None, map(node_id, told))))
    if count == 0 and others:
        raise ProbeError("no-peers", "the node has no peer: it is alone", evidence=evidence, phases=phases)
    if count < others:
        words = f"the node has {count} of {others} peers"
        return Found(words, evidence, phases, warning=True, code="ledger-few-peers", facts=facts)
    return Found(f"the node has {count} peer{'' if count == 1 else 's'}", evidence, phases, facts=facts)


def node_id(told: object) -> str | None:
    """The first 16 digits of the public key in an answer of `admin_nodeInfo` or an entry of `admin_peers`.

    It is in the enode (Besu's and geth's node, geth's peers), or the entry's id is the key itself (Besu's peers).
    """
    if not isinstance(told, dict):
        return None
    found = re.match(r"enode://([0-9a-fA-F]{16})", str(told.get("enode") or ""))
    if found is None:
        found = re.fullmatch(r"(?:0x)?([0-9a-fA-F]{16})[0-9a-fA-F]{112}", str(told.get("id") or ""))
    return None if found is None else found.group(1).lower()


async def grows(target: Target, trust: Trust | None, *, over_tls: bool, period: float) -> Found:
    """`eth_blockNumber` until it is higher than at first; at most two block `period`s (seconds) and a second."""
    phases: dict[str, float] = {}
    patience = 2 * period + 1
    first = _quantity(await _call(target, trust, over_tls, "eth_blockNumber", phases), "eth_blockNumber")
    started, block = time.perf_counter(), first
    while block <= first and (waited := time.perf_counter() - started) < patience:
        await asyncio.sleep(min(max(period / 10, 0.1), patience - waited))
        block = _quantity(await _call(target, trust, over_tls, "eth_blockNumber", {}), "eth_blockNumber")
    took = time.perf_counter() - started
    evidence = (*target.route, f"eth_blockNumber {first}, after {took:.1f} s {block}", f"block period: {period:g} s")
    if block <= first:
        words = f"no new block within {patience:g} s: the chain stands at block {first}"
        raise ProbeError("halted", words, evidence=evidence, phases=phases)
    return Found(f"blocks are made: {first}, then {block}", evidence, phases)


async def websocket(target: Target, trust: Trust | None, *, over_tls: bool) -> Found:
    """The upgrade to WebSocket (RFC 6455): 101 is all we want."""
    phases: dict[str, float] = {}
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
    }
    response = await http(target, trust, over_tls, phases, headers=headers)
    if response.status != 101:
        must_be_served(response, target, phases)
        words = f"no upgrade to WebSocket: HTTP {response.status} {response.reason}"
        raise ProbeError("answer", words, evidence=said(response, target), phases=phases)
    return Found("the node accepts WebSocket connections", (*target.route, "HTTP 101"), phases)


async def _call(
    target: Target,
    trust: Trust | None,
    over_tls: bool,
    method: str,
    phases: dict[str, float],
    params: Sequence[object] = (),
) -> object:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode()
    headers = {"Content-Type": "application/json"}
    response = await http(target, trust, over_tls, phases, method="POST", headers=headers, body=body)
    must_be_served(response, target, phases)
    parsed = as_json(response)
    if response.status == 403:
        words = f"the node refuses the host name {target.host} (HTTP 403)"
        raise ProbeError("answer", words, evidence=said(response, target), phases=phases)
    if "result" not in parsed:
        error = parsed.get("error")
        words = str(error.get("message")) if isinstance(error, dict) else f"HTTP {response.status}, no JSON-RPC result"
        raise ProbeError("answer", f"{method}: {words}", evidence=said(response, target), phases=phases)
    return parsed["result"]


def _quantity(value: object, method: str) -> int:
    """A JSON-RPC quantity ("0x1a")."""
    try:
        return int(str(value), 16)
    except ValueError:
        raise ProbeError("answer", f"{method} answered {value!r}, which is no number") from None
