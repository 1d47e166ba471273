"""`bevel-tui report`: the report of a run, made anew from its events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bevel_tui.cli import helping
from bevel_tui.records.errors import BevelError, Code, ExitCode


@click.command(cls=helping.Command)
@click.argument("run", required=False, metavar="[RUN]")
@click.option("-o", "--output", type=click.Choice(["md", "html", "json"]), default="md", show_default=True)
@click.option(
    "--file", type=click.Path(path_type=Path, dir_okay=False), help="Write it there. Default: standard output."
)
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Show the report of a run: its id or the beginning of it, or a file of events; default: the latest run.

    \b
    Examples:
      bevel-tui report                                    of the latest run
      bevel-tui report 20260102 -o html --file run.html   its id begins so
    """
    ctx.exit(report(**given))


def report(run: str | None, *, output: Any, file: Path | None) -> int:
    """`bevel-tui report`. Raises BevelError."""
    from bevel_tui.views.report import files

    text = files.render(files.of(run), output)
    if file is None:
        click.echo(text, nl=False)
    else:
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as exc:
            raise BevelError(
                Code.USAGE, f"{file} cannot be written: {exc.strerror}", remedy="Name another file."
            ) from None
    return int(ExitCode.OK)
