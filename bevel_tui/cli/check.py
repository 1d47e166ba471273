"""`bevel-tui check`: whether every name leads to its gateway and every gateway to the ledger."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import click

from bevel_tui import api
from bevel_tui.cli import helping, options
from bevel_tui.cli.headless import cancellation
from bevel_tui.records.errors import BevelError, Code, ExitCode

if TYPE_CHECKING:
    from bevel_tui.engine.cancel import Cancellation
    from bevel_tui.engine.options import RunOptions
    from bevel_tui.network.model import Network
    from bevel_tui.views.state import RunView

#: endings after which there are results to show
_ANSWERED = frozenset({ExitCode.OK, ExitCode.UNREACHABLE})


@click.command(cls=helping.Command)
@options.preset
@click.option("-o", "--output", type=click.Choice(["text", "wide", "json", "junit"]), default="text", show_default=True)
@click.option(
    "--from",
    "vantage",
    type=click.Choice(["here", "clusters", "both"]),
    default="both",
    show_default=True,
    help="Who asks: this machine, a short-lived pod in every cluster, or both.",
)
@click.option("--wait", type=options.Duration(), default=0.0, metavar="TIME", help="Repeat what fails for so long.")
@click.option("--watch", is_flag=True, help="Ask again and again until Ctrl-C, and tell what changes.")
@click.option(
    "--interval", type=options.Duration(), default=10.0, metavar="TIME", help="Pause between rounds of --watch (10s)."
)
@options.kubeconfig
@options.color
@click.pass_context
def command(ctx: click.Context, /, preset: str | None, **given: Any) -> None:
    """Ask whether every name leads to its gateway and every gateway to the ledger.

    Exit code: 0 all is well or only warned, 5 a check failed, 3 no cluster could be read.

    \b
    Examples:
      bevel-tui check --preset my-network.yaml               once
      bevel-tui check --preset my-network.yaml --wait 10m    until it is well
      bevel-tui check --preset my-network.yaml -o junit      for a CI job
    """
    asked = Asked(**given)
    if asked.watch and asked.output == "junit":
        raise click.UsageError("--watch never ends, and a JUnit document must: use -o text, wide or json.")
    ctx.exit(asyncio.run(_check(options.required(preset), asked)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of `bevel-tui check`, as given."""

    own: tuple[str, ...]
    output: str
    vantage: Literal["here", "clusters", "both"]
    wait: float
    watch: bool
    interval: float
    kubeconfig: str | None
    color: str


async def _check(preset: str, asked: Asked) -> int:
    """Results on stdout, progress nowhere (it takes seconds)."""
    from bevel_tui.engine.options import RunOptions

    network = options.network(preset, asked.own)
    run = RunOptions(kubeconfig=asked.kubeconfig, journal=False, vantage=asked.vantage, retry=asked.wait)
    with cancellation() as cancel:
        if asked.watch:
            return await _watch(network, asked, run, cancel)
        view = await _round(network, run, cancel)
    finished = view.finished
    if finished is None or finished.exit_code not in _ANSWERED:
        return _fail(view)
    _show(network, asked, view)
    return finished.exit_code


async def _round(network: Network, run: RunOptions, cancel: Cancellation) -> RunView:
    from bevel_tui.views.state import RunView

    view = RunView()
    async for event in api.check(network, run, cancel=cancel):
        view.apply(event)
    return view


def _show(network: Network, asked: Asked, view: RunView) -> None:
    from bevel_tui.output import checks
    from bevel_tui.output.console import results

    code = view.finished.exit_code if view.finished else None
    if asked.output == "json":
        text = checks.to_json(view.checks, network=network.name, simulated=view.simulated, exit_code=code)
        sys.stdout.write(text + "\n")
    elif asked.output == "junit":
        from bevel_tui.output.junit import to_junit

        sys.stdout.write(to_junit(view.checks, network=network.name) + "\n")
    else:
        paper = results(colour=asked.color)
        checks.text(paper, view.checks, simulated=view.simulated, wide=asked.output == "wide")


async def _watch(network: Network, asked: Asked, run: RunOptions, cancel: Cancellation) -> int:
    """Rounds until Ctrl-C: everything after the first, then what has changed; with JSON a document a line.

    Ends with what the last whole round found. A cluster that cannot be read for a while does not end it.
    """
    from bevel_tui.output import checks
    from bevel_tui.output.watching import Watching

    watching = Watching(asked.color, wide=asked.output == "wide")
    code = int(ExitCode.OK)
    while True:
        view = await _round(network, run, cancel)
        if cancel.stopping.is_set():
            return code
        finished = view.finished
        code = finished.exit_code if finished else int(ExitCode.FAILED)
        if asked.output == "json":
            text = checks.to_json(
                view.checks, network=network.name, simulated=view.simulated, exit_code=code, indent=None
            )
            sys.stdout.write(text + "\n")
        elif code in _ANSWERED:
            watching.round(view.checks, simulated=view.simulated)
        else:
            watching.trouble(finished.error if finished and finished.error else "The checks could not be made.")
        sys.stdout.flush()  # a pipe is told each round at its end
        if await cancel.pause(asked.interval):
            return code


def _fail(view: RunView) -> int:
    from bevel_tui.output.errors import show

    finished = view.finished
    if finished is None:
        raise BevelError(Code.STEP_FAILED, "The checks could not be made.")
    interrupted = finished.exit_code == ExitCode.INTERRUPTED
    said, *facts = (finished.error or "The checks could not be made.").splitlines()
    code = Code(finished.code) if finished.code else Code.INTERRUPTED if interrupted else Code.STEP_FAILED
    show(BevelError(code, said, remedy=finished.remedy, details=tuple(facts)))
    return finished.exit_code
