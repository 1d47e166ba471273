"""`bevel-tui destroy`: a network is taken away, in the safe order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from bevel_tui import api
from bevel_tui.cli import helping, options
from bevel_tui.cli.headless import RUN_BUDGET, cancellation, confirm, contexts, show, summary

if TYPE_CHECKING:
    from bevel_tui.views.state import RunView


@click.command(cls=helping.Command)
@options.preset
@click.option("--purge-data", is_flag=True, help="Delete ledger data too: volumes, keys, namespaces.")
@options.kubeconfig
@options.timeout
@options.yes
@click.option("-o", "--output", type=click.Choice(["text", "jsonl"]), default="text", show_default=True)
@options.color
@click.pass_context
def command(ctx: click.Context, /, preset: str | None, **given: Any) -> None:
    """Remove what was installed, in the safe order. Ledger data stays unless --purge-data is given.

    \b
    Examples:
      bevel-tui destroy --preset my-network.yaml
    """
    ctx.exit(destroy(options.required(preset), **given))


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
    """Ask, remove, show. Raises BevelError for what is wrong before a run begins."""
    from bevel_tui.engine.options import RunOptions

    network = options.network(preset, own)
    kept = "its ledger data, keys and namespaces WILL BE DELETED" if purge_data else "ledger data stays"
    confirm(f"Remove network {network.name} from {contexts(network)} ({kept})?", yes=yes)
    run_options = RunOptions(kubeconfig=kubeconfig, purge_data=purge_data, timeout=timeout or RUN_BUDGET)

    async def run() -> tuple[int, RunView]:
        with cancellation() as cancel:
            return await show(api.destroy(network, run_options, cancel=cancel), output, color)

    code, view = asyncio.run(run())
    if output == "text":
        summary(view, color, ())
    return code
