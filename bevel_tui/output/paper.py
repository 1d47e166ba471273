"""Where plain output is written: cleaned, coloured only where wanted, in an encoding the stream has.

A reader that goes away (``| head``) does not end a deployment: from then on nothing is written. Nor does a terminal that
is closed, or a disk that is full under a log; whatever else a person may still see says so.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import TextIO

from bevel_tui.views.words import Span, clean


@dataclass(slots=True)
class Paper:
    """A stream of lines. `colour`: write ANSI styles; `unicode`: whether glyphs beyond ASCII may be used."""

    stream: TextIO
    colour: bool = False
    unicode: bool = field(init=False)
    closed: bool = False

    def __post_init__(self) -> None:
        encoding = (getattr(self.stream, "encoding", None) or "utf-8").lower().replace("-", "").replace("_", "")
        self.unicode = encoding.startswith("utf")

    def line(self, *spans: Span | str) -> None:
        """Write one line and flush it."""
        self.raw("".join(self._span(span) for span in spans))

    def raw(self, text: str) -> None:
        """Write one line that is safe already (JSON)."""
        if self.closed:
            return
        if not self.unicode:
            encoding = self.stream.encoding or "ascii"
            text = text.encode(encoding, "backslashreplace").decode(encoding)
        try:
            self.stream.write(f"{text}\n")
            self.stream.flush()
        except BrokenPipeError:
            self._give_up()
        except OSError as error:  # ENOSPC: a full disk; EIO: the terminal has gone
            self._give_up()
            if self.stream is not sys.stderr and sys.stderr is not None:
                Paper(sys.stderr).line(f"warning: what follows cannot be written: {error.strerror}")

    def _span(self, span: Span | str) -> str:
        text, style = (span, "") if isinstance(span, str) else span
        text = clean(text)
        if not self.colour or not style or not text:
            return text
        from rich.color import ColorSystem
        from rich.style import Style

        return Style.parse(style).render(text, color_system=ColorSystem.STANDARD)

    def _give_up(self) -> None:
        self.closed = True
        try:
            # else the interpreter complains about the same broken pipe when it flushes at exit
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.stream.fileno())
            os.close(null)
        except (OSError, ValueError):
            pass
