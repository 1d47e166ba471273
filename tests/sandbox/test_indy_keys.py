"""Keys of the simulated Indy: against published vectors, and against one another."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from bevel_tui.sandbox.players.indy_keys import base58, curve_public, new_identity, verkey_of, z85


def test_known_vectors() -> None:
    """Indy's well-known trustee of test pools; RFC 32/Z85's example; base58's leading zeros."""
    assert verkey_of("000000000000000000000000Trustee1") == "GJ1SzoWzavQYfNL9XkaJdrQejfztN4XqdsiV4ct3LXKL"
    assert z85(bytes.fromhex("864FD26FB559F75B")) == "HelloWorld"
    assert base58(b"\0\0hello") == "11Cn8eVZg"


def test_a_did_is_the_first_half_of_its_verkey() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    seed = b"000000000000000000000000Trustee1"
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    assert base58(public[:16]) == "V4SGRU86Z58d6TV7PBUe6f"


def test_curve_keys_belong_to_signing_keys() -> None:
    """The X25519 key of a seed, made in both ways (RFC 7748 and RFC 8032)."""
    import hashlib

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    seed = b"a" * 32
    signing = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    agreed = X25519PrivateKey.from_private_bytes(hashlib.sha512(seed).digest()[:32]).public_key().public_bytes_raw()
    assert curve_public(signing) == agreed


@given(st.binary(min_size=4, max_size=64).filter(lambda b: len(b) % 4 == 0))
def test_z85_has_five_letters_for_four_bytes(data: bytes) -> None:
    assert len(z85(data)) == len(data) * 5 // 4
    assert re.fullmatch(r"[0-9a-zA-Z.\-:+=^!/*?&<>()\[\]{}@%$#]*", z85(data))


def test_an_identity_has_the_secrets_that_the_charts_read() -> None:
    identity = new_identity("s-1")
    assert verkey_of(identity.seed) == identity.verkey
    assert identity.secrets["s-1-identity-public"] == {"did": identity.did}
    assert identity.secrets["s-1-node-public-verif-keys"]["verification-key"] == identity.verkey
    assert set(identity.secrets["s-1-node-public-bls-keys"]) == {"bls_pk", "bls-public-key", "bls-key-pop"}
    assert "s-1C.key_secret" in identity.secrets["s-1-client-private-sig-keys"]
    assert len(identity.secrets) == 12
    public = {name: value for name, value in identity.secrets.items() if "-private" not in name}
    assert identity.seed not in json.dumps(public)
    assert "secret-key" not in json.dumps(public)
