"""When what runs: a graph of tasks carried out in parallel. It knows nothing of Kubernetes or Helm.

A task starts when all it needs is done and its slots are free. A failure skips exactly what depends on it;
everything else goes on. All timing is the event loop's, so tests run it in virtual time.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from bevel_tui.engine.cancel import GRACE, Cancellation
from bevel_tui.engine.control import RunControl

Outcome = Literal["ok", "unchanged", "failed", "timed-out", "skipped", "cancelled"]
#: outcomes after which dependants may start
DONE: frozenset[str] = frozenset({"ok", "unchanged"})
#: outcomes of tasks that ran to an end of their own, well or badly
RAN: frozenset[str] = DONE | {"failed", "timed-out"}


@dataclass(frozen=True, slots=True)
class Task:
    """One node of the graph. `needs` must go well before it, `after` must only have run. `slots` are named resources of
    bounded capacity, held from the start until the performer releases them (or the task ends). `budget` is seconds,
    None: unbounded."""

    id: str
    needs: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()
    budget: float | None = None
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """How a task ended. `started` and `finished` are event loop times; None for a task that never ran."""

    outcome: Outcome
    reason: str | None = None
    remedy: str | None = None
    started: float | None = None
    finished: float | None = None
    code: str | None = None


class Hold:
    """The slots that a running task occupies; `release` gives them back early (Helm is done, pods still start)."""

    def __init__(self, release: Callable[[], None]) -> None:
        self._release: Callable[[], None] | None = release

    def release(self) -> None:
        """Give the slots back; later calls do nothing."""
        if self._release is not None:
            release, self._release = self._release, None
            release()


#: carries out one task: returns how it ended, or raises (then the task has failed)
Performer = Callable[[Task, Hold], Awaitable[Result]]
#: told of every task that starts, and of every task that ended (ran or not)
Observer = Callable[[Task, Result | None], None]


class Attendance(Protocol):
    """Told what became of the orders of a `RunControl`."""

    def paused(self, paused: bool) -> None:
        """Nothing new starts from now on, or it does again."""

    def held(self, failed: tuple[str, ...]) -> None:
        """Nothing is left to do but to try these again; empty: the run goes on."""

    def requeued(self, task: Task) -> None:
        """It had ended and will run again, or may run after all."""

    def extended(self, task: Task | None, seconds: float, budget: float | None) -> None:
        """A running task has more time now, `budget` in all; None: the whole run."""


async def execute(
    tasks: Iterable[Task],
    perform: Performer,
    *,
    capacity: Mapping[str, int] | None = None,
    cancel: Cancellation | None = None,
    timeout: float | None = None,  # noqa: ASYNC109 - the budget of the whole graph
    observe: Observer = lambda task, result: None,
    control: RunControl | None = None,
    attend: Attendance | None = None,
) -> dict[str, Result]:
    """Run the graph to its end; one result per task, in the order given.

    With a `control` the graph is attended: it is held instead of ended while failed tasks could be tried again.

    `tasks` must be in an order in which needs come first (ValueError otherwise); it also decides who goes first
    when slots are short. `capacity` bounds slots by name; unnamed slots have capacity 1. `timeout` is seconds
    for everything.
    """
    run = _Run(tuple(tasks), perform, dict(capacity or {}), cancel or Cancellation(), observe, control, attend)
    return await run.run(timeout)


class _Run:
    def __init__(
        self,
        tasks: tuple[Task, ...],
        perform: Performer,
        capacity: dict[str, int],
        cancel: Cancellation,
        observe: Observer,
        control: RunControl | None = None,
        attend: Attendance | None = None,
    ) -> None:
        self.tasks = tasks
        self.control = control
        self.attend = attend
        self.deadlines: dict[str, tuple[asyncio.Timeout, float]] = {}
        self.given_up = False  # nobody will try again
        self.order = {task.id: index for index, task in enumerate(tasks)}
        self.perform = perform
        self.free = capacity
        self.cancel = cancel
        self.observe = observe
        self.results: dict[str, Result] = {}
        self.dependants: dict[str, list[Task]] = {task.id: [] for task in tasks}
        #: what each task still waits for; empty: it is ready, runs or has run
        self.missing: dict[str, set[str]] = {}
        for task in tasks:
            for need in (*task.needs, *task.after):
                if self.order.get(need, len(tasks)) >= self.order[task.id]:
                    raise ValueError(f"{task.id} needs {need}, which does not come before it")
                self.dependants[need].append(task)
            self.missing[task.id] = {*task.needs, *task.after}
        for waiting in self.dependants.values():
            waiting[:] = list(dict.fromkeys(waiting))
        self.ready: list[int] = []  # heap of task indexes, waiting for slots only
        self.running: dict[asyncio.Task[Result], tuple[Task, Hold]] = {}
        self.wake = asyncio.Event()  # slots were given back

    async def run(self, timeout: float | None) -> dict[str, Result]:  # noqa: ASYNC109
        for task in self.tasks:
            if not self.missing[task.id]:
                heapq.heappush(self.ready, self.order[task.id])
        expiry = asyncio.get_running_loop().call_later(timeout, self.cancel.expire) if timeout is not None else None
        signals = {
            asyncio.create_task(self.cancel.stopping.wait()),
            asyncio.create_task(self.cancel.aborting.wait()),
        }
        try:
            await self._loop(signals)
        finally:
            if expiry is not None:
                expiry.cancel()
            for signal in signals:
                signal.cancel()
            await self._abandon(grace=0.0 if not self.running else GRACE)
        for task in self.tasks:
            if task.id not in self.results:
                self._end(task, self._never_ran())
        return {task.id: self.results[task.id] for task in self.tasks}

    async def _loop(self, signals: set[asyncio.Task[Literal[True]]]) -> None:
        while True:
            self.wake.clear()
            self._obey()
            paused = self.control is not None and self.control.paused
            if not self.cancel.stopping.is_set() and not paused:
                self._start_ready()
            more = bool(paused and self.ready and not self.cancel.stopping.is_set())
            held = not self.running and not more and self._held()
            if not self.running and not held and not more:
                return
            if held:
                self._tell_held(self._failed())
            wakes = {asyncio.create_task(self.wake.wait())}
            if self.control is not None:
                wakes.add(asyncio.create_task(self.control.ordered.wait()))
            pending = {signal for signal in signals if not signal.done()}
            done, _ = await asyncio.wait({*self.running, *pending, *wakes}, return_when=asyncio.FIRST_COMPLETED)
            for wake in wakes:
                wake.cancel()
            if held:
                self._tell_held(())
            # In the graph's order, so that one moment's endings always read the same.
            finished = [future for future in self.running if future in done]
            for future in sorted(finished, key=lambda f: self.order[self.running[f][0].id]):
                task, hold = self.running.pop(future)
                hold.release()
                self._end(task, future.result())
            if self.cancel.aborting.is_set():
                return

    # ------------------------------------------------------------ what a person asks for

    def _obey(self) -> None:
        for order in self.control.taken() if self.control is not None else ():
            if order.what == "retry":
                self.given_up = False
                self._requeue(order.step)
            elif order.what == "extend":
                self._extend(order.step, order.seconds)
            elif order.what == "finish":
                self.given_up = True
            elif self.attend is not None:
                self.attend.paused(order.what == "pause")

    def _failed(self) -> tuple[str, ...]:
        bad = {"failed", "timed-out"}
        return tuple(t.id for t in self.tasks if t.id in self.results and self.results[t.id].outcome in bad)

    def _held(self) -> bool:
        """Whether a person is there and could still change how this ends."""
        if self.control is None or self.given_up or self.cancel.stopping.is_set():
            return False
        return bool(self._failed())

    def _tell_held(self, failed: tuple[str, ...]) -> None:
        if self.attend is not None:
            self.attend.held(failed)

    def _requeue(self, name: str | None) -> None:
        if name not in self._failed() or self.cancel.stopping.is_set():
            return
        again = [self.tasks[self.order[name]]]
        del self.results[name]
        for dependant in self.dependants[name]:
            if self.missing[dependant.id]:  # counted as done for those that come after it however it ends
                self.missing[dependant.id].add(name)
        for task in self.tasks:  # needs come first: what was skipped may run after all, unless another need failed too
            result = self.results.get(task.id)
            if result is None or result.outcome != "skipped" or result.started is not None:
                continue
            if all(self._lets(need, task) for need in (*task.needs, *task.after)):
                del self.results[task.id]
                again.append(task)
        for task in again:
            if self.attend is not None:
                self.attend.requeued(task)
        heapq.heappush(self.ready, self.order[name])

    def _lets(self, need: str, task: Task) -> bool:
        """Whether a task may still run as far as this one before it is concerned."""
        result = self.results.get(need)
        return result is None or result.outcome in (RAN if need not in task.needs else DONE)

    def _extend(self, name: str | None, seconds: float) -> None:
        if name is None:
            if self.attend is not None:
                self.attend.extended(None, seconds, None)
            return
        deadline, budget = self.deadlines.get(name, (None, 0.0))
        when = deadline.when() if deadline is not None else None
        if deadline is None or when is None or deadline.expired():
            return
        deadline.reschedule(when + seconds)
        self.deadlines[name] = (deadline, budget + seconds)
        if self.attend is not None:
            self.attend.extended(self.tasks[self.order[name]], seconds, budget + seconds)

    # ------------------------------------------------------------ running

    def _start_ready(self) -> None:
        waiting = []
        while self.ready:
            index = heapq.heappop(self.ready)
            task = self.tasks[index]
            if any(self.free.setdefault(slot, 1) <= 0 for slot in task.slots):
                waiting.append(index)
                continue
            for slot in task.slots:
                self.free[slot] -= 1
            hold = Hold(lambda slots=task.slots: self._give_back(slots))  # type: ignore[misc]
            self.observe(task, None)
            self.running[asyncio.create_task(self._one(task, hold), name=task.id)] = (task, hold)
        for index in waiting:
            heapq.heappush(self.ready, index)

    def _give_back(self, slots: tuple[str, ...]) -> None:
        for slot in slots:
            self.free[slot] += 1
        self.wake.set()

    async def _one(self, task: Task, hold: Hold) -> Result:
        loop = asyncio.get_running_loop()
        started = loop.time()
        deadline = asyncio.timeout(task.budget)
        try:
            async with deadline:
                if task.budget is not None:
                    self.deadlines[task.id] = (deadline, task.budget)
                result = await self.perform(task, hold)
        except TimeoutError as error:
            if deadline.expired():
                result = Result("timed-out", f"not done within {self.deadlines[task.id][1]:g} s")
            else:
                result = Result("failed", str(error) or "no answer in time")
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if self.cancel.aborting.is_set():
                result = self._aborted()
            elif current is not None and current.cancelling():
                raise
            else:  # something inside was cancelled, not we
                result = Result("failed", "an operation was cancelled from outside")
        except Exception as error:
            result = Result("failed", f"{type(error).__name__}: {error}")
        finally:
            self.deadlines.pop(task.id, None)
        return replace(result, started=started, finished=loop.time())

    def _end(self, task: Task, result: Result) -> None:
        self.results[task.id] = result
        self.observe(task, result)
        for dependant in self.dependants[task.id]:
            missing = self.missing[dependant.id]
            if not missing:  # it came after the first end of this one, which a person had tried again
                continue
            if self._lets(task.id, dependant):
                missing.discard(task.id)
                if not missing:
                    heapq.heappush(self.ready, self.order[dependant.id])
            elif dependant.id not in self.results:
                # Whether it would have been run at all after a stop nobody can say: a stop explains it.
                stopped = self.cancel.stopping.is_set()
                root = task.id if result.outcome != "skipped" else (result.reason or "").removeprefix("needs ")
                self._end(dependant, self._never_ran() if stopped else Result("skipped", f"needs {root}"))

    def _never_ran(self) -> Result:
        if self.cancel.expired:
            return Result("skipped", "the time budget of the run was spent")
        return Result("cancelled", "stopped before it began")

    def _aborted(self) -> Result:
        if self.cancel.expired:
            return Result("timed-out", "the time budget of the run was spent")
        return Result("cancelled", "stopped")

    async def _abandon(self, grace: float) -> None:
        """End what still runs: ask, wait `grace` seconds, then go without it."""
        if not self.running:
            return
        for future in self.running:
            future.cancel()
        await asyncio.wait(self.running, timeout=grace)
        for future, (task, hold) in list(self.running.items()):
            hold.release()
            cancelled = not future.done() or future.cancelled()
            self._end(task, self._aborted() if cancelled else future.result())
        self.running.clear()
