"""Things that break while a network is deployed: each is injected for real, and the outcome is asserted.

The API servers are the sandbox's, in this process, so that their answers can be spoiled; Helm is real, in processes of
its own. What is spoiled is spoiled for our user only: the simulator that plays the workloads is not the subject.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bevel_tui import api
from bevel_tui.engine.options import RunOptions
from bevel_tui.kube.client import KubeClient
from bevel_tui.network.model import Network
from bevel_tui.records.steps import ObjectRef
from bevel_tui.sandbox.apiserver import SimulatedCluster
from bevel_tui.sandbox.process import ClusterSpec, serve

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]

SPEED = 25.0


class Scene:
    """Simulated clusters and a network for them."""

    def __init__(self, network: Network, running: Any) -> None:
        self.network = network
        self.kubeconfig = str(running.kubeconfig)
        self.servers: dict[str, SimulatedCluster] = {
            cluster.name: running.clusters[cluster.context] for cluster in network.clusters
        }
        self.names = running.conductor.world.names

    async def deploy(
        self,
        *,
        when: Callable[[Any], Awaitable[None] | None] | None = None,
        network: Network | None = None,
        **options: Any,
    ) -> list[Any]:
        """One run; `when` sees every event as it happens. All events."""
        options.setdefault("timeout", 240.0)
        chosen = RunOptions(kubeconfig=self.kubeconfig, **options)
        events = []
        async with contextlib.aclosing(api.deploy(network or self.network, chosen)) as stream:
            async for event in stream:
                events.append(event)
                if when is not None and (waiting := when(event)) is not None:
                    await waiting
        return events

    def spoil(self, cluster: str, fault: Callable[[Any], Any]) -> None:
        """Let `fault` see the requests of our user first."""
        server = self.servers[cluster]
        token = f"Bearer {server.admin.token}"
        server.faults.append(lambda request: fault(request) if request.headers.get("Authorization") == token else None)

    def writes(self, cluster: str) -> int:
        return self.servers[cluster].counts.writes("kubernetes-admin")

    async def client(self, cluster: str) -> KubeClient:
        return await KubeClient.connect(self.network.cluster(cluster).context, self.kubeconfig)


@pytest.fixture
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    """The preset named by the test's parameter (besu-one-cluster when there is none), undeployed."""
    network = api.load(getattr(request, "param", "besu-one-cluster"))
    specs = [ClusterSpec(cluster.context) for cluster in network.clusters]
    domains = [cluster.domain for cluster in network.clusters if cluster.domain]
    async with serve(specs, speed=SPEED, state_dir=tmp_path / "state", domains=domains) as running:
        yield Scene(network, running)


two = pytest.mark.parametrize("scene", ["besu-two-clusters"], indirect=True)


def answer(status: int, reason: str, message: str, **headers: str) -> Any:
    from aiohttp import web

    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": status,
        "reason": reason,
        "message": message,
    }
    return web.json_response(body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})


def ended(events: list[Any]) -> tuple[int, str]:
    last = events[-1]
    assert last.type == "run-finished"
    reasons = [e.reason or "" for e in events if e.type == "step-finished" and e.outcome in {"failed", "timed-out"}]
    causes = [f"{e.finding.code}: {e.finding.cause}" for e in events if e.type == "finding-raised"]
    return last.exit_code, "\n".join([last.error or "", *reasons, *causes])


def every(number: int) -> Iterator[bool]:
    count = 0
    while True:
        count += 1
        yield count % number == 0


# ---------------------------------------------------------------- what is slow or passing is lived with


async def test_too_many_requests_now_and_then(scene: Scene) -> None:
    turn = every(7)
    scene.spoil("east", lambda _: answer(429, "TooManyRequests", "slow down", Retry_After="0") if next(turn) else None)
    assert ended(await scene.deploy())[0] == 0


async def test_bursts_of_500_when_something_is_read_by_us(scene: Scene) -> None:
    turn = every(5)

    def burst(request: Any) -> Any:
        ours = request.headers.get("User-Agent", "").startswith("bevel-tui")
        reading = request.method == "GET" and "watch" not in request.query
        return answer(500, "InternalError", "etcdserver: leader changed") if ours and reading and next(turn) else None

    scene.spoil("east", burst)
    assert ended(await scene.deploy())[0] == 0


async def test_a_slow_api_server(scene: Scene) -> None:
    async def slowly(_: Any) -> None:
        await asyncio.sleep(0.15)

    scene.spoil("east", slowly)
    assert ended(await scene.deploy())[0] == 0


async def test_watches_that_are_closed_all_the_time_and_history_that_is_forgotten(scene: Scene) -> None:
    async def closing() -> None:
        while True:
            await asyncio.sleep(0.2)
            scene.servers["east"].store.compact()
            scene.servers["east"].store.close_watches()

    task = asyncio.create_task(closing())
    try:
        assert ended(await scene.deploy())[0] == 0
    finally:
        task.cancel()


async def test_a_journal_that_cannot_be_written_is_a_notice(scene: Scene, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    events = await scene.deploy()
    assert ended(events)[0] == 0
    assert any(e.type == "notice" and "journal" in e.text.lower() for e in events)


PLUGIN = """#!/bin/sh
echo $PPID >> "{calls}"
printf '{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{{"token":"%s"}}}}' "$(cat "{token}")"
"""


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


async def test_an_api_server_that_restarts(scene: Scene) -> None:
    server = scene.servers["east"]

    async def restart() -> None:
        await server.stop()
        await asyncio.sleep(1.0)
        await server.start()

    def when(event: Any) -> Awaitable[None] | None:
        return restart() if event.type == "release-applied" and event.release == "validator-1" else None

    code, reasons = ended(await scene.deploy(when=when))
    # A Helm operation that met the closed port has failed; then the same command finishes.
    assert code in {0, 1}, reasons
    assert ended(await scene.deploy())[0] == 0


@two
async def test_a_cluster_that_is_down_from_the_start_changes_nothing_anywhere(scene: Scene) -> None:
    await scene.servers["west"].stop()
    before = scene.writes("east")
    code, reasons = ended(await scene.deploy())
    assert code == 3
    assert "bevel-west" in reasons
    assert scene.writes("east") == before


@two
async def test_a_cluster_that_dies_half_way_does_not_keep_the_other(scene: Scene) -> None:
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
async def test_a_dead_name_server_ends_at_the_budget_and_says_so(scene: Scene) -> None:
    await scene.names.stop()
    events = await scene.deploy(timeout=15.0)
    assert ended(events)[0] == 4
    servers = [state for e in events if e.type == "dns-waiting" for state in e.servers.values()]
    assert servers
    assert not any(state == "ok" for state in servers)


async def test_an_unreachable_chart_repository_changes_nothing(scene: Scene) -> None:
    before = scene.writes("east")
    code, reasons = ended(await scene.deploy(charts="http://127.0.0.1:1/charts"))
    assert code == 2
    assert "127.0.0.1:1" in reasons
    assert scene.writes("east") == before


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


NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "supplychain-bes"}}


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
    assert events[-1].duration < 30


async def test_a_limit_range_that_refuses_the_pods_is_quoted(scene: Scene) -> None:
    limits = {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "small", "namespace": "supplychain-bes"},
        "spec": {"limits": [{"type": "Container", "min": {"memory": "2Gi"}}]},
    }
    await occupy(scene, NAMESPACE, limits)
    events = await scene.deploy()
    code, reasons = ended(events)
    assert code == 1
    assert "a LimitRange of namespace supplychain-bes" in reasons
    assert events[-1].duration < 30


async def test_a_namespace_that_is_stuck_terminating_is_named(scene: Scene) -> None:
    stuck = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "stuck", "namespace": "supplychain-bes", "finalizers": ["example.test/never"]},
    }
    await occupy(scene, NAMESPACE, stuck)
    async with await scene.client("east") as client:
        await client.delete(ObjectRef("v1", "Namespace", "supplychain-bes"))
    code, reasons = ended(await scene.deploy(timeout=12.0))
    assert code in {1, 4}
    assert "erminat" in reasons or "being deleted" in reasons
