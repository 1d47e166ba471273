"""Whole runs in virtual time, over clusters in memory and a recording Helm."""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
from dataclasses import replace
from typing import Any

import looptime  # noqa: F401 - its marker makes time virtual
import pytest

from bevel_tui import locations
from bevel_tui.engine import inventory
from bevel_tui.engine.cancel import Cancellation
from bevel_tui.engine.labels import DIGEST
from bevel_tui.helm.driver import Outcome
from bevel_tui.kube.client import ApiError
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.events import EVENTS
from bevel_tui.records.steps import ReleaseStep
from tests.faults.catalogue import fault

pytestmark = pytest.mark.looptime(start=0)


def of(events: list[Any], kind: str) -> list[Any]:
    return [event for event in events if event.type == kind]


def outcomes(events: list[Any]) -> dict[str, str]:
    return {event.step: event.outcome for event in of(events, "step-finished")}


async def test_a_preset_becomes_a_network_and_events_tell_all_of_it(world: Any) -> None:
    events = await world.run()
    assert events[0].type == "run-started"
    assert events[-1].type == "run-finished"
    assert [event.seq for event in events] == list(range(len(events)))
    assert len({event.run for event in events}) == 1
    last = events[-1]
    assert (last.outcome, last.exit_code, last.error) == ("ok", 0, None)
    assert set(outcomes(events)) == {step.id for step in world.plan.steps} | {"east/matrix"}
    assert {step.id for step in events[0].steps} == set(outcomes(events))
    assert set(outcomes(events).values()) <= {"ok", "unchanged"}
    applied = of(events, "release-applied")
    assert {a.step for a in applied} == {s.id for s in world.plan.steps if s.kind == "release"}
    assert all(a.chart_source == "memory" and a.chart_digest and a.stand_in for a in applied)
    assert [e.url for e in last.endpoints] == ["http://v1rpc.east.example.com"]
    assert [(c.result.id, c.result.status) for c in of(events, "check-done")] == [
        ("protocol", "ok"),
        ("cluster-path", "ok"),
    ]
    assert of(events, "address-known")[0].addresses == ("192.0.2.1",)
    assert world.reach.asked == [("east.example.com", ("192.0.2.1",))]
    assert 0 < last.critical_path <= last.duration


async def test_handed_off_files_reach_the_chart_and_secrets_reach_helm_only(world: Any) -> None:
    events = await world.run()
    files = dict(world.charts.prepared)["west/beta/genesis"]
    assert set(files) == {"files/genesis.json", "files/static-nodes.json"}
    moved = of(events, "handoff-moved")
    assert {m.target for m in moved} == {
        "west/beta/genesis:files/genesis.json",
        "west/beta/genesis:files/static-nodes.json",
    }
    genesis = next(o for o in world.helm.operations if o.release == "genesis" and o.context == "east")
    assert genesis.values["password"] == "canary-password-2"
    everything = "\n".join(EVENTS.dump_json(event).decode() for event in events)
    journal = next(locations.runs().glob("*/events.jsonl"))
    assert "canary" not in everything
    assert "canary" not in journal.read_text()
    assert "canary" not in json.dumps(world.environ)
    labels = json.dumps([dict(o.labels) for o in world.helm.operations])
    assert "canary" not in labels


async def test_a_second_run_writes_nothing_and_moves_no_resource_version(world: Any) -> None:
    await world.run()
    before, writes, operations = world.versions(), len(world.writes()), len(world.helm.operations)
    events = await world.run()
    assert events[-1].exit_code == 0
    assert world.versions() == before
    assert len(world.writes()) == writes
    assert len(world.helm.operations) == operations
    assert set(outcomes(events).values()) - {"unchanged"} <= {"ok"}
    changing = {step for step, outcome in outcomes(events).items() if outcome == "ok"}
    assert changing == {"east/check"}


async def test_lease_and_inventory_stand_around_the_changes(world: Any) -> None:
    await world.run()
    for name, cluster in world.clusters.items():
        kinds = [(verb, kind) for verb, kind, _ in cluster.writes]
        assert kinds.index(("create", "Lease")) < kinds.index(("create", "ConfigMap"))
        assert kinds[-1] == ("delete", "Lease")
        inventory = cluster.objects["v1", "ConfigMap", "bevel-tui", "bevel-tui-supply"]["data"]
        assert inventory["plan"] == "plan-1"
        assert inventory["cluster"] == name
        assert "supply" in inventory["network.yaml"]
        assert ("coordination.k8s.io/v1", "Lease", "bevel-tui", "bevel-tui-supply") not in cluster.objects


async def test_changed_values_upgrade_exactly_that_release(world: Any) -> None:
    await world.run()
    done = len(world.helm.operations)
    world.plan = world.plan.changed("west/beta/member", values={"size": "2Gi"})
    events = await world.run()
    assert world.helm.verbs()[done:] == [("upgrade", "west/beta/member")]
    assert outcomes(events)["west/beta/member"] == "ok"
    assert events[-1].exit_code == 0
    # Only the cluster that changes... and the inventories, which name the new plan everywhere.
    assert (
        world.clusters["east"].objects["v1", "ConfigMap", "bevel-tui", "bevel-tui-supply"]["data"]["plan"] == "plan-2"
    )


async def test_a_followed_file_that_changes_upgrades_its_reader_a_frozen_one_does_not(world: Any) -> None:
    await world.run()
    done = len(world.helm.operations)
    east = world.clusters["east"]
    frozen = east.objects["v1", "ConfigMap", "alpha", "besu-peers"]
    east.put({**frozen, "data": {"content": "more peers"}})
    events = await world.run()
    assert world.helm.verbs()[done:] == []
    followed = east.objects["v1", "ConfigMap", "alpha", "besu-genesis"]
    east.put({**followed, "data": {"content": "another genesis"}})
    events = await world.run()
    assert world.helm.verbs()[done:] == [("upgrade", "west/beta/genesis")]
    assert dict(world.charts.prepared)["west/beta/genesis"]["files/genesis.json"] == b"another genesis"
    assert events[-1].exit_code == 0


async def test_a_failing_job_ends_the_wait_with_its_last_words_and_others_go_on(world: Any) -> None:
    world.clusters["east"].failing.add("genesis-init")
    events = await world.run()
    last = events[-1]
    assert (last.outcome, last.exit_code) == ("failed", 1)
    found = outcomes(events)
    assert found["east/alpha/genesis"] == "failed"
    assert found["east/gateway-ns/gateway"] == "ok"
    assert found["east/dns"] in {"ok", "unchanged"}
    for skipped in ("east/alpha/validator-1", "handoff/genesis/alpha->beta", "west/beta/genesis", "east/check"):
        assert found[skipped] == "skipped"
    finding = next(f.finding for f in of(events, "finding-raised") if f.finding.terminal)
    assert finding.code == "JOB-BACKOFF"
    assert "the input is missing" in finding.cause
    assert "--context east" in finding.remedy
    assert any(line.text == "the input is missing" for line in of(events, "log-line"))
    assert last.duration < 30  # not the step's budget
    assert "genesis" in last.error


async def test_after_the_cause_is_mended_the_same_command_finishes(world: Any) -> None:
    world.clusters["east"].failing.add("genesis-init")
    await world.run()
    world.clusters["east"].failing.clear()
    done = len(world.helm.operations)
    events = await world.run()
    assert events[-1].exit_code == 0
    assert world.helm.verbs()[done] == ("upgrade", "east/alpha/genesis")
    assert ("delete", "Job", "genesis-init") in world.clusters["east"].writes
    notices = [n.text for n in of(events, "notice")]
    assert any("repaired" in text for text in notices)


async def test_a_failing_hook_ends_helm_early_and_the_next_run_installs_again(world: Any) -> None:
    world.clusters["east"].failing.add("validator-1-hook")
    events = await world.run()
    assert events[-1].exit_code == 1
    assert outcomes(events)["east/alpha/validator-1"] == "failed"
    assert events[-1].duration < 30  # Helm would have waited 300 s
    world.clusters["east"].failing.clear()
    done = len(world.helm.operations)
    events = await world.run()
    assert events[-1].exit_code == 0
    assert world.helm.verbs()[done] == ("install", "east/alpha/validator-1")


async def test_upgrade_replaces_a_job_whose_template_changes(world: Any) -> None:
    await world.run()
    world.plan = world.plan.changed("east/alpha/genesis", values={"count": 4})
    events = await world.run()
    assert events[-1].exit_code == 0, events[-1].error
    assert ("delete", "Job", "genesis-init") in world.clusters["east"].writes
    assert any("made anew" in n.text for n in of(events, "notice"))


async def test_unset_secrets_are_told_at_once_before_anything_happens(world: Any, monkeypatch: Any) -> None:
    monkeypatch.delenv("TEST_TOKEN")
    monkeypatch.delenv("TEST_PASSWORD")
    events = await world.run()
    assert [e.type for e in events] == ["run-started", "run-finished"]
    assert events[-1].exit_code == 2
    assert "TEST_TOKEN" in events[-1].error
    assert "TEST_PASSWORD" in events[-1].error
    assert world.writes() == []


async def test_an_unreachable_cluster_is_exit_3_and_nothing_is_changed(world: Any) -> None:
    world.unreachable = {"west"}
    events = await world.run()
    assert (events[-1].outcome, events[-1].exit_code) == ("unusable", 3)
    assert world.writes() == []
    assert world.clusters["east"].closed


async def test_a_cluster_that_stops_answering_while_it_is_read_is_exit_3(world: Any) -> None:
    world.clusters["west"].down = True
    events = await world.run()
    assert (events[-1].outcome, events[-1].exit_code) == ("unusable", 3)
    assert world.writes() == []


async def test_a_cluster_that_falls_silent_between_reading_and_changing_is_exit_3(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = itertools.count()
    real = inventory.read

    async def read(*arguments: Any) -> Any:
        """What is kept of the network is read once per cluster for the plan, then once more before the first change."""
        if next(asked) >= len(world.clusters):
            raise ApiError(0, "Unreachable", "127.0.0.1:6443: Connection refused")
        return await real(*arguments)

    monkeypatch.setattr(inventory, "read", read)
    events = await world.run()
    assert (events[-1].outcome, events[-1].exit_code) == ("unusable", 3)
    assert events[-1].error == "A cluster cannot be used: 127.0.0.1:6443: Connection refused"
    assert world.writes() == []


@fault(
    "missing rights",
    "every verb is asked for beforehand; exit code 3 lists what is missing with a ready Role; nothing is changed",
)
async def test_missing_rights_are_listed_with_a_role_and_nothing_is_changed(world: Any) -> None:
    world.clusters["east"].denied = {("create", "jobs"), ("create", "namespaces")}
    events = await world.run()
    assert events[-1].exit_code == 3
    error = events[-1].error
    assert "namespace alpha: create jobs.batch" in error
    assert "cluster-wide: create namespaces" in error
    assert "kind: Role" in error
    assert "kind: ClusterRole" in error
    assert world.writes() == []


@fault("two operators at once", "one works; the other is told who holds the Lease and since when, and changes nothing")
async def test_a_held_lease_names_its_holder_and_nothing_is_changed(world: Any) -> None:
    from datetime import UTC, datetime

    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    west = world.clusters["west"]
    west.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bevel-tui"}})
    west.put(
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "bevel-tui-supply", "namespace": "bevel-tui"},
            "spec": {
                "holderIdentity": "ann@elsewhere:1:r",
                "acquireTime": now,
                "renewTime": now,
                "leaseDurationSeconds": 60,
            },
        }
    )
    events = await world.run()
    assert events[-1].exit_code == 3
    assert "ann@elsewhere" in events[-1].error
    assert world.helm.operations == []
    assert {kind for _, _, kind, _ in world.writes()} <= {"Lease", "Namespace"}


async def test_not_reachable_is_exit_5(world: Any) -> None:
    world.reach.failing.add("rpc")
    events = await world.run()
    assert (events[-1].outcome, events[-1].exit_code) == ("unreachable", 5)
    assert events[-1].remedy == "mend it"


async def test_dns_that_never_comes_is_exit_4_at_the_total_budget(world: Any) -> None:
    world.reach.delay = 10_000
    events = await world.run(timeout=100)
    assert (events[-1].outcome, events[-1].exit_code) == ("timed-out", 4)
    assert events[-1].duration == pytest.approx(100, abs=2)
    found = outcomes(events)
    assert found["east/dns"] == "timed-out"
    assert found["west/beta/member"] == "ok"
    assert of(events, "dns-waiting")[0].servers == {"ns1": "no such name"}


async def test_the_first_ctrl_c_finishes_helm_and_stops(world: Any) -> None:
    cancel = Cancellation()
    # Helm installs genesis (and the gateway) from 0 to about 1 s.
    asyncio.get_running_loop().call_later(0.5, cancel.request)
    events = await world.run(cancel=cancel)
    assert (events[-1].outcome, events[-1].exit_code) == ("interrupted", 130)
    assert of(events, "interrupted")[0].stage == 1
    statuses = {
        key[3]: obj["metadata"]["labels"]["status"]
        for key, obj in world.clusters["east"].objects.items()
        if key[1] == "Secret" and key[3].startswith("sh.helm")
    }
    assert statuses
    assert set(statuses.values()) == {"deployed"}
    assert ("coordination.k8s.io/v1", "Lease", "bevel-tui", "bevel-tui-supply") not in world.clusters["east"].objects
    again = await world.run()
    assert again[-1].exit_code == 0


async def test_the_second_ctrl_c_leaves_within_two_seconds_and_the_next_run_repairs(world: Any) -> None:
    world.helm.kill = {"genesis"}
    cancel = Cancellation()
    loop = asyncio.get_running_loop()
    loop.call_later(5, cancel.request)
    loop.call_later(6, cancel.request)
    events = await world.run(cancel=cancel)
    assert loop.time() <= 8
    assert events[-1].exit_code == 130
    assert [e.stage for e in of(events, "interrupted")] == [1, 2]
    world.helm.kill = set()
    done = len(world.helm.operations)
    again = await world.run()
    assert again[-1].exit_code == 0
    assert world.helm.verbs()[done] == ("install", "east/alpha/genesis")
    assert any("cut off" in n.text for n in of(again, "notice"))


async def test_a_stop_before_anything_is_changed(world: Any) -> None:
    cancel = Cancellation()
    cancel.request()
    events = await world.run(cancel=cancel)
    assert events[-1].exit_code == 130
    assert world.writes() == []


async def test_releases_of_a_lane_never_overlap_and_helm_is_bounded_per_cluster(world: Any) -> None:
    from dataclasses import replace

    base = world.release("east", "alpha", "validator-1")
    clones = []
    for index in range(2, 7):
        name = f"validator-{index}"
        clone = replace(base, id=f"east/alpha/{name}", release=name, endpoints=(), produces=())
        clones.append(
            replace(
                clone,
                expects=tuple(
                    replace(e, ref=replace(e.ref, name=e.ref.name.replace("validator-1", name))) for e in base.expects
                ),
            )
        )
    steps = list(world.plan.steps)
    at = [s.id for s in steps].index("east/alpha/validator-1") + 1
    world.plan = type(world.plan)((*steps[:at], *clones, *steps[at:]))
    world.helm.seconds = 3.0
    events = await world.run(helm_per_cluster=2)
    assert events[-1].exit_code == 0, events[-1].error
    validators = sorted(s for s in world.helm.spans if "validator" in s[0])
    ordered = sorted(validators, key=lambda s: s[1])
    assert all(a[2] <= b[1] for a, b in itertools.pairwise(ordered))
    east = [s for s in world.helm.spans if s[0].startswith("east")]
    moments = [start for _, start, _ in east]
    assert max(sum(s <= m < e for _, s, e in east) for m in moments) <= 2


async def test_helm_refusing_a_chart_is_exit_2(world: Any) -> None:
    world.helm.answers["genesis"] = Outcome(ok=False, error="template: no such function", reason="render")
    events = await world.run()
    assert events[-1].exit_code == 2
    assert "no such function" in events[-1].error


async def test_a_watch_that_breaks_for_good_is_begun_anew(world: Any) -> None:
    west = world.clusters["west"]
    west.stuck.add("member")
    loop = asyncio.get_running_loop()
    loop.call_later(20, west.break_watches)
    ready = {"replicas": 1, "readyReplicas": 1, "observedGeneration": 1, "currentRevision": "1", "updateRevision": "1"}
    loop.call_later(40, lambda: west.status("StatefulSet", "beta", "member", **ready))
    events = await world.run()
    assert events[-1].exit_code == 0, events[-1].error
    assert [e.step for e in of(events, "notice") if "answers again" in e.text] == ["west/beta/member"]
    assert [o.release for o in world.helm.operations].count("member") == 1


async def test_a_job_that_is_complete_without_its_result_is_named(world: Any) -> None:
    world.clusters["east"].results["genesis-init"] = ()
    events = await world.run()
    codes = [f.finding.code for f in of(events, "finding-raised")]
    assert "JOB-NO-RESULT" in codes
    assert events[-1].exit_code == 1
    assert events[-1].duration < 120


async def test_what_comes_later_is_waited_for(world: Any) -> None:
    """A Secret that is there at once and gets its last keys minutes later (facts A5, a notary's registration)."""
    genesis = world.release("east", "alpha", "genesis")
    first, *rest = genesis.produces
    world.plan = world.plan.changed(genesis.id, produces=(replace(first, awaited=("late",), within=900.0), *rest))
    cluster = world.clusters["east"]
    late = {"apiVersion": "v1", "kind": first.ref.kind, "data": {"content": "cHVibGlj", "late": "cHVibGlj"}}
    late["metadata"] = {"name": first.ref.name, "namespace": first.ref.namespace}
    asyncio.get_running_loop().call_later(300, lambda: cluster.put(late))
    events = await world.run()
    assert events[-1].exit_code == 0, events[-1].error
    assert "JOB-NO-RESULT" not in [f.finding.code for f in of(events, "finding-raised")]
    ended = next(e for e in of(events, "step-finished") if e.step == genesis.id)
    assert ended.duration > 290


def rerunning(world: Any) -> None:
    """The founder's genesis may run its Job again, as Fabric's enrolments may."""
    world.plan = world.plan.changed("east/alpha/genesis", rerun=True)


async def test_a_job_that_may_run_again_does_until_its_result_is_there(world: Any) -> None:
    """Bevel's enrolment ends well though its CA did not answer (facts F03): some seconds later it would."""
    rerunning(world)
    cluster = world.clusters["east"]
    wanted, cluster.results["genesis-init"] = cluster.results["genesis-init"], ()
    asyncio.get_running_loop().call_later(15, lambda: cluster.results.update({"genesis-init": wanted}))
    events = await world.run()
    assert events[-1].exit_code == 0, events[-1].error
    notices = [n.text for n in of(events, "notice") if "runs again" in n.text]
    assert [n[-8:] for n in notices] == ["1 of 3).", "2 of 3)."]
    assert "Job alpha/genesis-init is complete but has not made" in notices[0]
    assert cluster.writes.count(("create", "Job", "genesis-init")) == 2


async def test_a_job_that_never_makes_its_result_is_given_up(world: Any) -> None:
    rerunning(world)
    world.clusters["east"].results["genesis-init"] = ()
    events = await world.run()
    assert "JOB-NO-RESULT" in [f.finding.code for f in of(events, "finding-raised")]
    assert len([n for n in of(events, "notice") if "runs again" in n.text]) == 3
    assert events[-1].exit_code == 1


async def test_what_becomes_ready_later_is_waited_for_later(world: Any) -> None:
    """Fabric 2.2: orderers start when the genesis, which is made from their certificates, is there."""
    validator = world.release("east", "alpha", "validator-1")
    pod = next(e.ref for e in validator.expects if e.ref.kind == "StatefulSet")
    world.plan = world.plan.changed(validator.id, later=(pod,))
    late = ReleaseStep(
        id="east/alpha/late",
        cluster="east",
        namespace="alpha",
        release="late",
        chart="chart-late",
        chart_version="1",
        needs=(validator.id,),
        awaits=(pod,),
    )
    world.plan = type(world.plan)((*world.plan.steps, late))
    cluster = world.clusters["east"]
    cluster.stuck.add(pod.name)
    loop = asyncio.get_running_loop()
    loop.call_later(
        200,
        lambda: cluster.status(
            "StatefulSet", pod.namespace, pod.name, replicas=1, readyReplicas=1, observedGeneration=1,
            currentRevision="1", updateRevision="1",
        ),
    )  # fmt: skip
    events = await world.run()
    assert events[-1].exit_code == 0, events[-1].error
    finished = [e.step for e in of(events, "step-finished")]
    assert finished.index(validator.id) < finished.index(late.id)
    assert outcomes(events)[validator.id] == "ok" and loop.time() > 200
    events = await world.run()
    assert outcomes(events)[late.id] == "unchanged"


async def test_unmanaged_steps_are_left_to_their_owner(world: Any) -> None:
    for step in world.plan.steps:
        if step.cluster == "west":
            world.plan = world.plan.changed(step.id, managed=False)
    events = await world.run()
    found = outcomes(events)
    assert found["west/beta/genesis"] == "skipped"
    assert found["east/check"] == "ok"
    assert events[-1].exit_code == 0


async def test_check_alone_changes_nothing(world: Any) -> None:
    await world.run()
    before = world.versions()
    world.reach.failing.add("rpc")
    events = await world.run("check")
    assert events[0].command == "check"
    assert (events[-1].outcome, events[-1].exit_code) == ("unreachable", 5)
    assert world.versions() == before


async def test_the_digest_is_a_label_and_no_secret_is_in_it(world: Any) -> None:
    await world.run()
    labels = {o.labels[DIGEST] for o in world.helm.operations}
    assert all(len(label) <= 63 for label in labels)


async def test_a_reader_that_leaves_ends_the_run(world: Any) -> None:
    from bevel_tui.engine.options import RunOptions
    from bevel_tui.engine.run import deploy

    stream = deploy(world.network, world.plan, RunOptions(), parts=world.parts)
    async for event in stream:
        if event.type == "step-started":
            break
    await stream.aclose()
    assert all(cluster.closed for cluster in world.clusters.values())
    assert len(asyncio.all_tasks()) == 1 + sum(len(c._tasks) for c in world.clusters.values())


async def test_a_chart_that_does_not_render_is_known_before_anything_is_changed(world: Any) -> None:
    world.charts.stand_in = False

    async def refuse(operation: Any) -> str:
        raise BevelError(Code.CHART_RENDER, f"Chart of {operation.release} cannot be rendered: no such function")

    world.helm.render = refuse
    events = await world.run()
    assert events[-1].exit_code == 2
    assert "no such function" in events[-1].error
    assert world.helm.operations == []
    assert world.writes() == []


async def test_a_machine_without_room_says_so_and_what_to_do(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device", "/tmp/x/values.json")

    monkeypatch.setattr(world.charts, "prepare", full)
    events = await world.run()
    assert events[-1].exit_code == 1
    assert "This machine: /tmp/x/values.json: No space left on device" in events[-1].error
    assert "TMPDIR" in events[-1].remedy
