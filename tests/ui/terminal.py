"""bevel-tui on a real terminal: a tmux session of its own, keys in, lines out."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: seconds that anything may take on a machine that is busy with other things
PATIENCE = 120.0


class Terminal:
    """A session; `wait` and `keys` are all that a person can do."""

    def __init__(self, socket: str) -> None:
        self._tmux = ["tmux", "-L", socket, "-f", os.devnull]

    def run(self, *arguments: str) -> str:
        """One tmux command."""
        return subprocess.run([*self._tmux, *arguments], check=True, capture_output=True, text=True).stdout

    def screen(self) -> str:
        """What is shown, blanks drawn together."""
        return " ".join(self.run("capture-pane", "-p").split())

    def wait(self, *words: str, patience: float = PATIENCE) -> str:
        """Until all of this is shown."""
        end = time.monotonic() + patience
        while True:
            shown = self.screen()
            if all(word in shown for word in words):
                return shown
            assert time.monotonic() < end, f"{words} are not shown:\n{self.run('capture-pane', '-p')}"
            time.sleep(0.1)

    def keys(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self.run("send-keys", *keys)

    def text(self, words: str) -> None:
        """Type."""
        self.run("send-keys", "-l", words)


def environment(folder: Path) -> dict[str, str]:
    """A home of its own, without a kubeconfig."""
    places = {
        name: str(folder / name.lower()) for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")
    }
    return {**os.environ, **places, "KUBECONFIG": str(folder / "nothing"), "TERM": "xterm-256color"}


@contextmanager
def terminal(
    folder: Path, *arguments: str, size: tuple[int, int] = (120, 40), environ: dict[str, str] | None = None
) -> Iterator[Terminal]:
    """``bevel-tui ARGUMENTS`` in a terminal of that size; the last line shown will be ``left with CODE``.

    `environ` goes over an environment that has a home in `folder` and no kubeconfig.
    """
    session = Terminal(f"bevel-tui-test-{uuid.uuid4().hex[:8]}")
    program = shlex.join([sys.executable, "-m", "bevel_tui", *arguments])
    command = ["new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), "-c", str(folder)]
    subprocess.run(
        [*session._tmux, *command, f"{program}; echo left with $?; read nothing"],
        check=True,
        env={**environment(folder), **(environ or {})},
        cwd=folder,
    )
    try:
        yield session
    finally:
        session.run("kill-server")
