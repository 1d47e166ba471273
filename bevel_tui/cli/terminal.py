"""Whether there is somebody to show a screen to: a terminal, or a browser behind `textual serve`."""

from __future__ import annotations

import os
import sys


def served() -> bool:
    """Whether a Textual driver of its own carries the screen: `textual serve` talks to us over pipes."""
    return bool(os.environ.get("TEXTUAL_DRIVER"))


def shows_screens() -> bool:
    """Whether a full screen can be shown here."""
    if served():
        return True
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
