"""Repairs that are ordered: what is carried out, and the command that is shown for it typed as it stands."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest

from bevel_tui import api
from bevel_tui.engine.connect import of_kubeconfig
from bevel_tui.helm.driver import Operation
from bevel_tui.helm.drivers import choose
from bevel_tui.kube.client import KubeClient
from bevel_tui.network.save import dump
from bevel_tui.records.actions import Action
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.snapshot import Snapshot
from bevel_tui.records.steps import ObjectRef
from bevel_tui.sandbox.conductor import Conductor
from bevel_tui.sandbox.faults.play import strike
from bevel_tui.sandbox.process import ClusterSpec, serve

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(120), pytest.mark.usefixtures("kubectl_cache")]

CONTAINER = {"name": "main", "image": "registry.example.com/node:1"}
LABELS = {"app": "node"}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "node", "namespace": "org"},
    "spec": {"selector": {"matchLabels": LABELS}, "template": {"metadata": {"labels": LABELS}, "spec": {"containers": [CONTAINER]}}},
}  # fmt: skip
JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "certs", "namespace": "org"},
    "spec": {"backoffLimit": 0, "template": {"spec": {"restartPolicy": "Never", "containers": [CONTAINER]}}},
}
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: told}\ndata: {tag: {{ .Values.tag | quote }}}\n"


class Subject(NamedTuple):
    cluster: str
    kind: str
    namespace: str | None
    name: str


class Ground(NamedTuple):
    """A cluster with a Deployment, and a Job that has failed for good by a fault that `heal` ends."""

    client: KubeClient
    kubeconfig: str
    heal: Any

    async def snapshot(self) -> Snapshot:
        return await api.snapshot(contexts=["east"], kubeconfig=self.kubeconfig)

    async def offered(self, kind: str, name: str, wanted: str) -> Action:
        found = api.actions(await self.snapshot(), Subject("east", kind, "org", name), kubeconfig=self.kubeconfig)
        return next(action for action in found if action.kind == wanted)

    async def until(self, kind: str, name: str, wanted: Any) -> dict[str, Any]:
        version = {"Job": "batch/v1", "Deployment": "apps/v1"}.get(kind, "v1")
        async for _, obj in self.client.watch(version, kind, "org"):
            if obj.get("metadata", {}).get("name", "").startswith(name) and wanted(obj):
                return dict(obj)
        raise AssertionError("the watch ended")


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    async with serve([ClusterSpec("east")], speed=50, state_dir=tmp_path / "state") as running:
        world = cast("Conductor", running.conductor).world
        heal = await strike(world, cast("Any", running.clusters), "crash:certs*")
        async with await KubeClient.connect("east", str(running.kubeconfig)) as client:
            await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "org"}})
            found = Ground(client, str(running.kubeconfig), heal)
            for obj in (DEPLOYMENT, JOB):
                await client.create(obj)
            await found.until("Job", "certs", lambda job: ended(job) == "Failed")
            await found.until("Pod", "node-", ready)
            yield found


def ended(job: dict[str, Any]) -> str:
    conditions = job.get("status", {}).get("conditions") or ()
    return next((c["type"] for c in conditions if c["status"] == "True" and c["type"] in {"Complete", "Failed"}), "")


def ready(pod: dict[str, Any]) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod.get("status", {}).get("conditions") or ())


async def typed(command: str, where: Path) -> None:
    """A command as a person types it into a shell."""
    process = await asyncio.create_subprocess_shell(
        command, cwd=where, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


needs_tools = pytest.mark.skipif(
    not (shutil.which("kubectl") and shutil.which("jq")), reason="kubectl and jq are not installed"
)


@pytest.mark.parametrize("by", ["us", pytest.param("hand", marks=needs_tools)])
async def test_a_failed_job_runs_again(ground: Ground, tmp_path: Path, by: str) -> None:
    action = await ground.offered("Job", "certs", "rerun-job")
    before = action.uid
    await ground.heal()
    if by == "us":
        with pytest.raises(BevelError) as refused:
            await api.act(action, kubeconfig=ground.kubeconfig, readonly=True)
        assert refused.value.code is Code.READONLY
        done = await api.act(action, kubeconfig=ground.kubeconfig)
        assert done.ok, done.message
    else:
        await typed(action.command, tmp_path)
    job = await ground.until("Job", "certs", lambda job: ended(job) == "Complete")
    assert job["metadata"]["uid"] != before
    assert "JOB-BACKOFF" not in {f.code for f in api.diagnose(await ground.snapshot()).findings}


@pytest.mark.parametrize("by", ["us", pytest.param("hand", marks=needs_tools)])
async def test_a_pod_is_started_anew(ground: Ground, tmp_path: Path, by: str) -> None:
    old = await ground.until("Pod", "node-", ready)
    action = await ground.offered("Pod", old["metadata"]["name"], "restart-pod")
    if by == "us":
        done = await api.act(action, kubeconfig=ground.kubeconfig)
        assert done.ok, done.message
    else:
        await typed(action.command, tmp_path)
    await ground.until("Pod", "node-", lambda pod: ready(pod) and pod["metadata"]["uid"] != action.uid)
    if by == "us":
        again = await api.act(action, kubeconfig=ground.kubeconfig)
        assert not again.ok and "gone already" in again.message  # never the pod that came after


async def test_a_release_is_rolled_back(ground: Ground, tmp_path: Path) -> None:
    chart = tmp_path / "demo"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: demo\nversion: 1.0.0\n")
    (chart / "templates" / "config.yaml").write_text(CONFIG)
    driver = await choose()
    common: dict[str, Any] = {
        "release": "demo",
        "namespace": "org",
        "kubeconfig": of_kubeconfig(ground.kubeconfig, "east")[0],
        "context": "east",
        "chart": chart,
    }
    assert (await driver.run(Operation(verb="install", values={"tag": "one"}, **common))).ok
    assert "rollback" not in {
        a.kind for a in api.actions(await ground.snapshot(), Subject("east", "Release", "org", "demo"))
    }
    assert (await driver.run(Operation(verb="upgrade", values={"tag": "two"}, **common))).ok
    action = await ground.offered("Release", "demo", "rollback")
    assert action.command.endswith("-n org rollback demo 1") and f"--kubeconfig {ground.kubeconfig}" in action.command
    done = await api.act(action, kubeconfig=ground.kubeconfig)
    assert done.ok, done.message
    told = await ground.client.get(ObjectRef("v1", "ConfigMap", "told", "org"))
    assert told is not None and told["data"] == {"tag": "one"}
    assert [(r.name, r.revision) for r in (await ground.snapshot()).clusters[0].releases] == [("demo", 3)]


@needs_tools
async def test_what_is_typed_for_a_deployment_reads_the_preset_from_the_cluster(ground: Ground, tmp_path: Path) -> None:
    network = api.load("besu-one-cluster")
    network = network.model_copy(
        update={"clusters": tuple(c.model_copy(update={"context": "east"}) for c in network.clusters)}
    )
    await ground.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bevel-tui"}})
    meta = {"name": f"bevel-tui-{network.name}", "namespace": "bevel-tui"}
    data = {"network.yaml": dump(network)}
    await ground.client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data})
    snapshot = await api.snapshot([network], kubeconfig=ground.kubeconfig)
    (cluster,) = snapshot.clusters
    host = Subject(cluster.cluster, "Host", None, "anything")
    (action,) = api.actions(snapshot, host, kubeconfig=ground.kubeconfig)
    assert action.kind == "rerun-checks"
    fetch, _, ours = action.command.partition(" && ")
    await typed(fetch, tmp_path)
    assert api.load(str(tmp_path / f"{network.name}.yaml")) == network
    assert ours == f"bevel-tui check --preset {network.name}.yaml --kubeconfig {ground.kubeconfig}"
