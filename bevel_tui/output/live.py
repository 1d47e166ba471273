"""The live view on a terminal: rich draws the frame in place, the terminal is left as it was found.

Drawn from the event loop, never from a thread: the state it reads is changed there. Drawn only when something
changed or the clock moved on, at most once a tick: that is what keeps it from flickering.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from rich.console import Console
from rich.live import Live
from rich.text import Text

from bevel_tui.output.frame import frame
from bevel_tui.output.renderer import Renderer
from bevel_tui.records.events import AnyEvent, RunFinished
from bevel_tui.views.canvas import Canvas
from bevel_tui.views.state import RunView
from bevel_tui.views.words import Line

#: seconds after which the picture is drawn again without an event: its clocks tick
_CLOCK = 1.0


class LiveView(Renderer):
    """Draws a run on `console` (a terminal on stderr); gone when it is closed: the summary follows on stdout."""

    def __init__(self, console: Console, *, unicode: bool = True) -> None:
        self.view = RunView()
        self._console = console
        self._unicode = unicode
        self._live = Live(console=console, auto_refresh=False, transient=True, vertical_overflow="crop")
        self._drawn = (-1, float("-inf"))

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def handle(self, event: AnyEvent) -> None:
        """Take an event in; it is drawn at the next tick."""
        self.view.apply(event)
        if isinstance(event, RunFinished):
            self._draw(event.time)

    def tick(self, now: float) -> None:
        """Draw, if there is something new to see."""
        revision, when = self._drawn
        if revision != self.view.revision or now - when >= _CLOCK:
            self._draw(now)

    def close(self) -> None:
        """Clear the picture and bring the cursor back."""
        with contextlib.suppress(OSError):
            self._live.stop()

    def _draw(self, now: float) -> None:
        self._drawn = (self.view.revision, now)
        size = self._console.size
        # the last line and the last column stay free: writing there makes some terminals scroll or wrap
        canvas = Canvas(max(1, size.width - 1), max(1, size.height - 1), self._unicode)
        with contextlib.suppress(OSError):  # a terminal that was closed does not end a deployment
            self._live.update(text(frame(self.view, now, canvas)), refresh=True)


def text(lines: Sequence[Line]) -> Text:
    """Lines as one rich text: spans, not markup, so that brackets in names stay brackets."""
    whole = Text(no_wrap=True, overflow="crop", end="")
    for index, line in enumerate(lines):
        if index:
            whole.append("\n")
        for words, kind in line:
            whole.append(words, style=kind or None)
    return whole
