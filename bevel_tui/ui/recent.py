"""Presets that were saved or opened lately: a list of paths in the state directory. Losing it loses nothing."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

KEPT = 8


class Recent:
    """The list, the latest first; what is no longer there is left out."""

    def __init__(self, file: Path | None = None) -> None:
        if file is None:
            from bevel_tui import locations

            file = locations.state() / "recent.json"
        self._file = file

    def paths(self) -> tuple[Path, ...]:
        """Existing presets, the latest first."""
        return tuple(path for path in self._read() if path.is_file())

    def add(self, path: Path) -> None:
        """This one was used just now. A state directory that cannot be written is no reason to stop."""
        path = path.absolute()
        kept = [path, *(other for other in self._read() if other != path)][:KEPT]
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file.write_text(json.dumps([str(p) for p in kept], indent=1) + "\n", encoding="utf-8")

    def _read(self) -> list[Path]:
        try:
            listed = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return []
        return [Path(item) for item in listed if isinstance(item, str)] if isinstance(listed, list) else []
