"""One container: pulled, configured, started, and then either its player's work or a server that stays."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bevel_tui.kube.client import ApiError
from bevel_tui.sandbox.clock import timestamp
from bevel_tui.sandbox.workloads.catalogue import Part, workload_of
from bevel_tui.sandbox.workloads.needs import environment, files, missing_environment

if TYPE_CHECKING:
    from bevel_tui.sandbox.faults.troubles import Trouble
    from bevel_tui.sandbox.workloads.pods import PodRun

#: seconds of a container that no table knows: a task, and a server until it is ready
TASK_SECONDS = 0.5
SERVER_SECONDS = 0.3
#: between two looks of the kubelet at a container that has ended
SYNC_SECONDS = 1.0
#: the kubelet's back-off between later restarts (doubled each time, at most five minutes)
BACKOFF_SECONDS = 10.0
BACKOFF_LIMIT = 300.0
#: the scripts' sleep between two looks for certificates (facts A1.3)
POLL_SECONDS = 15.0


class ContainerRun:
    """The state of one container, as the pod's status shows it, and its life."""

    def __init__(self, pod: PodRun, spec: Mapping[str, Any], *, init: bool) -> None:
        self.pod = pod
        self.spec = spec
        self.init = init
        self.name: str = spec["name"]
        self.started = False
        self.finished = False
        self.ready = False
        self.restarts = 0
        self._state: dict[str, Any] = {
            "waiting": {
                "reason": "PodInitializing"
                if pod.pod["spec"].get("initContainers") and not init
                else "ContainerCreating"
            }
        }
        self._last: dict[str, Any] = {}
        self._since = ""
        self._lines: list[str] = []
        #: nothing was logged yet since the last start
        self._fresh = True
        self._restored = False

    # ------------------------------------------------------------ status

    def status(self) -> dict[str, Any]:
        """The container's entry in the pod's status."""
        image = self.spec.get("image", "")
        found: dict[str, Any] = {
            "name": self.name,
            "image": image,
            "imageID": f"sandbox://{hashlib.sha256(image.encode()).hexdigest()}" if self.started else "",
            "ready": self.ready or (self.init and self.finished),
            "started": "running" in self._state and (self.ready or self.init),
            "restartCount": self.restarts,
            "state": self._state,
            "lastState": self._last,
        }
        if self.started:
            identity = f"{self.pod.pod['metadata']['uid']}{self.name}{self.restarts}"
            found["containerID"] = f"sandbox://{hashlib.sha256(identity.encode()).hexdigest()}"
        return found

    def restore(self, found: Mapping[str, Any] | None) -> bool:
        """Take over the state that a simulator before us wrote. False when the container was not running."""
        if found is None:
            return False
        self.restarts = int(found.get("restartCount", 0))
        self._last = dict(found.get("lastState") or {})
        self._state = dict(found.get("state") or {})
        if "terminated" in self._state:
            self.finished = self.started = True
            self._restored = self._state["terminated"].get("exitCode") == 0
            return self._restored
        self.started = self.ready = self._restored = (
            "running" in self._state and self._part() is not None and (not self._is_task(self._part()))
        )
        return self._restored

    async def _wait(self, reason: str, message: str = "") -> None:
        self._state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
        self.ready = False
        await self.pod.publish()

    # ------------------------------------------------------------ life

    def _part(self) -> Part | None:
        kind, workload = workload_of(self.pod.site.view, self.pod.pod)
        return self.pod.world.catalogue.find(kind, workload, self.name)

    def _is_task(self, part: Part | None) -> bool:
        """Whether the container ends by itself."""
        if self.init or (part and part.behaviour.kind == "Job"):
            return True
        kind, _ = workload_of(self.pod.site.view, self.pod.pod)
        return kind == "Job" or (kind == "Pod" and self.pod.policy != "Always")

    async def run(self) -> bool:
        """Live; returns when the container has ended for good, with whether it succeeded."""
        if self._restored:
            if self.finished:
                return True
            self._keep_mounts(self._part())
            await asyncio.Event().wait()
        await self._pull()
        while True:
            await self._configure()
            code = await self._once()
            if code == 0 and (self.init or self.pod.policy != "Always"):
                self.finished = True
                await self.pod.publish()
                return True
            if self.pod.policy == "Never":
                self.finished = True
                await self.pod.publish()
                return False
            await self._back_off(code)

    async def _pull(self) -> None:
        image = self.spec.get("image", "")
        world = self.pod.world
        await self._refused(image)
        if world.pullable(image):
            self.pod.event("Normal", "Pulled", f'Container image "{image}" already present on machine')
            return
        cause = f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": not found'
        words = f'Failed to pull image "{image}": rpc error: code = NotFound desc = {cause}'
        delay = BACKOFF_SECONDS
        while not world.pullable(image):
            self.pod.event("Normal", "Pulling", f'Pulling image "{image}"')
            await world.clock.sleep(0.5)
            self.pod.event("Warning", "Failed", words)
            self.pod.event("Warning", "Failed", "Error: ErrImagePull")
            await self._wait("ErrImagePull", f"rpc error: code = NotFound desc = {cause}")
            await world.clock.sleep(2.0)
            self.pod.event("Normal", "BackOff", f'Back-off pulling image "{image}"')
            self.pod.event("Warning", "Failed", "Error: ImagePullBackOff")
            await self._wait("ImagePullBackOff", f'Back-off pulling image "{image}": ErrImagePull: {cause}')
            await world.clock.sleep(delay)
            delay = min(delay * 2, BACKOFF_LIMIT)

    async def _refused(self, image: str) -> None:
        """Wait while a fault keeps the image away, as the kubelet does: tried, failed, backed off."""
        world, pod = self.pod.world, self.pod
        while (trouble := world.troubles.at("pull", pod.site.name, pod.pod)) is not None:
            words = trouble.words(pod.pod, image)
            if trouble.reason == "InvalidImageName":
                pod.event("Warning", "InspectFailed", words)
                await self._wait(trouble.reason, words)
            else:
                pod.event("Warning", "Failed", f'Failed to pull image "{image}": {words}')
                await self._wait("ErrImagePull", words)
                await world.clock.sleep(2.0)
                await self._wait("ImagePullBackOff", f'Back-off pulling image "{image}": ErrImagePull: {words}')
            await world.clock.sleep(BACKOFF_SECONDS)

    async def _configure(self) -> None:
        view = self.pod.site.view
        world, pod = self.pod.world, self.pod
        while (trouble := world.troubles.at("configure", pod.site.name, pod.pod)) is not None:
            pod.event("Warning", "Failed", f"Error: {trouble.words(pod.pod)}")
            await self._wait(trouble.reason, trouble.words(pod.pod))
            await world.clock.sleep(BACKOFF_SECONDS)
        said = ""

        def settled() -> str | None:
            problem = missing_environment(view, self.pod.pod, self.spec)
            return "ok" if problem is None else problem if problem != said else None

        while (answer := await view.until(["ConfigMap", "Secret"], settled)) != "ok":
            said = answer
            self.pod.event("Warning", "Failed", f"Error: {answer}")
            await self._wait("CreateContainerConfigError", answer)

    async def _once(self) -> int:
        """One start of the container; returns its exit code."""
        self.pod.event("Normal", "Created", f"Created container: {self.name}")
        self.pod.event("Normal", "Started", f"Started container {self.name}")
        self._since = timestamp()
        self.started = self._fresh = True
        self._state = {"running": {"startedAt": self._since}}
        await self._flush()  # from now on what the last run wrote is that of the previous one
        await self.pod.publish()
        part = self._part()
        self._keep_mounts(part)
        trouble = self._trouble()
        if trouble is not None:
            await self.pod.world.clock.sleep(TASK_SECONDS)
            for line in trouble.lines:
                self._log(line)
        code = await self._work(part) if trouble is None else trouble.exit_code
        await self._flush(end=code is not None)
        if code is None:
            self.ready = True
            await self.pod.publish()
            await asyncio.Event().wait()
            return 0
        self.ready = False
        self._state = {
            "terminated": {
                "exitCode": code,
                "reason": trouble.reason if trouble is not None else "Completed" if code == 0 else "Error",
                **({"message": trouble.message} if trouble is not None and trouble.message else {}),
                "startedAt": self._since,
                "finishedAt": timestamp(),
            }
        }
        return code

    def _trouble(self) -> Trouble | None:
        """The fault that ends this container: in init containers, or in the others (or the first where there are no
        init containers)."""
        trouble = self.pod.world.troubles.at("run", self.pod.site.name, self.pod.pod)
        if trouble is None or (trouble.part == "init") == self.init:
            return trouble
        alone = trouble.part == "init" and not self.pod.init and self.pod.main[0] is self
        return trouble if alone else None

    def _keep_mounts(self, part: Part | None) -> None:
        """A server reads its files when it starts; later changes of the ConfigMap are not for it."""
        if part is not None and part.behaviour.serves:
            mounted = self.pod.world.mounted.setdefault(self.pod.pod["metadata"]["uid"], {})
            mounted |= files(self.pod.site.view, self.pod.pod, self.spec)

    async def _work(self, part: Part | None) -> int | None:
        """Do what the container does: an exit code, or None for a server that is ready now and stays."""
        from bevel_tui.sandbox.players import ContainerFailed, players
        from bevel_tui.sandbox.probe import is_probe, play

        clock = self.pod.world.clock
        task = self._is_task(part)
        if part is None and is_probe(self.pod.pod):
            await clock.sleep(TASK_SECONDS)
            return await play(self.pod.world, self.pod.site, self.spec, self._log)
        if part is None:
            await clock.sleep(TASK_SECONDS if task and not self.init else SERVER_SECONDS)
            code = _plain_exit(self.spec)
            self._log("simulated: nothing runs here")
            return code if code is not None else 0 if task else None
        if part.behaviour.waits_for and not await self._await_secrets(part):
            return 1
        await clock.sleep(part.behaviour.seconds)
        if part.behaviour.player:
            try:
                await players()[part.behaviour.player](self._context(part))
            except ContainerFailed as error:
                for line in error.message.splitlines():
                    self._log(line)
                return error.exit_code
            except ApiError as error:
                self._log(f"Error from server ({error.reason}): {error.message}")
                return 1
        return 0 if task else None

    def _context(self, part: Part) -> Any:
        from bevel_tui.sandbox.players.context import PodContext

        view = self.pod.site.view
        return PodContext(
            world=self.pod.world,
            site=self.pod.site,
            pod=self.pod.pod,
            container=self.name,
            workload=workload_of(view, self.pod.pod)[1],
            groups=part.groups,
            env=environment(view, self.pod.pod, self.spec),
            args="\n".join([*(self.spec.get("command") or ()), *(self.spec.get("args") or ())]),
            files=files(view, self.pod.pod, self.spec),
            log=self._log,
            flush=self._flush,
        )

    async def _await_secrets(self, part: Part) -> bool:
        """What the charts' certificates-init does: look, sleep 15 s, look again, give up (facts F03, F04)."""
        wanted = [part.fill(name) for name in part.behaviour.waits_for]
        view = self.pod.site.view
        namespace = self.pod.namespace
        kind = "Orderer" if "orderer" in workload_of(view, self.pod.pod)[1] else "Peer"

        def there() -> bool:
            return all(view.get("Secret", namespace, name) for name in wanted)

        tries = max(int(part.behaviour.patience // POLL_SECONDS), 1)
        for _ in range(tries):
            if there():
                self._log(f"{kind} certificates have been obtained correctly")
                return True
            self._log(f"{kind} certificates have not been obtained, sleeping for {POLL_SECONDS:.0f}")
            await self._flush()
            try:
                await asyncio.wait_for(view.until(["Secret"], there), POLL_SECONDS / self.pod.world.clock.speed)
            except TimeoutError:
                continue
        the = "" if kind == "Orderer" else "The "
        name = kind if not the else kind.lower()
        self._log(f"Retry attempted {tries} times, {the}{name} certificates have not been obtained.")
        return False

    async def _back_off(self, code: int) -> None:
        """Wait before the next start, as CrashLoopBackOff (the kubelet does so after successes too).

        Not before the first one: a key that is not in the back-off yet is only put there [kubernetes:
        pkg/kubelet/kuberuntime/kuberuntime_manager.go, doBackOff].
        """
        self.started = False
        if self.restarts == 0:
            await self.pod.publish()
            self._last, self.restarts = self._state, 1
            await self.pod.world.clock.sleep(SYNC_SECONDS)
            return
        self._last = self._state
        delay = min(BACKOFF_SECONDS * 2 ** (self.restarts - 1), BACKOFF_LIMIT)
        who = f"{self.pod.name}_{self.pod.namespace}({self.pod.pod['metadata']['uid']})"
        self.pod.event("Warning", "BackOff", f"Back-off restarting failed container {self.name} in pod {who}")
        words = f"back-off {delay:.0f}s restarting failed container={self.name} pod={who}"
        await self._wait("CrashLoopBackOff", words)
        await self.pod.world.clock.sleep(delay)
        self.restarts += 1

    # ------------------------------------------------------------ logs

    def _log(self, line: str) -> None:
        self._lines.append(line)

    async def _flush(self, *, end: bool = False) -> None:
        lines, self._lines = self._lines, []
        restart, self._fresh = self._fresh and self.restarts > 0, False
        if lines or end or restart:
            pod = self.pod
            await pod.site.logs(pod.namespace, pod.name, self.name, lines, restart=restart, end=end)


def _plain_exit(spec: Mapping[str, Any]) -> int | None:
    """The exit code that a trivial command plainly has (``exit 3``, ``false``), for people trying things out."""
    words = " ".join([*(spec.get("command") or ()), *(spec.get("args") or ())]).strip()
    if match := re.search(r"\bexit (\d+)\s*$", words):
        return int(match.group(1))
    return 1 if words in {"false", "/bin/false"} else None
