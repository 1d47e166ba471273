"""Things that break while a network is deployed: each is injected for real, and the outcome is asserted.

The API servers are the sandbox's, in this process, so that their answers can be spoiled; Helm is real, in processes of
its own. What is spoiled is spoiled for our user only: the simulator that plays the workloads is not the subject.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bevel_tui.engine import emitter, journal, silence
from bevel_tui.engine.cancel import Cancellation
from bevel_tui.records.steps import ObjectRef
from tests.faults.catalogue import fault
from tests.faults.scene import Scene, answer, ended, every

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]

two = pytest.mark.parametrize("scene", ["besu-two-clusters"], indirect=True)


# ---------------------------------------------------------------- what is slow or passing is lived with


@fault("429 with Retry-After", "the server is asked again when it allows it; the run succeeds")
async def test_too_many_requests_now_and_then(scene: Scene) -> None:
    turn = every(7)
    refused = 0

    def limit(_: Any) -> Any:
        nonlocal refused
        if not next(turn):
            return None
        refused += 1
        return answer(429, "TooManyRequests", "slow down", Retry_After="0")

    scene.spoil("east", limit)
    assert ended(await scene.deploy())[0] == 0
    assert refused > 10


@fault("500 bursts", "what only reads is repeated; the run succeeds")
async def test_bursts_of_500_when_something_is_read_by_us(scene: Scene) -> None:
    turn = every(5)

    def burst(request: Any) -> Any:
        ours = request.headers.get("User-Agent", "").startswith("bevel-tui")
        reading = request.method == "GET" and "watch" not in request.query
        return answer(500, "InternalError", "etcdserver: leader changed") if ours and reading and next(turn) else None

    scene.spoil("east", burst)
    assert ended(await scene.deploy())[0] == 0


@fault("slow API", "at 0.15 s per request (real time, Helm included) the run succeeds")
async def test_a_slow_api_server(scene: Scene) -> None:
    async def slowly(_: Any) -> None:
        await asyncio.sleep(0.15)

    scene.spoil("east", slowly)
    assert ended(await scene.deploy())[0] == 0


@fault("watches closed every second", "they are taken up where they broke; the run succeeds")
@fault("410 Gone", "the list is read anew and compared; the run succeeds")
async def test_watches_that_are_closed_all_the_time_and_history_that_is_forgotten(scene: Scene) -> None:
    server = scene.servers["east"]
    closed = resumed = 0
    version = 0

    def watched(request: Any) -> None:
        nonlocal resumed
        if "watch" in request.query and 0 < int(request.query.get("resourceVersion") or 0) < version:
            resumed += 1  # it is answered with 410, for that history is gone

    async def closing() -> None:
        nonlocal closed, version
        while True:
            await asyncio.sleep(1.0)
            server.store.compact()
            version = server.store.version
            server.store.close_watches()
            closed += 1

    scene.spoil("east", watched)
    task = asyncio.create_task(closing())
    try:
        assert ended(await scene.deploy())[0] == 0
    finally:
        task.cancel()
    assert closed >= 2
    assert resumed, "no watch was taken up from a place that had been forgotten: no 410 was met"


@fault("disk full for the journal", "one that cannot be opened is a notice as well")
async def test_a_journal_that_cannot_be_written_is_a_notice(scene: Scene, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    events = await scene.deploy()
    assert ended(events)[0] == 0
    assert any(e.type == "notice" and "journal" in e.text.lower() for e in events)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@fault("disk full for the journal", "a notice says so once; the run succeeds without a journal")
async def test_a_disk_that_fills_up_under_the_journal_is_a_notice(scene: Scene, monkeypatch: Any) -> None:
    """From the twentieth line on the file is one on a full disk: every write fails with ENOSPC."""

    class Filling(journal.Journal):
        lines = 0

        def write(self, line: str) -> None:
            self.lines += 1
            if self.lines == 20 and self._file is not None:
                full = os.open("/dev/full", os.O_WRONLY)
                os.dup2(full, self._file.fileno())
                os.close(full)
            super().write(line)

    monkeypatch.setattr(emitter, "Journal", Filling)
    events = await scene.deploy()
    assert ended(events)[0] == 0
    told = [e.text for e in events if e.type == "notice" and "journal" in e.text.lower()]
    assert len(told) == 1
    assert "No space left on device" in told[0]


PLUGIN = """#!/bin/sh
echo $PPID >> "{calls}"
printf '{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{{"token":"%s"}}}}' "$(cat "{token}")"
"""


@fault("expired and rotated credentials", "the exec plugin is called once more, not per request; the run goes on")
async def test_credentials_that_are_rotated_in_the_middle_are_fetched_once_more(scene: Scene, tmp_path: Path) -> None:
    """The old token is refused from one moment on; the plugin of the kubeconfig gives another."""
    server = scene.servers["east"]
    calls, token, plugin = tmp_path / "calls", tmp_path / "token", tmp_path / "plugin"
    plugin.write_text(PLUGIN.format(calls=calls, token=token))
    plugin.chmod(0o700)
    old = server.add_user("before", "system:masters").token
    new = server.add_user("after", "system:masters").token
    token.write_text(old)
    document = yaml.safe_load(Path(scene.kubeconfig).read_text())
    command = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "interactiveMode": "Never"}
    document["users"][0]["user"] = {"exec": command}
    scene.kubeconfig = str(tmp_path / "kubeconfig")
    Path(scene.kubeconfig).write_text(yaml.safe_dump(document))
    refused = 0

    def expired(request: Any) -> Any:
        nonlocal refused
        if token.read_text() == new and request.headers.get("Authorization") == f"Bearer {old}":
            refused += 1
            return answer(401, "Unauthorized", "the token has expired")
        return None

    server.faults.append(expired)

    def when(event: Any) -> None:
        # after Helm's end, so that no Helm process holds the old token
        if event.type == "step-finished" and event.step.endswith("/genesis"):
            token.write_text(new)
            server.store.close_watches()

    code, reasons = ended(await scene.deploy(when=when))
    ours = calls.read_text().split().count(str(os.getpid()))
    assert refused >= 2, "nothing met the old token: nothing was tested"
    assert ours == 2, "once in the beginning, once when it had expired"
    # a Helm operation that had started with the old token may have failed
    assert code in {0, 1}, reasons
    assert ended(await scene.deploy())[0] == 0


# ---------------------------------------------------------------- what breaks is told, and the next start finishes


@fault(
    "API server restart",
    "requests and watches are repeated; a Helm operation that met the closed port is looked at and done again: the run succeeds",
)
async def test_an_api_server_that_restarts(scene: Scene) -> None:
    server = scene.servers["east"]

    async def restart() -> None:
        await server.stop()
        await asyncio.sleep(1.0)
        await server.start()

    def when(event: Any) -> Awaitable[None] | None:
        return restart() if event.type == "release-applied" and event.release == "validator-1" else None

    code, reasons = ended(await scene.deploy(when=when))
    assert code == 0, reasons


@two
@fault("one cluster down from the start", "exit code 3 names it; nothing is changed anywhere")
async def test_a_cluster_that_is_down_from_the_start_changes_nothing_anywhere(scene: Scene) -> None:
    await scene.servers["west"].stop()
    before = scene.writes("east")
    code, reasons = ended(await scene.deploy())
    assert code == 3
    assert "bevel-west" in reasons
    assert scene.writes("east") == before


@two
@fault("one cluster dying half-way", "the others go on as far as their needs allow; the next start finishes")
async def test_a_cluster_that_dies_half_way_does_not_keep_the_other(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "PATIENCE", 3.0)  # it is not worth more of a test's time
    west = scene.servers["west"]

    def when(event: Any) -> Awaitable[None] | None:
        return west.stop() if event.type == "step-started" and event.step == "west/dns" else None

    events = await scene.deploy(when=when)
    done = {e.step for e in events if e.type == "step-finished" and e.outcome in {"ok", "unchanged"}}
    assert {"east/supplychain-bes/member-supplychain-1", "east/check"} <= done
    assert "west/carrier-bes/genesis" not in done
    assert ended(events)[0] == 1
    await west.start()
    # This process could not give back its Lease there, and still lives: time would have to pass.
    async with await scene.client("west") as client:
        await client.delete(
            ObjectRef("coordination.k8s.io/v1", "Lease", f"bevel-tui-{scene.network.name}", "bevel-tui")
        )
    assert ended(await scene.deploy())[0] == 0


@two
@fault(
    "DNS server dead", "the gate waits, names the servers that do not answer, and ends at the budget with exit code 4"
)
async def test_a_dead_name_server_ends_at_the_budget_and_says_so(scene: Scene) -> None:
    await scene.names.stop()
    cancel = Cancellation()
    servers: list[str] = []

    def when(event: Any) -> None:
        if event.type == "dns-waiting" and event.servers:
            servers.extend(event.servers.values())
            cancel.expire()  # as the budget of the run does when it is spent

    events = await scene.deploy(when=when, cancel=cancel)
    assert ended(events)[0] == 4
    assert servers
    assert not any(state == "ok" for state in servers)


@fault(
    "chart repository gone half-way", "one that is away from the start is named with exit code 2; nothing is changed"
)
async def test_an_unreachable_chart_repository_changes_nothing(scene: Scene) -> None:
    before = scene.writes("east")
    code, reasons = ended(await scene.deploy(charts="http://127.0.0.1:1/charts"))
    assert code == 2
    assert "127.0.0.1:1" in reasons
    assert scene.writes("east") == before


@fault("webhook down", "the refusal is quoted with the name of the webhook")
async def test_a_webhook_without_endpoints_is_quoted(scene: Scene) -> None:
    words = 'failed calling webhook "policy.example.test": no endpoints available for service "policy"'
    scene.spoil(
        "east",
        lambda r: (
            answer(500, "InternalError", words) if r.method in {"POST", "PATCH"} and "/services" in r.path else None
        ),
    )
    code, reasons = ended(await scene.deploy())
    assert code == 1
    assert "policy.example.test" in reasons


@fault("full etcd", "the refusal is quoted; once there is room the next start finishes")
async def test_a_full_etcd_is_quoted_and_once_it_is_mended_the_run_is_finished(scene: Scene) -> None:
    full = True

    def refuse(request: Any) -> Any:
        wanted = full and request.method in {"POST", "PUT", "PATCH"} and "statefulsets" in request.path
        return answer(500, "InternalError", "etcdserver: mvcc: database space exceeded") if wanted else None

    scene.spoil("east", refuse)
    code, reasons = ended(await scene.deploy())
    assert code == 1
    assert "database space exceeded" in reasons
    full = False
    assert ended(await scene.deploy())[0] == 0


async def occupy(scene: Scene, *objects: dict[str, Any]) -> None:
    async with await scene.client("east") as client:
        for obj in objects:
            await client.create(obj)


def budget(events: list[Any]) -> float:
    """Seconds that the step which failed might have taken: whoever ends it early does so long before."""
    failed = {e.step for e in events if e.type == "step-finished" and e.outcome == "failed"}
    return float(min(e.budget for e in events if e.type == "step-started" and e.step in failed))


NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "supplychain-bes"}}


@fault("ResourceQuota", "the quota is named and the wait ends early")
async def test_a_quota_that_allows_no_pod_ends_the_wait_early(scene: Scene) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "tight", "namespace": "supplychain-bes"},
        "spec": {"hard": {"pods": "0"}},
    }
    await occupy(scene, NAMESPACE, quota)
    events = await scene.deploy()
    code, reasons = ended(events)
    assert code == 1
    assert "tight" in "".join(line for e in events if e.type == "finding-raised" for line in e.finding.evidence)
    assert "QUOTA" in reasons
    assert events[-1].duration < budget(events)


@fault("LimitRange", "the range is named and the wait ends early")
async def test_a_limit_range_that_refuses_the_pods_is_quoted(scene: Scene) -> None:
    limits = {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "small", "namespace": "supplychain-bes"},
        "spec": {"limits": [{"type": "Pod", "min": {"memory": "64Gi"}}]},
    }
    await occupy(scene, NAMESPACE, limits)
    events = await scene.deploy()
    code, reasons = ended(events)
    assert code == 1
    assert "a LimitRange of namespace supplychain-bes" in reasons
    assert events[-1].duration < budget(events)


@fault("namespace stuck Terminating", "it is named with what holds it")
async def test_a_namespace_that_is_stuck_terminating_is_named(scene: Scene) -> None:
    stuck = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "stuck", "namespace": "supplychain-bes", "finalizers": ["example.test/never"]},
    }
    await occupy(scene, NAMESPACE, stuck)
    async with await scene.client("east") as client:
        await client.delete(ObjectRef("v1", "Namespace", "supplychain-bes"))
    code, reasons = ended(await scene.deploy())
    assert code == 1
    assert "Namespace supplychain-bes is being deleted" in reasons
    assert "example.test/never" in reasons
