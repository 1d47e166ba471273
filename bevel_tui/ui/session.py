"""A run that the application keeps: its events go into one `RunView`, whatever is on the screen meanwhile.

Screens look at `view` a few times a second (`view.revision` says whether there is something new): two thousand events
a second cost a fold each, never a drawing each. Orders of a person go through `control`.

    session = Deployment(network=network, options=options, preset="my.yaml").session(app.clock)
    app.sessions.append(session)
    app.push_screen(DeployScreen(session))        # leaving it and coming back loses nothing
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from pathlib import Path
from typing import TYPE_CHECKING

from bevel_tui.records.errors import BevelError, ExitCode
from bevel_tui.records.events import AnyEvent, RunFinished, RunOutcome
from bevel_tui.views.state import RunView

if TYPE_CHECKING:
    from bevel_tui.engine.control import RunControl
    from bevel_tui.engine.options import RunOptions
    from bevel_tui.network.model import Network

#: events taken in before the event loop gets its turn: keys are answered in between
_BATCH = 100
#: seconds that a run gets to leave when the application does
_PATIENCE = 3.0
#: a Network -> the one to use and its kubeconfig, for as long as the context is open (simulated clusters)
Clusters = Callable[["Network"], AbstractAsyncContextManager["tuple[Network, str | None]"]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What is deployed, and how. `preset` is the file or name that says the same to the command line; `clusters`
    puts other clusters in place of those named (the command line wires the sandbox in by it); they stay until the
    session is closed. `check`: only ask the reachability checks."""

    network: Network
    options: RunOptions
    preset: str | None = None
    clusters: Clusters | None = None
    check: bool = False

    def session(self, clock: Callable[[], float]) -> Session:
        """Begin."""
        used: list[tuple[Network, RunOptions]] = []
        return Session(
            lambda control, stack: self.events(control, stack, used), clock=clock, deployment=self, used=used
        )

    async def events(
        self, control: RunControl, stack: AsyncExitStack, used: list[tuple[Network, RunOptions]]
    ) -> AsyncGenerator[AnyEvent, None]:
        """The run's events, from clusters that `stack` keeps; what was really deployed and how goes into `used`."""
        from bevel_tui import api

        network, options = self.network, self.options
        if self.clusters is not None:
            network, kubeconfig = await stack.enter_async_context(self.clusters(network))
            options = dataclasses.replace(options, kubeconfig=kubeconfig)
        used.append((network, options))
        stream = (
            api.check(network, options, cancel=control.cancel)
            if self.check
            else api.deploy(network, options, control=control)
        )
        async with aclosing(stream) as events:
            async for event in events:
                yield event


class Session:
    """One run. `begin` gets the `RunControl` and a stack for what shall live as long as the session, and returns the
    stream of events (`Deployment.events`, a recording...)."""

    def __init__(
        self,
        begin: Callable[[RunControl, AsyncExitStack], AsyncIterator[AnyEvent]],
        *,
        clock: Callable[[], float],
        deployment: Deployment | None = None,
        used: list[tuple[Network, RunOptions]] | None = None,
    ) -> None:
        from bevel_tui.engine.control import RunControl

        self.view = RunView()
        self.control = RunControl()
        self.deployment = deployment
        #: the folder with the run's report, once it has ended
        self.report: Path | None = None
        self._used = used if used is not None else []
        self._clock = clock
        self._stack = AsyncExitStack()
        self._task = asyncio.create_task(self._follow(begin(self.control, self._stack)), name="session")

    @property
    def running(self) -> bool:
        """Whether events may still come."""
        return not self._task.done()

    @property
    def network(self) -> str:
        """The network's name, also before the first event."""
        return self.view.network or (self.deployment.network.name if self.deployment is not None else "")

    def checked_again(self) -> Session:
        """A run that only asks the reachability checks, of the clusters as this run left them. Raises ValueError for
        a session that was no deployment."""
        if self.deployment is None:
            raise ValueError("nothing is known of what was deployed")
        network, options = self._used[-1] if self._used else (self.deployment.network, self.deployment.options)
        options = dataclasses.replace(options, vantage="both")
        return Deployment(network=network, options=options, preset=self.deployment.preset, check=True).session(
            self._clock
        )

    async def ended(self) -> None:
        """Returns when the last event is in the view. Never raises for how the run ended."""
        await asyncio.wait([self._task])

    async def close(self) -> None:
        """End the run, if it goes on, within two seconds, and what was kept for it."""
        if self.running:
            self.control.cancel.request()
            self.control.cancel.request()
            await asyncio.wait([self._task], timeout=_PATIENCE)
            self._task.cancel()
            await self.ended()
        await self._stack.aclose()

    async def _follow(self, events: AsyncIterator[AnyEvent]) -> None:
        code, remedy = ExitCode.FAILED, None
        message = "the run ended without a last word"
        try:
            count = 0
            async for event in events:
                self.view.apply(event)
                count += 1
                if count % _BATCH == 0:
                    await asyncio.sleep(0)
        except BevelError as error:
            code, message, remedy = error.exit_code, "\n".join((error.message, *error.details)), error.remedy
        except asyncio.CancelledError:
            code, message = ExitCode.INTERRUPTED, "interrupted"
            raise
        except Exception as error:
            message = f"internal error: {type(error).__name__}: {error}"
        finally:
            if self.view.finished is None:
                outcome: RunOutcome = "unusable" if code in (ExitCode.USAGE, ExitCode.CLUSTER) else "failed"
                self.view.apply(
                    RunFinished(
                        time=self._clock(),
                        outcome="interrupted" if code == ExitCode.INTERRUPTED else outcome,
                        exit_code=int(code),
                        duration=self.view.elapsed(self._clock()),
                        error=message,
                        remedy=remedy,
                    )
                )
            from bevel_tui.views.report.files import save

            self.report = save(self.view)
