"""What the commands do without a screen: load, ask once, run, show, and the exit code.

The sandbox is wired in here: a child process of its own, so that its clusters are as foreign to the run as anybody's.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bevel_tui import api
from bevel_tui.records.errors import BevelError, Code, ExitCode

if TYPE_CHECKING:
    from bevel_tui.engine.cancel import Cancellation
    from bevel_tui.engine.changes import Change
    from bevel_tui.network.model import Network
    from bevel_tui.output.state import RunView
    from bevel_tui.plan.graph import Plan
    from bevel_tui.records.events import AnyEvent


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

    network = api.load(preset, options.own)
    plan = api.plan(network)
    for source in filter(None, (options.charts, options.gateway_charts)):
        _must_exist(source)
    if not options.sandbox:
        _confirm(
            f"Deploy network {network.name}: {_size(plan)} to {_contexts(network)}?",
            yes=options.yes,
            details=plan.notes,
        )
    with _cancellation() as cancel:
        async with _clusters(network, options) as (network, kubeconfig):
            run_options = RunOptions(
                kubeconfig=kubeconfig,
                charts=options.charts,
                gateway_charts=options.gateway_charts,
                timeout=options.timeout or RUN_BUDGET,
                allow_destructive=options.allow_destructive,
            )
            events = api.deploy(network, run_options, cancel=cancel)
            code, view = await _show(events, options.output, options.color)
    if options.output == "text":
        _summary(view, options.color, _next_steps(preset, options, code))
    return code


def plan(
    preset: str,
    *,
    own: tuple[str, ...],
    output: str,
    diff: bool,
    exit_code: bool,
    kubeconfig: str | None,
    charts: str | None,
    gateway_charts: str | None,
    allow_destructive: tuple[str, ...],
) -> int:
    """`bevel-tui plan`. Exit 6 with --exit-code when something would change."""
    from bevel_tui.plan import render

    network = api.load(preset, own)
    if not (diff or exit_code):
        shown = {"text": render.text, "json": render.to_json, "mermaid": render.mermaid}[output](api.plan(network))
        sys.stdout.write(shown if shown.endswith("\n") else shown + "\n")
        return ExitCode.OK
    if output == "mermaid":
        raise BevelError(Code.USAGE, "--diff has no Mermaid form: use -o text or -o json.")
    from bevel_tui.engine.options import RunOptions

    options = RunOptions(
        kubeconfig=kubeconfig,
        charts=charts,
        gateway_charts=gateway_charts,
        allow_destructive=allow_destructive,
        journal=False,
    )
    found = asyncio.run(api.changes(network, options))
    from bevel_tui.output import changes

    shown = changes.to_json(network.name, found) if output == "json" else changes.text(network.name, found)
    sys.stdout.write(shown if shown.endswith("\n") else shown + "\n")
    sys.stdout.flush()
    _refuse(found)
    return ExitCode.CHANGES if exit_code and found else ExitCode.OK


def _refuse(changes: Sequence[Change]) -> None:
    """Raises BevelError(DESTRUCTIVE) for what a deployment would refuse, once it has been shown."""
    needed = list(dict.fromkeys(change.needs for change in changes if change.needs))
    hopeless = [change for change in changes if change.group == "refuse" and change.differences and not change.needs]
    if not needed and not hopeless:
        return
    flags = " ".join(f"--allow-destructive {name}" for name in needed)
    raise BevelError(
        Code.DESTRUCTIVE,
        "A deployment of this preset would be refused: it would destroy what runs.",
        details=tuple(f"{change.step}: {change.cause}" for change in hopeless),
        remedy=f"Put it back into the preset, or, if that is what you want, add: {flags}"
        if needed and not hopeless
        else "Put back what cannot be changed; only destroy --purge-data and a new deployment could change it.",
    )


def check(preset: str, *, own: tuple[str, ...], output: str, kubeconfig: str | None, color: str) -> int:
    """`bevel-tui check`: results on stdout, progress nowhere (it takes seconds)."""
    return asyncio.run(_check(preset, own, output, kubeconfig, color))


async def _check(preset: str, own: tuple[str, ...], output: str, kubeconfig: str | None, color: str) -> int:
    from bevel_tui.engine.options import RunOptions
    from bevel_tui.output import checks
    from bevel_tui.output.console import results
    from bevel_tui.output.state import RunView

    network = api.load(preset, own)
    view = RunView()
    with _cancellation() as cancel:
        async for event in api.check(network, RunOptions(kubeconfig=kubeconfig, journal=False), cancel=cancel):
            view.apply(event)
    finished = view.finished
    if finished is None or finished.exit_code not in {ExitCode.OK, ExitCode.UNREACHABLE}:
        _fail(view)
        return finished.exit_code if finished else ExitCode.FAILED
    if output == "json":
        document = checks.to_json(view.checks, network=network.name, simulated=view.simulated)
        sys.stdout.write(document + "\n")
    else:
        checks.text(results(colour=color), view.checks, simulated=view.simulated)
    return finished.exit_code


def destroy(
    preset: str,
    *,
    own: tuple[str, ...],
    purge_data: bool,
    kubeconfig: str | None,
    timeout: float | None,
    yes: bool,
    output: str,
    color: str,
) -> int:
    """`bevel-tui destroy`."""
    from bevel_tui.engine.options import RunOptions

    network = api.load(preset, own)
    kept = "its ledger data, keys and namespaces WILL BE DELETED" if purge_data else "ledger data stays"
    _confirm(f"Remove network {network.name} from {_contexts(network)} ({kept})?", yes=yes)
    options = RunOptions(kubeconfig=kubeconfig, purge_data=purge_data, timeout=timeout or RUN_BUDGET)

    async def run() -> tuple[int, RunView]:
        with _cancellation() as cancel:
            return await _show(api.destroy(network, options, cancel=cancel), output, color)

    code, view = asyncio.run(run())
    if output == "text":
        _summary(view, color, ())
    return code


def sandbox_up(preset: str | None, clusters: int, speed: float) -> int:
    """`bevel-tui sandbox up`: the contexts that a preset names, or sandbox-1 to sandbox-N, until Ctrl-C."""
    from pathlib import Path

    from bevel_tui.sandbox.process import run_foreground

    contexts = [f"sandbox-{number + 1}" for number in range(clusters)]
    domains: list[str] = []
    if preset is not None:
        network = api.load(preset)
        contexts = list(dict.fromkeys(cluster.context for cluster in network.clusters))
        domains = [cluster.domain for cluster in network.clusters if cluster.domain]

    def ready(kubeconfig: Path) -> None:
        sys.stdout.write(f"{kubeconfig}\n")
        sys.stdout.flush()
        target = f"--preset {preset}" if preset else "--preset FILE"
        sys.stderr.write(
            f"{len(contexts)} simulated clusters are up (contexts {', '.join(contexts)}); Ctrl-C ends them.\n"
            f"  kubectl --kubeconfig {kubeconfig} --context {contexts[0]} get nodes\n"
            f"  bevel-tui {target} --kubeconfig {kubeconfig}\n"
        )

    asyncio.run(run_foreground(contexts, speed=speed, domains=domains, ready=ready))
    return ExitCode.OK


# ---------------------------------------------------------------- parts of the above


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


async def _show(events: AsyncIterator[AnyEvent], output: str, color: str) -> tuple[int, RunView]:
    from bevel_tui.output.console import choose, render
    from bevel_tui.output.state import RunView

    view = RunView()

    async def seen() -> AsyncIterator[AnyEvent]:
        async for event in events:
            view.apply(event)
            yield event

    finished = await render(choose(output, colour=color), seen())
    return finished.exit_code, view


def _summary(view: RunView, color: str, next_steps: tuple[str, ...]) -> None:
    from bevel_tui.output.console import results
    from bevel_tui.output.summary import write

    write(results(colour=color), view, next_steps=next_steps)


def _next_steps(preset: str, options: Deployment, code: int) -> tuple[str, ...]:
    if code == ExitCode.INTERRUPTED:
        return ("run the same command again to continue",) if not options.sandbox else ()
    if options.sandbox:
        return (
            "see what was done, step by step:",
            f"  bevel-tui plan --preset {preset}",
            "keep such clusters for kubectl and helm:",
            f"  bevel-tui sandbox up --preset {preset}",
        )
    return (f"bevel-tui check --preset {preset}", f"bevel-tui plan --preset {preset} --diff")


def _fail(view: RunView) -> None:
    from bevel_tui.output.errors import show

    finished = view.finished
    error = BevelError(
        Code.INTERRUPTED if finished is not None and finished.exit_code == ExitCode.INTERRUPTED else Code.STEP_FAILED,
        finished.error if finished is not None and finished.error else "The checks could not be made.",
        remedy=finished.remedy if finished is not None else None,
    )
    show(error)


def _confirm(question: str, *, yes: bool, details: tuple[str, ...] = ()) -> None:
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


def _contexts(network: Network) -> str:
    """The clusters that are ours, or hold nobody's organization."""
    others = {o.cluster for o in network.organizations} - {o.cluster for o in network.organizations if o.managed}
    return ", ".join(f"{c.name} (context {c.context})" for c in network.clusters if c.name not in others)


@contextmanager
def _cancellation() -> Iterator[Cancellation]:
    """Ctrl-C and SIGTERM ask the run to stop; a second one insists."""
    from bevel_tui.engine.cancel import Cancellation

    cancel = Cancellation()
    loop = asyncio.get_running_loop()
    # Windows has no loop support for signals: there Ctrl-C stays KeyboardInterrupt, which leaves at once.
    signals = (signal.SIGINT, signal.SIGTERM) if sys.platform != "win32" else ()
    for number in signals:
        loop.add_signal_handler(number, cancel.request)
    try:
        yield cancel
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
