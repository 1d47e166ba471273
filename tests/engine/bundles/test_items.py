"""A handoff's material in a bundle: exactly what the step lets through, in whatever form the step takes it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from bevel_tui.engine.bundles.document import Item
from bevel_tui.engine.bundles.items import fits, item_of
from bevel_tui.engine.material import extract
from bevel_tui.records.errors import BevelError
from bevel_tui.records.steps import ContainerLog, HandoffStep, ObjectRef

PEM = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def b64(value: str | bytes) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def handoff(kind: str, **more: Any) -> HandoffStep:
    return HandoffStep(
        id="handoff/x/a->b", cluster="a", source=ObjectRef("v1", kind, "thing", "ns"), target_cluster="b",
        target_step="b/ns/r", target_file="files/x", crossing="import", **more,
    )  # fmt: skip


def source(kind: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "thing", "namespace": "ns"}, "data": data}


KEYS = json.dumps({"data": {"node_id": "12D3", "aura_addr": "5F", "node_key": "ab" * 32}})
#: every form that platforms use: facts A1.2, A2.1, A4.1, A5, A6, A7
FORMS = {
    "key of a ConfigMap": (handoff("ConfigMap", key="k"), source("ConfigMap", k=CERTIFICATE, other="x")),
    "key of a Secret": (handoff("Secret", key="tls.crt"), source("Secret", **{"tls.crt": b64(CERTIFICATE)})),
    "binary key": (handoff("Secret", key="jks"), source("Secret", jks=b64(b"\xfe\xed\xfe\xed\0\1"))),
    "kept as base64": (handoff("Secret", key="k", keep_base64=True), source("Secret", k=b64(CERTIFICATE))),
    "binaryData": (
        handoff("ConfigMap", key="k"),
        {**source("ConfigMap"), "binaryData": {"k": b64(b"\xfe\xed\0")}},
    ),
    "whole Secret": (
        handoff("Secret", keep=("admincerts", "cacerts")),
        source("Secret", admincerts=b64(CERTIFICATE), cacerts=b64(CERTIFICATE), keystore=b64(PEM)),
    ),
    "whole ConfigMap": (handoff("ConfigMap", keep=("mspConfig",)), source("ConfigMap", mspConfig="NodeOUs:\n", x="y")),
    "member": (handoff("Secret", key="value", member="did"), source("Secret", value=b64('{"did": "V4S", "z": 1}'))),
    "fields": (
        handoff("Secret", key="keys", keep_fields=("data.node_id", "data.aura_addr")),
        source("Secret", keys=b64(KEYS)),
    ),
    "log": (
        handoff("Pod", key="peer_id", log=ContainerLog("ipfs", "id: (.*)")),
        {"apiVersion": "v1", "kind": "Pod", "data": {"peer_id": "12D3KooW"}},
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_receiver_gets_what_a_handoff_between_own_clusters_carries(form: str) -> None:
    step, there = FORMS[form]
    item = item_of(step, there)
    assert extract(step, item.as_object()).content == extract(step, there).content
    assert fits(step, item) is None
    assert not [value for value in item.values().values() if b"PRIVATE" in value or b"abab" in value]


@pytest.mark.parametrize("form", FORMS)
def test_nothing_more_than_that_is_taken_in(form: str) -> None:
    step, there = FORMS[form]
    values = item_of(step, there).values()
    assert fits(step, Item.of(step.id, step.source, {**values, "extra": b"something"}))
    elsewhere = ObjectRef("v1", step.source.kind, "another", "ns")
    assert "was taken from" in str(fits(step, Item.of(step.id, elsewhere, values)))


def test_more_fields_or_members_than_may_cross_are_noticed() -> None:
    step, _ = FORMS["fields"]
    document = {"data": {"node_id": "12D3", "aura_addr": "5F", "more": "x"}}
    assert fits(step, Item.of(step.id, step.source, {"keys": json.dumps(document).encode()}))
    step, _ = FORMS["member"]
    assert fits(step, Item.of(step.id, step.source, {"value": b'{"did": "V4S", "seed": "s"}'}))
    assert fits(step, Item.of(step.id, step.source, {"value": b"no json"}))


def test_what_its_maker_declares_private_never_crosses() -> None:
    step, there = FORMS["key of a Secret"]
    with pytest.raises(BevelError, match="declares it private"):
        item_of(step, there, ("tls.crt",))
    assert fits(step, item_of(step, there), ("tls.crt",))


def test_a_private_key_is_not_exported() -> None:
    step = handoff("Secret", key="tls.crt")
    with pytest.raises(BevelError, match="PEM private key"):
        item_of(step, source("Secret", **{"tls.crt": b64(PEM)}))
