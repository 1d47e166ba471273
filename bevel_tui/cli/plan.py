"""`bevel-tui plan`: what a preset would do, offline; with --diff what would change now, and why."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from bevel_tui import api
from bevel_tui.cli import helping, options
from bevel_tui.records.errors import BevelError, Code, ExitCode

if TYPE_CHECKING:
    from bevel_tui.engine.changes import Change


@click.command(cls=helping.Command)
@options.preset
@click.option("-o", "--output", type=click.Choice(["text", "json", "mermaid"]), default="text", show_default=True)
@click.option("--diff", is_flag=True, help="Read the clusters and say what would change, and why.")
@click.option("--exit-code", is_flag=True, help="As --diff; exit 6 when something would change.")
@options.kubeconfig
@options.charts
@options.allow
@click.pass_context
def command(ctx: click.Context, /, preset: str | None, **given: Any) -> None:
    """Show what a preset would do. Offline unless --diff or --exit-code is given.

    \b
    Examples:
      bevel-tui plan --preset my-network.yaml             every step, offline
      bevel-tui plan --preset my-network.yaml --diff      what would change
      bevel-tui plan --preset my-network.yaml -o mermaid  as a diagram
    """
    ctx.exit(plan(options.required(preset), **given))


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
    """Exit 6 with --exit-code when something would change."""
    from bevel_tui.plan import render

    network = options.network(preset, own)
    if not (diff or exit_code):
        shown = {"text": render.text, "json": render.to_json, "mermaid": render.mermaid}[output](api.plan(network))
        sys.stdout.write(shown if shown.endswith("\n") else shown + "\n")
        return ExitCode.OK
    if output == "mermaid":
        raise BevelError(Code.USAGE, "--diff has no Mermaid form: use -o text or -o json.")
    from bevel_tui.engine.options import RunOptions

    run_options = RunOptions(
        kubeconfig=kubeconfig,
        charts=charts,
        gateway_charts=gateway_charts,
        allow_destructive=allow_destructive,
        journal=False,
    )
    found = asyncio.run(api.changes(network, run_options))
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
