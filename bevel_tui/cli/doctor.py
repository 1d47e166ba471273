"""`bevel-tui doctor`: whether this machine can deploy, before a cluster is asked anything."""

from __future__ import annotations

import asyncio
import sys

import click

from bevel_tui import api
from bevel_tui.cli import helping, options
from bevel_tui.records.errors import BevelError, ExitCode
from bevel_tui.records.machine import Answer


@click.command(cls=helping.Forgiving)
@options.kubeconfig
@click.option("--charts", metavar="PATH|URL", envvar="BEVEL_TUI_CHARTS", help="Ledger charts to look for.")
@click.option("--offline", is_flag=True, help="Ask neither resolvers nor chart repositories.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@options.color
@click.pass_context
def command(
    ctx: click.Context, /, kubeconfig: str | None, charts: str | None, offline: bool, output: str, color: str
) -> None:
    """Look at this machine: versions, Helm, kubeconfig and its plugins, terminal, DNS, chart source.

    Nothing is changed and no cluster is asked. Exit code 1 when something has to be put right.

    \b
    Examples:
      bevel-tui doctor
      bevel-tui doctor --kubeconfig cluster.yaml --charts ./bevel
    """
    from bevel_tui.output import machine
    from bevel_tui.output.console import results

    answers = asyncio.run(api.doctor(kubeconfig=kubeconfig, charts=charts, online=not offline))
    answers.append(_settings())
    if output == "json":
        sys.stdout.write(machine.to_json(answers) + "\n")
    else:
        machine.text(results(colour=color), answers)
    ctx.exit(ExitCode.FAILED if any(answer.status == "failed" for answer in answers) else ExitCode.OK)


def _settings() -> Answer:
    """The settings file, which belongs to the command line."""
    from bevel_tui import locations, settings

    path = locations.settings_file()
    try:
        settings.load()
    except BevelError as error:
        said = "; ".join((error.message, *error.details))
        return Answer(topic="settings", subject="file", status="failed", summary=said, remedy=error.remedy)
    there = "" if path.exists() else " (not there)"
    return Answer(topic="settings", subject="file", status="ok", summary=f"{path}{there}")
