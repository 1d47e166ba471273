"""`bevel-tui check`: whether every name leads to its gateway and every gateway to the ledger."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import click

from bevel_tui import api
from bevel_tui.cli import options
from bevel_tui.cli.headless import cancellation
from bevel_tui.records.errors import BevelError, Code, ExitCode

if TYPE_CHECKING:
    from bevel_tui.views.state import RunView


@click.command()
@options.preset
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@options.kubeconfig
@options.color
@click.pass_context
def command(ctx: click.Context, /, preset: str | None, **given: Any) -> None:
    """Ask whether every name leads to its gateway and every gateway to the ledger."""
    ctx.exit(check(options.required(preset), **given))


def check(preset: str, *, own: tuple[str, ...], output: str, kubeconfig: str | None, color: str) -> int:
    """Results on stdout, progress nowhere (it takes seconds)."""
    return asyncio.run(_check(preset, own, output, kubeconfig, color))


async def _check(preset: str, own: tuple[str, ...], output: str, kubeconfig: str | None, color: str) -> int:
    from bevel_tui.engine.options import RunOptions
    from bevel_tui.output import checks
    from bevel_tui.output.console import results
    from bevel_tui.views.state import RunView

    network = api.load(preset, own)
    view = RunView()
    with cancellation() as cancel:
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


def _fail(view: RunView) -> None:
    from bevel_tui.output.errors import show

    finished = view.finished
    error = BevelError(
        Code.INTERRUPTED if finished is not None and finished.exit_code == ExitCode.INTERRUPTED else Code.STEP_FAILED,
        finished.error if finished is not None and finished.error else "The checks could not be made.",
        remedy=finished.remedy if finished is not None else None,
    )
    show(error)
