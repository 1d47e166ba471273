"""`bevel-tui dashboard`: what is wrong, where, why and what to do, over all clusters of a network at once."""

from __future__ import annotations

import sys
import time

import click

from bevel_tui import api
from bevel_tui.cli import options
from bevel_tui.records.errors import BevelError, Code


@click.command()
@options.preset
@options.kubeconfig
@click.option("--readonly", is_flag=True, help="Nothing can be changed from the screens.")
@click.option(
    "--probe",
    type=options.Duration(),
    default=30.0,
    metavar="TIME",
    show_default="30s",
    help="Time between two rounds of reachability checks.",
)
@click.option("--no-probe", is_flag=True, help="Ask no names, gateways and nodes by itself; key r still does.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    preset: str | None,
    own: tuple[str, ...],
    kubeconfig: str | None,
    readonly: bool,
    probe: float,
    no_probe: bool,
) -> None:
    """Troubleshoot the networks of a preset, of contexts, or of all contexts in which one is found.

    Nothing is changed unless you choose an action and confirm it; each shows the command that does the same.
    """
    from bevel_tui.output.colour import is_terminal

    if not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        raise BevelError(
            Code.USAGE,
            "The dashboard needs a terminal.",
            remedy="Without one: bevel-tui diagnose, or bevel-tui check.",
        )
    network = options.network(preset, own) if preset is not None else None
    watching = api.watch(
        networks=[network] if network is not None else [],
        contexts=() if network is not None else options.named_contexts(),
        kubeconfig=kubeconfig,
        probe=None if no_probe else probe,
    )
    from bevel_tui import settings
    from bevel_tui.ui.app import BevelApp
    from bevel_tui.ui.dashboard.overview import DashboardScreen
    from bevel_tui.ui.dashboard.source import Source

    chosen = settings.load()
    source = Source(watching, kubeconfig=kubeconfig, readonly=readonly, clock=time.time)
    app = BevelApp(DashboardScreen(source), theme=chosen.theme, keymap=chosen.keymap)
    ctx.exit(app.run() or 0)
