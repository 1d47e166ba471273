"""Options that several commands share, each declared once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


class Duration(click.ParamType):  # type: ignore[type-arg]
    """Seconds, or a Go duration: 90, 90s, 10m, 1h30m."""

    name = "duration"
    _units = {"h": 3600.0, "m": 60.0, "s": 1.0, "": 1.0}  # noqa: RUF012 - never changed

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds; fails with click's usage error."""
        if isinstance(value, int | float):
            return float(value)
        parts = re.findall(r"(\d+(?:\.\d+)?)([hms]?)", value)
        if not parts or "".join(n + u for n, u in parts) != value or not (seconds := self._sum(parts)):
            self.fail(f"{value!r} is no duration; write 90s, 10m or 1h30m", param, ctx)
        return seconds

    def _sum(self, parts: list[tuple[str, str]]) -> float:
        return sum(float(number) * self._units[unit] for number, unit in parts)


def options(*declared: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, shown in this order."""

    def apply(command: Command) -> Command:
        for option in reversed(declared):
            command = option(command)
        return command

    return apply


only_preset = click.option("--preset", metavar="FILE", help="Preset file, or the name of a shipped preset.")
preset = options(
    only_preset,
    click.option(
        "--as",
        "own",
        metavar="ORG",
        multiple=True,
        help="An organization of yours; all others are run by their owners. Repeatable; default: as the preset says.",
    ),
)
kubeconfig = click.option("--kubeconfig", metavar="PATH", help="kubeconfig file; default: $KUBECONFIG merged.")
charts = options(
    click.option(
        "--charts", metavar="PATH|URL", help="Ledger charts: root of a Bevel checkout, Helm repository, oci://."
    ),
    click.option("--gateway-charts", metavar="PATH|URL", help="Gateway charts: the same kinds of source."),
)
allow = click.option(
    "--allow-destructive",
    metavar="NAME",
    multiple=True,
    help="Release or organization that may be removed with its data, or genesis; repeatable.",
)
timeout = click.option("--timeout", type=Duration(), metavar="TIME", help="Budget for everything, e.g. 45m.")
yes = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
color = click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
speed = click.option(
    "--speed", type=click.FloatRange(0.1, 1000), default=1.0, show_default=True, help="Speed of simulated time."
)


def required(preset: str | None) -> str:
    """The preset that a command cannot do without. Raises click.UsageError."""
    if preset is None:
        raise click.UsageError("--preset is missing: name a file or a shipped preset.")
    return preset
