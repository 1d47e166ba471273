"""Sandboxes inside the test's own event loop, at a speed at which waiting is short."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from bevel_tui.kube.client import KubeClient
from bevel_tui.records.steps import ObjectRef
from bevel_tui.sandbox.apiserver import SimulatedCluster
from bevel_tui.sandbox.components import endpoint_pods
from bevel_tui.sandbox.conductor import Conductor
from bevel_tui.sandbox.process import ClusterSpec, serve
from bevel_tui.sandbox.workloads.jobs import ready
from bevel_tui.sandbox.workloads.services import selected
from tests.parts import up_to

SPEED = 50.0


class Box:
    """A running sandbox with an administrator's client per cluster."""

    def __init__(
        self,
        conductor: Conductor,
        clients: dict[str, KubeClient],
        servers: dict[str, SimulatedCluster],
        kubeconfig: Path,
    ) -> None:
        self.conductor = conductor
        self.world = conductor.world
        self.clients = clients
        self.servers = servers
        self.kubeconfig = kubeconfig

    async def apply(self, cluster: str, *objects: dict[str, Any]) -> None:
        """Create objects."""
        for obj in objects:
            await self.clients[cluster].create(obj)

    async def get(self, cluster: str, kind: str, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        """An object as the API server has it."""
        from bevel_tui.sandbox.workloads.view import API_VERSIONS

        return await self.clients[cluster].get(ObjectRef(API_VERSIONS[kind], kind, name, namespace))

    async def until(
        self, cluster: str, kinds: tuple[str, ...], question: Callable[[], Any], *, seconds: float = 60.0
    ) -> Any:
        """The first true answer, asked again after changes of those kinds."""
        return await asyncio.wait_for(self.world.sites[cluster].view.until(kinds, question), seconds)

    def events(self, cluster: str, name: str) -> list[tuple[str, str]]:
        """Reasons and messages of the Events about objects whose name starts with `name`."""
        found = self.servers[cluster].store.collection("events").all(None)
        return [(e["reason"], e["message"]) for e in found if e["involvedObject"]["name"].startswith(name)]

    async def event(self, cluster: str, name: str, text: str, *, seconds: float = 60.0) -> str:
        """Wait for an Event whose message holds `text`; its reason."""

        async def look() -> str:
            while True:
                for reason, message in self.events(cluster, name):
                    if text in message:
                        return reason
                await asyncio.sleep(0.02)

        try:
            return await asyncio.wait_for(look(), seconds)
        except TimeoutError:
            raise AssertionError(f"no event with {text!r}: {self.events(cluster, name)}") from None

    def state(self, cluster: str, kind: str, name: str, namespace: str = "test") -> dict[str, Any]:
        """An object from the simulator's view ({} when it is not there)."""
        return self.world.sites[cluster].view.get(kind, namespace, name) or {}


@contextlib.asynccontextmanager
async def running(tmp_path: Path, *names: str, speed: float = SPEED) -> AsyncIterator[Box]:
    """A sandbox of these clusters, each with namespace `test`."""
    async with contextlib.AsyncExitStack() as stack:
        run = await stack.enter_async_context(
            serve([ClusterSpec(name) for name in names], speed=speed, state_dir=tmp_path / "state")
        )
        clients = {}
        for name in names:
            clients[name] = await KubeClient.connect(name, str(run.kubeconfig))
            stack.push_async_callback(clients[name].close)
            await clients[name].create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "test"}})
        yield Box(
            cast("Conductor", run.conductor),
            clients,
            cast("dict[str, SimulatedCluster]", run.clusters),
            run.kubeconfig,
        )


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    """One cluster, `east`."""
    async with running(tmp_path, "east") as found:
        yield found


class Rehearsal:
    """Carries out a plan with plain API calls: what Helm and the engine would do, without either.

    `spoil` may drop or change an object before it is created (return None to leave it out).
    """

    def __init__(self, box: Box, preset: str) -> None:
        from bevel_tui.network.load import load
        from bevel_tui.plan.build import build

        self.box = box
        self.network = load(preset)
        self.plan = build(self.network)
        self.contexts = {c.name: c.context for c in self.network.clusters}
        self.files: dict[tuple[str, str], str] = {}
        self.values: dict[str, Any] = {}
        self.done: set[str] = set()
        self.spoil: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda obj: obj

    def view(self, cluster: str) -> Any:
        return self.box.world.sites[self.contexts[cluster]].view

    async def inventory(self) -> None:
        from bevel_tui.network.save import dump

        for context in self.contexts.values():
            space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bevel-tui"}}
            meta = {"name": f"bevel-tui-{self.network.name}", "namespace": "bevel-tui"}
            data = {"network.yaml": dump(self.network)}
            await self.box.apply(
                context, space, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}
            )

    async def run(self, *, until: str | None = None, seconds: float = 60.0) -> None:
        """Carry out all steps (or those that `until` needs, and itself), as parallel as the plan allows."""
        steps = {step.id: step for step in self.plan.steps}
        wanted = {step.id for step in (self.plan if until is None else up_to(self.plan, until)).steps}
        finished = {name: asyncio.Event() for name in steps}
        for name in self.done:
            finished[name].set()

        async def one(step: Any) -> None:
            for need in step.needs:
                await finished[need].wait()
            await self.step(step)
            self.done.add(step.id)
            finished[step.id].set()

        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            for step in self.plan.steps:
                if step.id in wanted and step.id not in self.done:
                    group.create_task(one(step), name=step.id)
        async with asyncio.timeout(seconds):
            for cluster in self.contexts:
                await self.served(cluster)

    async def served(self, cluster: str) -> None:
        """Wait until every ready pod is behind its Services: a controller of its own enters it after it became ready."""
        site = self.box.world.sites[self.contexts[cluster]]

        def entered() -> bool:
            return all(
                {pod["metadata"]["name"] for pod in selected(site.view, service) if ready(pod)}
                <= {pod["metadata"]["name"] for pod in endpoint_pods(site, service)}
                for service in site.view.all("Service")
            )

        await site.view.until(["Service", "Pod", "EndpointSlice"], entered)

    async def step(self, step: Any) -> None:
        context = self.contexts[step.cluster]
        if step.kind == "namespace":
            await self.create(context, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": step.namespace}})
        elif step.kind == "keys":
            from bevel_tui.engine.steps.keys import make

            meta = {"name": step.name, "namespace": step.namespace}
            data = make(step.keys, None)
            await self.create(context, {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": data})
        elif step.kind == "secret":
            meta = {"name": step.name, "namespace": step.namespace}
            data = {key: value if isinstance(value, str) else "a-secret" for key, value in step.data}
            secret = self.spoil({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": data})
            if secret is not None:
                await self.create(context, secret)
        elif step.kind == "release":
            await self.release(step, context)
        elif step.kind == "handoff":
            await self.hand(step)
        elif step.kind == "address":
            service = step.service
            await self.view(step.cluster).until(
                ["Service"],
                lambda: (
                    (self.view(step.cluster).get("Service", service.namespace, service.name) or {})
                    .get("status", {})
                    .get("loadBalancer", {})
                    .get("ingress")
                ),
            )
        elif step.kind == "dns":
            while not all(self.box.world.names.addresses(host) for host in step.hosts):
                await asyncio.sleep(0.02)

    async def create(self, context: str, obj: dict[str, Any]) -> None:
        from bevel_tui.kube.client import ApiError

        try:
            await self.box.clients[context].create(obj)
        except ApiError as error:
            if error.status != 409:
                raise

    def objects(self, step: Any) -> list[dict[str, Any]]:
        from bevel_tui.plan.manifests import manifests
        from bevel_tui.platforms.behaviour import ChartFile
        from bevel_tui.platforms.groundwork import CLUSTER_SCOPED

        def filled(node: Any) -> Any:
            if isinstance(node, ChartFile):
                return self.files.get((step.id, node.path), "")
            if isinstance(node, dict):
                return {key: filled(value) for key, value in node.items()}
            return [filled(value) for value in node] if isinstance(node, list | tuple) else node

        found = []
        for manifest in manifests(replace(step, values=self.values.get(step.id, step.values))):
            obj = filled(dict(manifest))
            if obj["kind"] not in CLUSTER_SCOPED:
                obj["metadata"].setdefault("namespace", step.namespace)
            kept = self.spoil(obj)
            if kept is not None:
                found.append(kept)
        return found

    async def told(self, step: Any, context: str) -> Any:
        """The values of a release with what its clusters tell; what is asked of StorageClasses stays."""
        from bevel_tui.engine import objectvalues
        from bevel_tui.engine.addresses import address
        from bevel_tui.records.steps import ClusterFact

        async def put(node: Any) -> Any:
            if isinstance(node, ClusterFact) and node.what in ("gateway-address", "node-address"):
                cluster = node.cluster or step.cluster
                return await address(node, cluster, self.box.clients[self.contexts[cluster]], self.plan)
            if isinstance(node, dict):
                return {key: await put(value) for key, value in node.items()}
            return [await put(value) for value in node] if isinstance(node, list) else node

        return await objectvalues.fill(await put(step.values), cast("Any", self.box.clients[context]))

    async def release(self, step: Any, context: str) -> None:
        self.values[step.id] = await self.told(step, context)
        objects = self.objects(step)

        def hook(obj: dict[str, Any]) -> str:
            return str(obj["metadata"].get("annotations", {}).get("helm.sh/hook", ""))

        def weight(obj: dict[str, Any]) -> int:
            return int(obj["metadata"]["annotations"].get("helm.sh/hook-weight", 0))

        for phase in ("pre-install", "", "post-install"):
            chosen = [o for o in objects if hook(o) == phase]
            for obj in sorted(chosen, key=weight) if phase else chosen:
                await self.create(context, obj)
                if phase:
                    await self.ready(step.cluster, obj)
            if not phase:
                later = {ref.name for ref in step.later}
                for obj in chosen:
                    if obj["metadata"]["name"] not in later:
                        await self.ready(step.cluster, obj)
                for ref in step.awaits:
                    found = await self.box.clients[context].get(ref)
                    assert found is not None, ref
                    await self.ready(step.cluster, found)

    async def ready(self, cluster: str, obj: dict[str, Any]) -> None:
        kind, meta = obj["kind"], obj["metadata"]
        view = self.view(cluster)
        fields = {"StatefulSet": "readyReplicas", "Deployment": "readyReplicas", "DaemonSet": "numberReady"}

        def answer() -> bool:
            found = view.get(kind, meta["namespace"], meta["name"])
            status = (found or {}).get("status", {})
            if kind == "Job":
                types = {c["type"] for c in status.get("conditions", ()) if c["status"] == "True"}
                if "Failed" in types:
                    raise AssertionError(f"Job {meta['name']} failed: {self.log(cluster, meta['name'])}")
                return "Complete" in types
            wanted = found["spec"].get("replicas", status.get("desiredNumberScheduled", 1)) if found else 1
            return bool(status.get(fields[kind]) == wanted)

        if kind == "Job" or kind in fields:
            await view.until([kind], answer)

    def log(self, cluster: str, pod: str) -> str:
        """Everything that containers of pods with this prefix wrote."""
        logs = self.box.servers[self.contexts[cluster]].logs
        lines = [
            line.text
            for kept in (logs._before, logs._now)
            for key, log in kept.items()
            if key[1].startswith(pod)
            for line in log.lines
        ]
        return "\n".join(lines)

    async def logged(self, cluster: str, pod: str, text: str, *, seconds: float = 60.0) -> None:
        """Wait until a pod wrote `text`."""
        try:
            async with asyncio.timeout(seconds):
                while text not in self.log(cluster, pod):
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"{pod} wrote: {self.log(cluster, pod)}") from None

    async def hand_object(self, step: Any) -> None:
        """What of an object (or a log) may leave it, as an object where it is needed."""
        import base64
        import re

        from bevel_tui.engine.material import extract

        client, source = self.box.clients[self.contexts[step.cluster]], step.source
        if step.log is not None:
            lines = await client.logs(source.namespace, source.name, step.log.container)
            word = next(m[1] for line in reversed(lines) if (m := re.fullmatch(step.log.pattern, line)))
            found: dict[str, Any] = {"kind": "Pod", "data": {step.key: word}}
        else:
            found = cast("dict[str, Any]", await client.get(source))
        data = dict(extract(step, found).data)
        if source.kind == "Secret" and step.target_object.kind != "Secret":
            data = {key: base64.b64decode(value).decode() for key, value in data.items()}
        meta = {"name": step.target_object.name, "namespace": step.target_object.namespace}
        body = {"apiVersion": "v1", "kind": step.target_object.kind, "metadata": meta, "data": data}
        kept = self.spoil(body)
        if kept is not None:
            await self.create(self.contexts[step.target_cluster], kept)

    async def hand(self, step: Any) -> None:
        import base64
        import json

        if step.target_object is not None:
            await self.hand_object(step)
            return
        found = await self.box.clients[self.contexts[step.cluster]].get(step.source)
        assert found is not None, step.source
        if step.key is None:
            data = {k: v for k, v in found["data"].items() if not step.keep or k in step.keep}
            content = json.dumps({"data": data})
        else:
            content = found["data"][step.key]
            if found["kind"] == "Secret" and not step.keep_base64:
                content = base64.b64decode(content).decode()
            if step.member is not None:
                content = json.dumps(json.loads(content)[step.member])
        if step.target_step:
            self.files[step.target_step, step.target_file] = content
        else:
            target = step.target_object
            if found["kind"] == "Secret" and target.kind == "ConfigMap":
                data = {key: base64.b64decode(value).decode() for key, value in data.items()}
            meta = {"name": target.name, "namespace": target.namespace}
            body = {"apiVersion": "v1", "kind": target.kind, "metadata": meta, "data": data}
            await self.create(self.contexts[step.target_cluster], body)


@contextlib.asynccontextmanager
async def rehearsal(tmp_path: Path, preset: str, *, speed: float = SPEED) -> AsyncIterator[Rehearsal]:
    """A sandbox with the clusters that a preset names, its inventory in place."""
    from bevel_tui.network.load import load

    contexts = [cluster.context for cluster in load(preset).clusters]
    async with running(tmp_path, *contexts, speed=speed) as box:
        found = Rehearsal(box, preset)
        await found.inventory()
        yield found


@pytest.fixture
def rehearse(tmp_path: Path) -> Callable[[str], contextlib.AbstractAsyncContextManager[Rehearsal]]:
    """``async with rehearse("besu-one-cluster") as run``."""
    return lambda preset: rehearsal(tmp_path, preset)


class Fault:
    """Takes an object away for the length of a block, exactly as it was afterwards."""

    def __init__(self, run: Rehearsal, cluster: str, kind: str, name: str, namespace: str) -> None:
        from bevel_tui.sandbox.workloads.view import ref

        self.client = run.box.clients[run.contexts[cluster]]
        self.view = run.view(cluster)
        self.key = (kind, namespace, name)
        self.ref = ref(kind, namespace, name)
        self.saved: dict[str, Any] = {}

    async def __aenter__(self) -> None:
        found = await self.client.get(self.ref)
        assert found is not None, self.ref
        keep = {k: v for k, v in found["metadata"].items() if k in {"name", "namespace", "labels", "annotations"}}
        self.saved = {**found, "metadata": keep}
        self.saved.pop("status", None)
        await self.client.delete(self.ref)
        await self.view.until([self.key[0]], lambda: self.view.get(*self.key) is None)

    async def __aexit__(self, *_: object) -> None:
        await self.client.create(self.saved)
        await self.view.until([self.key[0]], lambda: self.view.get(*self.key))


async def again(run: Rehearsal, step_id: str, job: str, change: Callable[[dict[str, Any]], None] | None = None) -> None:
    """Run a release's Job anew, perhaps with its manifest changed."""
    from bevel_tui.sandbox.workloads.view import ref

    step = next(s for s in run.plan.steps if s.id == step_id)
    manifest = next(o for o in run.objects(step) if o["kind"] == "Job" and o["metadata"]["name"] == job)
    client = run.box.clients[run.contexts[step.cluster]]
    view = run.view(step.cluster)
    namespace = manifest["metadata"]["namespace"]
    await client.delete(ref("Job", namespace, job))
    await view.until(
        ["Job", "Pod"],
        lambda: (
            view.get("Job", namespace, job) is None
            and not any(p["metadata"]["labels"].get("job-name") == job for p in view.all("Pod", namespace))
        ),
    )
    if change:
        change(manifest)
    await client.create(manifest)


@pytest.fixture
def fault() -> type[Fault]:
    """``async with fault(run, cluster, kind, name, namespace)``."""
    return Fault


@pytest.fixture
def rerun() -> Callable[..., Any]:
    """``await rerun(run, step_id, job)``."""
    return again
