"""Two operators of one plan: runs that wait, bundles between them, and what is kept where. Clusters are in memory."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import looptime  # noqa: F401 - its marker makes time virtual
import pytest

from bevel_tui.engine.bundles.document import Bundle, Item
from bevel_tui.engine.bundles.giving import give
from bevel_tui.engine.bundles.received import read, ref
from bevel_tui.engine.bundles.taking import take_in
from bevel_tui.engine.bundles.telling import Rounds
from bevel_tui.kube.client import ApiError
from bevel_tui.network.sides import seen_by
from bevel_tui.plan.graph import ordered
from bevel_tui.plan.sides import sided
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import ClusterFact, HandoffStep, ObjectRef, ReleaseStep

pytestmark = pytest.mark.looptime(start=0)

GENESIS, PEERS = "handoff/genesis/alpha->beta", "handoff/peers/alpha->beta"


@pytest.fixture
def world(world: Any) -> Any:
    """As ever; what is the whole network's is kept beside, since each run sees its own side of it."""
    world.whole = (world.network, world.plan)
    return world


def side(world: Any, own: str, *, other: str) -> Any:
    """From now on the world is seen by one operator, for whom the other's cluster does not exist."""
    network, plan = world.whole
    world.network = seen_by(network, [own])
    world.plan = replace(plan, steps=tuple(sided(world.network, plan.steps)))
    world.unreachable = {other}
    return world


def east(world: Any) -> Any:
    return side(world, "alpha", other="west")


def west(world: Any) -> Any:
    return side(world, "beta", other="east")


async def exported(world: Any) -> Bundle:
    return await give(east(world).network, world.plan, ["beta"], parts=world.parts)


async def taken(world: Any, bundle: Bundle, **more: Any) -> Any:
    return await take_in(west(world).network, world.plan, bundle, parts=world.parts, **more)


def of(events: list[Any], kind: str) -> list[Any]:
    return [event for event in events if event.type == kind]


def outcomes(events: list[Any]) -> dict[str, str]:
    return {event.step: event.outcome for event in of(events, "step-finished")}


def resealed(bundle: Bundle, **changes: Any) -> Bundle:
    """A bundle with right digests that says something else: what a careless or hostile sender could send."""
    return bundle.model_copy(update=changes).sealed()


async def test_the_founder_runs_its_part_and_says_what_is_ready(world: Any) -> None:
    events = await east(world).run()
    found = outcomes(events)
    assert events[-1].exit_code == 0
    assert {name for name, outcome in found.items() if outcome == "skipped"} == {
        "west/beta", "west/beta/genesis", "west/beta/member",
    }  # fmt: skip
    assert [n.text for n in of(events, "notice") if "handoff export" in n.text] == [
        "Ready for beta: bevel-tui handoff export --for beta"
    ]
    again = await east(world).run()
    assert not [n for n in of(again, "notice") if "handoff export" in n.text]


async def test_a_run_waits_for_the_bundle_and_goes_on_when_it_comes(world: Any) -> None:
    await east(world).run()
    bundle = await exported(world)
    assert {item.handoff for item in bundle.items} == {GENESIS, PEERS}
    running = asyncio.create_task(west(world).run())
    await asyncio.sleep(500)  # longer than the budget of any handoff
    assert not running.done()
    assert (await taken(world, bundle)).changed == ("west",)
    events = await running
    assert events[-1].exit_code == 0
    waits = of(events, "step-waiting")
    words = next(w.waiting_for[0] for w in waits if w.step == GENESIS)
    assert words == "a bundle from alpha (with ConfigMap besu-genesis): bevel-tui handoff import FILE"
    moved = of(events, "handoff-moved")
    assert {m.step for m in moved} == {GENESIS, PEERS}
    assert all("bundle of alpha" in m.source for m in moved)
    assert set(dict(world.charts.prepared)["west/beta/genesis"]) == {"files/genesis.json", "files/static-nodes.json"}
    assert outcomes(events)["east/alpha/genesis"] == "skipped"


async def test_the_next_run_finds_what_was_taken_in_and_changes_nothing(world: Any) -> None:
    await east(world).run()
    await taken(world, await exported(world))
    assert (await west(world).run())[-1].exit_code == 0
    before = world.versions()
    events = await west(world).run()
    assert events[-1].exit_code == 0
    assert not of(events, "step-waiting")
    assert world.versions() == before


async def test_a_network_that_stands_does_not_wait_for_a_bundle_that_was_lost(world: Any) -> None:
    """As far as it was handed over once and for all; else nobody could tell whether it is still the same."""
    network, plan = world.whole
    world.whole = (network, plan.changed(GENESIS, policy="frozen"))
    await east(world).run()
    await taken(world, await exported(world))
    await west(world).run()
    await world.clusters["west"].delete(ref("supply"))
    events = await west(world).run()
    assert events[-1].exit_code == 0
    assert not of(events, "step-waiting")


async def test_the_budget_of_the_run_ends_the_wait(world: Any) -> None:
    events = await west(world).run(timeout=60.0)
    assert (events[-1].outcome, events[-1].exit_code) == ("timed-out", 4)
    assert outcomes(events)["west/beta"] == "ok"
    assert world.helm.operations == []


async def test_it_waits_as_well_where_it_may_not_watch(world: Any) -> None:
    await east(world).run()
    bundle = await exported(world)
    cluster = world.clusters["west"]
    watch = cluster.watch

    async def denied(api_version: str, kind: str, namespace: str | None = None, **more: Any) -> Any:
        if (kind, namespace) == ("ConfigMap", "bevel-tui"):
            raise ApiError(403, "Forbidden", "configmaps is forbidden")
        async for change in watch(api_version, kind, namespace, **more):
            yield change

    cluster.watch = denied
    running = asyncio.create_task(west(world).run())
    await asyncio.sleep(100)
    await taken(world, bundle)
    assert (await running)[-1].exit_code == 0


async def test_what_is_not_final_is_not_exported(world: Any) -> None:
    """Static nodes are complete once the last node has entered itself, not when the ConfigMap is there."""
    with pytest.raises(BevelError) as caught:
        await exported(world)
    assert caught.value.code is Code.HANDOFF_EMPTY
    assert f"not ready: {GENESIS}" in caught.value.details
    world.clusters["east"].stuck.add("validator-1")
    await east(world).run(timeout=100.0)
    bundle = await exported(world)
    assert [item.handoff for item in bundle.items] == [GENESIS]
    assert bundle.pending == (PEERS,)
    await taken(world, bundle)
    events = await west(world).run(timeout=60.0)
    assert outcomes(events)[GENESIS] == "ok"
    assert events[-1].exit_code == 4


async def test_a_step_of_others_is_done_when_their_bundle_says_so(world: Any) -> None:
    """Beta's member needs alpha's validator, not anything of it (Fabric: a peer joins a channel that orderers have)."""
    network, plan = world.whole
    member = next(step for step in plan.steps if step.id == "west/beta/member")
    world.whole = (network, plan.changed(member.id, needs=(*member.needs, "east/alpha/validator-1")))
    world.clusters["east"].stuck.add("validator-1")
    await east(world).run(timeout=100.0)
    first = await exported(world)
    assert (first.done, "east/alpha/validator-1" in first.pending) == ((), True)
    world.clusters["east"].status(
        "StatefulSet", "alpha", "validator-1", replicas=1, readyReplicas=1, observedGeneration=1, currentRevision="1",
        updateRevision="1",
    )  # fmt: skip
    bundle = await exported(world)
    assert bundle.done == ("east/alpha/validator-1",)
    running = asyncio.create_task(west(world).run())
    await asyncio.sleep(20)
    await taken(world, resealed(bundle, done=()))
    await asyncio.sleep(100)
    assert not running.done()
    await taken(world, bundle)
    events = await running
    assert events[-1].exit_code == 0
    assert outcomes(events)["east/alpha/validator-1"] == "ok"
    waiting = [w.waiting_for[0] for w in of(events, "step-waiting") if w.step == "east/alpha/validator-1"]
    assert waiting == ["a bundle from alpha (that east/alpha/validator-1 is done): bevel-tui handoff import FILE"]
    assert outcomes(await west(world).run())["east/alpha/validator-1"] == "unchanged"


async def test_an_address_that_a_release_needs_comes_with_the_bundle(world: Any) -> None:
    network, plan = world.whole
    member = next(step for step in plan.steps if step.id == "west/beta/member")
    wanted = {"peer": ClusterFact("gateway-address", cluster="east")}
    plan = plan.changed(member.id, values=wanted, needs=(*member.needs, "east/address"))
    world.whole = (network, replace(plan, steps=ordered(plan.steps)))
    await east(world).run()
    bundle = await exported(world)
    assert (bundle.addresses, bundle.done) == ({"east": "192.0.2.1"}, ("east/address",))
    await taken(world, bundle)
    assert (await west(world).run())[-1].exit_code == 0
    assert next(o.values for o in world.helm.operations if o.release == "member") == {"peer": "192.0.2.1"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"network": "other"}, "of network other"),
        ({"platform": "fabric"}, "of a fabric network"),
        ({"receivers": ("gamma",)}, "it is for gamma; you are beta"),
        ({"senders": ("beta",)}, "comes from beta, which this side runs itself"),
        ({"senders": ("gamma",)}, "gamma, which is no organization"),
        ({"done": ("east/alpha/genesis",)}, "no step of this side waits for it"),
        ({"addresses": {"east": "192.0.2.1"}}, "nothing of this side needs it"),
        ({"items": ()}, "brings nothing"),
    ],
)
async def test_only_what_the_plan_waits_for_is_taken(world: Any, changes: dict[str, Any], said: str) -> None:
    await east(world).run()
    bundle = resealed(await exported(world), **changes)
    before = world.versions()
    with pytest.raises(BevelError) as caught:
        await taken(world, bundle)
    assert caught.value.code is Code.HANDOFF_REFUSED
    assert said in " ".join((caught.value.message, *caught.value.details))
    assert world.versions() == before


@pytest.mark.parametrize(
    ("name", "source", "data", "said"),
    [
        ("handoff/other/alpha->beta", "besu-genesis", {"content": b"x"}, "takes nothing of that name"),
        (GENESIS, "another", {"content": b"x"}, "was taken from ConfigMap alpha/another"),
        (GENESIS, "besu-genesis", {"content": b"x", "more": b"y"}, "more than may cross"),
        (GENESIS, "besu-genesis", {"other": b"x"}, "has no key content"),
    ],
)
async def test_an_item_that_is_not_on_the_allow_list_is_refused(
    world: Any, name: str, source: str, data: dict[str, bytes], said: str
) -> None:
    await east(world).run()
    item = Item.of(name, ObjectRef("v1", "ConfigMap", source, "alpha"), data)
    with pytest.raises(BevelError) as caught:
        await taken(world, resealed(await exported(world), items=(item,)))
    assert said in " ".join(caught.value.details)


async def test_bundles_add_to_one_another_and_the_later_one_counts(world: Any) -> None:
    await east(world).run()
    bundle = await exported(world)
    genesis = next(item for item in bundle.items if item.handoff == GENESIS)
    other = Item.of(GENESIS, ObjectRef("v1", "ConfigMap", "besu-genesis", "alpha"), {"content": b"another"})
    later = bundle.created.replace(year=bundle.created.year + 1)
    await taken(world, bundle)
    await taken(world, resealed(bundle, created=later, items=(other,)))
    assert (await taken(world, bundle)).changed == ()
    received = await read([world.clusters["west"]], "supply")
    assert set(received.items) == {GENESIS, PEERS}
    assert received.items[GENESIS][1] == other != genesis


async def test_presets_that_differ_are_told(world: Any) -> None:
    await east(world).run()
    found = await taken(world, await exported(world), agreed="something else")
    assert "compare them" in found.notes[0]


async def test_who_needs_nothing_is_told_so(world: Any) -> None:
    west(world)
    with pytest.raises(BevelError, match="alpha needs nothing from this side"):
        await give(world.network, world.plan, ["alpha"], parts=world.parts)
    with pytest.raises(BevelError, match="beta is run by this side"):
        await give(world.network, world.plan, ["beta"], parts=world.parts)
    with pytest.raises(BevelError, match="no organization gamma"):
        await give(world.network, world.plan, ["gamma"], parts=world.parts)


async def test_what_was_taken_in_goes_with_the_data_only(world: Any) -> None:
    await east(world).run()
    await taken(world, await exported(world))
    await west(world).run()
    await west(world).run("destroy")
    assert await world.clusters["west"].get(ref("supply")) is not None
    await west(world).run()
    await west(world).run("destroy", purge_data=True)
    assert await world.clusters["west"].get(ref("supply")) is None


def test_each_organization_is_told_once_per_round(world: Any) -> None:
    east(world)
    rounds = Rounds.of(world.network, world.plan.steps)
    assert rounds.finished(GENESIS) == ()
    assert rounds.finished("east/alpha/genesis") == ()
    assert rounds.finished(PEERS) == ("beta",)
    assert rounds.finished(PEERS) == ()


def test_sides_of_the_small_plan_are_what_these_tests_take_them_for(world: Any) -> None:
    plan = west(world).plan
    assert {s.id for s in plan.steps if isinstance(s, HandoffStep) and s.crossing == "import"} == {GENESIS, PEERS}
    assert all(s.managed == (s.cluster == "west") for s in plan.steps if isinstance(s, ReleaseStep))
