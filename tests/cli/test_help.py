"""What `--help` shows of every command: it fits a terminal of 80 columns, is grouped, and its examples are ones that the
command line takes."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click
import pytest

from bevel_tui.cli import SECTIONS, cli
from bevel_tui.cli.helping import GROUPS
from tests.docs.test_parsed import taken

#: commands that need no example: nothing is to be chosen
PLAIN = ("bevel-tui completion", "bevel-tui paths")


def everything(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    ctx = click.Context(command)
    for name in command.list_commands(ctx) if isinstance(command, click.Group) else ():
        child = command.get_command(ctx, name)
        assert child is not None
        yield from everything(child, f"{path} {name}")


COMMANDS = dict(everything(cli, "bevel-tui"))


def shown(path: str) -> list[str]:
    ctx = click.Context(COMMANDS[path], info_name=path, terminal_width=80, max_content_width=80)
    return COMMANDS[path].get_help(ctx).splitlines()


@pytest.mark.parametrize("path", COMMANDS)
def test_help_fits_a_terminal_and_its_examples_are_taken(path: str) -> None:
    lines = shown(path)
    assert not [line for line in lines if len(line) > 80 and not line.startswith("  -")]
    examples = [line.strip() for line in lines if line.strip().startswith("bevel-tui")]
    for line in examples:
        called, *arguments = shlex.split(line.split("  ")[0].split(" > ")[0])  # without what is said of it
        while arguments and f"{called} {arguments[0]}" in COMMANDS:
            called += f" {arguments.pop(0)}"
        taken(COMMANDS[called], click.Context(cli), arguments)
    assert examples or path in PLAIN or path.count(" ") > 1


def test_the_list_of_commands_is_grouped_and_so_are_options_that_many_have() -> None:
    lines = shown("bevel-tui")
    assert [f"{title}:" for title in SECTIONS] == [line for line in lines if line.removesuffix(":") in SECTIONS]
    assert [f"{title}:" for title in GROUPS] == [line for line in lines if line.removesuffix(":") in GROUPS]
    listed = {line.split()[0] for line in lines if line.startswith("  ") and line.split()}
    assert {path.split()[1] for path in COMMANDS if path.count(" ") == 1} <= listed
