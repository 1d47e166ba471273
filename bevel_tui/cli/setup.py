"""`bevel-tui setup`, and `bevel-tui` alone on a terminal: the wizard, on a screen or line by line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bevel_tui.cli import helping, options
from bevel_tui.cli.terminal import shows_screens
from bevel_tui.records.errors import BevelError, Code, ExitCode

if TYPE_CHECKING:
    from bevel_tui.network.model import Network
    from bevel_tui.ui.setup import Hooks, Setup, Simulated


@click.command(cls=helping.Command)
@click.option("--plain", is_flag=True, help="Ask line by line: for screen readers and simple terminals.")
@click.option("-o", "--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Where to save.")
@options.kubeconfig
@options.speed
@click.pass_context
def command(ctx: click.Context, /, plain: bool, output: Path | None, kubeconfig: str | None, speed: float) -> None:
    """From your clusters to a preset and a network, question by question.

    \b
    Examples:
      bevel-tui setup
      bevel-tui setup --plain -o my-network.yaml
    """
    ctx.exit((ask if plain else wizard)(kubeconfig=kubeconfig, output=output, speed=speed))


def wizard(*, kubeconfig: str | None = None, output: Path | None = None, speed: float = 1.0) -> int:
    """The wizard on the screen. Raises BevelError(usage) without a terminal."""
    if not shows_screens():
        raise BevelError(
            Code.USAGE, "The wizard needs a terminal.", remedy="bevel-tui setup --plain asks line by line instead."
        )
    from bevel_tui import settings
    from bevel_tui.ui.app import BevelApp
    from bevel_tui.ui.recent import Recent
    from bevel_tui.ui.screens.start import StartScreen
    from bevel_tui.ui.setup import Setup, has_contexts

    chosen = settings.load()
    setup = Setup(hooks=_hooks(speed), kubeconfig=kubeconfig, output=output, recent=Recent())
    first = StartScreen(setup, clusters=has_contexts(_kubeconfigs(kubeconfig)))
    app = BevelApp(first, theme=chosen.theme, keymap=chosen.keymap)
    from bevel_tui import api

    with api.terminal_taken():
        code = app.run()
    return int(code or 0)


def _kubeconfigs(explicit: str | None) -> tuple[Path, ...]:
    from bevel_tui.kube.contexts import candidates

    return candidates(explicit)


def _hooks(speed: float) -> Hooks:
    from bevel_tui.ui.setup import Hooks

    async def sandbox(contexts: list[str]) -> Simulated:
        from bevel_tui.sandbox.process import start

        return await start(contexts, speed=speed)

    def deploy(app: Any, network: Network, kubeconfig: str | None, saved: Path | None) -> None:
        from bevel_tui.engine.options import RunOptions
        from bevel_tui.ui.screens.deploy import DeployScreen
        from bevel_tui.ui.session import Deployment

        run = Deployment(
            network=network,
            options=RunOptions(kubeconfig=kubeconfig),
            preset=str(saved) if saved is not None else None,
        )
        app.push_screen(DeployScreen(run))

    def dashboard(app: Any, kubeconfig: str | None) -> None:
        from bevel_tui import api
        from bevel_tui.cli.dashboard import PROBE, screen

        app.push_screen(screen(api.watch(kubeconfig=kubeconfig, probe=PROBE), kubeconfig=kubeconfig))

    return Hooks(sandbox=sandbox, deploy=deploy, dashboard=dashboard)


def ask(*, kubeconfig: str | None = None, output: Path | None = None, speed: float = 1.0) -> int:
    """The same questions line by line, then perhaps the deployment. Raises BevelError and KeyboardInterrupt."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise BevelError(
            Code.USAGE, "Questions need a terminal.", remedy="Write a preset instead: bevel-tui schema describes it."
        )
    from bevel_tui.ui.plain import Questionary, run
    from bevel_tui.ui.recent import Recent
    from bevel_tui.ui.setup import Setup

    setup: Setup = Setup(kubeconfig=kubeconfig, output=output, recent=Recent())
    outcome = run(setup, Questionary(), sandbox=True)
    if outcome.way != "deploy" or outcome.path is None:
        return ExitCode.OK
    from bevel_tui.cli.headless import deploy

    return deploy(
        str(outcome.path),
        own=(),
        sandbox=outcome.sandbox,
        kubeconfig=setup.kubeconfig,
        charts=None,
        gateway_charts=None,
        timeout=None,
        allow_destructive=(),
        yes=True,
        output="text",
        color="auto",
        speed=speed,
    )
