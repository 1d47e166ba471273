"""Which view a run gets: JSON lines, a live picture, or plain lines; and the paper its results go on."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from bevel_tui.output.colour import is_dumb, is_terminal, wants_colour
from bevel_tui.output.paper import Paper
from bevel_tui.output.renderer import Renderer, render

__all__ = ["choose", "render", "results", "summarise"]


def choose(
    output: str = "text",
    *,
    colour: str = "auto",
    stdout: TextIO | None = None,
    stderr: TextIO | None = None,
    environ: Mapping[str, str] | None = None,
) -> Renderer:
    """The view for ``-o text|jsonl``.

    Live when both streams are terminals that can move their cursor: a picture beside a pipe helps nobody. Progress
    goes to stderr, JSON lines to stdout. NO_COLOR leaves the picture, without its colours.
    """
    out, err = stdout or sys.stdout, stderr or sys.stderr
    env = os.environ if environ is None else environ
    if output == "jsonl":
        from bevel_tui.output.jsonl import JsonLines

        return JsonLines(out)
    coloured = wants_colour(colour, err, env)
    if is_terminal(out) and is_terminal(err) and not is_dumb(env):
        from rich.console import Console

        from bevel_tui.output.live import LiveView

        # decided above: rich must not read the environment a second time, only the size
        size = {name: env[name] for name in ("COLUMNS", "LINES") if name in env}
        console = Console(
            file=err,
            force_terminal=True,
            no_color=not coloured,
            highlight=False,
            _environ={**size, "TERM": env.get("TERM", "")},
        )
        return LiveView(console, unicode=Paper(err).unicode)
    from bevel_tui.output.lines import Lines

    return Lines(err, colour=coloured)


def results(*, colour: str = "auto", stdout: TextIO | None = None, environ: Mapping[str, str] | None = None) -> Paper:
    """Where results (summary, table of checks, plan) are written."""
    out = stdout or sys.stdout
    return Paper(out, wants_colour(colour, out, os.environ if environ is None else environ))


def summarise(renderer: Renderer, paper: Paper, *, next_steps: Sequence[str] = ()) -> None:
    """Write the summary of the run that `renderer` showed; with JSON lines there is none: stdout holds objects only."""
    from bevel_tui.output.summary import write
    from bevel_tui.views.state import RunView

    view = getattr(renderer, "view", None)
    if isinstance(view, RunView):
        write(paper, view, next_steps=next_steps)
