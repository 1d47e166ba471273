"""A shell below the dashboard: kubectl is how many people answer the next question, and they come back to the same place."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import Any

from textual.app import App, SuspendNotSupported


def kubectl(context: str | None, namespace: str | None) -> str:
    """The beginning of a kubectl line for a place."""
    words = ["kubectl"]
    if context:
        words += ["--context", context]
    if namespace:
        words += ["-n", namespace]
    return shlex.join(words)


def open_shell(app: App[Any], *, context: str | None, namespace: str | None) -> None:
    """Suspend the application for the user's $SHELL. The kubeconfig stays as it is: the line names the context."""
    shell = os.environ.get("SHELL") or "/bin/sh"
    try:
        with app.suspend():
            print(f"\nThis place: {kubectl(context, namespace)} get pods\n`exit` goes back to the dashboard.\n")  # noqa: T201
            subprocess.run([shell], check=False)
    except SuspendNotSupported:
        app.notify(f"No shell can be opened here. Elsewhere: {kubectl(context, namespace)}", severity="warning")
