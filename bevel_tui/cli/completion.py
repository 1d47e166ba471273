"""`bevel-tui completion`: the script that a shell needs to complete commands, options and shipped presets."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from bevel_tui.cli import helping


@click.command(cls=helping.Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    bash:  echo 'eval "$(bevel-tui completion bash)"' >> ~/.bashrc
    zsh:   echo 'eval "$(bevel-tui completion zsh)"' >> ~/.zshrc
    fish:  bevel-tui completion fish > ~/.config/fish/completions/bevel-tui.fish
    """
    from bevel_tui.cli import cli

    kind = get_completion_class(shell)
    if kind is None:  # pragma: no cover - the choice above has none such
        raise click.UsageError(f"click completes no {shell}.")
    click.echo(kind(cli, {}, "bevel-tui", "_BEVEL_TUI_COMPLETE").source())
