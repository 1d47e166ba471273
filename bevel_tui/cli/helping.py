"""How `--help` reads: a command's own options first, those that many share in groups after them; names of commands that
were meant."""

from __future__ import annotations

import difflib
from typing import Any

import click

from bevel_tui.cli import options

#: heading -> options of several commands that stand under it, in this order
GROUPS = {
    "Network and clusters": ("preset", "own", "contexts", "namespaces", "kubeconfig"),
    "Charts": ("charts", "gateway_charts"),
    "Simulated clusters": ("sandbox", "speed"),
}


class _Grouped(click.Command):
    """Its `--help` groups its options."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What only this command has, then `GROUPS`."""
        heading = {name: title for title, names in GROUPS.items() for name in names}
        rows: dict[str, list[tuple[str, str]]] = {title: [] for title in ("Options", *GROUPS)}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                rows[heading.get(parameter.name or "", "Options")].append(record)
        for title, found in rows.items():
            if found:
                with formatter.section(title):
                    formatter.write_dl(found)


class Forgiving(_Grouped):
    """A command that does its work also when the settings file cannot be used."""


class Command(_Grouped):
    """A command. Raises BevelError when it wants settings that cannot be used; its `--help` does not."""

    def invoke(self, ctx: click.Context) -> Any:
        """As click's."""
        options.insist(ctx)
        return super().invoke(ctx)


class Group(_Grouped, click.Group):
    """A command with commands of its own; each is listed with its whole first sentence."""

    command_class = Command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As a command's; then the commands."""
        _Grouped.format_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """click cuts what does not fit a line."""
        names = self.list_commands(ctx)
        found = [(name, self.get_command(ctx, name)) for name in names]
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(1000)) for name, command in found if command])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, but a command that was meant is named, as click does for options."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            raise click.UsageError(error.message + hint, ctx) from None
