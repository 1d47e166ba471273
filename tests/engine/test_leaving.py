"""What goes when the preset has it no more: only that, in order, and only if it was named."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from bevel_tui.engine.leaving import PREFIX, harmless, judge, leaving
from bevel_tui.network.consequence import Consequence
from bevel_tui.network.growth import consequences
from bevel_tui.network.load import parse
from bevel_tui.network.past import Past
from bevel_tui.plan.build import build
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import NamespaceStep, ReleaseStep


def network(*, members: int = 1, carrier: bool = True, validators: int = 4, tessera: bool = False) -> Any:
    document = yaml.safe_load(open("presets/besu-one-cluster.yaml"))  # noqa: PTH123, SIM115
    if tessera:
        document["platform"]["transaction_manager"] = "tessera"
    first = document["organizations"][0]
    first["besu"] = {"validators": validators, "members": members}
    second = {"name": "carrier", "cluster": first["cluster"], "besu": {"members": 1}}
    document["organizations"] = [first, *([second] if carrier else [])]
    return parse(yaml.safe_dump(document))


def plans(old: Any, new: Any) -> tuple[Any, Any]:
    past = Past.of(old)
    return build(old, past).steps, build(new, past.after(new)).steps


def test_nothing_goes_when_nothing_changed() -> None:
    old, new = plans(network(), network())
    assert leaving(old, new).steps == ()


def test_an_organization_goes_whole_each_step_after_those_that_need_it() -> None:
    gone = leaving(*plans(network(), network(carrier=False)))
    assert gone.early == ()
    names = [step.id.removeprefix(PREFIX) for step in gone.late]
    assert [name.rpartition("/")[2] for name in names] == ["member-carrier-1", "genesis", "carrier-bes"]
    by_id = {step.id: step for step in gone.late}
    assert all(need in by_id for step in gone.late for need in step.needs)
    assert isinstance(gone.late[-1], NamespaceStep)


def test_what_releases_share_stays_with_those_that_stay() -> None:
    old, new = plans(network(members=2, tessera=True), network(members=1, tessera=True))
    gone = leaving(old, new)
    (member,) = [step for step in gone.late if isinstance(step, ReleaseStep)]
    assert member.release == "member-supplychain-2"
    shared = {made.ref.name for made in member.produces if (member.cluster, made.ref) in gone.kept}
    assert shared == {"tessera-peers"}


def test_what_makes_room_goes_first() -> None:
    old, new = plans(network(), network())
    gone = leaving(old, new, anew={"carrier"})
    assert {s.release for s in gone.early if isinstance(s, ReleaseStep)} == {"member-carrier-1", "genesis"}
    assert gone.late == ()
    everything = leaving(old, new, anew=None)
    assert {s.id.removeprefix(PREFIX) for s in everything.early} >= {s.id for s in old if isinstance(s, ReleaseStep)}
    assert not any(ref.name == "besu-genesis" for _, ref in everything.kept)


def test_votes_hold_no_ledger_data_nodes_do() -> None:
    old = network()
    past = Past.of(old)
    grown = network(validators=5)
    steps = {s.release: s for s in build(grown, past.after(grown)).steps if isinstance(s, ReleaseStep)}
    assert harmless(steps["propose-validator-5"])
    assert not harmless(steps["validator-5"])


@pytest.mark.parametrize(
    "allowed", [("carrier",), ("member-carrier-1", "genesis"), ("carrier-bes/member-carrier-1", "carrier-bes/genesis")]
)
def test_a_removal_is_allowed_by_any_of_its_names(allowed: tuple[str, ...]) -> None:
    gone = leaving(*plans(network(), network(carrier=False)))
    judge((), gone.steps, allowed)


def test_everything_unnamed_is_listed_with_the_words_that_would_allow_it() -> None:
    old, new = network(members=2), network(carrier=False)
    gone = leaving(*plans(old, new))
    changed = new.model_copy(update={"platform": new.platform.model_copy(update={"chain_id": 7})})
    found = consequences(Past.of(old), changed)
    with pytest.raises(BevelError) as caught:
        judge(found, gone.steps, ())
    assert caught.value.code is Code.DESTRUCTIVE
    assert int(caught.value.exit_code) == 2
    assert "--allow-destructive genesis" in str(caught.value.remedy)
    with pytest.raises(BevelError) as caught:
        judge((), gone.steps, ("supplychain",))
    assert "--allow-destructive carrier" in str(caught.value.remedy)
    assert "supplychain" not in str(caught.value.remedy)
    with pytest.raises(BevelError, match="would destroy") as caught:
        judge((Consequence("x", "1", "2", "never", "", "it cannot be"),), (), ("genesis", "x"))
    assert "allow-destructive" not in str(caught.value.remedy)
