"""What the engine leaves and reads: secrets, digests, Lease, inventory, journal, masks, work folders."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import looptime  # noqa: F401 - its marker makes time virtual
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bevel_tui import locations
from bevel_tui.engine import inventory
from bevel_tui.engine.cancel import Cancellation
from bevel_tui.engine.changes import changes
from bevel_tui.engine.digest import LENGTH, release_digest
from bevel_tui.engine.emitter import Emitter
from bevel_tui.engine.journal import Journal
from bevel_tui.engine.lease import AWAY, DURATION, RELEASE, SKEW, Lease, dead, identity, sweep
from bevel_tui.engine.secrets import Secrets, environment
from bevel_tui.engine.watcher import ServerClock, reduce
from bevel_tui.engine.workdir import workdir
from bevel_tui.kube.client import ApiError
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.events import LogLine, Notice
from bevel_tui.records.steps import ReleaseStep, SecretStep, SecretValue
from tests.faults.catalogue import fault

# ---------------------------------------------------------------- secrets


def secret_step(*data: tuple[str, Any], kind: str = "Opaque") -> SecretStep:
    return SecretStep(id="c/ns/secret/s", cluster="c", namespace="ns", name="s", secret_type=kind, data=data)  # type: ignore[arg-type]


def test_references_become_values_and_children_do_not_inherit_them(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "token").write_text("from file\n")
    monkeypatch.setenv("A_PASSWORD", "from env")
    step = secret_step(
        ("a", SecretValue(env="A_PASSWORD")), ("b", SecretValue(file=str(tmp_path / "token"))), ("c", "x")
    )
    secrets = Secrets.resolve([step])
    decoded = {key: base64.b64decode(value).decode() for key, value in secrets.data(step).items()}
    assert decoded == {"a": "from env", "b": "from file", "c": "x"}
    assert set(secrets.values()) == {"from env", "from file"}
    assert "A_PASSWORD" not in environment([step])
    assert "PATH" in environment([step])


def test_all_unset_references_are_named_and_no_value_is(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    (tmp_path / "empty").write_text("\n")
    step = secret_step(
        ("a", SecretValue(env="NOT_THERE")),
        ("b", SecretValue(file=str(tmp_path / "missing"))),
        ("c", SecretValue(file=str(tmp_path / "empty"))),
    )
    with pytest.raises(BevelError) as refused:
        Secrets.resolve([step])
    assert refused.value.code == Code.SECRET_UNSET
    assert len(refused.value.details) == 3


@pytest.mark.parametrize(
    ("value", "word", "url"),
    [("plain-1.2_3~", True, True), ("p@ss", True, False), ("a/b:c%", True, False), ("two words", False, False)],
)
def test_what_charts_put_into_scripts_and_urls_is_looked_at_first(
    value: str, word: bool, url: bool, monkeypatch: Any
) -> None:
    monkeypatch.setenv("PW", value)
    for reference, fits in ((SecretValue(env="PW", word=True), word), (SecretValue(env="PW", url=True), url)):
        if fits:
            assert Secrets.resolve([secret_step(("a", reference))]).values() == (value,)
            continue
        with pytest.raises(BevelError) as refused:
            Secrets.resolve([secret_step(("a", reference))])
        assert refused.value.code == Code.SECRET_UNFIT
        assert "environment variable PW" in refused.value.details[0] and value not in str(refused.value.details)


def test_a_registry_secret_is_a_docker_config(monkeypatch: Any) -> None:
    monkeypatch.setenv("R_USER", "ann")
    monkeypatch.setenv("R_PASSWORD", "pa:ss")
    step = secret_step(
        ("server", "registry.example.com"),
        ("username", SecretValue(env="R_USER")),
        ("password", SecretValue(env="R_PASSWORD")),
        kind="kubernetes.io/dockerconfigjson",
    )
    data = Secrets.resolve([step]).data(step)
    config = json.loads(base64.b64decode(data[".dockerconfigjson"]))
    entry = config["auths"]["registry.example.com"]
    assert base64.b64decode(entry["auth"]).decode() == "ann:pa:ss"


# ---------------------------------------------------------------- digests


def release(values: dict[str, Any], patches: tuple[str, ...] = ()) -> ReleaseStep:
    return ReleaseStep(
        id="c/ns/r",
        cluster="c",
        namespace="ns",
        release="r",
        chart="x",
        chart_version="1",
        values=values,
        patches=patches,
    )


def test_a_digest_knows_chart_values_patches_files_and_references_but_no_secret(monkeypatch: Any) -> None:
    base = release_digest(release({"a": 1, "b": SecretValue(env="X")}), "sha256:1", {"files/x": b"1"})
    monkeypatch.setenv("X", "another value")
    assert release_digest(release({"b": SecretValue(env="X"), "a": 1}), "sha256:1", {"files/x": b"1"}) == base
    different = {
        release_digest(release({"a": 2, "b": SecretValue(env="X")}), "sha256:1", {"files/x": b"1"}),
        release_digest(release({"a": 1, "b": SecretValue(env="Y")}), "sha256:1", {"files/x": b"1"}),
        release_digest(release({"a": 1, "b": SecretValue(env="X")}), "sha256:2", {"files/x": b"1"}),
        release_digest(release({"a": 1, "b": SecretValue(env="X")}), "sha256:1", {"files/x": b"2"}),
        release_digest(release({"a": 1, "b": SecretValue(env="X")}, ("p",)), "sha256:1", {"files/x": b"1"}),
    }
    assert len(different) == 5
    assert base not in different
    assert len(base) == LENGTH <= 63


# ---------------------------------------------------------------- lease


def lease(world: Any, run: str = "r", now: float = 1_700_000_000.0, lost: Any = None) -> Lease:
    return Lease(world.clusters["east"], "east", "supply", run, lost=lost or (lambda why: None), now=lambda: now)


def held(world: Any) -> dict[str, Any] | None:
    return world.clusters["east"].objects.get(("coordination.k8s.io/v1", "Lease", "bevel-tui", "bevel-tui-supply"))


@pytest.mark.looptime(start=0)
async def test_a_lease_is_taken_renewed_and_given_back(world: Any) -> None:
    clock = 1_700_000_000.0
    mine = Lease(world.clusters["east"], "east", "supply", "r", lost=pytest.fail, now=lambda: clock)
    assert await mine.acquire() is None
    first = held(world)["spec"]["renewTime"]
    clock += 20
    await asyncio.sleep(16)
    assert held(world)["spec"]["renewTime"] > first
    await mine.release()
    assert held(world) is None
    assert len([t for t in asyncio.all_tasks() if "lease" in t.get_name()]) == 0


@pytest.mark.looptime(start=0)
async def test_a_cluster_that_hangs_does_not_keep_a_run_that_leaves(world: Any) -> None:
    mine = lease(world)
    await mine.acquire()

    async def hangs(*_: Any, **__: Any) -> bool:
        await asyncio.sleep(1000)
        return True

    world.clusters["east"].delete = hangs
    began = asyncio.get_running_loop().time()
    await mine.release()
    assert asyncio.get_running_loop().time() - began == RELEASE


ELSEWHERE = "ann@elsewhere:1:x"


def somebodys(world: Any, renewed: float) -> None:
    """A Lease of a run on another machine, whose clock showed `renewed` when it last gave a sign of life."""
    stamp = datetime.fromtimestamp(renewed, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    world.clusters["east"].put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bevel-tui"}})
    world.clusters["east"].put(
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "bevel-tui-supply", "namespace": "bevel-tui"},
            "spec": {
                "holderIdentity": ELSEWHERE,
                "acquireTime": stamp,
                "renewTime": stamp,
                "leaseDurationSeconds": DURATION,
            },
        }
    )


NOW = 1_700_000_000.0


@pytest.mark.looptime(start=0)
async def test_a_living_holder_is_named_at_once(world: Any) -> None:
    somebodys(world, NOW - 1)
    with pytest.raises(BevelError) as refused:
        await lease(world, "other").acquire()
    assert refused.value.code == Code.LEASE_HELD
    assert "ann@elsewhere" in refused.value.message
    assert "2023-11-14T22:13:19Z" in refused.value.message
    assert asyncio.get_running_loop().time() == 0


@fault(
    "clock skew",
    "a Lease that looks dead is watched for as long as it lasts, on our own clock, before it is taken over",
)
@pytest.mark.looptime(start=0)
@pytest.mark.parametrize("skew", [-7200.0, -61.0, 1.0, 7200.0])
async def test_a_lease_that_looks_dead_is_taken_when_it_was_silent_for_as_long_as_it_lasts(
    world: Any, skew: float
) -> None:
    told: list[str] = []
    somebodys(world, NOW + skew)
    mine = Lease(world.clusters["east"], "east", "supply", "r", lost=pytest.fail, tell=told.append, now=lambda: NOW)
    assert await mine.acquire() == ELSEWHERE
    assert asyncio.get_running_loop().time() == DURATION
    assert "ann@elsewhere" in told[0]
    assert held(world)["spec"]["holderIdentity"] == identity("r")
    await mine.release()


@fault("clock skew", "whatever the clocks show, a Lease that is renewed keeps the other run out")
@pytest.mark.looptime(start=0)
@pytest.mark.parametrize("skew", [-7200.0, -61.0, 1.0, 7200.0])
async def test_no_clock_makes_two_runs_work_at_once(world: Any, skew: float) -> None:
    """The other run lives and renews its Lease, but its clock and ours differ."""
    somebodys(world, NOW + skew)

    async def renew() -> None:
        for round_ in range(1, 20):
            await asyncio.sleep(15)
            somebodys(world, NOW + skew + 15 * round_)

    living = asyncio.create_task(renew())
    with pytest.raises(BevelError) as refused:
        await lease(world, "other").acquire()
    assert refused.value.code == Code.LEASE_HELD
    assert asyncio.get_running_loop().time() <= 20
    living.cancel()


@pytest.mark.looptime(start=0)
async def test_a_lease_that_is_given_back_meanwhile_is_taken(world: Any) -> None:
    somebodys(world, NOW - 1000)
    east = world.clusters["east"]
    asyncio.get_running_loop().call_later(
        7, east.remove, "coordination.k8s.io/v1", "Lease", "bevel-tui", "bevel-tui-supply"
    )
    mine = lease(world)
    await mine.acquire()
    assert asyncio.get_running_loop().time() == 10
    await mine.release()


@pytest.mark.looptime(start=0)
async def test_a_stop_while_a_dead_lease_is_watched_changes_nothing(world: Any) -> None:
    somebodys(world, NOW - 1000)
    cancel = Cancellation()
    asyncio.get_running_loop().call_later(20, cancel.request)
    events = await world.run(cancel=cancel)
    assert (events[-1].outcome, events[-1].exit_code) == ("interrupted", 130)
    assert any(e.type == "notice" and "looks dead" in e.text for e in events)
    assert held(world)["spec"]["holderIdentity"] == ELSEWHERE
    assert world.helm.operations == []
    assert {kind for _, _, kind, _ in world.writes()} <= {"Lease", "Namespace"}


async def test_of_two_at_the_same_moment_one_gets_it(world: Any) -> None:
    results = await asyncio.gather(lease(world, "a").acquire(), lease(world, "b").acquire(), return_exceptions=True)
    assert sum(isinstance(result, BevelError) for result in results) == 1
    assert results.count(None) == 1


@pytest.mark.looptime(start=0)
async def test_of_two_runs_at_the_same_moment_one_works_whoever_is_quicker_where(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first to ask would get it in one cluster, the second in the other, and then neither would work."""
    delays = {"east": [0.0, 1.0], "west": [1.0, 0.0]}
    for name, cluster in world.clusters.items():

        async def create(obj: Any, name: str = name, made: Any = cluster.create) -> Any:
            if obj["kind"] == "Lease" and delays[name]:
                await asyncio.sleep(delays[name].pop(0))
            return await made(obj)

        monkeypatch.setattr(cluster, "create", create)
    ended = await asyncio.gather(world.run(), world.run())
    assert sorted(events[-1].exit_code for events in ended) == [0, 3]


@pytest.mark.looptime(start=0)
async def test_what_a_dead_run_did_while_its_lease_was_watched_is_seen(world: Any) -> None:
    """Its Helm was still at work, or it was only stopped for a while: what was read before that is no plan."""
    assert (await world.run())[-1].exit_code == 0
    east = world.clusters["east"]
    key = ("v1", "Secret", "alpha", "sh.helm.release.v1.validator-1.v1")
    record = east.objects[key]
    east.remove(*key)  # as it was before that Helm came so far
    somebodys(world, 1_600_000_000.0)
    asyncio.get_running_loop().call_later(30, lambda: east.put(record))
    done = len(world.helm.operations)
    events = await world.run()
    assert events[-1].exit_code == 0, events[-1].error
    assert events[-1].duration >= DURATION
    assert world.helm.operations[done:] == []


@pytest.mark.looptime(start=0)
async def test_a_lease_that_somebody_takes_is_noticed(world: Any) -> None:
    lost: list[str] = []
    mine = lease(world, lost=lost.append)
    await mine.acquire()
    obj = held(world)
    world.clusters["east"].put({**obj, "spec": {**obj["spec"], "holderIdentity": "bob@host:1:x"}})
    await asyncio.sleep(20)
    assert lost and "bob@host" in lost[0]
    await mine.release()
    assert held(world)["spec"]["holderIdentity"] == "bob@host:1:x"


@pytest.mark.looptime(start=0)
@pytest.mark.parametrize("taken", [False, True])
async def test_a_cluster_that_is_away_is_no_lost_lease_until_somebody_is_seen_to_hold_it(
    world: Any, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    lost: list[str] = []
    mine = lease(world, lost=lost.append)
    await mine.acquire()
    there = world.clusters["east"].get

    async def away(ref: Any) -> Any:
        raise ApiError(0, "Unreachable", "connection refused")

    monkeypatch.setattr(world.clusters["east"], "get", away)
    await asyncio.sleep(10 * DURATION)
    assert lost == []
    if taken:
        obj = held(world)
        world.clusters["east"].put({**obj, "spec": {**obj["spec"], "holderIdentity": "bob@host:1:x"}})
    monkeypatch.setattr(world.clusters["east"], "get", there)
    await asyncio.sleep(AWAY + 1)
    assert bool(lost) is taken
    await mine.release()


def test_a_process_that_is_gone_from_this_machine_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    host = identity("r").partition("@")[2].partition(":")[0]
    assert dead(f"ann@{host}:{child.pid}:r")
    assert not dead(f"ann@{host}:{os.getpid()}:r")
    assert not dead(f"ann@elsewhere:{child.pid}:r")
    assert not dead("nonsense")


async def test_only_leases_that_are_dead_by_any_clock_are_swept(world: Any) -> None:
    east = world.clusters["east"]
    for renewed in (NOW, NOW - DURATION - 1, NOW + 7200):
        somebodys(world, renewed)
        await sweep(east, "supply", now=lambda: NOW)
        assert held(world) is not None
    somebodys(world, NOW - SKEW - 1)
    await sweep(east, "supply", now=lambda: NOW)
    assert held(world) is None


# ---------------------------------------------------------------- inventory


async def test_an_inventory_is_written_once_and_again_only_when_it_differs(world: Any) -> None:
    east = world.clusters["east"]
    wanted = inventory.document("supply", "kind: Network\n", "p1", "east")
    assert await inventory.write(east, wanted)
    writes = len(east.writes)
    assert not await inventory.write(east, wanted)
    assert len(east.writes) == writes
    assert await inventory.write(east, inventory.document("supply", "kind: Network\n", "p2", "east"))
    assert (await inventory.read(east, "supply"))["plan"] == "p2"
    assert await inventory.networks(east) == {"supply": "kind: Network\n"}
    assert await inventory.remove(east, "supply")
    assert not await inventory.remove(east, "supply")


# ---------------------------------------------------------------- what would change


async def test_changes_are_told_with_their_cause_and_nothing_is_written(world: Any) -> None:
    found = await changes(world.network, world.plan, parts=world.parts)
    assert {c.step: c.action for c in found} == {
        "east/alpha": "create",
        "east/alpha/secret/roottoken": "create",
        "east/alpha/genesis": "install",
        "east/alpha/validator-1": "install",
        "west/beta": "create",
        "west/beta/genesis": "install",
        "west/beta/member": "install",
        "east/gateway-ns": "create",
        "east/gateway-ns/gateway": "install",
    }
    assert world.writes() == []
    assert not list(locations.runs().glob("*"))


@pytest.mark.looptime(start=0)
async def test_what_follows_from_a_change_is_told_too(world: Any) -> None:
    await world.run()
    assert await changes(world.network, world.plan, parts=world.parts) == []
    plan = world.plan.changed("east/alpha/genesis", values={"count": 7})
    found = {c.step: (c.action, c.cause) for c in await changes(world.network, plan, parts=world.parts)}
    assert set(found) == {"east/alpha/genesis", "west/beta/genesis"}
    assert found["east/alpha/genesis"][0] == "upgrade"
    assert "will change" in found["west/beta/genesis"][1]
    world.clusters["west"].remove("apps/v1", "StatefulSet", "beta", "member")
    (damaged,) = await changes(world.network, world.plan, parts=world.parts)
    assert (damaged.step, damaged.action) == ("west/beta/member", "repair")
    assert "StatefulSet member is missing" in damaged.cause


@pytest.mark.looptime(start=0)
async def test_a_finished_job_that_was_cleaned_up_is_not_run_again(world: Any) -> None:
    await world.run()
    world.clusters["east"].remove("batch/v1", "Job", "alpha", "genesis-init")
    assert await changes(world.network, world.plan, parts=world.parts) == []
    world.clusters["east"].remove("v1", "ConfigMap", "alpha", "besu-peers")
    found = [c.step for c in await changes(world.network, world.plan, parts=world.parts)]
    assert found[0] == "east/alpha/genesis"


# ---------------------------------------------------------------- journal and masks


def test_the_journal_is_private_and_holds_the_events(tmp_path: Path) -> None:
    emit = Emitter("run-1")
    emit(Notice(text="hello"))
    emit.close()
    path = locations.runs() / "run-1" / "events.jsonl"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert json.loads(path.read_text())["text"] == "hello"


def test_a_journal_that_cannot_be_written_is_a_notice_and_nothing_more(monkeypatch: Any) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null")
    emit = Emitter("run-1")
    for number in range(3):
        emit(Notice(text=str(number)))
    emit.close()
    texts = []
    while (event := emit.queue.get_nowait()) is not None:
        texts.append(event.text)  # type: ignore[union-attr]
    assert [t for t in texts if t.isdigit()] == ["0", "1", "2"]
    assert sum("journal" in t for t in texts) == 1


def test_a_full_disk_is_told_once() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    journal = Journal("run-2")
    journal.close()
    journal._file = Path("/dev/full").open("w", buffering=1)  # noqa: SIM115 - the journal closes it
    journal.write("x")
    assert journal.problem and "No space left" in journal.problem
    journal.write("y")


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs",)), min_size=4, max_size=20), st.text(max_size=10))
@example("step", "")
@example("log-line", "a ")
@example("text", "")
def test_a_known_secret_is_in_no_event_however_it_is_quoted(secret: str, around: str) -> None:
    emit = Emitter("r", journal=False)
    emit.hide([secret])
    emit(LogLine(source="helm", text=f"{around}{secret}{around}"))
    event = emit.queue.get_nowait()
    assert event is not None
    assert secret not in event.text or secret in "******" or secret in around + "******" + around  # type: ignore[union-attr]


def test_each_line_of_a_multi_line_secret_is_masked() -> None:
    emit = Emitter("r", journal=False)
    emit.hide(["first line\nsecond line"])
    emit(LogLine(source="helm", text="it said: second line"))
    assert emit.queue.get_nowait().text == "it said: ******"  # type: ignore[union-attr]


# ---------------------------------------------------------------- small things


def test_the_servers_clock_is_learnt_from_what_changes() -> None:
    def changed(ahead: float) -> dict[str, Any]:
        stamp = datetime.fromtimestamp(datetime.now().timestamp() + ahead, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"metadata": {"creationTimestamp": "2020-01-01T00:00:00Z"}, "lastTimestamp": stamp}

    clock = ServerClock()
    here = datetime.now().timestamp()
    assert abs(clock.now() - here) < 1
    clock.observe(changed(-100))
    assert clock.now() - here == pytest.approx(-100, abs=2)
    behind = ServerClock()
    behind.observe(changed(3600))
    assert behind.now() - here == pytest.approx(3600, abs=2)


def test_observed_secrets_keep_their_keys_only() -> None:
    obj = {
        "kind": "Secret",
        "metadata": {"name": "s", "managedFields": [1], "annotations": {"a": "v"}},
        "data": {"k": "v"},
    }
    assert reduce(obj)["data"] == {"k": ""}
    assert "annotations" not in obj["metadata"]  # type: ignore[operator]


def test_the_work_folder_is_private_gone_in_the_end_and_those_of_the_dead_are_swept(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    stale = tmp_path / f"bevel-tui-run-{child.pid}-abc"
    stale.mkdir()
    living = tmp_path / f"bevel-tui-run-{os.getpid()}-abc"
    living.mkdir()
    with workdir() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert not stale.exists()
        assert living.exists()
    assert not folder.exists()
