"""The kubelet (and, where no real one is there, the scheduler): takes every pod through its life.

One task per pod. What a pod waits for is asked of the cache and answered by its changes; nothing polls.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from bevel_tui.kube.client import ApiError
from bevel_tui.sandbox.clock import timestamp
from bevel_tui.sandbox.workloads.containers import ContainerRun
from bevel_tui.sandbox.workloads.jobs import phase
from bevel_tui.sandbox.workloads.needs import missing_volume
from bevel_tui.sandbox.workloads.nodes import place
from bevel_tui.sandbox.workloads.stateless import condition
from bevel_tui.sandbox.workloads.view import Object
from bevel_tui.sandbox.world import Site, World

log = logging.getLogger(__name__)

SCHEDULE_SECONDS = 0.1
CREATE_SECONDS = 0.3
#: between two attempts at what a fault forbids
RETRY_SECONDS = 10.0
#: and between two attempts at a volume: doubled each time [kubernetes: pkg/util/goroutinemap/exponentialbackoff]
MOUNT_SECONDS, MOUNT_LIMIT = 0.5, 122.0


class Kubelet:
    """All pods of one cluster. With `scheduler` False pods wait for a real scheduler to place them."""

    def __init__(self, world: World, site: Site, *, scheduler: bool = True) -> None:
        self.world = world
        self.site = site
        self.scheduler = scheduler
        self._runs: dict[str, asyncio.Task[None]] = {}
        self._addresses = 0
        site.view.listen(["Pod"], self._changed)

    def _changed(self, change: str, _kind: str, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        task = self._runs.get(uid)
        if change == "DELETED":
            self.world.mounted.pop(uid, None)
            if task is not None:
                del self._runs[uid]
                task.cancel()
        elif pod["metadata"].get("deletionTimestamp"):
            if task is None or task.get_name() != "stop":
                if task is not None:
                    task.cancel()
                self._runs[uid] = asyncio.create_task(self._stop(pod), name="stop")
        elif task is None and phase(pod) in {"Pending", "Running"}:
            run = PodRun(self.world, self.site, pod, self._address(pod), scheduler=self.scheduler)
            self._runs[uid] = asyncio.create_task(run.run(), name=pod["metadata"]["name"])

    async def _stop(self, pod: Object) -> None:
        """Containers get their signal, end, and the object goes."""
        await self.world.clock.sleep(CREATE_SECONDS)
        try:
            await self.site.hands.delete(pod)
        except ApiError as error:
            log.debug("%s: %s", pod["metadata"]["name"], error)

    def _address(self, pod: Object) -> str:
        self._addresses += 1
        known = (pod.get("status") or {}).get("podIP")
        return known or f"10.{self.site.number}.{self._addresses // 250}.{self._addresses % 250 + 1}"

    async def stop(self) -> None:
        """End all pod tasks (the pods stay as they are)."""
        tasks = list(self._runs.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._runs.clear()


class PodRun:
    """One pod from Pending to its end."""

    def __init__(self, world: World, site: Site, pod: Object, address: str, *, scheduler: bool) -> None:
        self.world = world
        self.site = site
        self.pod = pod
        self.scheduler = scheduler
        self.address = address
        self.namespace: str = pod["metadata"]["namespace"]
        self.name: str = pod["metadata"]["name"]
        self.started: str | None = None
        self.conditions: dict[str, dict[str, Any]] = {
            c["type"]: c for c in (pod.get("status") or {}).get("conditions") or ()
        }
        spec = pod["spec"]
        self.init = [ContainerRun(self, c, init=True) for c in spec.get("initContainers") or ()]
        self.main = [ContainerRun(self, c, init=False) for c in spec.get("containers") or ()]
        self._writing = asyncio.Lock()
        self._phase = "Pending"

    @property
    def policy(self) -> str:
        """The pod's restart policy."""
        return str(self.pod["spec"].get("restartPolicy") or "Always")

    def event(self, kind: str, reason: str, message: str, component: str = "kubelet") -> None:
        """Record an Event about the pod."""
        self.site.hands.event(self.pod, kind, reason, message, component)

    async def run(self) -> None:
        """Play the pod's life."""
        try:
            if phase(self.pod) == "Running" and self._restore():
                await self._containers()
                return
            await self._schedule()
            self.started = timestamp()
            self._set("PodReadyToStartContainers", False)
            self._set("Initialized", not self.init)
            await self.publish()
            await self._mount()
            await self.world.clock.sleep(CREATE_SECONDS)
            self._set("PodReadyToStartContainers", True)
            for container in self.init:
                if not await container.run():
                    self._phase = "Failed"
                    await self.publish()
                    return
            self._set("Initialized", True)
            await self._containers()
        except ApiError as error:
            log.warning("pod %s/%s: %s", self.namespace, self.name, error)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("pod %s/%s", self.namespace, self.name)

    def _restore(self) -> bool:
        """Take up a pod that a simulator before us had running. False when it has to be started again."""
        status = self.pod.get("status") or {}
        known = {c["name"]: c for c in (status.get("containerStatuses") or ())}
        if not all(c.restore(known.get(c.name)) for c in self.main):
            return False
        for container, found in zip(self.init, status.get("initContainerStatuses") or (), strict=False):
            container.restore(found)
        self.started = status.get("startTime")
        self._phase = "Running"
        return True

    async def _schedule(self) -> None:
        view = self.site.view
        if not self.pod["spec"].get("nodeName") and self.scheduler:
            await self.world.clock.sleep(SCHEDULE_SECONDS)
            while (trouble := self.world.troubles.at("schedule", self.site.name, self.pod)) is not None:
                self.event("Warning", "FailedScheduling", trouble.message, "default-scheduler")
                self._set("PodScheduled", False, trouble.reason, trouble.message)
                await self.publish()
                await self.world.clock.sleep(RETRY_SECONDS)
            said = ""

            def answer() -> tuple[str | None, str] | None:
                """A node, or why there is none when that is news."""
                node, why = place(view, self.pod)
                return (node, why) if node or why != said else None

            while True:
                node, said = await view.until(["PersistentVolumeClaim", "Node", "Pod"], answer)
                if node:
                    break
                self.event("Warning", "FailedScheduling", said, "default-scheduler")
                self._set("PodScheduled", False, "Unschedulable", said)
                await self.publish()
            await self._bind(node)
            self.event(
                "Normal",
                "Scheduled",
                f"Successfully assigned {self.namespace}/{self.name} to {node}",
                "default-scheduler",
            )

        def bound() -> Object | None:
            found = view.get("Pod", self.namespace, self.name)
            return found if found and found["spec"].get("nodeName") else None

        self.pod = await view.until(["Pod"], bound)
        self._set("PodScheduled", True)

    async def _bind(self, node: str) -> None:
        path = f"/api/v1/namespaces/{self.namespace}/pods/{self.name}/binding"
        body = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        }
        await self.site.client.request("POST", path, body=body)

    async def _mount(self) -> None:
        view = self.site.view
        delay = MOUNT_SECONDS
        while (trouble := self.world.troubles.at("mount", self.site.name, self.pod)) is not None:
            self.event("Warning", trouble.reason, trouble.words(self.pod))
            await self.world.clock.sleep(RETRY_SECONDS if trouble.reason == "FailedCreatePodSandBox" else delay)
            delay = min(delay * 2, MOUNT_LIMIT)
        said = ""

        def settled() -> str | None:
            """ "ok" when all is there, else the words if they are news."""
            problem = missing_volume(view, self.pod)
            return "ok" if problem is None else problem if problem != said else None

        while (answer := await view.until(["ConfigMap", "Secret"], settled)) != "ok":
            said = answer
            self.event("Warning", "FailedMount", answer)

    async def _containers(self) -> None:
        results = await asyncio.gather(*(c.run() for c in self.main))
        self._phase = "Succeeded" if all(results) else "Failed"
        await self.publish()

    # ------------------------------------------------------------ status

    def _set(self, kind: str, true: bool, reason: str = "", message: str = "") -> None:
        made = condition(self.conditions.get(kind), kind, true, reason, message)
        made.pop("lastUpdateTime", None)
        self.conditions[kind] = {k: v for k, v in made.items() if v != ""} | {"lastProbeTime": None}

    async def publish(self) -> None:
        """Write the pod's status as it stands."""
        async with self._writing:
            running = [c for c in self.main if c.started]
            ended = all(c.finished for c in self.main) and self.main
            if self._phase == "Pending" and running:
                self._phase = "Running"
            ready = bool(self.main) and all(c.ready for c in self.main) and not ended
            if self._phase in {"Succeeded", "Failed"}:
                why = ("PodCompleted" if self._phase == "Succeeded" else "PodFailed", "")
            else:
                unready = [c.name for c in self.main if not c.ready]
                why = (
                    ("", "")
                    if ready
                    else ("ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]")
                )
            if "PodScheduled" in self.conditions and self.conditions["PodScheduled"]["status"] == "True":
                self._set("ContainersReady", ready, *why)
                self._set("Ready", ready, *why)
            status: dict[str, Any] = {
                "phase": self._phase,
                "conditions": list(self.conditions.values()),
                "observedGeneration": self.pod["metadata"].get("generation", 1),
            }
            if self.started:
                status |= {
                    "startTime": self.started,
                    "hostIP": "10.0.0.1",
                    "podIP": self.address,
                    "podIPs": [{"ip": self.address}],
                    "containerStatuses": [c.status() for c in self.main],
                }
                if self.init:
                    status["initContainerStatuses"] = [c.status() for c in self.init]
            await self.site.hands.status(self.pod, status)
