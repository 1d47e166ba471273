"""Waiting for the objects of one release, and saying meanwhile what it waits for and why.

Readiness comes from watched objects; causes come from the diagnosis rules over the same objects. A cause that
cannot heal ends the wait, with the last words of whatever failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from bevel_tui.diagnosis.evidence import containers, owner, workload
from bevel_tui.diagnosis.rules import findings as diagnose
from bevel_tui.engine.again import Again
from bevel_tui.engine.before import Before
from bevel_tui.engine.context import RunContext
from bevel_tui.engine.readiness import Readiness, judge, understood, whole
from bevel_tui.engine.watcher import Board
from bevel_tui.kube.client import ApiError
from bevel_tui.records.events import FindingRaised, LogLine, ResourceChanged, StepWaiting
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import ClusterSnapshot
from bevel_tui.records.steps import ObjectRef, ReleaseStep

#: changes that come together are looked at together
_DEBOUNCE = 0.05
#: seconds after which ages (Unschedulable for 15 s) are looked at again though nothing changed
_AGEING = 1.0
#: seconds for which everything may be ready and a produced object still missing
PRODUCED_PATIENCE = 60.0

_ALWAYS = ("Pod", "Event", "Job", "StatefulSet", "PersistentVolumeClaim")
_PRODUCED = ("Secret", "ConfigMap")
_LOG_LINES = 40
_WAITING_SHOWN = 8
#: seconds between two looks into the logs of containers that run
_LOOK_EVERY = 2.0


def overlap(before: tuple[str, ...], now: tuple[str, ...]) -> int:
    """How many of the first lines of `now` are the last ones of `before`: the tail of a log was read twice."""
    for length in range(min(len(before), len(now)), 0, -1):
        if before[-length:] == now[:length]:
            return length
    return 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a wait ended: `ready`, or `cause` (terminal finding), or neither when the run is to stop."""

    ready: bool = False
    cause: Finding | None = None


def awaited(step: ReleaseStep, refs: Iterable[ObjectRef]) -> tuple[ObjectRef, ...]:
    """Of a release's objects those to wait for, and those of earlier releases that its step waits for besides."""
    return (*(ref for ref in refs if ref not in step.later), *step.awaits)


@dataclass(slots=True)
class Waiting:
    """The wait for one release. `targets` are its objects without hooks, `hooks` its hooks' objects; both are
    names in its namespace, except cluster-scoped ones."""

    ctx: RunContext
    step: ReleaseStep
    targets: tuple[ObjectRef, ...] = ()
    hooks: tuple[ObjectRef, ...] = ()
    #: uids of Jobs and Pods that were there before we acted: their failures are history
    history: frozenset[str] = frozenset()
    _states: dict[ObjectRef, Readiness] = field(default_factory=dict)
    _told: tuple[str, ...] = ()
    _raised: set[tuple[str, str, str, str]] = field(default_factory=set)
    _complete_since: float | None = None
    _again: Again | None = None
    _before: Before = field(default_factory=Before)
    _logged: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _logs_read: float = float("-inf")

    @classmethod
    def of(cls, ctx: RunContext, step: ReleaseStep) -> Waiting:
        """The wait for what the plan expects of `step`."""
        return cls(
            ctx,
            step,
            awaited(step, (item.ref for item in step.expects if not item.hook)),
            tuple(item.ref for item in step.expects if item.hook),
        )

    @property
    def board(self) -> Board:
        """What is in the release's namespace."""
        return self.ctx.watcher.board(self.step.cluster, self.ctx.access(self.step).client, self.step.namespace)

    @property
    def wide(self) -> Board:
        """What is in the cluster outside namespaces."""
        return self.ctx.watcher.board(self.step.cluster, self.ctx.access(self.step).client, None)

    async def follow(self) -> None:
        """Start the watches that this wait needs; returns when what exists is known. Raises ApiError (403...)."""
        kinds = {ref.kind for ref in (*self.targets, *self.hooks) if ref.namespace and understood(ref.kind)}
        kinds |= {made.ref.kind for made in self.step.produces if made.ref.kind in _PRODUCED}
        wide = {ref.kind for ref in self.targets if ref.namespace is None and understood(ref.kind)}
        claims = any(ref.kind in {"StatefulSet", "PersistentVolumeClaim"} for ref in self.targets)
        await asyncio.gather(
            self.board.follow((*_ALWAYS, *kinds)), self.wide.follow((*wide, *(("StorageClass",) if claims else ())))
        )
        for board, needed in ((self.board, kinds), (self.wide, wide)):
            for kind in needed:
                if kind in board.errors:
                    raise board.errors[kind]

    def remember(self) -> None:
        """What is there now is history: called before something is changed."""
        self.history = frozenset(
            str(obj["metadata"].get("uid")) for kind in ("Job", "Pod") for obj in self.board.objects().get(kind, ())
        )

    async def until(self, *, done: asyncio.Event | None = None) -> Verdict:
        """Wait until everything is ready. With `done`: only observe, until it is set (Helm is still at work; then
        hooks count, and what is ready already does not end it)."""
        loop = asyncio.get_running_loop()
        while True:
            stamps = self.board.stamp, self.wide.stamp
            self._check_watches()
            ready = self._look()
            snapshot = self.ctx.watcher.snapshot(
                self.step.cluster, (self.board, self.wide), self.ctx.logs.get(self.step.cluster, {})
            )
            if await self._fetch_logs(snapshot):
                snapshot = self.ctx.watcher.snapshot(
                    self.step.cluster, (self.board, self.wide), self.ctx.logs.get(self.step.cluster, {})
                )
            findings = self._mine(snapshot, hooks=done is not None, now=loop.time())
            self._tell(findings, helm=done is not None)
            terminal = next((finding for finding in findings if finding.terminal), None)
            if terminal is not None:
                self._last_words(snapshot, terminal)
                return Verdict(cause=terminal)
            if done is None:
                missing = self._missing_products()
                if ready and not missing:
                    return Verdict(ready=True)
                if self.ctx.cancel.stopping.is_set():
                    return Verdict()
                await self._run_again(missing, loop.time())
                cause = self._without_result(ready, missing, loop.time())
                if cause is not None:
                    self.ctx.emit(FindingRaised(step=self.step.id, finding=cause))
                    return Verdict(cause=cause)
            elif done.is_set():
                return Verdict()
            await self._pause(stamps, _AGEING, done)

    # ------------------------------------------------------------ looking

    def _check_watches(self) -> None:
        for board in (self.board, self.wide):
            for kind, error in board.errors.items():
                if error.status != 403 or kind in {ref.kind for ref in self.targets if understood(ref.kind)}:
                    raise error

    def _find(self, ref: ObjectRef) -> dict[str, Any] | None:
        return (self.wide if ref.namespace is None else self.board).get(ref.kind, ref.name)

    def _look(self) -> bool:
        """Judge every object, tell what changed; True when all targets are ready."""
        ready = True
        for ref in (*self.targets, *self.hooks):
            if not understood(ref.kind):
                continue
            found = self._find(ref)
            hook = ref in self.hooks
            if hook and (found is None or str(found["metadata"].get("uid")) in self.history):
                continue
            state = judge(ref.kind, found)
            before = self._states.get(ref)
            if state != before:
                self._states[ref] = state
                # A count that moves is news; "not there yet" is none.
                if before is not None or state.state != "pending":
                    self.ctx.emit(
                        ResourceChanged(
                            step=self.step.id,
                            cluster=self.step.cluster,
                            namespace=ref.namespace,
                            kind=ref.kind,
                            name=ref.name,
                            state=state.state,
                            message=state.message,
                        )
                    )
            ready = ready and (hook or state.state == "ready")
        return ready

    def _missing_products(self) -> tuple[ObjectRef, ...]:
        return tuple(
            made.ref
            for made in self.step.produces
            if made.ref.kind in _PRODUCED
            and made.ref.namespace == self.step.namespace
            and made.ref.kind not in self.board.errors
            and not whole(made, self.board.get(made.ref.kind, made.ref.name))
        )

    @property
    def _patience(self) -> float:
        return max((PRODUCED_PATIENCE, *(made.within for made in self.step.produces)))

    async def _run_again(self, missing: tuple[ObjectRef, ...], now: float) -> None:
        if self._again is None:
            self._again = Again(self.ctx, self.step)
        jobs = [self._find(ref) for ref in self.targets if ref.kind == "Job"]
        await self._again.look(jobs, missing, now)

    def _mine(self, snapshot: ClusterSnapshot, *, hooks: bool, now: float) -> list[Finding]:
        """Findings about objects that came of this release (of its hooks only while Helm runs them)."""
        names = {(ref.kind, ref.name) for ref in self.targets} | (
            {(ref.kind, ref.name) for ref in self.hooks} if hooks else set()
        )
        mine = []
        found = diagnose(snapshot, self.ctx.pending(self.step.cluster))
        for finding in self._before.judge(snapshot, found, now):
            obj = snapshot.find(finding.kind, finding.namespace, finding.name)
            if obj is None or ((hooks or owner(obj) is None) and str(obj["metadata"].get("uid")) in self.history):
                continue
            if workload(snapshot, obj, finding.kind) in names:
                mine.append(finding)
        return mine

    def _without_result(self, ready: bool, missing: tuple[ObjectRef, ...], now: float) -> Finding | None:
        """Everything runs and the Jobs are complete, but what they should have written is not there (facts F03)."""
        if not ready or not missing:
            self._complete_since = None
            return None
        self._complete_since = self._complete_since if self._complete_since is not None else now
        if now - self._complete_since < self._patience:
            return None
        ref = missing[0]
        return Finding(
            code="JOB-NO-RESULT",
            cluster=self.step.cluster,
            namespace=ref.namespace,
            kind=ref.kind,
            name=ref.name,
            cause=f"Release {self.step.release} is complete, but {ref.kind} {ref.name}, which it should have made, is not there.",
            evidence=tuple(f"{made.kind} {made.name} is missing" for made in missing),
            remedy=f"Read the logs of its Jobs: kubectl --context {self.ctx.access(self.step).context} "
            f"-n {self.step.namespace} logs -l job-name --all-containers --prefix",
            terminal=True,
        )

    # ------------------------------------------------------------ telling

    def _tell(self, findings: Iterable[Finding], *, helm: bool) -> None:
        findings = list(findings)
        for finding in findings:
            key = (finding.code, finding.kind, finding.name, f"{finding.severity}{finding.terminal}")
            if key not in self._raised:
                self._raised.add(key)
                self.ctx.emit(FindingRaised(step=self.step.id, finding=self.named(finding)))
        # While Helm applies the release, what it has not applied yet is no news; its hooks are.
        refs = [ref for ref in self._states if not helm or ref in self.hooks]
        waiting = ["Helm to apply the release"] if helm else []
        waiting += [
            f"{ref.kind} {ref.name}" + (f": {self._states[ref].message}" if self._states[ref].message else "")
            for ref in refs
            if self._states[ref].state not in {"ready", "failed"}
        ]
        if not helm:
            waiting += [f"{ref.kind} {ref.name} to be made" for ref in self._missing_products()]
        waiting += [finding.cause for finding in findings if not finding.terminal]
        if len(waiting) > _WAITING_SHOWN:
            waiting = [*waiting[:_WAITING_SHOWN], f"and {len(waiting) - _WAITING_SHOWN} more"]
        if waiting and tuple(waiting) != self._told:
            self._told = tuple(waiting)
            self.ctx.emit(StepWaiting(step=self.step.id, cluster=self.step.cluster, waiting_for=self._told))

    def named(self, finding: Finding) -> Finding:
        """A finding with the real context in its commands."""
        context = self.ctx.access(self.step).context
        return finding.model_copy(
            update={"remedy": finding.remedy.replace("--context CONTEXT", f"--context {context}")}
        )

    def _last_words(self, snapshot: ClusterSnapshot, finding: Finding) -> None:
        """The logs behind a terminal finding, as events of their own (the pods may be gone already)."""
        if finding.kind == "Job":
            prefix = f"{finding.namespace}/{finding.name}-"
        elif finding.kind == "Pod":
            prefix = f"{finding.namespace}/{finding.name}/"
        else:
            return
        for key, lines in snapshot.logs.items():
            if key.startswith(prefix):
                self._log(key, lines, "problem")

    def _log(self, source: str, lines: tuple[str, ...], about: Literal["problem", "output"]) -> None:
        """Lines that were not told yet: a log is read again and again, and only its end is new."""
        before = self._logged.get(source, ())
        if before == lines:
            return
        self._logged[source] = lines
        for line in lines[overlap(before, lines) :]:
            self.ctx.emit(LogLine(step=self.step.id, cluster=self.step.cluster, source=source, text=line, about=about))

    async def _fetch_logs(self, snapshot: ClusterSnapshot) -> bool:
        """Read the log of every container of this release that ended badly, once per restart; of those that ended
        well in Jobs too (their pods vanish); and of running ones while somebody looks. True: evidence is new."""
        names = {(ref.kind, ref.name) for ref in (*self.targets, *self.hooks)}
        await self._watch_logs(snapshot, names)
        wanted = []
        for pod in snapshot.of("Pod"):
            meta = pod["metadata"]
            for name, entry in containers(pod):
                state, last = entry.get("state") or {}, entry.get("lastState") or {}
                ended = state.get("terminated") or last.get("terminated") or {}
                key = (str(meta.get("uid")), name, int(entry.get("restartCount") or 0))
                if not ended or key in self.ctx.logs_fetched:
                    continue
                above = workload(snapshot, pod, "Pod")
                bad = bool(ended.get("exitCode"))
                if above in names and (bad or (above[0] == "Job" and str(meta.get("uid")) not in self.history)):
                    self.ctx.logs_fetched.add(key)
                    wanted.append((meta["namespace"], meta["name"], name, not state.get("terminated"), bad))
        for namespace, pod_name, container, previous, bad in wanted:
            lines = await self._read_log(namespace, pod_name, container, previous=previous)
            if lines and bad:
                self.ctx.logs.setdefault(self.step.cluster, {})[f"{namespace}/{pod_name}/{container}"] = lines
            self._log(f"{namespace}/{pod_name}/{container}", lines, "problem" if bad else "output")
        return any(bad for *_, bad in wanted)

    async def _watch_logs(self, snapshot: ClusterSnapshot, names: set[tuple[str, str]]) -> None:
        """What the running containers write, while somebody looks at this step."""
        control, now = self.ctx.control, asyncio.get_running_loop().time()
        if control is None or control.watched != self.step.id or now - self._logs_read < _LOOK_EVERY:
            return
        self._logs_read = now
        for pod in snapshot.of("Pod"):
            if workload(snapshot, pod, "Pod") not in names:
                continue
            meta = pod["metadata"]
            for name, entry in containers(pod):
                if (entry.get("state") or {}).get("running"):
                    lines = await self._read_log(meta["namespace"], meta["name"], name)
                    self._log(f"{meta['namespace']}/{meta['name']}/{name}", lines, "output")

    async def _read_log(self, namespace: str, pod: str, container: str, *, previous: bool = False) -> tuple[str, ...]:
        try:
            client = self.ctx.access(self.step).client
            return await client.logs(namespace, pod, container, previous=previous, tail=_LOG_LINES)
        except ApiError:
            return ()  # a log is evidence, not a condition

    async def _pause(self, stamps: tuple[int, int], within: float, done: asyncio.Event | None) -> None:
        """Until something changes, `done` or the stop comes, or `within` seconds are over."""
        waits = [
            asyncio.ensure_future(self.board.changed(stamps[0], within)),
            asyncio.ensure_future(self.wide.changed(stamps[1], within)),
            asyncio.ensure_future((done or self.ctx.cancel.stopping).wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        if not (done or self.ctx.cancel.stopping).is_set():
            await asyncio.sleep(_DEBOUNCE)
