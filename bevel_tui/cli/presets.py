"""`bevel-tui presets`: what ships with the program, to look at and to begin one's own from."""

from __future__ import annotations

import textwrap

import click

from bevel_tui.cli import helping
from bevel_tui.network import shipped


@click.group(cls=helping.Group, invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context, /) -> None:
    """List the shipped presets, or print one to begin your own from.

    \b
    Examples:
      bevel-tui presets show besu-two-clusters > my-network.yaml
    """
    if ctx.invoked_subcommand is not None:
        return
    names = shipped.names()
    width = max(map(len, names), default=0)
    for name in names:
        lines = textwrap.wrap(shipped.about(name), 100 - width - 2)
        click.echo(f"{name:<{width}}  " + f"\n{'':{width}}  ".join(lines))


@command.command()
@click.argument("name", type=click.Choice(shipped.names()), metavar="NAME")
def show(name: str) -> None:
    """Print a shipped preset: bevel-tui presets show besu-two-clusters > my-network.yaml"""
    text = (shipped.read(name) or b"").decode("utf-8")
    # the schema is beside the presets in a checkout only
    click.echo(text.replace("$schema=../docs/preset.schema.json", "$schema=preset.schema.json"), nl=False)
