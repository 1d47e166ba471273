"""What may cross between organizations: the allow-list, and the second look for private keys."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevel_tui.engine.material import extract, looks_private
from bevel_tui.records.errors import BevelError
from bevel_tui.records.steps import HandoffStep, ObjectRef

PEM = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def handoff(kind: str, **more: Any) -> HandoffStep:
    return HandoffStep(
        id="handoff/x/a->b",
        cluster="a",
        source=ObjectRef("v1", kind, "thing", "ns"),
        target_cluster="b",
        target_step="b/ns/r",
        target_file="files/x",
        **more,
    )


def source(kind: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "thing", "annotations": {"all": PEM}}, "data": data}


def test_one_key_of_a_secret_is_decoded_unless_it_is_to_stay_encoded() -> None:
    secret = source("Secret", cacert=b64(CERTIFICATE), key=b64(PEM))
    assert extract(handoff("Secret", key="cacert"), secret).content == CERTIFICATE.encode()
    kept = extract(handoff("Secret", key="cacert", keep_base64=True), secret)
    assert kept.content == b64(CERTIFICATE).encode()
    assert kept.stripped == ()


def test_a_whole_object_is_reduced_to_what_is_allowed_and_says_what_was_held_back() -> None:
    secret = source("Secret", admincerts=b64(CERTIFICATE), cacerts=b64(CERTIFICATE), keystore=b64(PEM))
    material = extract(handoff("Secret", keep=("admincerts", "cacerts")), secret)
    document = json.loads(material.content)
    assert set(document["data"]) == {"admincerts", "cacerts"}
    assert material.stripped == ("keystore",)
    assert "PRIVATE" not in material.content.decode()
    assert "annotations" not in document["metadata"]


def test_a_secret_without_an_allow_list_hands_over_nothing() -> None:
    material = extract(handoff("Secret"), source("Secret", keystore=b64(PEM)))
    assert json.loads(material.content)["data"] == {}


@pytest.mark.parametrize(
    "private",
    [
        PEM,
        "-----BEGIN PRIVATE KEY-----\nMIIB",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB",
        "0x" + "ab" * 32,
        "ab" * 32 + "\n",
        json.dumps({"version": 3, "crypto": {"cipher": "aes-128-ctr", "ciphertext": "00"}}),
        json.dumps({"type": "unlocked", "data": {"bytes": "xyz"}}),
        json.dumps({"kty": "EC", "x": "1", "d": "secret"}),
        b64(PEM),
        b64(b64(PEM)),
    ],
)
@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
def test_private_keys_never_leave_whatever_the_list_says(private: str, kind: str) -> None:
    value = b64(private) if kind == "Secret" else private
    for step in (handoff(kind, key="data"), handoff(kind, keep=("data",))):
        with pytest.raises(BevelError) as refused:
            extract(step, source(kind, data=value))
        assert "Nothing was sent" in refused.value.message
        assert "MHcCAQEE" not in str(refused.value)


def test_what_its_maker_calls_private_is_refused_by_name() -> None:
    with pytest.raises(BevelError, match="declares it private"):
        extract(handoff("Secret", key="nodekey"), source("Secret", nodekey=b64("harmless")), private=("nodekey",))


def test_one_member_of_a_json_value_goes_as_json() -> None:
    """Indy keeps all of an identity's public keys in one value (facts A4.1 k1); its chart wants them one by one."""
    keys = source("Secret", value=b64(json.dumps({"did": "V4SGRU86Z58d6TV7PBUe6f", "other": 1})))
    assert extract(handoff("Secret", key="value", member="did"), keys).content == b'"V4SGRU86Z58d6TV7PBUe6f"'
    for value in ('{"other": 1}', "[]", "no JSON"):
        with pytest.raises(BevelError, match="has no member did"):
            extract(handoff("Secret", key="value", member="did"), source("Secret", value=b64(value)))
    with pytest.raises(BevelError, match="looks like"):
        nested = source("Secret", value=b64(json.dumps({"did": b64(PEM)})))
        extract(handoff("Secret", key="value", member="did"), nested)


@pytest.mark.parametrize(
    "private",
    [
        json.dumps({"seed": "aB3" * 10 + "00"}),
        json.dumps({"bls_sk": "abc"}),
        json.dumps({"s1.key_secret": 'metadata\ncurve\n    public-key = "x"\n    secret-key = "y"\n'}),
    ],
)
def test_indys_private_keys_stay(private: str) -> None:
    assert looks_private(private.encode()) == "a key file"
    with pytest.raises(BevelError, match="looks like a key file"):
        extract(handoff("Secret", key="value"), source("Secret", value=b64(private)))


PHRASE = "caution juice atom organ advance problem want pledge someone senior holiday very"
NODE_KEYS = {
    "data": {
        "node_id": "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp",
        "node_key": "ab" * 32,
        "aura_seed": f"0x{'cd' * 32}",
        "aura_addr": "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
        "aura_file_b64": b64(json.dumps({"secretPhrase": PHRASE, "ss58PublicKey": "5Grw"})),
    }
}


def test_public_fields_leave_a_key_that_is_private_as_a_whole() -> None:
    """Substrate keeps a node's public and private keys in one value (facts A7)."""
    secret = source("Secret", keys=b64(json.dumps(NODE_KEYS)))
    step = handoff("Secret", key="keys", keep_fields=("data.node_id", "data.aura_addr"))
    material = extract(step, secret, private=("keys",))
    kept = {"data": {k: NODE_KEYS["data"][k] for k in ("node_id", "aura_addr")}}
    assert json.loads(material.content) == kept
    assert json.loads(base64.b64decode(material.data["keys"])) == kept
    assert material.stripped == ("data.aura_file_b64", "data.aura_seed", "data.node_key")
    plain = source("ConfigMap", keys=json.dumps(kept))
    assert json.loads(extract(handoff("ConfigMap", key="keys", keep_fields=("data.node_id",)), plain).data["keys"]) == {
        "data": {"node_id": kept["data"]["node_id"]}
    }


@pytest.mark.parametrize("field", ["node_key", "aura_seed", "aura_file_b64"])
def test_no_allow_list_lets_a_private_field_out(field: str) -> None:
    secret = source("Secret", keys=b64(json.dumps(NODE_KEYS)))
    with pytest.raises(BevelError, match=f"{field}.* looks like"):
        extract(handoff("Secret", key="keys", keep_fields=(f"data.{field}",)), secret)
    with pytest.raises(BevelError, match="looks like a key file"):
        extract(handoff("Secret", key="keys"), secret)


@pytest.mark.parametrize(
    "value", ['{"data": {}}', '{"data": {"node_id": ["x"]}}', '{"data": "node_id"}', "[]", "no JSON"]
)
def test_a_missing_field_is_named(value: str) -> None:
    step = handoff("Secret", key="keys", keep_fields=("data.node_id",))
    with pytest.raises(BevelError, match=r"Key keys of Secret ns/thing has no data\.node_id"):
        extract(step, source("Secret", keys=b64(value)))
    with pytest.raises(BevelError, match="has no key keys"):
        extract(step, source("Secret", other=b64(value)))


def test_the_sudo_phrase_stays() -> None:
    genesis = source(
        "ConfigMap", genesis=b64('{"name": "inteli"}'), sudoKeygenOutput=json.dumps({"secretPhrase": PHRASE})
    )
    assert extract(handoff("ConfigMap", keep=("genesis",)), genesis).data == {"genesis": b64('{"name": "inteli"}')}
    for step in (handoff("ConfigMap"), handoff("ConfigMap", key="sudoKeygenOutput")):
        with pytest.raises(BevelError, match=r"sudoKeygenOutput .* looks like a key file"):
            extract(step, genesis)
    assert looks_private(PHRASE.encode()) == "a secret phrase"


def test_a_missing_key_is_named() -> None:
    with pytest.raises(BevelError, match=r"has no key genesis\.json"):
        extract(handoff("ConfigMap", key="genesis.json"), source("ConfigMap", other="x"))


@pytest.mark.parametrize(
    "public",
    [
        CERTIFICATE,
        json.dumps(["enode://" + "ab" * 64 + "@10.0.0.1:30303"]),
        json.dumps(
            {"config": {"chainId": 1337}, "extraData": "0x" + "00" * 200, "alloc": {"fe" * 20: {"balance": "1"}}}
        ),
        "0x" + "ab" * 20,
        "ab" * 64,
    ],
)
def test_public_material_passes(public: str) -> None:
    assert looks_private(public.encode()) is None
    assert looks_private(b64(public).encode()) is None


@given(st.binary(max_size=200), st.integers(0, 2))
def test_a_pem_key_is_found_wherever_it_stands_and_however_it_is_wrapped(noise: bytes, layers: int) -> None:
    content = noise + PEM.encode() + noise
    for _ in range(layers):
        content = base64.b64encode(content)
    assert looks_private(content) is not None


@given(st.binary(max_size=300))
def test_any_bytes_can_be_looked_at(content: bytes) -> None:
    looks_private(content)
