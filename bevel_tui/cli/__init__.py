"""The command line: options in, calls to `bevel_tui.api`, exit code out; wires the sandbox in where asked.

Nothing heavy is imported before it is known what is wanted: `--version` and `--help` cost click alone (26 ms). All
that a command decides is decided below this module; here stand names, defaults and who is asked what.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from bevel_tui import __version__
from bevel_tui.records.errors import BevelError, ExitCode

if TYPE_CHECKING:
    pass

Command = TypeVar("Command", bound=Callable[..., Any])

_EPILOG = """\b
Exit codes: 0 ok, 1 deployment failed, 2 usage or invalid preset, 3 a cluster cannot be used, 4 timed out,
5 deployed but not reachable, 6 plan --exit-code with changes pending, 130 interrupted."""


class Duration(click.ParamType):  # type: ignore[type-arg]
    """Seconds, or a Go duration: 90, 90s, 10m, 1h30m."""

    name = "duration"
    _units = {"h": 3600.0, "m": 60.0, "s": 1.0, "": 1.0}  # noqa: RUF012 - never changed

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds; fails with click's usage error."""
        if isinstance(value, int | float):
            return float(value)
        parts = re.findall(r"(\d+(?:\.\d+)?)([hms]?)", value)
        if not parts or "".join(n + u for n, u in parts) != value or not (seconds := self._sum(parts)):
            self.fail(f"{value!r} is no duration; write 90s, 10m or 1h30m", param, ctx)
        return seconds

    def _sum(self, parts: list[tuple[str, str]]) -> float:
        return sum(float(number) * self._units[unit] for number, unit in parts)


def _options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def apply(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return apply


_only_preset = click.option("--preset", metavar="FILE", help="Preset file, or the name of a shipped preset.")
_preset = _options(
    _only_preset,
    click.option(
        "--as",
        "own",
        metavar="ORG",
        multiple=True,
        help="An organization of yours; all others are run by their owners. Repeatable; default: as the preset says.",
    ),
)
_kubeconfig = click.option("--kubeconfig", metavar="PATH", help="kubeconfig file; default: $KUBECONFIG merged.")
_charts = _options(
    click.option(
        "--charts", metavar="PATH|URL", help="Ledger charts: root of a Bevel checkout, Helm repository, oci://."
    ),
    click.option("--gateway-charts", metavar="PATH|URL", help="Gateway charts: the same kinds of source."),
)
_allow = click.option(
    "--allow-destructive",
    metavar="NAME",
    multiple=True,
    help="Release or organization that may be removed with its data, or genesis; repeatable.",
)
_timeout = click.option("--timeout", type=Duration(), metavar="TIME", help="Budget for everything, e.g. 45m.")
_yes = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
_color = click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
_speed = click.option(
    "--speed", type=click.FloatRange(0.1, 1000), default=1.0, show_default=True, help="Speed of simulated time."
)


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
)
@_preset
@click.option("--sandbox", is_flag=True, help="Rehearse on simulated clusters on this machine.")
@_kubeconfig
@_charts
@_timeout
@_allow
@_yes
@click.option("-o", "--output", type=click.Choice(["text", "jsonl"]), default="text", show_default=True)
@_color
@_speed
@click.version_option(__version__, prog_name="bevel-tui", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, /, preset: str | None, **options: Any) -> None:
    """Deploy a Hyperledger Bevel network over Kubernetes clusters and prove that it can be reached.

    \b
    bevel-tui --preset besu-two-clusters --sandbox    rehearse on simulated clusters
    bevel-tui --preset my-network.yaml                deploy to the contexts it names
    """
    if ctx.invoked_subcommand is not None:
        given = [
            name
            for name in (*options, "preset")
            if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        ]
        if given:
            flags = ", ".join("--" + {"own": "as"}.get(name, name.replace("_", "-")) for name in given)
            raise click.UsageError(f"{flags} goes after the command: bevel-tui {ctx.invoked_subcommand} {flags} ...")
        return
    if preset is None:
        if any(ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE for name in options):
            raise click.UsageError("--preset is missing: name a file or a shipped preset.")
        click.echo(ctx.get_help())
        ctx.exit(ExitCode.USAGE)
    from bevel_tui.cli.headless import deploy

    ctx.exit(deploy(preset, **options))


@cli.command()
@_preset
@click.option("-o", "--output", type=click.Choice(["text", "json", "mermaid"]), default="text", show_default=True)
@click.option("--diff", is_flag=True, help="Read the clusters and say what would change, and why.")
@click.option("--exit-code", is_flag=True, help="As --diff; exit 6 when something would change.")
@_kubeconfig
@_charts
@_allow
@click.pass_context
def plan(ctx: click.Context, /, preset: str | None, **options: Any) -> None:
    """Show what a preset would do. Offline unless --diff or --exit-code is given."""
    from bevel_tui.cli.headless import plan as run

    ctx.exit(run(_required(preset), **options))


@cli.command()
@_preset
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@_kubeconfig
@_color
@click.pass_context
def check(ctx: click.Context, /, preset: str | None, **options: Any) -> None:
    """Ask whether every name leads to its gateway and every gateway to the ledger."""
    from bevel_tui.cli.headless import check as run

    ctx.exit(run(_required(preset), **options))


@cli.command()
@_preset
@click.option("--purge-data", is_flag=True, help="Delete ledger data too: volumes, keys, namespaces.")
@_kubeconfig
@_timeout
@_yes
@click.option("-o", "--output", type=click.Choice(["text", "jsonl"]), default="text", show_default=True)
@_color
@click.pass_context
def destroy(ctx: click.Context, /, preset: str | None, **options: Any) -> None:
    """Remove what was installed, in the safe order. Ledger data stays unless --purge-data is given."""
    from bevel_tui.cli.headless import destroy as run

    ctx.exit(run(_required(preset), **options))


@cli.group()
def handoff() -> None:
    """Public material between operators who share no kubeconfig: each runs their part of the same preset."""


_bundle = click.argument("bundle", type=click.Path(path_type=Path))


@handoff.command("export")
@_preset
@click.option("--for", "receivers", metavar="ORG", multiple=True, required=True, help="Who waits for it; repeatable.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The bundle's file. Default: NETWORK-for-ORG.handoff.yaml here.",
)
@_kubeconfig
@click.pass_context
def handoff_export(ctx: click.Context, /, preset: str | None, **options: Any) -> None:
    """Write what others wait for, as far as it is ready, to a bundle. Clusters are only read."""
    from bevel_tui.cli.handoff import export

    ctx.exit(export(_required(preset), **options))


@handoff.command("import")
@_preset
@_bundle
@click.option("--digest", metavar="SHA256", help="The digest that the sender told you; another one is refused.")
@_kubeconfig
@click.pass_context
def handoff_import(ctx: click.Context, /, preset: str | None, **options: Any) -> None:
    """Take a bundle in: check it against your plan and keep it in your clusters. A run that waits goes on."""
    from bevel_tui.cli.handoff import take

    ctx.exit(take(_required(preset), **options))


@handoff.command("show")
@_preset
@_bundle
@click.pass_context
def handoff_show(ctx: click.Context, /, **options: Any) -> None:
    """Say what a bundle holds; with --preset also whether your plan waits for it. Nothing is changed."""
    from bevel_tui.cli.handoff import show

    ctx.exit(show(**options))


@cli.command()
def schema() -> None:
    """Print the JSON Schema of presets."""
    import json

    from bevel_tui.network.schema import schema as build

    click.echo(json.dumps(build(), indent=2, ensure_ascii=False))


@cli.group()
def sandbox() -> None:
    """Simulated clusters on loopback: no container runs, everything else is real."""


@sandbox.command()
@click.option("--clusters", type=click.IntRange(1, 20), metavar="N", help="That many, contexts sandbox-1, sandbox-2...")
@_only_preset
@_speed
@click.pass_context
def up(ctx: click.Context, /, clusters: int | None, preset: str | None, speed: float) -> None:
    """Keep simulated clusters running until Ctrl-C. The first line printed is the path of their kubeconfig."""
    if clusters is not None and preset is not None:
        raise click.UsageError("--clusters and --preset exclude each other.")
    from bevel_tui.cli.headless import sandbox_up

    ctx.exit(sandbox_up(preset, clusters or 2, speed))


def _required(preset: str | None) -> str:
    if preset is None:
        raise click.UsageError("--preset is missing: name a file or a shipped preset.")
    return preset


def main() -> NoReturn:
    """The console script. Every error that a user can cause ends here as a code, a sentence and a remedy."""
    try:
        result = cli.main(standalone_mode=False)
        code = int(result) if isinstance(result, int) else int(ExitCode.OK)
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.ClickException as error:
        error.show()
        code = int(ExitCode.USAGE)
    except (click.exceptions.Abort, KeyboardInterrupt):
        code = int(ExitCode.INTERRUPTED)
    except BevelError as error:
        from bevel_tui.output.errors import show

        show(error)
        code = int(error.exit_code)
    except BrokenPipeError:  # `bevel-tui plan | head`
        sys.stderr.close()
        code = int(ExitCode.OK)
    sys.exit(code)
