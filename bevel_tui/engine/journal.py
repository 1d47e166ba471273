"""A record of every run for people to read later: JSON lines, one event each. Nothing is ever decided by it."""

from __future__ import annotations

import os
from typing import IO

from bevel_tui import locations


class Journal:
    """``runs/<run id>/events.jsonl`` (0600 in 0700 folders). Failing to write it must not fail a deployment:
    `problem` then says why, once, and nothing more is written."""

    def __init__(self, run: str) -> None:
        self.path = locations.runs() / run / "events.jsonl"
        self.problem: str | None = None
        self._file: IO[str] | None = None
        try:
            self.path.parent.mkdir(parents=True, mode=0o700)
            for folder in list(self.path.parents)[:3]:  # the run's, that of all runs, ours
                folder.chmod(0o700)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._file = os.fdopen(descriptor, "w", buffering=1, encoding="utf-8")
        except OSError as error:
            self._fail(error)

    def write(self, line: str) -> None:
        """Append one JSON line."""
        if self._file is None:
            return
        try:
            self._file.write(line + "\n")
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        """No more lines."""
        if self._file is not None:
            try:
                self._file.close()
            except OSError as error:
                self._fail(error)
            self._file = None

    def _fail(self, error: OSError) -> None:
        self.problem = f"The journal of this run is not written: {error.strerror or error} ({self.path})."
        self._file = None
