"""Two sides of one plan: what one waits for is what the other owes, and nobody waits in a circle."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from bevel_tui.network.load import load
from bevel_tui.network.model import Channel, FabricRoles, Network, Organization
from bevel_tui.network.past import Past
from bevel_tui.network.sides import ours, seen_by, seen_by_all
from bevel_tui.plan.build import build
from bevel_tui.plan.graph import Plan
from bevel_tui.plan.render import text
from bevel_tui.plan.sides import acting_in, awaited, facts_of, owed, owners, run_needs, senders
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import HandoffStep

HERE = Path(__file__).parent
PRESETS = sorted((Path(__file__).parents[2] / "presets").glob("*-two-clusters.yaml"))
EVERYTHING = sorted(
    [
        *(Path(__file__).parents[2] / "presets").glob("*.yaml"),
        *(Path(__file__).parent / "cases").glob("*.yaml"),
    ]
)


@pytest.fixture(params=PRESETS, ids=lambda preset: preset.stem)
def network(request: pytest.FixtureRequest) -> Network:
    return load(str(request.param))


def sides(network: Network) -> list[Network]:
    """One operator per cluster."""
    return [seen_by(network, [o.name for o in network.organizations if o.cluster == c.name]) for c in network.clusters]


def test_every_step_has_one_side_that_runs_it(network: Network) -> None:
    plans = [build(side) for side in sides(network)]
    for steps in zip(*(plan.steps for plan in plans), strict=True):
        assert len({step.id for step in steps}) == 1
        if isinstance(steps[0], HandoffStep) and any(s.crossing for s in steps if isinstance(s, HandoffStep)):
            assert sorted(str(s.crossing) for s in steps) == ["export", "import"]  # type: ignore[attr-defined]
        else:
            assert sum(step.managed for step in steps) == 1, steps[0].id


def test_what_one_side_waits_for_is_what_the_other_owes(network: Network) -> None:
    views = [(side, build(side)) for side in sides(network)]
    for (one, plan), (other, theirs) in product(views, views):
        if one is not other:
            waits = {name for name in awaited(plan.steps) if set(senders(one, plan.step(name))) & set(ours(other))}
            assert waits == set(owed(theirs.steps))


def test_a_side_acts_in_its_own_cluster_only(network: Network) -> None:
    for side in sides(network):
        mine = {o.cluster for o in side.organizations if o.managed}
        assert {cluster for step in build(side).steps if step.managed for cluster in acting_in(step)} == mine


@pytest.mark.parametrize("preset", EVERYTHING, ids=lambda preset: f"{preset.parent.name}-{preset.stem}")
def test_an_order_for_all_sides_exists_in_which_every_wait_ends(preset: Path) -> None:
    """Played by hand, an operator per organization: a step is done when its side's needs are; what another side has
    to do, once that side has done it."""
    network = load(str(preset))
    play([build(seen_by(network, [organization.name])) for organization in network.organizations])


@pytest.mark.parametrize("preset", ["fabric-two-clusters", "fabric-two-two"])
def test_members_who_all_run_their_own_clusters_sign_a_newcomer_in(preset: str) -> None:
    """Each keeps its own memory; what crosses is who the newcomer is, and the update with its signatures."""
    network = load(str(HERE.parents[1] / "presets" / f"{preset}.yaml"))
    broker = Organization(name="broker", cluster=network.clusters[-1].name, fabric=FabricRoles(peers=1))
    channel = Channel(name="allchannel", participants=("supplychain", "carrier", "broker"), creator="carrier")
    grown = network.model_copy(
        update={
            "organizations": (*network.organizations, broker),
            "platform": network.platform.model_copy(update={"channels": (channel,)}),
        }
    )
    views = []
    for organization in grown.organizations:
        now = seen_by(grown, [organization.name])
        views.append(build(now, Past.of(network).after(now)))
    play(views)
    crossing = {s.id: s.receivers for s in views[0].steps if isinstance(s, HandoffStep) and s.crossing}
    assert crossing["handoff/definition/broker->supplychain/broker-new-data"] == ("supplychain",)
    assert crossing["handoff/update/supplychain->carrier/allchannel-update-1"] == ("carrier",)


def play(views: list[Plan]) -> None:
    """Fails if an operator of a plan is left waiting."""
    done: list[set[str]] = [set() for _ in views]
    moved = True
    while moved:
        moved = False
        for index, plan in enumerate(views):
            needs, waiting = run_needs(plan.steps), awaited(plan.steps)
            for step in plan.steps:
                here = step.managed or step.id in waiting
                if not here or step.id in done[index] or not done[index].issuperset(needs[step.id]):
                    continue
                foreign = not step.managed or (isinstance(step, HandoffStep) and step.crossing == "import")
                if foreign and not any(step.id in other for other in done if other is not done[index]):
                    continue
                done[index].add(step.id)
                moved = True
    for plan, finished in zip(views, done, strict=True):
        assert {step.id for step in plan.steps if step.managed} <= finished


def test_needs_come_first_still(network: Network) -> None:
    for side in sides(network):
        plan = build(side)
        place = {step.id: index for index, step in enumerate(plan.steps)}
        for name, needs in run_needs(plan.steps).items():
            assert all(place[need] < place[name] for need in needs)


def test_the_agreed_plan_is_the_same_for_all(network: Network) -> None:
    whole = build(network).id
    assert {build(seen_by_all(side)).id for side in sides(network)} == {whole}
    assert not any(isinstance(s, HandoffStep) and s.crossing for s in build(network).steps)


def test_a_plan_says_who_waits_for_whom() -> None:
    carrier = " ".join(text(build(seen_by(load("fabric-two-clusters"), ["carrier"]))).split())
    for words in (
        "This side waits for a bundle from supplychain (orderer-ca, that east/supplychain-net/allchannel is done)",
        "supplychain waits for a bundle from this side (msp, msp-config): bevel-tui handoff export --for supplychain",
        "Organization supplychain (by supplychain's owner)",
        "Gateway (by its owner)",
        "(from a bundle: handoff import)",
        "(handoff export --for supplychain)",
    ):
        assert words in carrier


def test_an_address_that_a_genesis_needs_is_awaited() -> None:
    side = seen_by(load("indy-two-clusters"), ["authority"])
    plan = build(side)
    assert "west/address" in awaited(plan.steps)
    asked = facts_of((step for step in plan.steps if step.managed), ["west"])
    assert {step.id for steps in asked.values() for step in steps} == {"east/authority-ns/genesis"}
    assert owners(side, plan.step("west/address")) == {"university"}


def test_a_name_that_no_organization_has_is_told() -> None:
    with pytest.raises(BevelError, match="has no organization nobody") as caught:
        seen_by(load("besu-two-clusters"), ["carrier", "nobody"])
    assert caught.value.code is Code.USAGE
    assert "supplychain" in caught.value.remedy
