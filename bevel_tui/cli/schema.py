"""`bevel-tui schema`: what a preset may hold, for editors."""

from __future__ import annotations

import json

import click

from bevel_tui.cli import helping


@click.command(cls=helping.Command)
def command() -> None:
    """Print the JSON Schema of presets.

    \b
    Examples:
      bevel-tui schema > preset.schema.json   lets an editor check presets
    """
    from bevel_tui.network.schema import schema

    click.echo(json.dumps(schema(), indent=2, ensure_ascii=False))
