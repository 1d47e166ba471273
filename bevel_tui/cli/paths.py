"""`bevel-tui paths`: where bevel-tui keeps files of its own, and what may stand in its settings."""

from __future__ import annotations

import json
from pathlib import Path

import click

from bevel_tui.cli import helping


@click.command(cls=helping.Command)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(output: str) -> None:
    """Show where settings, runs and caches are kept, and what may be set. Nothing is created."""
    from bevel_tui import locations
    from bevel_tui.settings import Settings

    found: dict[str, Path] = {
        "settings": locations.settings_file(),
        "runs": locations.runs(),
        "sandboxes": locations.sandboxes(),
        "charts": locations.charts(),
    }
    if output == "json":
        click.echo(json.dumps({name: str(path) for name, path in found.items()}, indent=2))
        return
    for name, path in found.items():
        click.echo(f"{name:<10} {path}{'' if path.exists() else '  (not there)'}")
    click.echo("\nIn the settings file, each optional (flags and BEVEL_TUI_... variables win over it):")
    for name, field in Settings.model_fields.items():
        click.echo(f"  {name + ':':<15} {field.description}")
