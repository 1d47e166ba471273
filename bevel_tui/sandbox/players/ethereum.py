"""As much of Ethereum as genesis needs: node keys, addresses, validators inside `extraData` (RLP), and how the
scripts of Besu and GoQuorum call the tool that makes them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bevel_tui.sandbox.players.context import PodContext

Item = bytes | Sequence["Item"]


def option(context: PodContext, name: str, default: str = "") -> str:
    """The value of ``--name`` on a command line in the container's script."""
    match = re.search(rf"--{name}[ =]+\"?([^\s\"\\]+)", context.args)
    return match.group(1) if match else default


def integer(text: str, default: int) -> int:
    """A number as Helm prints it: decimal, hexadecimal, or 2.147483647e+09 (facts I)."""
    try:
        return int(text, 0)
    except ValueError:
        try:
            return int(float(text))
        except ValueError:
            return default


@dataclass(frozen=True, slots=True)
class NodeKey:
    """Hex without ``0x``: `private` 64 digits, `public` 128 (the enode's), `address` 40."""

    private: str
    public: str
    address: str


def new_key() -> NodeKey:
    """A fresh secp256k1 key."""
    return key_of(secrets.token_hex(32))


def key_of(private: str) -> NodeKey:
    """The rest of a private key (hex). Raises ValueError or eth_keys' ValidationError on what is none."""
    from eth_keys.datatypes import PrivateKey

    key = PrivateKey(bytes.fromhex(private.strip().removeprefix("0x")))
    public = key.public_key
    return NodeKey(key.to_bytes().hex(), public.to_bytes().hex(), public.to_canonical_address().hex())


def encode(item: Item) -> bytes:
    """RLP (Ethereum yellow paper, appendix B)."""
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _length(len(item), 0x80) + item
    body = b"".join(encode(part) for part in item)
    return _length(len(body), 0xC0) + body


def _length(size: int, offset: int) -> bytes:
    if size < 56:
        return bytes([offset + size])
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([offset + 55 + len(digits)]) + digits


def decode(data: bytes) -> Any:
    """The item that `data` encodes (bytes, or a list of items). Raises ValueError."""
    item, rest = _decode(data)
    if rest:
        raise ValueError("bytes behind the RLP item")
    return item


def _decode(data: bytes) -> tuple[Any, bytes]:
    if not data:
        raise ValueError("no RLP item")
    first = data[0]
    if first < 0x80:
        return data[:1], data[1:]
    base = 0x80 if first < 0xC0 else 0xC0
    size, start = first - base, 1
    if size > 55:
        start = 1 + size - 55
        size = int.from_bytes(data[1:start], "big")
    body, rest = data[start : start + size], data[start + size :]
    if len(body) < size:
        raise ValueError("RLP item cut short")
    if base == 0x80:
        return body, rest
    items = []
    while body:
        item, body = _decode(body)
        items.append(item)
    return items, rest


def extra_data(consensus: str, addresses: Sequence[str]) -> str:
    """`extraData` of a genesis whose first validators have these addresses (Besu documentation: QBFT, IBFT 2.0,
    Clique; EIP 650 for GoQuorum's ibft; raft names nobody)."""
    validators = [bytes.fromhex(address) for address in addresses]
    if consensus == "clique":
        return "0x" + (bytes(32) + b"".join(validators) + bytes(65)).hex()
    if consensus == "raft":
        return "0x" + bytes(32).hex()
    if consensus == "ibft":
        return "0x" + (bytes(32) + encode([validators, b"", []])).hex()
    # QBFT: vanity, validators, no vote, round 0 (an integer: empty), no seals. IBFT 2.0: no vote, round as 4 bytes.
    vote: Item = [] if consensus == "qbft" else b""
    round_number = b"" if consensus == "qbft" else bytes(4)
    return "0x" + encode([bytes(32), validators, vote, round_number, []]).hex()


def validators_of(genesis: dict[str, Any]) -> list[str]:
    """Addresses (hex, no ``0x``) of the validators in a genesis; empty when `extraData` says nothing readable."""
    try:
        data = bytes.fromhex(str(genesis.get("extraData", "")).removeprefix("0x"))
        if "clique" in (genesis.get("config") or {}):
            return [data[i : i + 20].hex() for i in range(32, len(data) - 65, 20)]
        if "ibft" in (genesis.get("config") or {}):
            return [address.hex() for address in decode(data[32:])[0]]
        found = decode(data)
        return [address.hex() for address in found[1]]
    except (ValueError, IndexError, TypeError, AttributeError):
        return []
