"""Mode rfc2136: a run writes the records once the gateway has an address, and takes them away before the gateway goes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import looptime  # noqa: F401 - its marker makes time virtual
import pytest

from bevel_tui.reachability.dynamic import UpdateError
from bevel_tui.records.events import EVENTS
from bevel_tui.records.steps import DnsStep, DnsUpdate, SecretValue

pytestmark = pytest.mark.looptime(start=0)

KEY = "canary-tsig-3"
DOMAIN = "east.example.com"


@pytest.fixture
def updating(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The world's plan, its domain written by dynamic updates."""
    monkeypatch.setenv("TEST_TSIG", KEY)
    update = DnsUpdate("ns1.example.com", "updater", "hmac-sha256", SecretValue(env="TEST_TSIG"))
    world.plan = replace(
        world.plan,
        steps=tuple(
            replace(step, mode="rfc2136", update=update) if isinstance(step, DnsStep) else step
            for step in world.plan.steps
        ),
    )
    return world


def finished(events: list[Any]) -> dict[str, Any]:
    return {event.step: event for event in events if event.type == "step-finished"}


async def test_written_once_and_withdrawn_before_the_gateway(updating: Any) -> None:
    events = await updating.run()
    assert events[-1].exit_code == 0
    assert updating.reach.updates == [("publish", DOMAIN, ("192.0.2.1",), KEY)]
    assert finished(events)["east/dns"].outcome == "ok"
    again = await updating.run()
    assert finished(again)["east/dns"].outcome == "unchanged"
    gone = await updating.run("destroy")
    assert gone[-1].exit_code == 0
    assert updating.reach.updates[-1] == ("withdraw", DOMAIN, ("192.0.2.1",), KEY)
    order = [event.step for event in gone if event.type == "step-finished"]
    assert order.index("east/dns") < order.index("east/gateway-ns/gateway")
    told = "\n".join(EVENTS.dump_json(event).decode() for event in (*events, *again, *gone))
    assert KEY not in told
    assert "TEST_TSIG" not in updating.environ, "Helm's processes do not get it"


async def test_a_silent_server_is_asked_again_and_a_refusal_is_told(updating: Any) -> None:
    silent = UpdateError("update-server-silent", "ns1 does not answer", "Open port 53.", passing=True)
    updating.reach.refusals = [silent, silent]
    events = await updating.run()
    assert events[-1].exit_code == 0
    waits = [e.waiting_for for e in events if e.type == "step-waiting" and e.step == "east/dns"]
    assert ("ns1 does not answer",) in waits
    updating.reach.zone.clear()
    updating.reach.refusals = [UpdateError("update-record-taken", "*.east is somebody's", "Choose another.")]
    ended = finished(await updating.run())["east/dns"]
    assert (ended.outcome, ended.remedy) == ("failed", "Choose another.")
    assert "[update-record-taken]" in ended.reason


async def test_a_key_that_is_not_set_stops_a_run_before_it_changes_anything(
    updating: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await updating.run()
    monkeypatch.delenv("TEST_TSIG")
    before = updating.versions()
    for command in ("deploy", "destroy"):
        events = await updating.run(command)
        assert events[-1].exit_code == 2
        assert "TEST_TSIG" in json.dumps(events[-1].error)
    assert updating.versions() == before
    assert updating.reach.zone


async def test_what_cannot_be_withdrawn_keeps_its_gateway(updating: Any) -> None:
    await updating.run()
    updating.reach.refusals = [UpdateError("update-refused", "ns1 does not let it", "Grant it.")]
    events = await updating.run("destroy")
    ends = finished(events)
    assert ends["east/dns"].outcome == "failed"
    assert ends["east/gateway-ns/gateway"].outcome == "skipped", (
        "else the record would lead to whoever gets the address next"
    )
    assert (await updating.run("destroy"))[-1].exit_code == 0
