"""`bevel-tui schema`: what a preset may hold, for editors."""

from __future__ import annotations

import json

import click


@click.command()
def command() -> None:
    """Print the JSON Schema of presets."""
    from bevel_tui.network.schema import schema

    click.echo(json.dumps(schema(), indent=2, ensure_ascii=False))
