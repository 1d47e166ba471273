"""Writes docs/commands.md and docs/bevel-tui.1 from the command line itself, so that neither can say something else.

    .venv/bin/python tools/commands.py

click-man would make a page for every command, and finds none that is imported only when it is called.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from bevel_tui import __version__
from bevel_tui.cli import cli
from bevel_tui.records.errors import ExitCode

DOCS = Path(__file__).parents[1] / "docs"
Entry = tuple[str, click.Command, click.Context]


def commands(
    command: click.Command = cli, parent: click.Context | None = None, name: str = "bevel-tui"
) -> Iterator[Entry]:
    """Every command with its whole name, parents before children."""
    ctx = click.Context(command, info_name=name, parent=parent)
    yield ctx.command_path, command, ctx
    if isinstance(command, click.Group):
        for child in command.list_commands(ctx):
            found = command.get_command(ctx, child)
            if found is not None and not found.hidden:
                yield from commands(found, ctx, child)


def options(command: click.Command, ctx: click.Context) -> Iterator[tuple[str, str]]:
    """What is written, and what it means, of each option."""
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is not None and "--help" not in parameter.opts:
            yield record[0], " ".join(record[1].split())


def about(command: click.Command) -> list[str]:
    """The paragraphs of a command's help; those that keep their lines begin with a backspace, as click has it."""
    text = re.sub(r"^[ ]{4}", "", command.help or "", flags=re.MULTILINE)
    return [paragraph.strip("\n") for paragraph in text.split("\n\n")]


def markdown() -> str:
    """docs/commands.md."""
    lines = ["# Commands", "", "Made from the command line itself by `tools/commands.py`.", ""]
    for path, command, ctx in commands():
        usage = " ".join(command.collect_usage_pieces(ctx))
        lines += [f"## {path}", "", "```text", f"{path} {usage}", "```", ""]
        for paragraph in about(command):
            kept = paragraph.startswith("\b")
            lines += ["```text", paragraph.removeprefix("\b").strip("\n"), "```", ""] if kept else [paragraph, ""]
        rows = list(options(command, ctx))
        if rows:
            lines += ["| option | meaning |", "|---|---|"]
            lines += [f"| `{_cell(flag)}` | {_cell(meaning)} |" for flag, meaning in rows]
            lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def man() -> str:
    """docs/bevel-tui.1, in the macros of man(7)."""
    out = [
        '.\\" Made by tools/commands.py.',
        f'.TH BEVEL-TUI 1 "" "bevel-tui {__version__}" "User Commands"',
        ".SH NAME",
        f"bevel-tui \\- {_roff(about(cli)[0].rstrip('.'))}",
        ".SH SYNOPSIS",
    ]
    for path, command, ctx in commands():
        out += [f".B {_roff(path)}", _roff(" ".join(command.collect_usage_pieces(ctx))), ".br"]
    for path, command, ctx in commands():
        out.append(
            ".SH OPTIONS" if command is cli else f".SS {_roff(path)}" if path.count(" ") > 1 else f".SH {_roff(path)}"
        )
        for paragraph in about(command):
            if paragraph.startswith("\b"):
                out += [".PP", ".nf", *map(_roff, paragraph.removeprefix("\b").strip("\n").splitlines()), ".fi"]
            else:
                out += [".PP", _roff(" ".join(paragraph.split()))]
        for flag, meaning in options(command, ctx):
            out += [".TP", f".B {_roff(flag)}", _roff(meaning)]
    out.append(".SH EXIT STATUS")
    for code in ExitCode:
        out += [".TP", f".B {int(code)}", _roff(code.name.lower())]
    out += [".SH FILES", "bevel\\-tui paths says where settings, runs and caches are kept."]
    return "\n".join(line for line in out if line) + "\n"


def _roff(text: str) -> str:
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + escaped if escaped.startswith((".", "'")) else escaped


PAGES = {"commands.md": markdown, "bevel-tui.1": man}


def main() -> None:
    """Write both."""
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")
        sys.stdout.write(f"docs/{name}\n")


if __name__ == "__main__":
    main()
