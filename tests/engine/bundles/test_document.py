"""The bundle's file: what goes in comes out, what was changed or is private is refused."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bevel_tui.engine.bundles.document import MAX_BYTES, Bundle, Item, dump, load, parse, save
from bevel_tui.records.errors import BevelError, Code, ExitCode
from bevel_tui.records.steps import ObjectRef

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIU\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n"
MADE = "2026-01-02T03:04:05Z"
SOURCE = ObjectRef("v1", "ConfigMap", "orderer-tls-cacert", "supplychain-net")


def bundle(values: dict[str, bytes] | None = None, **more: Any) -> Bundle:
    item = Item.of("handoff/orderer-ca/a->b", SOURCE, {"cacert": CERTIFICATE.encode()} if values is None else values)
    document = {
        "network": "net", "platform": "fabric", "plan": "0123456789ab", "from": ["a"], "for": ["b"], "created": MADE,
        "items": [item.model_dump()], "done": ["east/a-net/channel"], "addresses": {"east": "192.0.2.1"}, **more,
    }  # fmt: skip
    return Bundle.model_validate(document).sealed()


def refusal(content: bytes) -> BevelError:
    with pytest.raises(BevelError) as caught:
        parse(content)
    assert caught.value.code is Code.HANDOFF_REFUSED
    assert caught.value.exit_code is ExitCode.USAGE
    return caught.value


def test_a_person_can_read_it() -> None:
    text = dump(bundle())
    assert text.startswith("# Public material")
    assert f"cacert: |\n        {CERTIFICATE.splitlines()[0]}\n" in text
    assert "for:\n  - b\n" in text
    assert parse(text.encode()) == bundle()


@settings(max_examples=200)
@given(
    st.dictionaries(st.text(min_size=1, max_size=20), st.binary(max_size=60) | st.text(max_size=60).map(str.encode)),
    st.lists(st.text(min_size=1, max_size=30), max_size=3),
)
def test_what_goes_in_comes_out(values: dict[str, bytes], done: list[str]) -> None:
    made = bundle(values, done=done)
    try:
        again = parse(dump(made).encode())
    except BevelError as error:  # random bytes may look like a key: 24 words, 64 hexadecimal digits
        assert "looks like" in " ".join((error.message, *error.details))
        return
    assert again == made
    assert again.items[0].values() == values


@pytest.mark.parametrize(
    ("find", "put"),
    [
        ("MIIBszCC", "MIIBszCD"),
        ("192.0.2.1", "192.0.2.2"),
        ("east/a-net/channel", "east/a-net/channel2"),
        ("  - b\n", "  - c\n"),
        ("network: net", "network: other"),
    ],
)
def test_whatever_was_changed_is_noticed(find: str, put: str) -> None:
    text = dump(bundle())
    assert text.count(find) == 1
    assert "was changed" in refusal(text.replace(find, put).encode()).message


def test_an_item_that_was_changed_with_the_digest_of_everything_made_anew_is_noticed() -> None:
    made = bundle()
    forged = made.items[0].model_copy(update={"data": {"cacert": "else"}})
    text = dump(made.model_copy(update={"items": (forged,)}).sealed())
    assert "handoff/orderer-ca/a->b" in refusal(text.encode()).message


@pytest.mark.parametrize(
    "values",
    [
        {"cacert": KEY.encode()},
        {"cacert": base64.b64encode(KEY.encode())},
        {"cacert": b"\xff\xfe" + KEY.encode()},
        {"nodekey": b"4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"},
        {"keystore": b'{"crypto": {"ciphertext": "00"}, "version": 3}'},
    ],
)
def test_private_keys_are_refused_and_not_repeated(values: dict[str, bytes]) -> None:
    error = refusal(dump(bundle(values)).encode())
    said = " ".join((error.message, *error.details))
    assert "looks like" in said
    assert "MHcCAQEE" not in said
    assert "4c0883a6" not in said


def test_a_private_key_is_refused_wherever_it_stands() -> None:
    text = dump(bundle()) + "".join(f"# {line}\n" for line in KEY.splitlines())
    assert "private key" in refusal(text.encode()).message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no YAML"),
        (b"\xff\xfe", "UTF-8"),
        (b"a: [", "no YAML"),
        (b"kind: Network\n", "is not Handoff"),
        (b"kind: Handoff\n", "can read"),
        (b"kind: Handoff\nkind: Handoff\n", "no bundle"),
        (b"#" * (MAX_BYTES + 1), "bigger than"),
    ],
)
def test_what_is_no_bundle_is_refused(content: bytes, said: str) -> None:
    assert said in refusal(content).message


def test_unknown_fields_are_refused() -> None:
    text = dump(bundle()) + "script: rm\n"
    assert any("script" in line for line in refusal(text.encode()).details)


@given(st.binary(max_size=400))
def test_any_file_ends_in_a_refusal(content: bytes) -> None:
    refusal(content)


def test_the_file_is_its_owners_and_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "bundle.yaml"
    save(bundle(), target)
    save(bundle(), target)
    assert target.stat().st_mode & 0o777 == 0o600
    assert load(target) == bundle()
    assert [path for path in tmp_path.iterdir() if "bundle" in path.name] == [target]
    with pytest.raises(BevelError, match=re.escape(str(tmp_path / "no" / "x.yaml"))):
        save(bundle(), tmp_path / "no" / "x.yaml")
