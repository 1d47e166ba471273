"""Comments of a network.yaml that carry meaning: settings that are switched off, and remarks that tell somebody something.

A preset is written anew, so they would be lost silently. What Bevel's own samples say in every file is left alone; of a
switched-off setting only the key is repeated, because its value may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bevel_tui.network.bevel.notes import Note

_SETTING = re.compile(r"^-?\s*([A-Za-z_][A-Za-z0-9_]{1,30})\s*:(\s|$)")
_WORDS = re.compile(r"\b(TODO|FIXME|XXX|HACK|NOTE|WARNING|CAUTION|IMPORTANT|NEVER|DO NOT|DOES NOT)\b")
#: advice of Bevel's samples that this program follows by itself
_ADVICE = re.compile(r"check-in|directories should exist|NOT support|should exist", re.IGNORECASE)
_SECRET = re.compile(r"\S*[0-9]\S{11,}|\S{24,}")


def found(lines: list[str], keys: Iterable[str]) -> Iterator[Note]:
    """The notes on comments; `keys` are the keys that network.yaml files have."""
    known = set(keys)
    for number, line in enumerate(lines, start=1):
        text = comment(line)
        if text is None:
            continue
        setting = _SETTING.match(text)
        if setting and setting[1] in known:
            yield Note("comment", setting[1], "a setting that is switched off by a comment", (number,))
        elif _WORDS.search(text) and not _ADVICE.search(text):
            yield Note("comment", "remark", _SECRET.sub("…", text)[:120], (number,))


def comment(line: str) -> str | None:
    """The comment at the end of a line, without its #; None without one. A # inside quotes or a word begins none."""
    quote = ""
    for i, char in enumerate(line):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"" and (i == 0 or line[i - 1] in " :-[,{"):
            quote = char
        elif char == "#" and (i == 0 or line[i - 1] in " \t"):
            return line[i:].strip("# \t").strip() or None
    return None
