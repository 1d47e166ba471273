"""Every `bevel-tui` line in the README and in docs/ is one that the command line takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from bevel_tui.cli import cli

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"^\s*(?:\$ |- run: |run: )?(bevel-tui(?: .*)?)$")


def documented() -> list[tuple[str, str]]:
    found = []
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        if path.name == "commands.md":  # made from the command line itself
            continue
        fenced = False
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if line.lstrip().startswith("```"):
                fenced = not fenced
            match = LINE.match(line)
            if match and "..." not in line and (fenced or line.startswith("    ")):
                # columns: what stands behind two blanks is an explanation
                found.append((f"{path.name}:{number}", re.split(r"\s{2,}", match[1])[0]))
    return found


def words(line: str) -> list[str]:
    """The arguments, without comment, redirection and what comes behind a pipe."""
    parts = shlex.split(line.split(" #", maxsplit=1)[0].split(" >", maxsplit=1)[0].split(" | ", maxsplit=1)[0])
    return parts[1:]


@pytest.mark.parametrize(("where", "line"), documented())
def test_the_command_line_takes_it(where: str, line: str) -> None:
    arguments = words(line)
    command: click.Command = cli
    ctx = click.Context(cli, info_name="bevel-tui")
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        name = arguments.pop(0)
        child = command.get_command(ctx, name)
        assert child is not None, f"{where}: there is no command {name}"
        command = child
    try:
        taken(command, ctx, arguments)
    except click.UsageError as error:
        pytest.fail(f"{where}: {line}: {error.format_message()}")


def taken(command: click.Command, parent: click.Context, arguments: list[str]) -> None:
    """Parse as the program does, without calling it. Raises click.UsageError for options and choices that are not."""
    ctx = click.Context(command, info_name="x", parent=parent)
    options, rest, _ = command.make_parser(ctx).parse_args(list(arguments))
    assert isinstance(command, click.Group) or not rest, rest
    for parameter in command.params:
        given = options.get(parameter.name)
        if isinstance(parameter.type, click.Choice) and isinstance(given, str):
            parameter.type.convert(given, parameter, ctx)


@pytest.mark.parametrize("arguments", [["--presett", "x"], ["--preset", "x", "-o", "xml"]])
def test_what_is_wrong_is_found(arguments: list[str]) -> None:
    ctx = click.Context(cli, info_name="bevel-tui")
    plan = cli.get_command(ctx, "plan")
    assert plan is not None
    with pytest.raises(click.UsageError):
        taken(plan, ctx, arguments)


def test_there_are_some() -> None:
    assert len(documented()) > 30
