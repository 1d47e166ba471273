"""Every `bevel-tui` command that a page names, also inside a sentence, and every one that the program's own messages
tell people to type, is one that the command line takes."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from bevel_tui.cli import cli
from tests.docs.pages import PAGES, ROOT, commands, mentions

#: `bevel-tui` with a command, in a text of the program; a sentence goes on with a word that is none
_SAID = re.compile(r"[`$] ?(?:kubectl bevel|bevel-tui) ([^`\"']+)[`\"']")


def documented() -> list[tuple[str, str]]:
    found = {}
    for page in PAGES:
        if page.name == "commands.md":  # made from the command line itself
            continue
        for command in (*commands(page), *mentions(page)):
            text = re.sub(r"^kubectl bevel (--context \S+ -n \S+) (\w+)", r"bevel-tui \2 \1", command.text)
            if text.startswith("bevel-tui") and "..." not in text.replace("sha256:...", ""):
                found.setdefault(text, command.name)
    return [(name, text) for text, name in found.items()]


def said() -> list[tuple[str, str]]:
    found = {}
    for source in sorted((ROOT / "bevel_tui").rglob("*.py")):
        for match in _SAID.finditer(source.read_text(encoding="utf-8")):
            if "..." not in match[1] and re.fullmatch(r"[\w./<>:-]+( [\w./<>:=,*-]+)*", match[1]):
                found.setdefault(f"bevel-tui {match[1]}", str(source.relative_to(ROOT)))
    return [(where, text) for text, where in found.items()]


def words(line: str) -> list[str]:
    """The arguments, without redirection and what comes behind a pipe."""
    return shlex.split(re.split(r" >>? | \| ", line)[0])[1:]


@pytest.mark.parametrize(("where", "line"), documented() + said())
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
    except click.BadOptionUsage as error:
        # what follows is put in when the program says it
        assert where.endswith(".py") and "requires an argument" in error.message
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
    assert len(documented()) > 60
    assert len(said()) > 10
