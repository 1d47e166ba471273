"""Whether to write colour: the flag, then NO_COLOR, then FORCE_COLOR and CLICOLOR_FORCE, then the terminal.

NO_COLOR wins over FORCE_COLOR, as in Python itself. https://no-color.org, https://bixense.com/clicolors/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO


def is_terminal(stream: TextIO) -> bool:
    """Whether a person looks at the stream."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def is_dumb(environ: Mapping[str, str]) -> bool:
    """Whether the terminal cannot move its cursor."""
    return environ.get("TERM", "").lower() in ("dumb", "unknown")


def wants_colour(flag: str, stream: TextIO, environ: Mapping[str, str]) -> bool:
    """`flag` is ``auto``, ``always`` or ``never``."""
    if flag != "auto":
        return flag == "always"
    if environ.get("NO_COLOR"):
        return False
    if any(environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return is_terminal(stream) and not is_dumb(environ)
