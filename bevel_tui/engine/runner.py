"""The frame of every run: connections, events, stops, and the end that always comes."""

from __future__ import annotations

import asyncio
import secrets as random
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Literal, TypeVar

from bevel_tui.engine.attendance import Attended
from bevel_tui.engine.cancel import Cancellation
from bevel_tui.engine.connect import close, connect, connect_some, unusable
from bevel_tui.engine.context import Access, PlanLike
from bevel_tui.engine.control import Budget, RunControl
from bevel_tui.engine.emitter import Emitter
from bevel_tui.engine.executor import Result, Task
from bevel_tui.engine.lease import Lease
from bevel_tui.engine.leaving import Leaving
from bevel_tui.engine.neighbours import Planner
from bevel_tui.engine.options import RunOptions
from bevel_tui.engine.parts import Parts
from bevel_tui.engine.shared import Shared
from bevel_tui.engine.summary import counts, critical_path, duration, endpoints, planned, verdict, worst
from bevel_tui.kube.client import ApiError
from bevel_tui.network.consequence import Consequence
from bevel_tui.network.model import Network
from bevel_tui.network.past import Past
from bevel_tui.records.errors import BevelError, ExitCode
from bevel_tui.records.events import (
    AnyEvent,
    Interrupted,
    Notice,
    RunFinished,
    RunOutcome,
    RunStarted,
    StepFinished,
    StepStarted,
)
from bevel_tui.records.steps import CheckStep, Step

T = TypeVar("T")
Command = Literal["deploy", "destroy", "check"]


_UNVERIFIED = (
    "The kubeconfig says insecure-skip-tls-verify: anybody on the way can be this API server. Put "
    "certificate-authority-data into it instead."
)


class Run:
    """What `deploy`, `check_only` and `destroy` share: connections, context, events, the end."""

    def __init__(
        self,
        command: Command,
        network: Network,
        plan: PlanLike,
        options: RunOptions,
        cancel: Cancellation,
        parts: Parts,
        planner: Planner | None = None,
        control: RunControl | None = None,
    ) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self.id = f"{stamp}-{random.token_hex(3)}"
        self.command = command
        self.network = network
        self.plan = plan
        self.options = options
        self.cancel = cancel
        self.parts = parts
        self.emit = Emitter(self.id, journal=options.journal)
        self.steps: dict[str, Step] = {step.id: step for step in plan.steps}
        #: what each step waits for in this run, in an order in which needs come first
        self.needs: dict[str, tuple[str, ...]] = {step.id: step.needs for step in plan.steps}
        self.results: dict[str, Result] = {}
        self.clusters: dict[str, Access] = {}
        #: clusters that a check could not open, and why
        self.unread: dict[str, BevelError] = {}
        #: the Leases that this run holds, by cluster
        self.held: dict[str, Lease] = {}
        self.helm: str | None = None
        #: codes of errors that decide the exit code (a chart that does not render, a lost Lease)
        self.codes: set[str] = set()
        #: steps that have ended, in whatever way
        self.finished: set[str] = set()
        #: where each endpoint was found to be, by its id
        self.hosts: dict[str, str] = {}
        #: plans the network again once its clusters have told what it was (`settle`); None: the plan given holds
        self.planner = planner
        #: the past with which this run plans, and that from before it
        self.past: Past | None = None
        self.before: Past | None = None
        #: steps of the network as it was, and those of them that are to go
        self.former: tuple[Step, ...] = ()
        self.leaving = Leaving()
        self.consequences: tuple[Consequence, ...] = ()
        self.shared = Shared()
        #: what a person may order; None: nobody is there
        self.control = control
        self.attended: Attended | None = None
        #: how often each step was begun
        self.attempts: Counter[str] = Counter()
        #: whether what this run created was removed again
        self.rolled_back = False
        self._started = False

    def adopt(self, plan: PlanLike) -> None:
        """Take another plan, before anything was done with the first."""
        self.plan = plan
        self.steps = {step.id: step for step in plan.steps}
        self.needs = {step.id: step.needs for step in plan.steps}

    def chosen(self) -> tuple[Step, ...]:
        """The steps of the plan that a deployment carries out."""
        return tuple(step for step in self.plan.steps if self.options.check or not isinstance(step, CheckStep))

    async def events(self, body: Callable[[Run], Awaitable[bool]]) -> AsyncGenerator[AnyEvent]:
        """Run `body` and deliver what it emits; ends after RunFinished."""
        task = asyncio.create_task(self._main(body), name=f"run {self.id}")
        try:
            while (event := await self.emit.queue.get()) is not None:
                yield event
            await task
        finally:
            if not task.done():  # nobody listens any more
                self.cancel.request()
                self.cancel.request()
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def started(self, chosen: Iterable[Step]) -> None:
        """Send RunStarted, once."""
        if self._started:
            return
        self._started = True
        self.emit(
            RunStarted(
                command=self.command,
                network=self.plan.network_name,
                plan=self.plan.id,
                platform=self.network.platform.type,
                clusters=tuple(cluster.name for cluster in self.network.clusters),
                simulated=tuple(name for name, access in self.clusters.items() if access.simulation is not None),
                helm=self.helm,
                steps=tuple(planned(step) for step in chosen),
                critical_path=self.plan.critical_path() if self.command == "deploy" else (),
            )
        )
        for access in self.clusters.values():
            if access.unverified:
                self.emit(Notice(level="warning", cluster=access.name, text=_UNVERIFIED))

    async def open(self, names: Iterable[str], *, some: bool = False) -> None:
        """Connect; with `some` those that cannot be used go into `unread`, unless that is all of them. Raises BevelError."""
        if some:
            found = await connect_some(self.network, names, self.options.kubeconfig, self.parts.connect)
            self.clusters, self.unread = found
            return
        self.clusters = await connect(self.network, names, self.options.kubeconfig, self.parts.connect)

    async def _main(self, body: Callable[[Run], Awaitable[bool]]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        budget = Budget(self.options.timeout or None, self.cancel.expire)
        self.attended = Attended(self, budget) if self.control is not None else None
        watch = asyncio.create_task(self._tell_stops())
        complete = False
        error: BevelError | None = None
        crash: Exception | None = None
        try:
            complete = await body(self)
        except BevelError as refused:
            error = refused
        except ApiError as silent:  # between two steps, or before the first
            error = unusable(None, silent)
        except asyncio.CancelledError:
            if not self.cancel.stopping.is_set():
                raise
        except Exception as bug:  # whatever it is, the last event must say so
            crash = bug
        finally:
            budget.stand()
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
            self.started(self.steps.values())
            self._finish(loop.time() - began, complete, error, crash)
            await close(self.clusters.values())
            self.emit.close()

    def _finish(self, seconds: float, complete: bool, error: BevelError | None, crash: Exception | None) -> None:
        outcome: RunOutcome
        code: ExitCode
        message: str | None = None
        remedy: str | None = None
        named: str | None = None
        interrupted = self.cancel.stage > 0 and not self.cancel.expired
        if error is not None:
            outcome = "unusable" if error.exit_code == ExitCode.CLUSTER else "failed"
            code, remedy, named = error.exit_code, error.remedy, str(error.code)
            message = "\n".join((error.message, *error.details))
        elif crash is not None:
            outcome, code = "failed", ExitCode.FAILED
            message = f"Internal error: {type(crash).__name__}: {crash}"
            remedy = "This is a bug in bevel-tui; please report it with the journal of this run."
        elif not complete and self.cancel.stopping.is_set():
            outcome = "interrupted" if interrupted else "timed-out"
            code = ExitCode.INTERRUPTED if interrupted else ExitCode.TIMEOUT
            message = "Stopped before anything was changed."
        else:
            outcome, code = verdict(
                self.steps,
                self.results,
                interrupted=interrupted,
                expired=self.cancel.expired,
                codes=self.codes,
            )
            found = worst(self.steps, self.results)
            if self.rolled_back and outcome == "ok":  # all was done when the stop came, and it is gone now
                outcome, code = "interrupted", ExitCode.INTERRUPTED
            if outcome != "ok" and found is not None:
                message, remedy = f"{found[0]}: {found[1].reason}", found[1].remedy
            elif outcome == "interrupted":
                message = "Interrupted."
        self.emit(
            RunFinished(
                outcome=outcome,
                exit_code=int(code),
                duration=seconds,
                critical_path=critical_path(self.needs, self.results),
                steps=counts(self.results),
                endpoints=endpoints(self.plan.steps, self.hosts) if self.command != "destroy" else (),
                error=message,
                remedy=remedy,
                code=named,
            )
        )

    async def _tell_stops(self) -> None:
        cancel = self.cancel
        await cancel.stopping.wait()
        if cancel.expired:
            self.emit(Notice(level="warning", text="The time budget of the run is spent."))
            return
        self.emit(Interrupted(stage=1))
        await cancel.aborting.wait()
        if not cancel.expired:
            self.emit(Interrupted(stage=2))

    def observe(self) -> Callable[[Task, Result | None], None]:
        """Tells starts and ends of steps."""

        def told(task: Task, result: Result | None) -> None:
            step = self.steps[task.id]
            if result is None:
                self.attempts[step.id] += 1
                self.emit(
                    StepStarted(
                        step=step.id,
                        kind=step.kind,
                        cluster=step.cluster,
                        namespace=step.namespace,
                        release=getattr(step, "release", None),
                        attempt=self.attempts[step.id],
                        budget=task.budget,
                    )
                )
                return
            self.finished.add(step.id)
            self.results[step.id] = result
            self.emit(
                StepFinished(
                    step=step.id,
                    kind=step.kind,
                    cluster=step.cluster,
                    outcome=result.outcome,
                    duration=duration(result),
                    reason=result.reason,
                    remedy=result.remedy,
                    code=result.code,
                )
            )

        return told
