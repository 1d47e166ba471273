"""A small world for the engine: clusters in memory, a Helm that records, charts and a DNS gate that are always there.

Everything happens in the event loop's time, so schedules are asserted in virtual time (looptime) and a whole
deployment takes milliseconds. The clusters count every write: that is what idempotence is asserted with.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import pickle
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bevel_tui.engine.cancel import Cancellation
from bevel_tui.engine.charts import Located
from bevel_tui.engine.context import Access, GateReport
from bevel_tui.engine.options import RunOptions
from bevel_tui.engine.parts import Parts
from bevel_tui.engine.rounds import CheckRounds
from bevel_tui.engine.run import check, deploy, destroy
from bevel_tui.helm.driver import Operation, Outcome
from bevel_tui.kube.client import ApiError
from bevel_tui.network.model import Network
from bevel_tui.reachability.dynamic import Done, UpdateError
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.events import AnyEvent, DnsRecord
from bevel_tui.records.steps import (
    AddressStep,
    CheckStep,
    DnsStep,
    Endpoint,
    Expected,
    HandoffStep,
    NamespaceStep,
    ObjectRef,
    Produced,
    ReleaseStep,
    SecretStep,
    SecretValue,
    Step,
)


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def copied(tree: Any) -> Any:
    """A deep copy of what an API server could hold (several times as quick as `copy.deepcopy`)."""
    return pickle.loads(pickle.dumps(tree))


class MemoryCluster:
    """An API server in memory, as far as the engine uses one, with controllers that make workloads ready."""

    def __init__(self, context: str) -> None:
        self.context = context
        self.objects: dict[tuple[str, str, str | None, str], dict[str, Any]] = {}
        self.writes: list[tuple[str, str, str]] = []
        self.version = 0
        self.denied: set[tuple[str, str]] = set()  # (verb, resource) that access reviews deny
        self.down = False
        self.log: dict[str, tuple[str, ...]] = {}
        self.closed = False
        self._watchers: list[tuple[str, str, str | None, asyncio.Queue[tuple[str, dict[str, Any]]]]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        #: seconds until a workload is done, and what Jobs of that name write; None: it fails
        self.seconds = 2.0
        self.results: dict[str, tuple[ObjectRef, ...]] = {}
        self.failing: set[str] = set()
        self.stuck: set[str] = set()

    # ---- the Cluster protocol

    async def get(self, ref: ObjectRef) -> dict[str, Any] | None:
        self._answer()
        found = self.objects.get((ref.api_version, ref.kind, ref.namespace, ref.name))
        return copied(found) if found is not None else None

    async def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        *,
        labels: str | None = None,
        fields: str | None = None,
    ) -> list[dict[str, Any]]:
        self._answer()
        return [copied(o) for o in self._select(api_version, kind, namespace, fields) if _has(o, labels)]

    async def create(self, obj: Mapping[str, Any]) -> dict[str, Any]:
        self._answer()
        if obj["kind"] == "SelfSubjectAccessReview":
            want = obj["spec"]["resourceAttributes"]
            broad = want["resource"] == "*" and bool(self.denied)
            allowed = not broad and (want["verb"], want["resource"]) not in self.denied
            return {**obj, "status": {"allowed": allowed}}
        key = self._key(obj)
        if key in self.objects:
            raise ApiError(409, "AlreadyExists", f"{key[1]} {key[3]} already exists")
        if key[2] is not None and ("v1", "Namespace", None, key[2]) not in self.objects:
            raise ApiError(404, "NotFound", f"namespaces {key[2]!r} not found")
        stored = copied(dict(obj))
        stored["metadata"] = {
            **stored["metadata"],
            "uid": str(uuid.uuid4()),
            "creationTimestamp": _stamp(),
            "generation": 1,
        }
        made = self._store("create", key, stored, "ADDED")
        if key[1] == "Job":
            self._begin(key)
        return made

    async def replace(self, obj: Mapping[str, Any], *, subresource: str | None = None) -> dict[str, Any]:
        self._answer()
        key = self._key(obj)
        there = self.objects.get(key)
        if there is None:
            raise ApiError(404, "NotFound", f"{key[3]} not found")
        wanted = obj["metadata"].get("resourceVersion")
        if wanted is not None and wanted != there["metadata"]["resourceVersion"]:
            raise ApiError(409, "Conflict", "the object has been modified")
        return self._store("replace", key, copied(dict(obj)), "MODIFIED")

    async def delete(self, ref: ObjectRef, *, propagation: str = "Background", uid: str | None = None) -> bool:
        self._answer()
        key = (ref.api_version, ref.kind, ref.namespace, ref.name)
        there = self.objects.get(key)
        if there is None:
            return False
        if uid is not None and there["metadata"]["uid"] != uid:
            raise ApiError(409, "Conflict", "uid differs")
        self._remove(key)
        if ref.kind == "Namespace":
            for inner in [k for k in self.objects if k[2] == ref.name]:
                self._remove(inner)
        return True

    async def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, tail: int = 50
    ) -> tuple[str, ...]:
        return self.log.get(f"{namespace}/{pod}/{container}", ())

    async def watch(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        *,
        labels: str | None = None,
        fields: str | None = None,
    ) -> AsyncIterator[tuple[Any, dict[str, Any]]]:
        self._answer()
        queue: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        entry = (api_version, kind, namespace, queue)
        self._watchers.append(entry)
        try:
            for obj in self._select(api_version, kind, namespace, fields):
                yield "ADDED", copied(obj)
            yield "SYNCED", {}
            while True:
                change, obj = await queue.get()
                if change == "ERROR":
                    raise ApiError(0, "Unreachable", "gone")
                if _field(obj, fields):
                    yield change, obj
        finally:
            self._watchers.remove(entry)

    async def close(self) -> None:
        self.closed = True

    # ---- the world behind it

    def put(self, obj: Mapping[str, Any]) -> dict[str, Any]:
        """An object that others made: not counted as a write of ours."""
        key = self._key(obj)
        there = self.objects.get(key)
        stored = copied(dict(obj))
        meta = (
            there["metadata"] if there else {"uid": str(uuid.uuid4()), "creationTimestamp": _stamp(), "generation": 1}
        )
        stored["metadata"] = {**meta, **stored["metadata"]}
        return self._store(None, key, stored, "MODIFIED" if there else "ADDED")

    def remove(self, api_version: str, kind: str, namespace: str | None, name: str) -> None:
        """An object that others deleted."""
        key = (api_version, kind, namespace, name)
        obj = self.objects.pop(key)
        self._tell("DELETED", key, obj)

    def status(self, kind: str, namespace: str | None, name: str, **status: Any) -> None:
        """A controller's or kubelet's report."""
        for key, obj in self.objects.items():
            if key[1:] == (kind, namespace, name):
                obj["status"] = {**obj.get("status", {}), **status}
                self._store(None, key, obj, "MODIFIED")
                return

    def break_watches(self) -> None:
        """Every watch ends with an error that cannot be resumed."""
        for *_, queue in self._watchers:
            queue.put_nowait(("ERROR", {}))

    def apply(self, obj: Mapping[str, Any]) -> None:
        """What Helm applies: a write of its own, and controllers that get to work."""
        key = self._key(obj)
        if key in self.objects and key[1] == "Job":
            if self.objects[key].get("spec", {}).get("template") != obj.get("spec", {}).get("template"):
                raise ApiError(422, "Invalid", "Job spec.template is immutable")
            return
        if key in self.objects and {**self.objects[key], "metadata": 0, "status": 0} == {
            **obj,
            "metadata": 0,
            "status": 0,
        }:
            return
        self.put(obj)
        self._begin(key)

    def _begin(self, key: tuple[str, str, str | None, str]) -> None:
        task = asyncio.get_running_loop().create_task(self._work(key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, key: tuple[str, str, str | None, str]) -> None:
        _, kind, namespace, name = key
        if name in self.stuck:
            return
        await asyncio.sleep(self.seconds)
        if key not in self.objects:
            return
        if kind == "Job":
            if name in self.failing:
                self.put(
                    {
                        "apiVersion": "v1",
                        "kind": "Pod",
                        "metadata": {
                            "name": f"{name}-x",
                            "namespace": namespace,
                            "ownerReferences": [{"kind": "Job", "name": name, "controller": True}],
                        },
                        "status": {
                            "phase": "Failed",
                            "containerStatuses": [{"name": "main", "state": {"terminated": {"exitCode": 1}}}],
                        },
                    }
                )
                self.log[f"{namespace}/{name}-x/main"] = ("starting", "the input is missing")
                self.status(
                    "Job",
                    namespace,
                    name,
                    failed=4,
                    conditions=[{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}],
                )
                return
            for ref in self.results.get(name, ()):
                if (ref.api_version, ref.kind, ref.namespace, ref.name) not in self.objects:
                    self.put(_object(ref, data={"content": base64.b64encode(b"public").decode()}))
            self.status("Job", namespace, name, succeeded=1, conditions=[{"type": "Complete", "status": "True"}])
        elif kind == "StatefulSet":
            self.status(
                kind,
                namespace,
                name,
                replicas=1,
                readyReplicas=1,
                observedGeneration=1,
                currentRevision="1",
                updateRevision="1",
            )
        elif kind == "Service":
            self.status(kind, namespace, name, loadBalancer={"ingress": [{"ip": "192.0.2.1"}]})
        elif kind == "CustomResourceDefinition":
            self.status(kind, namespace, name, conditions=[{"type": "Established", "status": "True"}])

    def _answer(self) -> None:
        if self.down:
            raise ApiError(0, "Unreachable", "no answer in time")

    @staticmethod
    def _key(obj: Mapping[str, Any]) -> tuple[str, str, str | None, str]:
        return obj["apiVersion"], obj["kind"], obj["metadata"].get("namespace"), obj["metadata"]["name"]

    def _select(self, api_version: str, kind: str, namespace: str | None, fields: str | None) -> list[dict[str, Any]]:
        return [
            obj
            for (version, of_kind, where, _), obj in self.objects.items()
            if (version, of_kind) == (api_version, kind) and namespace in (None, where) and _field(obj, fields)
        ]

    def _store(
        self, verb: str | None, key: tuple[str, str, str | None, str], obj: dict[str, Any], change: str
    ) -> dict[str, Any]:
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        self.objects[key] = obj
        if verb is not None:
            self.writes.append((verb, key[1], key[3]))
        self._tell(change, key, obj)
        return copied(obj)

    def _remove(self, key: tuple[str, str, str | None, str]) -> None:
        obj = self.objects.pop(key)
        self.version += 1
        self.writes.append(("delete", key[1], key[3]))
        self._tell("DELETED", key, obj)

    def _tell(self, change: str, key: tuple[str, str, str | None, str], obj: dict[str, Any]) -> None:
        for api_version, kind, namespace, queue in self._watchers:
            if (api_version, kind) == key[:2] and namespace in (None, key[2]):
                queue.put_nowait((change, copied(obj)))


def _has(obj: Mapping[str, Any], labels: str | None) -> bool:
    if not labels:
        return True
    there = obj["metadata"].get("labels") or {}
    for part in labels.split(","):
        key, _, value = part.partition("=")
        if key not in there or (value and there[key] != value):
            return False
    return True


def _field(obj: Mapping[str, Any], fields: str | None) -> bool:
    if fields == "type!=helm.sh/release.v1":
        return obj.get("type") != "helm.sh/release.v1"
    if fields and fields.startswith("metadata.name="):
        return bool(obj["metadata"]["name"] == fields.partition("=")[2])
    return True


def _object(ref: ObjectRef, **more: Any) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": ref.name}
    if ref.namespace:
        meta["namespace"] = ref.namespace
    return {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": meta, **more}


class RecordingHelm:
    """A Helm that keeps its records as Helm does, applies what a step expects, and remembers every operation."""

    name = "recording helm"

    def __init__(self, world: World) -> None:
        self.world = world
        self.operations: list[Operation] = []
        self.spans: list[tuple[str, float, float]] = []
        self.seconds = 1.0
        self.answers: dict[str, Outcome] = {}
        self.kill: set[str] = set()
        #: how often the last change of a release's record is lost, by name: Helm calls it done all the same
        self.unrecorded: Counter[str] = Counter()
        #: what an operation leaves as its record ("": none) when its cluster falls silent in it, by release, once for each;
        #: for how many seconds it does
        self.lost: dict[str, list[str]] = {}
        self.away = 30.0

    async def run(self, operation: Operation, *, cancel: asyncio.Event | None = None) -> Outcome:
        self.operations.append(operation)
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            return await self._run(operation, cancel or asyncio.Event())
        finally:
            self.spans.append((f"{operation.context}/{operation.namespace}/{operation.release}", began, loop.time()))

    async def _run(self, operation: Operation, cancel: asyncio.Event) -> Outcome:
        cluster = self.world.clusters[operation.context]
        if operation.release in self.answers:
            await asyncio.sleep(self.seconds)
            return self.answers[operation.release]
        if cluster.down:
            await asyncio.sleep(self.seconds)
            return self.silent()
        records = [
            o
            for (v, kind, ns, _), o in cluster.objects.items()
            if kind == "Secret"
            and ns == operation.namespace
            and o["metadata"].get("labels", {}).get("name") == operation.release
        ]
        newest = max((int(r["metadata"]["labels"]["version"]) for r in records), default=0)
        step = self.world.release(operation.context, operation.namespace, operation.release)
        if self.lost.get(operation.release):
            await asyncio.sleep(self.seconds)
            if status := self.lost[operation.release].pop(0):
                self.record(operation, step, max(1, newest + (operation.verb != "uninstall")), status)
            cluster.down = True
            asyncio.get_running_loop().call_later(self.away, setattr, cluster, "down", False)
            return self.silent()
        if operation.verb == "uninstall":
            await asyncio.sleep(self.seconds)
            if not records:
                return Outcome(ok=False, error="release: not found", reason="other")
            for record in records:
                cluster._remove(cluster._key(record))
            for item in step.expects:
                key = (item.ref.api_version, item.ref.kind, item.ref.namespace, item.ref.name)
                if not item.hook and key in cluster.objects:
                    cluster._remove(key)
            return Outcome(ok=True)
        statuses = {r["metadata"]["labels"]["status"] for r in records}
        if any(s.startswith("pending") for s in statuses):
            return Outcome(ok=False, error="another operation is in progress", reason="pending")
        if operation.verb == "install" and records:
            return Outcome(ok=False, error="cannot reuse a name that is still in use", reason="other")
        revision = newest + 1
        self.record(operation, step, revision, f"pending-{operation.verb}")
        if operation.release in self.kill:
            await asyncio.sleep(1000)
        await asyncio.sleep(self.seconds)
        failed = await self._hooks(cluster, step, f"pre-{operation.verb}", cancel)
        if failed is None:
            try:
                for obj in self.manifest(step, operation):
                    cluster.apply(obj)
            except ApiError as error:
                failed = Outcome(ok=False, error=error.message, reason="api")
        if failed is None:
            failed = await self._hooks(cluster, step, f"post-{operation.verb}", cancel)
        if failed is not None:
            self.record(operation, step, revision, "failed")
            return failed
        if self.unrecorded[operation.release] > 0:
            self.unrecorded[operation.release] -= 1
            return Outcome(ok=True, revision=revision)
        for record in records:
            record["metadata"]["labels"]["status"] = "superseded"
        self.record(operation, step, revision, "deployed")
        return Outcome(ok=True, revision=revision)

    @staticmethod
    def silent() -> Outcome:
        words = 'Get "https://east/api/v1/secrets": dial tcp: connect: connection refused'
        return Outcome(ok=False, error=words, reason="silent")

    async def _hooks(
        self, cluster: MemoryCluster, step: ReleaseStep, moment: str, cancel: asyncio.Event
    ) -> Outcome | None:
        """Run what is due at that moment; how the first one failed that did."""
        for item in step.expects:
            if item.hook and moment in item.hook.split(","):
                failed = await self._hook(cluster, item.ref, cancel)
                if failed is not None:
                    return failed
        return None

    async def _hook(self, cluster: MemoryCluster, ref: ObjectRef, cancel: asyncio.Event) -> Outcome | None:
        key = (ref.api_version, ref.kind, ref.namespace, ref.name)
        cluster.objects.pop(key, None)
        cluster.apply(_object(ref, spec={}))
        for _ in range(600):
            if cancel.is_set():
                return Outcome(ok=False, error="cancelled", reason="cancelled")
            conditions = cluster.objects[key].get("status", {}).get("conditions", ())
            if any(c["type"] == "Complete" for c in conditions):
                return None
            await asyncio.sleep(0.5)
        return Outcome(ok=False, error="timed out waiting for the condition", reason="hook")

    def manifest(self, step: ReleaseStep, operation: Operation) -> list[dict[str, Any]]:
        values = json.dumps(operation.values, sort_keys=True)
        made = []
        for item in step.expects:
            if item.hook:
                continue
            spec: dict[str, Any] = {"template": {"values": values}} if item.ref.kind == "Job" else {"replicas": 1}
            if item.ref.kind == "Service":
                spec = {"type": "LoadBalancer", "ports": [{"port": port} for port in self.world.ports(item.ref)]}
            made.append(_object(item.ref, spec=spec))
        return made

    def record(self, operation: Operation, step: ReleaseStep, revision: int, status: str) -> None:
        cluster = self.world.clusters[operation.context]
        manifest = self._text(step, operation)
        packed = base64.b64encode(
            gzip.compress(json.dumps({"name": operation.release, "version": revision, "manifest": manifest}).encode())
        )
        cluster.put(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "type": "helm.sh/release.v1",
                "metadata": {
                    "name": f"sh.helm.release.v1.{operation.release}.v{revision}",
                    "namespace": operation.namespace,
                    "labels": {
                        "owner": "helm",
                        "name": operation.release,
                        "version": str(revision),
                        "status": status,
                        "modifiedAt": str(int(datetime.now(UTC).timestamp())),
                        **operation.labels,
                    },
                },
                "data": {"release": base64.b64encode(packed).decode()},
            }
        )

    async def render(self, operation: Operation) -> str:
        return self._text(self.world.release(operation.context, operation.namespace, operation.release), operation)

    def _text(self, step: ReleaseStep, operation: Operation) -> str:
        """The manifest as Helm keeps it; JSON is YAML, and quicker to write."""
        return "".join(f"---\n{json.dumps(obj)}\n" for obj in self.manifest(step, operation))

    def verbs(self) -> list[tuple[str, str]]:
        """(verb, cluster/namespace/release) of every operation, in order."""
        return [(o.verb, f"{o.context}/{o.namespace}/{o.release}") for o in self.operations]


class MemoryCharts:
    """Every chart is there; the digest of one can be changed."""

    def __init__(self) -> None:
        self.digests: dict[str, str] = {}
        self.prepared: list[tuple[str, dict[str, bytes]]] = []
        self.stand_in = True

    async def locate(self, step: ReleaseStep) -> Located:
        return Located(self.digests.get(step.chart, "sha256:1"), "memory", step.chart_version, self.stand_in)

    async def prepare(self, step: ReleaseStep, folder: Path, files: Mapping[str, bytes]) -> Path:
        assert folder.stat().st_mode & 0o777 == 0o700
        self.prepared.append((step.id, dict(files)))
        return folder


class MemoryReach:
    """DNS that is right after `delay` seconds, checks that answer what they are told to."""

    def __init__(self) -> None:
        self.delay = 0.0
        self.failing: set[str] = set()
        #: clusters whose pods have looked; (from, to) that do not get through
        self.looks: list[str] = []
        self.barred: set[tuple[str, str]] = set()
        #: called when a pod begins to look, which takes a while then
        self.before_look: Callable[[], object] | None = None
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        #: what dynamic updates have written, and every update; the next ones raise `refusals`
        self.zone: dict[str, tuple[str, ...]] = {}
        self.updates: list[tuple[str, str, tuple[str, ...], str]] = []
        self.refusals: list[UpdateError] = []
        #: what a look at the zone raises; which domains were looked at
        self.trouble: UpdateError | None = None
        self.foreseen: list[str] = []
        #: external-dns: whether its record stands; `blind`: no authority can be asked
        self.controller: Callable[[str], bool] | None = None
        self.blind = False
        #: why external-dns will not make its records; times that this was asked
        self.hindrance = ""
        self.examined = 0

    async def publish(
        self, access: Access, step: DnsStep, addresses: tuple[str, ...], secret: str, friends: frozenset[str]
    ) -> Done:
        self.updates.append(("publish", step.domain, addresses, secret))
        if self.refusals:
            raise self.refusals.pop(0)
        fresh = self.zone.get(step.domain) != addresses
        self.zone[step.domain] = addresses
        return Done("created" if fresh else "unchanged", "test", f"created *.{step.domain}")

    async def withdraw(self, access: Access, step: DnsStep, addresses: tuple[str, ...], secret: str) -> Done:
        self.updates.append(("withdraw", step.domain, addresses, secret))
        if self.refusals:
            raise self.refusals.pop(0)
        del self.zone[step.domain]
        return Done("removed", "test", f"removed *.{step.domain}")

    async def published(self, access: Access, step: DnsStep) -> bool:
        return step.domain in self.zone

    async def foresee(self, access: Access, step: DnsStep, addresses: tuple[str, ...], friends: frozenset[str]) -> Done:
        self.foreseen.append(step.domain)
        if self.trouble is not None:
            raise self.trouble
        there = self.zone.get(step.domain)
        outcome = "unchanged" if there == addresses else "created" if there is None else "replaced"
        return Done(outcome, "test", f"*.{step.domain}: {there} -> {addresses}")

    async def leads(self, access: Access, step: DnsStep, addresses: tuple[str, ...]) -> bool | None:
        if self.blind:
            return None
        return self.controller is not None and self.controller(step.domain)

    async def makes_records(self, access: Access, step: DnsStep, gateway: AddressStep) -> CheckResult:
        self.examined += 1
        words = self.hindrance
        return CheckResult(
            id="external-dns",
            cluster=step.cluster,
            target=step.domain,
            status="failed" if words else "ok",
            summary=words or "well",
            remedy="Install it." if words else None,
        )

    def records(self, step: DnsStep, addresses: tuple[str, ...]) -> tuple[DnsRecord, ...]:
        return ()

    async def gate(
        self, access: Access, step: DnsStep, addresses: tuple[str, ...], *, patience: float | None = None
    ) -> AsyncIterator[GateReport]:
        self.asked.append((step.domain, addresses))
        if self.delay:
            yield GateReport(False, step.domain, servers={"ns1": "no such name"}, waiting_for="somebody to create them")
            await asyncio.sleep(self.delay)
        yield GateReport(True, step.domain, addresses=addresses)

    async def check(
        self, access: Access, step: CheckStep, gateway: AddressStep | None, retry: float, *, settled: bool
    ) -> AsyncIterator[CheckResult]:
        for endpoint in step.endpoints:
            bad = endpoint.id in self.failing
            yield CheckResult(
                id="protocol",
                cluster=step.cluster,
                target=endpoint.host,
                status="failed" if bad else "ok",
                summary="refused" if bad else "block 7",
                remedy="mend it" if bad else None,
            )

    async def settled(
        self, access: Access, step: CheckStep, gateway: AddressStep | None, retry: float
    ) -> AsyncIterator[CheckResult]:
        for result in ():
            yield result

    def agreement(self, cluster: str, rounds: CheckRounds) -> list[CheckResult]:
        return []

    async def inside(self, access: Access, step: str, rounds: CheckRounds, retry: float) -> AsyncIterator[CheckResult]:
        self.looks.append(access.name)
        if self.before_look is not None:
            self.before_look()
            await asyncio.sleep(120.0)
        rounds.inside.leave(step)
        await rounds.inside.wait()
        for to in rounds.endpoints:
            bad = (access.name, to) in self.barred
            yield CheckResult(
                id="cluster-path",
                category="clusters",
                cluster=to,
                target=f"{access.name} -> {to}",
                status="failed" if bad else "ok",
                summary="refused" if bad else "reached",
                vantage=access.name,
            )


@dataclass(frozen=True)
class MemoryPlan:
    """A plan from steps."""

    steps: tuple[Step, ...]
    network_name: str = "supply"
    id: str = "plan-1"

    def critical_path(self) -> tuple[str, ...]:
        return ()

    def changed(self, step_id: str, **fields: Any) -> MemoryPlan:
        """The same plan with one step changed."""
        steps = tuple(replace(s, **fields) if s.id == step_id else s for s in self.steps)
        return MemoryPlan(steps, self.network_name, "plan-2")


NETWORK: dict[str, Any] = {
    "apiVersion": "bevel-tui/v1",
    "kind": "Network",
    "name": "supply",
    "platform": {"type": "besu"},
    "gateway": {"type": "ambassador"},
    "clusters": [
        {"name": "east", "context": "east", "domain": "east.example.com"},
        {"name": "west", "context": "west", "domain": "west.example.com"},
    ],
    "organizations": [
        {"name": "alpha", "cluster": "east", "besu": {"validators": 1, "members": 0}},
        {"name": "beta", "cluster": "west", "besu": {"validators": 0, "members": 1}},
    ],
}


def _release(cluster: str, namespace: str, name: str, needs: tuple[str, ...], **more: Any) -> ReleaseStep:
    return ReleaseStep(
        id=f"{cluster}/{namespace}/{name}",
        cluster=cluster,
        namespace=namespace,
        release=name,
        chart=more.pop("chart", f"chart-{name}"),
        chart_version="1.1.0",
        needs=needs,
        **more,
    )


def two_clusters() -> MemoryPlan:
    """Founder in east, member in west, a gateway in east; every kind of step."""
    job = ObjectRef("batch/v1", "Job", "genesis-init", "alpha")
    genesis = ObjectRef("v1", "ConfigMap", "besu-genesis", "alpha")
    peers = ObjectRef("v1", "ConfigMap", "besu-peers", "alpha")
    copy_of_peers = ObjectRef("v1", "ConfigMap", "besu-peers", "beta")
    keys = ObjectRef("v1", "Secret", "validator-keys", "alpha")
    endpoint = Endpoint(
        id="rpc", cluster="east", organization="alpha", release="validator-1", host="v1rpc.east.example.com", port=80,
        protocol="http", probe="json-rpc", service="validator-1.alpha:8545",
    )  # fmt: skip
    return MemoryPlan(
        (
            NamespaceStep(id="east/alpha", cluster="east", namespace="alpha"),
            SecretStep(
                id="east/alpha/secret/roottoken", cluster="east", namespace="alpha", needs=("east/alpha",),
                name="roottoken", data=(("token", SecretValue(env="TEST_TOKEN")),),
            ),
            _release(
                "east", "alpha", "genesis", ("east/alpha", "east/alpha/secret/roottoken"),
                values={"password": SecretValue(env="TEST_PASSWORD"), "count": 1},
                expects=(Expected(job),), produces=(Produced(genesis), Produced(peers)),
            ),
            _release(
                "east", "alpha", "validator-1", ("east/alpha/genesis",), lane="alpha",
                expects=(
                    Expected(ObjectRef("batch/v1", "Job", "validator-1-hook", "alpha"), "pre-install"),
                    Expected(ObjectRef("batch/v1", "Job", "validator-1-cleanup", "alpha"), "pre-delete"),
                    Expected(ObjectRef("apps/v1", "StatefulSet", "validator-1", "alpha")),
                ),
                produces=(Produced(keys, keys=("nodekey",), private=("nodekey",), keep=True),),
                endpoints=(endpoint,),
            ),
            NamespaceStep(id="west/beta", cluster="west", namespace="beta"),
            HandoffStep(
                id="handoff/genesis/alpha->beta", cluster="east", namespace="alpha", needs=("east/alpha/genesis",),
                source=genesis, key="content", target_cluster="west", target_step="west/beta/genesis",
                target_file="files/genesis.json", policy="follow",
            ),
            HandoffStep(
                id="handoff/peers/alpha->beta", cluster="east", namespace="alpha", needs=("east/alpha/validator-1",),
                source=peers, key="content", target_cluster="west", target_step="west/beta/genesis",
                target_file="files/static-nodes.json", policy="frozen",
            ),
            _release(
                "west", "beta", "genesis",
                ("west/beta", "handoff/genesis/alpha->beta", "handoff/peers/alpha->beta"),
                files=("files/genesis.json", "files/static-nodes.json"),
                expects=(Expected(copy_of_peers),),
            ),
            _release(
                "west", "beta", "member", ("west/beta/genesis",),
                expects=(Expected(ObjectRef("apps/v1", "StatefulSet", "member", "beta")),),
            ),
            NamespaceStep(id="east/gateway-ns", cluster="east", namespace="gateway-ns"),
            _release(
                "east", "gateway-ns", "gateway", ("east/gateway-ns",), origin="gateways",
                expects=(Expected(ObjectRef("v1", "Service", "gateway", "gateway-ns")),),
            ),
            AddressStep(
                id="east/address", cluster="east", needs=("east/gateway-ns/gateway",),
                service=ObjectRef("v1", "Service", "gateway", "gateway-ns"), ports=(80,),
            ),
            DnsStep(
                id="east/dns", cluster="east", needs=("east/address",), domain="east.example.com",
                hosts=("v1rpc.east.example.com",), address_step="east/address",
            ),
            CheckStep(
                id="east/check", cluster="east", needs=("east/dns", "east/alpha/validator-1"),
                endpoints=(endpoint,), domain="east.example.com",
            ),
        )
    )  # fmt: skip


@dataclass
class World:
    """Everything a run meets. `run` deploys `plan` and returns the events."""

    plan: MemoryPlan
    clusters: dict[str, MemoryCluster] = field(default_factory=dict)
    network: Network = field(default_factory=lambda: Network.model_validate(NETWORK))
    unreachable: set[str] = field(default_factory=set)
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.helm = RecordingHelm(self)
        self.charts = MemoryCharts()
        self.reach = MemoryReach()
        for name in ("east", "west"):
            self.clusters[name] = MemoryCluster(name)
        east = self.clusters["east"]
        east.results["genesis-init"] = tuple(made.ref for made in self.release("east", "alpha", "genesis").produces)
        east.results["validator-1-hook"] = (ObjectRef("v1", "Secret", "validator-keys", "alpha"),)

    def release(self, cluster: str, namespace: str, name: str) -> ReleaseStep:
        step = next(s for s in self.plan.steps if s.id == f"{cluster}/{namespace}/{name}")
        assert isinstance(step, ReleaseStep)
        return step

    def ports(self, service: ObjectRef) -> set[int]:
        """What a Service opens: what the plan waits for."""
        return {p for s in self.plan.steps if isinstance(s, AddressStep) and s.service == service for p in s.ports} | {
            80
        }

    async def _connect(self, context: str, kubeconfig: str | None) -> MemoryCluster:
        from bevel_tui.records.errors import BevelError, Code

        if context in self.unreachable:
            raise BevelError(Code.CLUSTER_UNREACHABLE, f"The cluster of context {context!r} cannot be reached: refused")
        return self.clusters[context]

    async def _driver(self, options: RunOptions, environ: Mapping[str, str]) -> RecordingHelm:
        self.environ = dict(environ)
        return self.helm

    @property
    def parts(self) -> Parts:
        return Parts(
            connect=self._connect,
            driver=self._driver,
            charts=lambda network, options, clusters: self.charts,
            reach=lambda network, options: self.reach,
        )

    async def run(
        self, command: str = "deploy", *, cancel: Cancellation | None = None, **options: Any
    ) -> list[AnyEvent]:
        function = {"deploy": deploy, "destroy": destroy, "check": check}[command]
        stream = function(self.network, self.plan, RunOptions(**options), cancel=cancel, parts=self.parts)
        return [event async for event in stream]

    def writes(self) -> list[tuple[str, str, str, str]]:
        """Every write of ours so far, over all clusters."""
        return [(name, *write) for name, cluster in self.clusters.items() for write in cluster.writes]

    def versions(self) -> dict[Any, str]:
        """resourceVersion of every object."""
        return {
            (name, *key): obj["metadata"]["resourceVersion"]
            for name, cluster in self.clusters.items()
            for key, obj in cluster.objects.items()
        }


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Two empty clusters and the plan of `two_clusters`, its secrets set."""
    monkeypatch.setenv("TEST_TOKEN", "canary-token-1")
    monkeypatch.setenv("TEST_PASSWORD", "canary-password-2")
    return World(two_clusters())
