"""Mode rfc2136: a run writes the records once the gateway has an address, and takes them away before the gateway goes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import looptime  # noqa: F401 - its marker makes time virtual
import pytest

from bevel_tui.engine.cancel import Cancellation
from bevel_tui.engine.changes import changes
from bevel_tui.engine.control import RunControl
from bevel_tui.engine.options import RunOptions
from bevel_tui.engine.run import deploy
from bevel_tui.network.model import Network
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


# ---------------------------------------------------------------- what would change


async def test_an_update_alone_is_a_change_and_takes_a_lease(updating: Any) -> None:
    await updating.run()
    assert await changes(updating.network, updating.plan, parts=updating.parts) == []
    updating.reach.zone[DOMAIN] = ("198.51.100.9",)
    (change,) = await changes(updating.network, updating.plan, parts=updating.parts)
    assert (change.step, change.action, change.group) == ("east/dns", "update", "change")
    assert "198.51.100.9" in change.cause
    assert "192.0.2.1" in change.cause
    updating.reach.zone.clear()
    (change,) = await changes(updating.network, updating.plan, parts=updating.parts)
    assert (change.action, change.group) == ("create", "add")
    before = len(updating.reach.updates)
    for cluster in updating.clusters.values():
        cluster.writes.clear()
    events = await updating.run()
    assert events[-1].exit_code == 0
    assert len(updating.reach.updates) == before + 1
    assert {kind for _, kind, _ in updating.clusters["east"].writes} == {
        "ConfigMap",  # that a look from inside is owed, and that it is no more
        "Lease",  # two operators do not update at once
    }
    assert updating.clusters["west"].writes == []


async def test_what_is_somebody_elses_is_refused_in_the_plan_and_unknown_is_said(updating: Any) -> None:
    await updating.run()
    updating.reach.trouble = UpdateError("update-record-taken", "*.east is somebody's", "Choose another.")
    (change,) = await changes(updating.network, updating.plan, parts=updating.parts)
    assert (change.action, change.group) == ("refuse", "refuse")
    assert change.cause == "*.east is somebody's [update-record-taken]"
    updating.reach.trouble = UpdateError("update-server-silent", "ns1 does not answer", "Open it.", passing=True)
    (change,) = await changes(updating.network, updating.plan, parts=updating.parts)
    assert (change.action, change.cause) == ("update", "what stands in the zone is not known: ns1 does not answer")


async def test_before_there_is_a_gateway_the_records_are_announced(updating: Any) -> None:
    found = {change.step: change for change in await changes(updating.network, updating.plan, parts=updating.parts)}
    assert found["east/dns"].group == "add"
    assert "has no address yet" in found["east/dns"].cause
    assert updating.reach.foreseen == [], "nobody is asked about addresses that nobody has"


async def test_a_domain_that_the_preset_has_no_more_is_withdrawn_when_the_new_one_stands(
    updating: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def planner(network: Any, past: Any = None) -> Any:
        domain = network.cluster("east").domain
        return updating.plan.changed("east/dns", domain=domain, hosts=(f"v1rpc.{domain}",))

    monkeypatch.setattr("bevel_tui.plan.build.build", planner)
    options = RunOptions(allow_destructive=("genesis",))

    def network(domain: str) -> Network:
        document = updating.network.model_dump(mode="json", by_alias=True, exclude_none=True)
        document["clusters"][0]["domain"] = domain
        return Network.model_validate(document)

    async def run(domain: str) -> list[Any]:
        return [event async for event in deploy(network(domain), None, options, parts=updating.parts)]

    assert (await run(DOMAIN))[-1].exit_code == 0
    genesis = {
        "name": "besu-genesis",
        "namespace": "alpha-bes",
    }  # else the ledger was never founded, and nothing is former
    updating.clusters["east"].put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": genesis})
    told = await changes(network("new.example.com"), None, options, parts=updating.parts)
    assert {(c.step, c.action) for c in told} >= {("east/dns", "create"), ("east/dns", "remove")}
    updating.reach.updates.clear()
    moved = await run("new.example.com")
    assert moved[-1].exit_code == 0
    assert [(what, domain) for what, domain, *_ in updating.reach.updates] == [
        ("publish", "new.example.com"),
        ("withdraw", DOMAIN),
    ]
    assert finished(moved)["remove/east/dns"].outcome == "ok"
    assert set(updating.reach.zone) == {"new.example.com"}
    updating.reach.updates.clear()
    again = await run("new.example.com")
    assert again[-1].exit_code == 0
    assert [what for what, *_ in updating.reach.updates] == ["publish"]


async def test_what_a_run_wrote_goes_when_it_is_rolled_back(updating: Any) -> None:
    control = RunControl(Cancellation())
    stream = deploy(updating.network, updating.plan, RunOptions(), parts=updating.parts, control=control)
    async for event in stream:
        if event.type == "step-finished" and event.step == "east/dns":
            control.stop(rollback=True)
    assert updating.reach.zone == {}
    assert updating.reach.updates[-1][0] == "withdraw"
