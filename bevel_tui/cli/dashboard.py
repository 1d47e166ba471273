"""`bevel-tui dashboard`: what is wrong, where, why and what to do, over all clusters of a network at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from bevel_tui import api
from bevel_tui.cli import helping, options
from bevel_tui.records.errors import BevelError, Code

if TYPE_CHECKING:
    from bevel_tui.engine.snapshots.watch import Watching
    from bevel_tui.ui.dashboard.overview import DashboardScreen


#: seconds between two rounds of reachability checks
PROBE = 30.0


@click.command(cls=helping.Command)
@options.preset
@options.kubeconfig
@click.option("--readonly", is_flag=True, help="Nothing can be changed from the screens.")
@click.option(
    "--probe",
    type=options.Duration(),
    default=PROBE,
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

    \b
    Examples:
      bevel-tui dashboard
      bevel-tui dashboard --preset my-network.yaml --readonly
    """
    from bevel_tui.cli.terminal import shows_screens

    if not shows_screens():
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
        namespaces=options.named_namespaces(),
    )
    from bevel_tui import settings
    from bevel_tui.ui.app import BevelApp

    chosen = settings.load()
    with api.terminal_taken():
        app = BevelApp(
            screen(watching, kubeconfig=kubeconfig, readonly=readonly), theme=chosen.theme, keymap=chosen.keymap
        )
        code = app.run()
    ctx.exit(code or 0)


def screen(watching: Watching, *, kubeconfig: str | None = None, readonly: bool = False) -> DashboardScreen:
    """The first screen of a dashboard; a release that is brought about again is a deployment on a screen of its own."""
    from bevel_tui.engine.options import RunOptions
    from bevel_tui.ui.dashboard.overview import DashboardScreen
    from bevel_tui.ui.dashboard.source import Source
    from bevel_tui.ui.screens.deploy import DeployScreen
    from bevel_tui.ui.session import Deployment

    def retry(name: str) -> None:
        network = source.network(name)
        if network is not None:
            made.app.push_screen(DeployScreen(Deployment(network=network, options=RunOptions(kubeconfig=kubeconfig))))

    source = Source(watching, kubeconfig=kubeconfig, readonly=readonly, clock=time.time)
    made = DashboardScreen(source, retry=retry)
    return made
