"""kubeconfig files are read, never written: watched in every test, in this process and of those that it starts.

Every file that looks like one is remembered when it is first read here, or named to a process that is started
(``--kubeconfig``, ``KUBECONFIG``): its bytes, its time, what lies beside it. At the end of the test all of that must be
as it was. What a test writes itself is not held against it; what the product writes is, at once.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import bevel_tui

_PRODUCT = str(Path(bevel_tui.__file__).parent) + os.sep
#: the sandbox makes kubeconfig files of its own, which are its to remove
_OWN = _PRODUCT + "sandbox" + os.sep
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_TRUNC | os.O_APPEND
#: events that change a file or its name, and which arguments are paths
_CHANGES = {"os.rename": (0, 1), "os.remove": (0,), "os.truncate": (0,), "os.chmod": (0,), "os.utime": (0,)}

State = tuple[bytes, int, frozenset[str]]


class Guard:
    """What is known of kubeconfig files in the test that runs now."""

    def __init__(self) -> None:
        self.known: dict[str, State] = {}
        self.broken: list[str] = []
        self.busy = False
        self.active = False

    def begin(self) -> None:
        self.known, self.broken, self.active = {}, [], True

    def end(self) -> list[str]:
        """What has happened to them, in words."""
        self.active = False
        found = list(self.broken)
        for path, (content, stamp, beside) in self.known.items():
            now = _state(path)
            if now is None:
                continue  # it went away with its sandbox or folder; that we removed it would be in `broken`
            if now[0] != content:
                found.append(f"{path} has other bytes")
            elif now[1] != stamp:
                found.append(f"{path} was touched")
            found += [f"{path}: {name} lies beside it now" for name in sorted(now[2] - beside)]
        return found

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.active or self.busy or event not in _EVENTS:
            return
        self.busy = True
        try:
            if event == "open":
                self._opened(arguments[0], arguments[2])
            elif event == "subprocess.Popen":
                for path in _named(arguments[1], arguments[3]):
                    self._remember(path)
            else:
                for index in _CHANGES[event]:
                    self._changed(arguments[index], event)
        finally:
            self.busy = False

    def _opened(self, path: Any, flags: Any) -> None:
        if not _looks_like_one(path):
            return
        if isinstance(flags, int) and flags & _WRITES:
            self._changed(path, "open")
        else:
            self._remember(os.fspath(path))

    def _changed(self, path: Any, what: str) -> None:
        if not _looks_like_one(path):
            return
        name = str(Path(os.fsdecode(path)).resolve())
        who = _writer(sys._getframe(2))
        if who is not None:
            self.broken.append(f"{who} does {what} to {name}")
        self.known.pop(name, None)

    def _remember(self, path: str) -> None:
        name = str(Path(os.fsdecode(path)).resolve())
        if name not in self.known and (state := _state(name)) is not None:
            self.known[name] = state


_EVENTS = {"open", "subprocess.Popen", *_CHANGES}


def _looks_like_one(path: Any) -> bool:
    if not isinstance(path, str | bytes | os.PathLike):
        return False
    name = os.fsdecode(path)
    return "kubeconfig" in name.rpartition(os.sep)[2] or name.endswith(f"{os.sep}.kube{os.sep}config")


def _state(path: str) -> State | None:
    if not Path(path).is_file():  # a pipe would be waited for
        return None
    try:
        with Path(path).open("rb") as file:
            content, stamp = file.read(), os.fstat(file.fileno()).st_mtime_ns
        name = Path(path).name
        beside = frozenset(
            n
            for n in (entry.name for entry in Path(path).parent.iterdir())
            if n != name and (n.startswith((name, f".{name}", "cache")))
        )
    except OSError:
        return None
    return content, stamp, beside


def _named(arguments: Iterable[Any], environ: Any) -> Iterator[str]:
    """The kubeconfig files that a process is told of."""
    words = (
        [os.fsdecode(a) for a in arguments if isinstance(a, str | bytes | os.PathLike)]
        if not isinstance(arguments, str)
        else []
    )
    for index, word in enumerate(words):
        if word == "--kubeconfig" and index + 1 < len(words):
            yield words[index + 1]
        elif word.startswith("--kubeconfig="):
            yield word.partition("=")[2]
    found = (
        (environ if environ is not None else os.environ).get("KUBECONFIG")
        if hasattr(environ, "get") or environ is None
        else None
    )
    yield from filter(None, str(found or "").split(os.pathsep))


def _writer(frame: FrameType | None) -> str | None:
    """The module of the product that does it; None when it is a test."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_PRODUCT):
            return None if file.startswith(_OWN) else f"{file.removeprefix(_PRODUCT)}:{frame.f_lineno}"
        if f"{os.sep}tests{os.sep}" in file and file != __file__:
            return None
        frame = frame.f_back
    return None


GUARD = Guard()
sys.addaudithook(GUARD)


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """For the time of one test. Raises AssertionError."""
    GUARD.begin()
    yield
    assert GUARD.end() == [], "kubeconfig files are read, never written"
