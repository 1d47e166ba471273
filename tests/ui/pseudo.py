"""bevel-tui on a pseudo-terminal of the standard library: what it writes, line by line, and keys for it."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ui.terminal import PATIENCE, environment

_KEYS = {"Enter": "\r", "C-u": "\x15", "C-c": "\x03", "Down": "\x1b[B", "Space": " "}
#: what moves a cursor, colours or clears
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07|\x1b[=>()][A-Z0-9]?|[\r\x08]")
#: "where is the cursor?": a terminal answers
_WHERE = "\x1b[6n"


class Pseudo:
    """A program on a pseudo-terminal."""

    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self._master, self._process = master, process
        self._written = ""
        self._since = 0

    def wait(self, *words: str) -> None:
        """Until all of this was written after the last key."""
        end = time.monotonic() + PATIENCE
        while True:
            said = " ".join(_CONTROL.sub(" ", self._written[self._since :]).split())
            if all(word in said for word in words):
                return
            assert time.monotonic() < end and self._read(), f"{words} were not written:\n{said[-3000:]}"

    def _read(self) -> bool:
        """Take what is there, or wait for a moment; False when the program has gone."""
        if not select.select([self._master], [], [], 0.5)[0]:
            return True
        try:
            text = os.read(self._master, 65536).decode(errors="replace")
        except OSError:  # EIO: nobody has the other end any more
            return False
        self._written += text
        for _ in range(text.count(_WHERE)):
            os.write(self._master, b"\x1b[1;1R")
        return bool(text)

    def keys(self, *keys: str) -> None:
        """Press keys."""
        self.text("".join(_KEYS[key] for key in keys))

    def text(self, words: str) -> None:
        """Type."""
        self._since = len(self._written)
        os.write(self._master, words.encode())

    def ended(self) -> int:
        """How it ended."""
        while self._read():
            pass
        return self._process.wait(PATIENCE)


@contextmanager
def pseudo(folder: Path, *arguments: str) -> Iterator[Pseudo]:
    """``bevel-tui ARGUMENTS`` on a pseudo-terminal of 24 lines of 100 cells."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "bevel_tui", *arguments],
        cwd=folder,
        env={**environment(folder), "COLUMNS": "100", "LINES": "24"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    try:
        yield Pseudo(master, process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        process.wait(30)
        os.close(master)
