"""Options that several commands share, each declared once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from bevel_tui.records.errors import BevelError

if TYPE_CHECKING:
    from bevel_tui.network.model import Network

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


#: where `--context` and `--namespace` wait for `network`
_CONTEXTS, _NAMESPACES = "contexts", "namespaces"


def options(*declared: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, shown in this order."""

    def apply(command: Command) -> Command:
        for option in reversed(declared):
            command = option(command)
        return command

    return apply


def _presets(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """For shells: the shipped presets of that beginning, else files (click's scripts do not mix the two)."""
    from bevel_tui.network import shipped

    names = [CompletionItem(name) for name in shipped.names() if name.startswith(incomplete)]
    return names or [CompletionItem(incomplete, type="file")]


only_preset = click.option(
    "--preset", metavar="FILE", shell_complete=_presets, help="Preset file, or the name of a shipped preset."
)
preset = options(
    only_preset,
    click.option(
        "--as",
        "own",
        metavar="ORG",
        multiple=True,
        help="An organization of yours; all others are run by their owners. Repeatable; default: as the preset says.",
    ),
    click.option(
        "--context",
        _CONTEXTS,
        metavar="[CLUSTER=]CONTEXT",
        multiple=True,
        expose_value=False,
        callback=lambda ctx, _, value: ctx.meta.__setitem__(_CONTEXTS, value),
        help="Reach a cluster of the preset through this context of yours. Repeatable.",
    ),
    click.option(
        "-n",
        "--namespace",
        _NAMESPACES,
        metavar="NAMESPACE",
        multiple=True,
        expose_value=False,
        callback=lambda ctx, _, value: ctx.meta.__setitem__(_NAMESPACES, value),
        help="As --as, for the organizations that live in this namespace. Repeatable.",
    ),
)
kubeconfig = click.option(
    "--kubeconfig", metavar="PATH", envvar="BEVEL_TUI_KUBECONFIG", help="kubeconfig file; default: $KUBECONFIG merged."
)
charts = options(
    click.option(
        "--charts",
        metavar="PATH|URL",
        envvar="BEVEL_TUI_CHARTS",
        help="Ledger charts: root of a Bevel checkout, Helm repository, oci://.",
    ),
    click.option(
        "--gateway-charts",
        metavar="PATH|URL",
        envvar="BEVEL_TUI_GATEWAY_CHARTS",
        help="Gateway charts: the same kinds of source.",
    ),
)
allow = click.option(
    "--allow-destructive",
    metavar="NAME",
    multiple=True,
    help="Release or organization that may be removed with its data, or genesis; repeatable.",
)
timeout = click.option(
    "--timeout", type=Duration(), metavar="TIME", envvar="BEVEL_TUI_TIMEOUT", help="Budget for everything, e.g. 45m."
)
yes = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
color = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    envvar="BEVEL_TUI_COLOR",
    default="auto",
    show_default=True,
)
speed = click.option(
    "--speed", type=click.FloatRange(0.1, 1000), default=1.0, show_default=True, help="Speed of simulated time."
)


def network(preset: str, own: Iterable[str] = ()) -> Network:
    """The Network that the command in hand was given: its preset, `--as`, `-n` and `--context`. Raises BevelError."""
    from bevel_tui import api

    return api.load(preset, own, named_contexts(), named_namespaces())


def repeated(own: Iterable[str] = ()) -> str:
    """The `--as`, `--context` and `-n` flags of the command in hand, as they go on after its preset."""
    import shlex

    flags = [("--as", own), ("--context", named_contexts()), ("-n", named_namespaces())]
    return "".join(f" {flag} {shlex.quote(one)}" for flag, values in flags for one in values)


def named_contexts() -> tuple[str, ...]:
    """The contexts that the command in hand names; without a preset they are clusters to look at."""
    return _named(_CONTEXTS)


def named_namespaces() -> tuple[str, ...]:
    """The namespaces that the command in hand names; without a preset networks are looked for that live there."""
    return _named(_NAMESPACES)


def _named(key: str) -> tuple[str, ...]:
    found: tuple[str, ...] = tuple(click.get_current_context().meta.get(key, ()))
    return found


def required(preset: str | None) -> str:
    """The preset that a command cannot do without. Raises click.UsageError."""
    if preset is None:
        raise click.UsageError("--preset is missing: name a file or a shipped preset.")
    return preset


#: options that the settings file may answer (`bevel_tui.settings.Settings`)
SETTABLE = frozenset({"kubeconfig", "charts", "gateway_charts", "timeout", "color"})


class FromSettings(Mapping[str, Any]):
    """Defaults of every command's options: click asks here what neither a flag nor the environment says.

    The file is read at the first question that it can answer, so that `--version` never does. One that cannot be used
    answers nothing; `insist` says so, when it is known which command asked: `--help` is given all the same.
    """

    def __init__(self, found: tuple[dict[str, Any], BevelError | None] | None = None) -> None:
        self._found = found
        #: why the file that was asked cannot be used
        self.problem: BevelError | None = None

    def __getitem__(self, name: str) -> Any:
        if name not in SETTABLE:
            raise KeyError(name)
        self._found = self._found or _found()
        values, self.problem = self._found
        return values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found[0] if self._found else ())

    def __len__(self) -> int:
        return 1  # click takes an empty one for none

    def get(self, name: str, default: Any = None) -> Any:
        """A setting; a command, which asks for its own part by its name, gets the same again, unasked."""
        from bevel_tui.cli import COMMANDS

        return FromSettings(self._found) if name in COMMANDS else super().get(name, default)


def _found() -> tuple[dict[str, Any], BevelError | None]:
    """What the settings file says, or why it cannot be used."""
    from bevel_tui import locations

    if not locations.settings_file().exists():  # then its model need not be imported
        return {}, None
    from bevel_tui.settings import load

    try:
        return load().model_dump(exclude_none=True), None
    except BevelError as error:
        return {}, error


def insist(ctx: click.Context) -> None:
    """Raises BevelError when settings were asked for that cannot be used."""
    if isinstance(ctx.default_map, FromSettings) and ctx.default_map.problem is not None:
        raise ctx.default_map.problem
