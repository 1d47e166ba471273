"""A terminal that is closed, and SIGTERM: the runs of an application leave cleanly instead of being cut off with it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable


def listen(leave: Callable[[], None]) -> Callable[[], None]:
    """Call `leave`, once, when the terminal is closed or SIGTERM comes; the function given back ends that. Nothing on
    Windows and outside the main thread, and a closed terminal is no news under nohup."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        return lambda: None
    loop = asyncio.get_running_loop()
    numbers = [n for n in (signal.SIGHUP, signal.SIGTERM) if signal.getsignal(n) == signal.SIG_DFL]

    told: list[signal.Signals] = []

    def heard(number: signal.Signals) -> None:
        told.append(number)
        if len(told) > 1:  # the kernel says it, and the shell says it again
            return
        if number == signal.SIGHUP:
            _forget_terminal()
        leave()

    for number in numbers:
        loop.add_signal_handler(number, heard, number)

    def end() -> None:
        for number in numbers:
            loop.remove_signal_handler(number)

    return end


def _forget_terminal() -> None:
    """Whoever still draws, or waits for keys, must not stumble over a terminal that is gone."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
        if stream is not None and stream.isatty():
            os.dup2(null, stream.fileno())
    os.close(null)
