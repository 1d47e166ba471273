"""Keys that are made before a chart makes them wrongly (facts A3 Q1): once, complete, and told to nobody."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import looptime  # noqa: F401 - its marker makes time virtual
import pytest

from bevel_tui import locations
from bevel_tui.engine.steps.keys import make
from bevel_tui.records.events import EVENTS
from bevel_tui.records.steps import KeysStep, SecretValue

pytestmark = pytest.mark.looptime(start=0)

NAME = "quorum-node-member-beta-keys"
WHERE = ("v1", "Secret", "beta", NAME)
STEP = f"west/beta/secret/{NAME}"


def with_keys(world: Any, **more: Any) -> None:
    """Put a `keys` step before the member of the plan."""
    step = KeysStep(id=STEP, cluster="west", namespace="beta", needs=("west/beta",), name=NAME, **more)
    steps = [replace(s, needs=(*s.needs, STEP)) if s.id == "west/beta/member" else s for s in world.plan.steps]
    place = next(i for i, s in enumerate(steps) if s.id == "west/beta") + 1
    world.plan = type(world.plan)((*steps[:place], step, *steps[place:]))


def outcome(events: list[Any], step: str = STEP) -> tuple[str, str]:
    found = next(e for e in events if e.type == "step-finished" and e.step == step)
    return found.outcome, f"{found.reason} {found.remedy}"


def decoded(secret: dict[str, Any]) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}


async def test_keys_are_made_before_the_node_and_never_again(world: Any) -> None:
    with_keys(world, password=SecretValue(env="TEST_PASSWORD", word=True))
    events = await world.run()
    assert events[-1].exit_code == 0
    secret = world.clusters["west"].objects[WHERE]
    data = decoded(secret)
    assert data["accountPassword"] == "canary-password-2"
    starts = [e.step for e in events if e.type == "step-started"]
    assert starts.index(STEP) < starts.index("west/beta/member")
    writes = len(world.writes())
    assert outcome(await world.run())[0] == "unchanged"
    assert len(world.writes()) == writes
    assert world.clusters["west"].objects[WHERE]["data"] == secret["data"]


async def test_no_key_is_told(world: Any) -> None:
    with_keys(world)
    events = await world.run()
    values = set(decoded(world.clusters["west"].objects[WHERE]).values())
    everything = "\n".join(EVENTS.dump_json(event).decode() for event in events)
    everything += next(locations.runs().glob("*/events.jsonl")).read_text() + json.dumps(world.environ)
    assert [value for value in values if value in everything] == []


async def test_what_the_hook_left_empty_is_named(world: Any) -> None:
    """B19: the Secret of an earlier installation without the step. It is not mended: the node may have run with it."""
    with_keys(world)
    world.clusters["west"].put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "beta"}})
    empty = dict.fromkeys(make("quorum-node", None), "")
    meta = {"name": NAME, "namespace": "beta"}
    world.clusters["west"].put({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": empty})
    events = await world.run()
    found, words = outcome(events)
    assert found == "failed"
    assert "nodekey, nodekey.pub" in words and f"kubectl delete secret {NAME} -n beta" in words
    assert outcome(events, "west/beta/member")[0] == "skipped"
    assert world.clusters["west"].objects[WHERE]["data"] == empty


async def test_keys_go_with_the_data_only(world: Any) -> None:
    with_keys(world)
    await world.run()
    assert outcome(await world.run("destroy"))[0] == "unchanged"
    assert WHERE in world.clusters["west"].objects
    await world.run("destroy", purge_data=True)
    assert WHERE not in world.clusters["west"].objects


async def test_somebody_elses_keys_stay(world: Any) -> None:
    with_keys(world)
    world.clusters["west"].put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "beta"}})
    theirs = {key: base64.b64encode(value.encode()).decode() for key, value in make("quorum-node", "pw").items()}
    meta = {"name": NAME, "namespace": "beta"}
    world.clusters["west"].put({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": theirs})
    assert outcome(await world.run())[0] == "unchanged"
    await world.run("destroy", purge_data=True)
    assert world.clusters["west"].objects.get(WHERE, {}).get("data") == theirs


@pytest.mark.parametrize("password", ["two words", "semi;colon", "$HOME", "tab\t", "quote'"])
async def test_a_password_that_would_break_a_script(world: Any, monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    """facts A3 Q4: refused before anything is changed, and not repeated."""
    monkeypatch.setenv("ACCOUNT", password)
    with_keys(world, password=SecretValue(env="ACCOUNT", word=True))
    events = await world.run()
    assert events[-1].exit_code == 2
    assert "environment variable ACCOUNT" in events[-1].error
    assert world.writes() == []
    everything = "\n".join(EVENTS.dump_json(event).decode() for event in events)
    assert json.dumps(password)[1:-1] not in everything


def test_the_secret_is_what_the_node_reads() -> None:
    """As quorum-genesis-tool writes it: hexadecimal, no blanks (Q4), keystore and addresses of the same keys."""
    from eth_keyfile.keyfile import decode_keyfile_json
    from eth_keys.datatypes import PrivateKey

    first, second = make("quorum-node", "pw"), make("quorum-node", None)
    assert list(first) == [
        "nodekey", "nodekey.pub", "address", "accountPrivateKey", "accountPassword", "accountKeystore", "accountAddress",
    ]  # fmt: skip
    assert not any(set(" \t\n") & set(value) or not value for value in (*first.values(), *second.values()))
    node = PrivateKey(bytes.fromhex(first["nodekey"]))
    assert first["nodekey.pub"] == node.public_key.to_bytes().hex()
    assert f"0x{first['address']}" == node.public_key.to_address()
    keystore = json.loads(first["accountKeystore"])
    account = decode_keyfile_json(keystore, b"pw")
    assert first["accountPrivateKey"] == f"0x{account.hex()}"
    assert first["accountAddress"] == f"0x{keystore['address']}" == PrivateKey(account).public_key.to_address()
    assert not set(first.values()) & set(second.values())
