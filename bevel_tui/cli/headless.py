"""A deployment without a screen: load, ask once, run, show, and the exit code; and what other commands share of it.

The sandbox is wired in here: a child process of its own, so that its clusters are as foreign to the run as anybody's.
"""

from __future__ import annotations

import asyncio
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bevel_tui import api
from bevel_tui.cli import options as shared
from bevel_tui.cli.terminal import served, shows_screens
from bevel_tui.records.errors import BevelError, Code, ExitCode

if TYPE_CHECKING:
    from bevel_tui.engine.cancel import Cancellation
    from bevel_tui.engine.options import RunOptions
    from bevel_tui.network.model import Network
    from bevel_tui.plan.graph import Plan
    from bevel_tui.records.events import AnyEvent
    from bevel_tui.views.state import RunView


#: seconds for a whole run when --timeout says nothing
RUN_BUDGET = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The options of `bevel-tui --preset`, as given."""

    own: tuple[str, ...]
    sandbox: bool
    kubeconfig: str | None
    charts: str | None
    gateway_charts: str | None
    timeout: float | None
    allow_destructive: tuple[str, ...]
    yes: bool
    output: str
    color: str
    speed: float


def deploy(preset: str, **options: object) -> int:
    """`bevel-tui --preset FILE`. Raises BevelError for what is wrong before a run begins."""
    return asyncio.run(_deploy(preset, Deployment(**options)))  # type: ignore[arg-type]


async def _deploy(preset: str, options: Deployment) -> int:
    from bevel_tui.engine.options import RunOptions

    if options.output == "screen" and not shows_screens():
        raise BevelError(
            Code.USAGE, "-o screen needs a terminal.", remedy="Use -o text or -o jsonl where there is none."
        )
    network = shared.network(preset, options.own)
    plan = api.plan(network)
    for source in filter(None, (options.charts, options.gateway_charts)):
        _must_exist(source)
    if not options.sandbox:
        confirm(
            f"Deploy network {network.name}: {_size(plan)} to {contexts(network)}?",
            yes=options.yes,
            details=plan.notes,
        )
    run_options = RunOptions(
        kubeconfig=options.kubeconfig,
        charts=options.charts,
        gateway_charts=options.gateway_charts,
        timeout=options.timeout or RUN_BUDGET,
        allow_destructive=options.allow_destructive,
    )
    if options.output == "screen":
        code, view = await _on_screen(preset, network, run_options, options)
    else:
        with cancellation() as cancel:
            async with _clusters(network, options) as (network, kubeconfig):
                events = api.deploy(network, replace(run_options, kubeconfig=kubeconfig), cancel=cancel)
                code, view = await show(events, options.output, options.color)
    if options.output == "text" or (options.output == "screen" and not served()):
        summary(view, options.color, _next_steps(f"{preset}{shared.repeated(options.own)}", options, view, code))
    return code


# ---------------------------------------------------------------- parts of the above


async def _on_screen(
    preset: str, network: Network, run_options: RunOptions, options: Deployment
) -> tuple[int, RunView]:
    """The same run on live panels; simulated clusters stay until the screen is left. Raises BevelError."""
    from bevel_tui import settings
    from bevel_tui.ui.app import BevelApp
    from bevel_tui.ui.screens.deploy import DeployScreen
    from bevel_tui.ui.session import Deployment as Shown

    chosen = settings.load()
    clusters = (lambda network: _clusters(network, options)) if options.sandbox else None
    shown = Shown(network=network, options=run_options, preset=preset, clusters=clusters)
    app = BevelApp(DeployScreen(shown), theme=chosen.theme, keymap=chosen.keymap)
    code = await app.run_async()
    view = app.sessions[0].view
    return view.finished.exit_code if view.finished is not None else code or 0, view


@asynccontextmanager
async def _clusters(network: Network, options: Deployment) -> AsyncIterator[tuple[Network, str | None]]:
    """The Network and the kubeconfig to use: as given, or those of a sandbox that lives as long as the run."""
    if not options.sandbox:
        yield network, options.kubeconfig
        return
    from bevel_tui.sandbox.process import start

    own = tuple(cluster.model_copy(update={"kubeconfig": None}) for cluster in network.clusters)
    handle = await start(
        list(dict.fromkeys(cluster.context for cluster in own)),
        speed=options.speed,
        domains=[cluster.domain for cluster in own if cluster.domain],
    )
    try:
        yield network.model_copy(update={"clusters": own}), str(handle.kubeconfig)
    finally:
        await handle.stop()


def _must_exist(charts: str) -> None:
    """A mistyped source is the command line's fault, and said before any cluster is asked. Raises BevelError."""
    from pathlib import Path

    from bevel_tui.helm.sources import parse

    folder = parse(charts).path
    if folder is not None and not Path(folder).expanduser().exists():
        raise BevelError(Code.CHART_MISSING, f"The chart folder {folder} does not exist.")


async def show(events: AsyncIterator[AnyEvent], output: str, color: str) -> tuple[int, RunView]:
    from bevel_tui.output.console import choose, render
    from bevel_tui.views.report.files import save
    from bevel_tui.views.state import RunView

    view = RunView()

    async def seen() -> AsyncIterator[AnyEvent]:
        async for event in events:
            view.apply(event)
            yield event

    finished = await render(choose(output, colour=color), seen())
    await asyncio.to_thread(save, view)
    return finished.exit_code, view


def summary(view: RunView, color: str, next_steps: tuple[str, ...]) -> None:
    from bevel_tui.output.console import results
    from bevel_tui.output.summary import write

    write(results(colour=color), view, next_steps=next_steps)


def _next_steps(preset: str, options: Deployment, view: RunView, code: int) -> tuple[str, ...]:
    if code == ExitCode.INTERRUPTED:
        return ("run the same command again to continue",) if not options.sandbox else ()
    if code == ExitCode.USAGE or (view.finished is not None and view.finished.code == Code.LEASE_HELD):
        return ()  # the remedy has said it
    if options.sandbox:
        return (
            "see what was done, step by step, and read the report of this run:",
            f"  bevel-tui plan --preset {preset}",
            "  bevel-tui report",
            "keep such clusters for kubectl and helm:",
            f"  bevel-tui sandbox up --preset {preset}",
        )
    named = f" --kubeconfig {shlex.quote(options.kubeconfig)}" if options.kubeconfig else ""
    if code == ExitCode.CLUSTER:
        return (
            "look at the kubeconfig, and at the programs that its users log in with:",
            f"  bevel-tui doctor{named}",
            "rehearse meanwhile, on simulated clusters:",
            f"  bevel-tui --preset {preset} --sandbox",
        )
    where = f"--preset {preset}{named}"
    return (f"bevel-tui check {where}", f"bevel-tui plan {where} --diff", "bevel-tui report")


def confirm(question: str, *, yes: bool, details: tuple[str, ...] = ()) -> None:
    """Ask once on a terminal. Raises BevelError: confirmation-needed without one, interrupted when refused."""
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise BevelError(Code.CONFIRMATION, "This changes clusters, and there is no terminal to ask on.")
    for line in details:
        sys.stderr.write(f"note: {line}\n")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise BevelError(Code.INTERRUPTED, "Nothing was changed.", remedy="")


def _size(plan: Plan) -> str:
    from bevel_tui.records.steps import ReleaseStep

    return f"{sum(isinstance(step, ReleaseStep) and step.managed for step in plan.steps)} releases"


def contexts(network: Network) -> str:
    """The clusters that are ours, or hold nobody's organization."""
    others = {o.cluster for o in network.organizations} - {o.cluster for o in network.organizations if o.managed}
    return ", ".join(f"{c.name} (context {c.context})" for c in network.clusters if c.name not in others)


@contextmanager
def cancellation() -> Iterator[Cancellation]:
    """Ctrl-C and SIGTERM ask the run to stop, a second one insists; so does a terminal that is closed, however often it
    is said (by the kernel, and by the shell). Under nohup nobody hears of that."""
    from bevel_tui.engine.cancel import Cancellation

    cancel = Cancellation()
    loop = asyncio.get_running_loop()
    # Windows has no loop support for signals: there Ctrl-C stays KeyboardInterrupt, which leaves at once.
    signals = [signal.SIGINT, signal.SIGTERM] if sys.platform != "win32" else []
    for number in signals:
        loop.add_signal_handler(number, cancel.request)
    if signals and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, lambda: cancel.stage or cancel.request())
        signals.append(signal.SIGHUP)
    try:
        yield cancel
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
