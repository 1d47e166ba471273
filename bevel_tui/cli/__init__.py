"""The command line: options in, calls to `bevel_tui.api`, exit code out; wires the sandbox in where asked.

Nothing heavy is imported before it is known what is wanted: `--version` and `--help` cost click alone (26 ms), and a
command's module is imported when it is called. Each module has a `command`; its first sentence stands in `SECTIONS`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from bevel_tui import __version__
from bevel_tui.cli import helping
from bevel_tui.cli import options as shared
from bevel_tui.records.errors import BevelError, ExitCode

_EPILOG = """\b
Exit codes: 0 ok, 1 deployment failed, 2 usage or invalid preset, 3 a cluster
cannot be used, 4 timed out, 5 deployed but not reachable, 6 plan --exit-code
with changes pending, 7 diagnose found something, 130 interrupted."""

#: heading -> command -> what the list of commands says of it; `bevel_tui.cli.<command>` declares it
SECTIONS = {
    "Begin": {
        "setup": "The wizard: from your clusters to a preset and a network.",
        "presets": "List the shipped presets, or print one to begin your own from.",
        "schema": "Print the JSON Schema of presets.",
        "sandbox": "Simulated clusters on loopback, to keep.",
        "doctor": "Look at this machine: can it deploy?",
    },
    "Change": {
        "plan": "Show what a preset would do, or would change now.",
        "destroy": "Remove what was installed, in the safe order.",
    },
    "Look": {
        "check": "Ask whether every name leads to its gateway and every gateway to the ledger.",
        "dns": "The DNS records that lead to the gateways, in the form that your DNS takes.",
        "diagnose": "Say what is wrong, over all clusters at once, root causes first.",
        "dashboard": "Troubleshoot on screens, over all clusters of a network.",
        "bundle": "Write a support archive of what is seen, secrets masked.",
        "report": "The report of a run: Markdown, HTML or JSON.",
    },
    "Hand over": {
        "connect": "Connection material for whoever uses the network.",
        "handoff": "Public material between operators who share no kubeconfig.",
        "import": "Turn a network.yaml of Bevel into a preset.",
        "export": "Write a preset for other programs: network.yaml, Flux, Argo CD, helmfile.",
    },
    "This program": {
        "completion": "Print the completion script of a shell.",
        "paths": "Where settings, runs and caches are kept.",
    },
}
COMMANDS = tuple(name for commands in SECTIONS.values() for name in commands)

#: modules that cannot be called as their command is
MODULES = {"import": "import_network"}

#: flags of kubectl that mean the same here
_KUBECTL = ("--kubeconfig", "--context", "-n", "--namespace")


class _Commands(helping.Group):
    """Finds commands by name in `SECTIONS`; click's own group would import all of them for one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of `SECTIONS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"{__name__}.{MODULES.get(cmd_name, cmd_name).replace('-', '_')}")
        command: click.Command = module.command
        command.name = cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, without importing a command."""
        width = max(map(len, COMMANDS))
        for heading, commands in SECTIONS.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), said) for name, said in commands.items()])


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
)
@shared.preset
@click.option("--sandbox", is_flag=True, help="Rehearse on simulated clusters on this machine.")
@shared.kubeconfig
@shared.charts
@shared.timeout
@shared.allow
@shared.yes
@click.option("-o", "--output", type=click.Choice(["text", "jsonl", "screen"]), default="text", show_default=True)
@shared.color
@shared.speed
@click.version_option(__version__, prog_name="bevel-tui", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, /, preset: str | None, **options: Any) -> None:
    """Deploy a Hyperledger Bevel network over Kubernetes clusters and prove that it can be reached.

    \b
    bevel-tui                                        the wizard, on a terminal
    bevel-tui --preset besu-two-clusters --sandbox   rehearse without a cluster
    bevel-tui --preset my-network.yaml               deploy to the contexts in it
    """
    if ctx.invoked_subcommand is not None:
        given = [
            name
            for name in (*options, "preset", "contexts", "namespaces")
            if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        ]
        if given:
            flags = ", ".join(
                "--" + {"own": "as", "contexts": "context", "namespaces": "namespace"}.get(name, name.replace("_", "-"))
                for name in given
            )
            raise click.UsageError(f"{flags} goes after the command: bevel-tui {ctx.invoked_subcommand} {flags} ...")
        return
    shared.insist(ctx)
    if preset is None:
        if any(ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE for name in options):
            raise click.UsageError("--preset is missing: name a file or a shipped preset.")
        from bevel_tui.cli import setup
        from bevel_tui.cli.terminal import shows_screens

        if shows_screens():
            ctx.exit(setup.wizard(speed=options["speed"], kubeconfig=options["kubeconfig"]))
        click.echo(ctx.get_help())
        ctx.exit(ExitCode.USAGE)
    from bevel_tui.cli.headless import deploy

    ctx.exit(deploy(preset, **options))


def kubectl() -> NoReturn:
    """The console script `kubectl-bevel`, which kubectl runs as `kubectl bevel`."""
    main("kubectl bevel", behind(sys.argv[1:]))


def behind(arguments: list[str]) -> list[str]:
    """kubectl's own flags may stand before its commands; here they go behind the command that takes them."""
    place = 0
    while place < len(arguments) and arguments[place].partition("=")[0] in _KUBECTL:
        place += 1 if "=" in arguments[place] else 2
    flags, rest = arguments[:place], arguments[place:]
    return [*rest, *flags] if rest and rest[0] in COMMANDS else arguments


def main(program: str | None = None, arguments: list[str] | None = None) -> NoReturn:
    """The console script. Every error that a user can cause ends here as a code, a sentence and a remedy."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever has started us
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), "r" if name == "stdin" else "w"))
    try:
        result = cli.main(arguments, prog_name=program, standalone_mode=False, default_map=shared.FromSettings())
        code = int(result) if isinstance(result, int) else int(ExitCode.OK)
        sys.stdout.flush()  # what cannot be written shows here, not when nobody can say so any more
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
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES}:
            raise
        with contextlib.suppress(OSError):
            sys.stderr.write(f"error: {error.filename or 'what is to be told cannot be written'}: {error.strerror}\n")
        with contextlib.suppress(OSError):
            sys.stdout.close()  # it would be flushed, and complain, at exit
        code = int(ExitCode.FAILED)
    sys.exit(code)
