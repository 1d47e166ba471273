"""Bodies in protobuf: what Go's clients send is what JSON would have said, and garbage is a refusal."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevel_tui.sandbox.apiserver import protobuf
from bevel_tui.sandbox.apiserver.errors import Refusal


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def envelope(version: str, kind: str, raw: bytes) -> bytes:
    return b"k8s\x00" + field(1, field(1, version) + field(2, kind)) + field(2, raw)


@given(
    st.dictionaries(st.text(max_size=5), st.binary(max_size=20), max_size=3),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
)
def test_a_secret(data: dict[str, bytes], labels: dict[str, str]) -> None:
    meta = (
        field(1, "name") + field(3, "space") + b"".join(field(11, field(1, k) + field(2, v)) for k, v in labels.items())
    )
    raw = field(1, meta) + b"".join(field(2, field(1, k) + field(2, v)) for k, v in data.items()) + field(3, "Opaque")
    decoded = protobuf.decode(envelope("v1", "Secret", raw))
    assert (decoded["apiVersion"], decoded["kind"], decoded["type"]) == ("v1", "Secret", "Opaque")
    assert decoded["metadata"].get("labels", {}) == labels
    assert decoded.get("data", {}) == {k: base64.b64encode(v).decode() for k, v in data.items()}


def test_delete_options_with_a_negative_and_a_nested_field() -> None:
    raw = field(1, -1) + field(2, field(1, "uid-1")) + field(4, "Background") + field(5, "All")
    assert protobuf.decode(envelope("v1", "DeleteOptions", raw)) == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "gracePeriodSeconds": -1,
        "preconditions": {"uid": "uid-1"},
        "propagationPolicy": "Background",
        "dryRun": ["All"],
    }


def test_inlined_structs_quantities_and_ports_by_name() -> None:
    volume = field(1, "v") + field(2, field(19, field(1, field(1, "map"))))  # VolumeSource, ConfigMapVolumeSource
    probe = field(7, field(1, field(2, field(1, "/healthz") + field(2, field(1, 1) + field(3, "http")))))
    limits = field(8, field(1, field(1, "cpu") + field(2, field(1, "500m"))))
    spec = field(1, volume) + field(2, field(1, "c") + limits + field(10, probe[2:]))
    decoded = protobuf.decode(envelope("v1", "Pod", field(2, spec)))
    container = decoded["spec"]["containers"][0]
    assert decoded["spec"]["volumes"] == [{"name": "v", "configMap": {"name": "map"}}]
    assert container["resources"] == {"limits": {"cpu": "500m"}}
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"k8s\x00\xff", envelope("v1", "Thing", b""), envelope("v1", "Pod", b"\xff")]
)
def test_what_cannot_be_read_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        protobuf.decode(body)
    assert caught.value.code == 400


@given(st.binary(max_size=60), st.sampled_from(["Secret", "Pod", "DeleteOptions", "Deployment"]))
def test_garbage_never_breaks_the_decoder(raw: bytes, kind: str) -> None:
    version = "apps/v1" if kind == "Deployment" else "v1"
    try:
        decoded: Any = protobuf.decode(envelope(version, kind, raw))
    except Refusal as refusal:
        assert refusal.code == 400
    else:
        assert decoded["kind"] == kind
