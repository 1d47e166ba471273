"""As much of Substrate's cryptography as keys and genesis need: node keys with their peer ids, key files, SS58 addresses.

Ed25519 keys are real. Sr25519 public keys have the right form only: no Ristretto arithmetic happens here, and nothing of
the sandbox verifies them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any

from bevel_tui.sandbox.players import base58

#: SS58: the generic Substrate network (one byte before the key, two bytes of checksum behind it)
_NETWORK = b"\x2a"
#: a libp2p peer id: identity multihash of a protobuf that says Ed25519, 32 bytes
_PEER = b"\x00\x24\x08\x01\x12\x20"
_WORDS = [
    "abandon",
    "ability",
    "able",
    "about",
    "above",
    "absent",
    "absorb",
    "abstract",
    "absurd",
    "abuse",
    "access",
    "accident",
    "account",
    "accuse",
    "achieve",
    "acid",
]


def ss58(public: bytes) -> str:
    """The address of a public key (Substrate documentation: SS58)."""
    body = _NETWORK + public
    return base58.encode(body + hashlib.blake2b(b"SS58PRE" + body, digest_size=64).digest()[:2])


def public_of(address: str) -> bytes:
    """The public key in an address. Raises ValueError if the checksum is wrong."""
    data = base58.decode(address)
    if len(data) != 35 or ss58(data[1:-2]) != address:
        raise ValueError(address)
    return data[1:-2]


def peer_id(seed: bytes) -> str:
    """The libp2p peer id of an Ed25519 key (libp2p specification: peer ids)."""
    return base58.encode(_PEER + ed25519_public(seed))


def is_peer_id(text: str) -> bool:
    """Whether a text is the peer id of an Ed25519 key."""
    try:
        data = base58.decode(text)
    except ValueError:
        return False
    return len(data) == 38 and data.startswith(_PEER)


def ed25519_public(seed: bytes) -> bytes:
    """The public half of an Ed25519 seed."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def key_file(scheme: str) -> dict[str, Any]:
    """What ``key generate --output-type json`` prints."""
    seed = secrets.token_bytes(32)
    public = ed25519_public(seed) if scheme == "Ed25519" else hashlib.blake2b(seed, digest_size=32).digest()
    return {
        "accountId": f"0x{public.hex()}",
        "publicKey": f"0x{public.hex()}",
        "secretPhrase": " ".join(secrets.choice(_WORDS) for _ in range(12)),
        "secretSeed": f"0x{seed.hex()}",
        "ss58Address": ss58(public),
        "ss58PublicKey": ss58(public),
    }


def node_keys(*, member: bool) -> dict[str, Any]:
    """The fields of a node's keys, private and public together (facts A7)."""
    node = secrets.token_bytes(32)
    schemes = {"aura": "Sr25519", "grandpa": "Ed25519", **({"account": "Sr25519"} if member else {})}
    fields: dict[str, Any] = {"node_id": peer_id(node), "node_key": node.hex()}
    for name, scheme in schemes.items():
        made = key_file(scheme)
        fields[f"{name}_seed"] = made["secretSeed"]
        fields[f"{name}_addr"] = made["ss58Address"]
        fields[f"{name}_file_b64"] = base64.b64encode(json.dumps(made).encode()).decode()
    return fields
