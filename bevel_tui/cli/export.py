"""`bevel-tui export`: a preset written for other programs. What they cannot say or do is listed on stderr."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bevel_tui import api
from bevel_tui.cli import options
from bevel_tui.records.errors import BevelError, Code, ExitCode


@click.command()
@options.preset
@click.option(
    "--format",
    "form",
    type=click.Choice(["network-yaml"]),
    required=True,
    help="network-yaml: for Bevel's own playbooks.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="File (network-yaml; default: standard output).",
)
@click.option("--force", is_flag=True, help="Write over what is there.")
@click.pass_context
def command(ctx: click.Context, /, preset: str | None, **given: Any) -> None:
    """Write a preset for other programs. Secrets are never written; what a format cannot say goes to stderr."""
    ctx.exit(export(options.required(preset), **given))


def export(preset: str, *, own: tuple[str, ...], form: str, output: Path | None, force: bool) -> int:
    """`bevel-tui export`. Raises BevelError."""
    network = api.load(preset, own)
    return network_yaml(network, output, force=force)


def network_yaml(network: Any, output: Path | None, *, force: bool) -> int:
    """The file for Bevel's playbooks."""
    from bevel_tui.network.problem import where

    exported = api.export_network_yaml(network)
    if output is None:
        click.echo(exported.text, nl=False)
    else:
        _write(output, exported.text, force=force)
    for problem in exported.lost:
        word = "not said" if problem.code == "not-in-network-yaml" else "to know"
        click.echo(f"{word}: {where(problem.path)}: {problem.message}", err=True)
    return int(ExitCode.OK)


def _write(path: Path, text: str, *, force: bool) -> None:
    if path.exists() and not force:
        raise BevelError(Code.USAGE, f"{path} exists", remedy="Name another file, or add --force.")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise BevelError(Code.USAGE, f"{path} cannot be written: {exc.strerror}", remedy="Name another path.") from None
