"""The repair table: every cell is defined, every cell is carried out against a recording Helm, none is blind."""

from __future__ import annotations

from typing import Any, get_args

import looptime  # noqa: F401 - its marker makes time virtual
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevel_tui.engine.labels import DIGEST, NETWORK
from bevel_tui.engine.repair import (
    FOREIGN_PENDING,
    TABLE,
    Hooks,
    Record,
    Situation,
    hooks_of,
    situation,
    to_forget,
)
from bevel_tui.helm.driver import Operation
from bevel_tui.records.steps import Expected, ObjectRef

NOW = 1_700_000_000.0
JOB = ObjectRef("batch/v1", "Job", "j", "ns")
STATUSES = (
    "deployed",
    "failed",
    "pending-install",
    "pending-upgrade",
    "pending-rollback",
    "superseded",
    "uninstalling",
    "uninstalled",
    "unknown",
)


def record(
    status: str, revision: int = 1, digest: str | None = "d", network: str | None = "supply", ago: float = 0
) -> Record:
    return Record(revision, status, f"sh.helm.release.v1.r.v{revision}", digest, network, NOW - ago)


def name(*records: Record, digest: str | None = "d", damaged: bool = False) -> Situation:
    return situation(records, digest=digest, network="supply", now=NOW, damaged=damaged)


def test_every_state_has_a_name() -> None:
    assert name() == "absent"
    assert name(record("deployed")) == "same"
    assert name(record("deployed"), damaged=True) == "damaged"
    assert name(record("deployed", digest="e")) == "different"
    assert name(record("deployed"), digest=None) == "different"
    assert name(record("deployed", network=None, digest=None)) == "foreign"
    assert name(record("deployed", network="other")) == "foreign"
    assert name(record("failed")) == "failed-first"
    assert name(record("failed", 1), record("failed", 2)) == "failed-first"
    assert name(record("deployed", 1), record("failed", 2)) == "failed-later"
    assert name(record("superseded", 1), record("failed", 2)) == "failed-later"
    assert name(record("pending-install")) == "pending-install"
    assert name(record("deployed", 1), record("pending-upgrade", 2)) == "pending-upgrade"
    assert name(record("deployed", 1), record("pending-rollback", 2)) == "pending-rollback"
    assert name(record("uninstalling")) == "uninstalling"
    assert name(record("uninstalled")) == "uninstalled"
    assert name(record("superseded")) == "superseded"
    assert name(record("unknown")) == "unknown"


def test_somebody_elses_pending_operation_is_left_alone_until_it_must_be_dead() -> None:
    fresh = record("pending-install", network=None, ago=FOREIGN_PENDING - 1)
    stale = record("pending-install", network=None, ago=FOREIGN_PENDING + 1)
    assert name(fresh) == "unknown"
    assert TABLE[name(fresh), "none"].verb is None
    assert name(stale) == "pending-install"


def test_the_table_is_complete() -> None:
    assert set(TABLE) == {(s, h) for s in get_args(Situation) for h in get_args(Hooks)}


@pytest.mark.parametrize("cell", sorted(TABLE))
def test_no_cell_is_blind(cell: tuple[Situation, Hooks]) -> None:
    """Never an uninstall with hooks; an install hook that never finished always runs again; no upgrade over a
    pending record, which Helm refuses."""
    found, hooks = cell
    action = TABLE[cell]
    assert action.verb in {None, "install", "upgrade"}
    assert action.cause
    if found.startswith("pending"):
        assert action.forget != "none"
    if found == "pending-install" or (found == "failed-first" and hooks in {"install", "both"}):
        assert (action.verb, action.forget) == ("install", "all")
    if action.verb == "install" and found not in {"absent", "uninstalling"}:
        assert action.forget == "all"
    if found == "uninstalling":
        assert action.uninstall
    if action.word in {"unchanged", "refuse"}:
        assert (action.verb, action.forget, action.uninstall) == (None, "none", False)


@given(st.lists(st.sampled_from(STATUSES), max_size=5), st.booleans())
def test_any_history_leads_to_one_cell_and_records_are_forgotten_only_as_it_says(
    history: list[str], ours: bool
) -> None:
    network = "supply" if ours else None
    records = [record(status, index + 1, network=network, ago=10_000) for index, status in enumerate(history)]
    action = TABLE[situation(records, digest="d", network="supply", now=NOW), "both"]
    gone = to_forget(records, action.forget)
    if action.forget == "newest":
        assert gone == (records[-1],)
        assert any(r.status in STATUSES for r in records)
    elif action.forget == "all":
        assert list(gone) == records
    else:
        assert gone == ()


def test_hooks_are_classified() -> None:
    def hooks(*kinds: str | None) -> Hooks:
        return hooks_of(Expected(JOB, kind) for kind in kinds)

    assert hooks(None) == "none"
    assert hooks("pre-install") == "install"
    assert hooks("post-install,post-upgrade") == "install"
    assert hooks("pre-delete", None) == "delete"
    assert hooks("pre-install", "pre-delete") == "both"
    assert hooks("test") == "none"


# ---------------------------------------------------------------- carried out, every cell


HISTORY: dict[Situation, tuple[tuple[str, ...], dict[str, Any]]] = {
    "absent": ((), {}),
    "same": (("deployed",), {}),
    "damaged": (("deployed",), {"missing": True}),
    "different": (("deployed",), {"digest": "other"}),
    "foreign": (("deployed",), {"foreign": True}),
    "failed-first": (("failed",), {}),
    "failed-later": (("superseded", "failed"), {}),
    "pending-install": (("pending-install",), {}),
    "pending-upgrade": (("deployed", "pending-upgrade"), {}),
    "pending-rollback": (("deployed", "pending-rollback"), {}),
    "uninstalling": (("uninstalling",), {}),
    "uninstalled": (("uninstalled",), {}),
    "superseded": (("superseded",), {}),
    "unknown": (("unknown",), {}),
}


@pytest.mark.looptime(start=0)
@pytest.mark.parametrize("cell", sorted(TABLE))
async def test_every_cell_ends_with_the_release_deployed_and_its_hooks_run(
    world: Any, cell: tuple[Situation, Hooks]
) -> None:
    found, hooks = cell
    await world.run()  # gives the digest and the objects
    step = world.release("east", "alpha", "validator-1")
    stateful = next(e for e in step.expects if e.ref.kind == "StatefulSet")
    wanted = {"none": (), "install": ("pre-install",), "delete": ("pre-delete",), "both": ("pre-install", "pre-delete")}
    hook_jobs = tuple(e for e in step.expects if e.hook in wanted[hooks])
    world.plan = world.plan.changed(step.id, expects=(*hook_jobs, stateful))
    east = world.clusters["east"]
    secret = east.objects["v1", "Secret", "alpha", "sh.helm.release.v1.validator-1.v1"]
    labels = dict(secret["metadata"]["labels"])
    east.remove("v1", "Secret", "alpha", secret["metadata"]["name"])
    statuses, how = HISTORY[found]
    operation = Operation(
        verb="install",
        release="validator-1",
        namespace="alpha",
        kubeconfig=None,  # type: ignore[arg-type]
        context="east",
        labels={
            DIGEST: how.get("digest", labels[DIGEST]),
            NETWORK: "" if how.get("foreign") else "supply",
        },
    )
    for index, status in enumerate(statuses):
        world.helm.record(operation, world.release("east", "alpha", "validator-1"), index + 1, status)
    if how.get("missing") or found == "absent":
        east.remove("apps/v1", "StatefulSet", "alpha", "validator-1")
    east.objects.pop(("batch/v1", "Job", "alpha", "validator-1-hook"), None)
    done, action = len(world.helm.operations), TABLE[cell]
    events = await world.run()
    mine = [o for o in world.helm.operations[done:] if o.release == "validator-1"]
    if action.word == "refuse":
        assert mine == []
        assert events[-1].exit_code == 1
        assert "left alone" in events[-1].error
        return
    assert events[-1].exit_code == 0, events[-1].error
    expected = ["uninstall"] if action.uninstall else []
    assert [o.verb for o in mine] == [*expected, *([action.verb] if action.verb else [])]
    assert all(not o.keep_hooks for o in mine if o.verb == "uninstall")
    records = {
        obj["metadata"]["labels"]["status"]
        for key, obj in east.objects.items()
        if key[2] == "alpha" and obj["metadata"].get("labels", {}).get("name") == "validator-1"
    }
    assert "deployed" in records
    assert not {s for s in records if s.startswith("pending") or s == "uninstalling"}
    ran = ("batch/v1", "Job", "alpha", "validator-1-hook") in east.objects
    if found in {"pending-install", "failed-first", "absent"}:
        assert ran == (hooks in {"install", "both"})
    # Keys that a delete hook would have removed are there still.
    assert ("v1", "Secret", "alpha", "validator-keys") in east.objects


# ---------------------------------------------------------------- Helm is done, and its record does not say so


def _last(world: Any, release: str) -> tuple[list[str], list[Any]]:
    return [verb for verb, name in world.helm.verbs() if name.endswith(f"/{release}")], [
        obj["metadata"]["labels"]["status"]
        for key, obj in sorted(world.clusters["east"].objects.items(), key=str)
        if key[1] == "Secret" and (obj["metadata"].get("labels") or {}).get("name") == release
    ]


@pytest.mark.looptime(start=0)
async def test_a_record_that_could_not_be_written_is_repaired_in_the_same_run(world: Any) -> None:
    world.helm.unrecorded["validator-1"] = 1
    events = await world.run()
    assert events[-1].exit_code == 0, events[-1].error
    assert _last(world, "validator-1") == (["install", "install"], ["deployed"])
    told = [e for e in events if e.type == "release-applied" and e.release == "validator-1"]
    assert [e.action for e in told] == ["repair"]
    (notice,) = [e.text for e in events if e.type == "notice" and "could not write that down" in e.text]
    assert "alpha/validator-1 is repaired" in notice
    quiet = len(world.writes())
    assert (await world.run())[-1].exit_code == 0
    assert len(world.writes()) == quiet


@pytest.mark.looptime(start=0)
async def test_an_upgrade_whose_record_could_not_be_written_is_repaired_too(world: Any) -> None:
    await world.run()
    step = world.release("east", "alpha", "validator-1")
    world.plan = world.plan.changed(step.id, values={**step.values, "more": True})
    world.helm.unrecorded["validator-1"] = 1
    events = await world.run()
    assert events[-1].exit_code == 0, events[-1].error
    verbs, statuses = _last(world, "validator-1")
    assert verbs == ["install", "upgrade", "upgrade"]
    assert statuses == ["superseded", "deployed"]


@pytest.mark.looptime(start=0)
async def test_a_record_that_can_never_be_written_fails_the_step(world: Any) -> None:
    world.helm.unrecorded["validator-1"] = 9
    events = await world.run()
    assert events[-1].exit_code == 1
    assert "could not write that down" in events[-1].error
    assert _last(world, "validator-1")[0] == ["install", "install"]
    world.helm.unrecorded.clear()
    assert (await world.run())[-1].exit_code == 0
