"""As much of Indy's cryptography as keys and genesis need: DIDs, Ed25519 and Curve25519 keys, base58 and Z85.

BLS keys have the right form only: no curve arithmetic happens here, and nothing of the sandbox verifies them.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import string
from dataclasses import dataclass
from typing import Any

from bevel_tui.sandbox.players.base58 import encode as base58

#: RFC 1924's alphabet, which Python has, and ZeroMQ's (RFC 32/Z85)
_B85 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_TO_Z85 = str.maketrans(_B85, _Z85)
#: the field of Curve25519 (RFC 7748, 4.1)
_P = 2**255 - 19
#: bytes of a BLS key and of its proof of possession, as indy-crypto prints them
_BLS_BYTES = 128


def z85(data: bytes) -> str:
    """ZeroMQ's base 85."""
    return base64.b85encode(data).decode().translate(_TO_Z85)


def curve_public(verify: bytes) -> bytes:
    """The Curve25519 key of an Ed25519 one: u = (1 + y) / (1 - y) (RFC 7748, 4.1)."""
    y = int.from_bytes(verify, "little") & ((1 << 255) - 1)
    return ((1 + y) * pow(1 - y, _P - 2, _P) % _P).to_bytes(32, "little")


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity as `generate_identity` prints it; everything follows from `seed` but the BLS keys."""

    name: str
    seed: str
    did: str
    verkey: str
    secrets: dict[str, dict[str, str]]


def new_identity(name: str) -> Identity:
    """A fresh identity with the JSON of all its Secrets, by Secret name (facts A4.2).

    [images/indy-key-mgmt/src/identity_crypto_generator.py]
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    seed = "".join(secrets.choice(string.hexdigits) for _ in range(32))
    verify = Ed25519PrivateKey.from_private_bytes(seed.encode()).public_key().public_bytes_raw()
    public = curve_public(verify)
    secret = hashlib.sha512(seed.encode()).digest()[:32]
    did, verkey = base58(verify[:16]), base58(verify)
    bls = base58(secrets.token_bytes(_BLS_BYTES))
    found: dict[str, dict[str, str]] = {
        "identity-private": {"seed": seed},
        "identity-public": {"did": did},
        "node-public-bls-keys": {
            "bls_pk": bls,
            "bls-public-key": bls,
            "bls-key-pop": base58(secrets.token_bytes(_BLS_BYTES)),
        },
        "node-private-bls-keys": {"bls_sk": base58(secrets.token_bytes(32))},
    }
    for side, file in (("node", name), ("client", f"{name}C")):
        found |= {
            f"{side}-private-private-keys": {f"{file}.key_secret": _file(public, secret)},
            f"{side}-private-sig-keys": {f"{file}.key_secret": _file(verify, seed.encode())},
            f"{side}-public-public-keys": {"public_key": base58(public), f"{file}.key": _file(public)},
            f"{side}-public-verif-keys": {"verification-key": verkey, f"{file}.key": _file(verify)},
        }
    return Identity(name, seed, did, verkey, {f"{name}-{what}": value for what, value in found.items()})


def _file(public: bytes, secret: bytes | None = None) -> str:
    """A key file of ZeroMQ."""
    text = f'metadata\ncurve\n    public-key = "{z85(public)}"\n'
    return text if secret is None else f'{text}    secret-key = "{z85(secret)}"\n'


def verkey_of(seed: str) -> str:
    """The verification key that belongs to a seed. Raises ValueError for what is no seed."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.from_private_bytes(seed.encode())
    return base58(key.public_key().public_bytes_raw())


def compact(document: dict[str, Any]) -> str:
    """JSON as jq prints it in one line."""
    import json

    return json.dumps(document, separators=(",", ":"))
