"""Words, glyphs and colours of states; durations; and text from clusters made harmless.

A state is always a word; glyph and colour only repeat it. Names, messages and logs come from clusters and their
containers: `clean` makes every control character visible, so that none is ever interpreted by a terminal.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime, tzinfo

#: a piece of a line: text and the name of its style ("" for none)
Span = tuple[str, str]
Line = tuple[Span, ...]

#: C0, DEL, C1 (0x9b alone starts a sequence on some terminals), bidirectional overrides, line separators and lone
#: surrogates (which no encoding can write)
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str) -> str:
    """One line without control characters; line breaks and tabs become spaces, the rest is shown as ``\\x1b``."""
    return _UNSAFE.sub(_visible, text)


def _visible(match: re.Match[str]) -> str:
    character = match.group()
    if character in "\n\t\r":
        return " "
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


#: state -> (word, glyph, glyph where only ASCII can be written, style)
_STATES: dict[str, tuple[str, str, str, str]] = {
    "planned": ("to come", "·", ".", "dim"),
    "running": ("running", "●", "*", "cyan"),
    "ok": ("ok", "✓", "+", "green"),
    "unchanged": ("unchanged", "=", "=", "green"),
    "failed": ("failed", "✗", "x", "bold red"),
    "timed-out": ("timed out", "✗", "x", "bold red"),
    "skipped": ("skipped", "-", "-", "dim"),
    "cancelled": ("cancelled", "■", "#", "yellow"),
    "warning": ("warning", "!", "!", "yellow"),
    "info": ("note", "i", "i", "dim"),
    "error": ("error", "✗", "x", "bold red"),
    "waiting": ("waiting", "…", "~", "yellow"),
}


#: state of an object in a cluster -> state that has word, glyph and style
OF_OBJECTS = {"pending": "planned", "progressing": "running", "ready": "ok", "failed": "failed", "gone": "skipped"}


def word(state: str) -> str:
    """The word for a state."""
    return _STATES[state][0] if state in _STATES else state


def glyph(state: str, *, unicode: bool = True) -> str:
    """The sign that repeats the word."""
    known = _STATES.get(state)
    return "?" if known is None else known[1] if unicode else known[2]


def style(state: str) -> str:
    """The style that repeats the word."""
    return _STATES[state][3] if state in _STATES else ""


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min 05 s``, ``1 h 02 min``."""
    if not math.isfinite(seconds):
        return "? s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def clock(seconds: float) -> str:
    """``00:42``, ``1:02:03``: for columns that tick."""
    whole = int(seconds) if math.isfinite(seconds) else 0
    minutes = f"{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{whole // 3600}:{minutes}" if whole >= 3600 else minutes


def time_of_day(seconds: float, zone: tzinfo | None) -> str:
    """``12:03:44`` in `zone` (None: the machine's) for seconds since the epoch."""
    try:
        return f"{datetime.fromtimestamp(seconds, zone):%H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return "--:--:--"


def few(items: Sequence[str], most: int = 3) -> str:
    """The first ones, and how many more: a step may wait for dozens of objects."""
    more = f", and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more


def plural(count: int, one: str, many: str | None = None) -> str:
    """``1 step``, ``2 steps``."""
    return f"{count} {one if count == 1 else many or one + 's'}"
