"""What a person chooses once for all networks: one YAML file, below environment variables and flags.

A flag wins over ``BEVEL_TUI_<NAME>``, that over the file, that over the default. Nothing that answers a question
(`--yes`) or allows a loss can be set for good.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from bevel_tui import locations
from bevel_tui.keys import ACTIONS, DEFAULTS, collide, is_key, plain
from bevel_tui.network import wording
from bevel_tui.network.basics import Model, Text
from bevel_tui.network.problem import Problem, error, printable, where
from bevel_tui.network.tree import YamlSyntaxError, read
from bevel_tui.records.errors import BevelError, Code


class Settings(Model):
    """The settings file."""

    kubeconfig: Text | None = Field(None, description="kubeconfig file, when it is not the merged $KUBECONFIG.")
    charts: Text | None = Field(None, description="Ledger charts: root of a Bevel checkout, Helm repository, oci://.")
    gateway_charts: Text | None = Field(None, description="Gateway charts: the same kinds of source.")
    timeout: Annotated[str, Field(pattern=r"^([0-9]+(\.[0-9]+)?[hms]?)+$")] | None = Field(
        None, description="Budget for a whole run, such as 45m."
    )
    color: Literal["auto", "always", "never"] | None = Field(None, description="Colour of headless output.")
    theme: Text | None = Field(None, description="Theme of the screens; the command palette lists them.")
    keymap: dict[Text, Text] = Field(
        {}, description="Action -> keys, comma-separated, such as `quit: ctrl+x`; the help screen names the actions."
    )


def load(path: Path | None = None) -> Settings:
    """The settings of the file (default: `locations.settings_file`); no file: none are set.

    Raises BevelError(settings-invalid); its details hold every problem with path and line.
    """
    path = path or locations.settings_file()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return Settings.model_validate({})
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else "it is no text in UTF-8"
        raise BevelError(Code.SETTINGS_INVALID, f"{path} cannot be read: {reason}") from None
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()):
        return Settings.model_validate({})
    try:
        tree = read(text)
    except YamlSyntaxError as exc:
        place = f" at line {exc.line}, column {exc.column}" if exc.line else ""
        raise BevelError(Code.SETTINGS_INVALID, f"{path}{place}: {exc.message}") from None
    problems = list(tree.problems)
    try:
        settings = Settings.model_validate(tree.data, strict=True)
    except ValidationError as exc:
        problems += [_problem(e) for e in exc.errors(include_url=False)]
    else:
        problems += _keymap(settings.keymap)
    if not problems:
        return settings
    lines = [f"{where(p.path)} (line {tree.line(p.path)}): {printable(p.message, 2000)}" for p in problems]
    raise BevelError(Code.SETTINGS_INVALID, f"{path} cannot be used", details=tuple(dict.fromkeys(lines)))


def _keymap(keymap: Mapping[str, str]) -> Iterator[Problem]:
    """A name or a key that there is not would be ignored without a word, and so would one of two that share a key: both
    from the keymap, or one of them with the key that it has anyway.
    """
    taken = [(name, plain(key)) for name, its in DEFAULTS.items() if name not in keymap for key in its.split(",")]
    for action, named in keymap.items():
        if action not in ACTIONS:
            close = wording.nearest(action, ACTIONS)
            hint = f"; did you mean `{close}`?" if close else "; the help screen (F1) has the names"
            yield error("unknown-key", ("keymap", action), f"there is no action `{printable(action)}`{hint}")
        for key in named.split(","):
            if not is_key(key):
                said = f"`{printable(key.strip())}` is no key; they are called f5, ctrl+x, shift+up, space, G"
                yield error("value", ("keymap", action), said)
        for key in dict.fromkeys(key.strip() for key in named.split(",")):
            for other in (name for name, its in taken if its == plain(key) and collide(name, action)):
                yield error(
                    "value", ("keymap", action), f"`{printable(key)}` is the key of `{other}` too, on one screen"
                )
            if action in ACTIONS:
                taken.append((action, plain(key)))


def _problem(e: Mapping[str, Any]) -> Problem:
    """As for presets, but for what the reader of presets looks up in their schema."""
    path = tuple(e["loc"])
    if e["type"] == "extra_forbidden":
        key = str(path[-1])
        return error("unknown-key", path, f"unknown key `{printable(key)}`{wording.meant(key, Settings.model_fields)}")
    if path == ("timeout",) and e["type"] == "string_pattern_mismatch":
        return error("value", path, "must be a duration such as 90s, 45m or 1h30m")
    if e["type"] == "literal_error":
        return error("value", path, f"must be one of {e['ctx']['expected'].replace(chr(39), '')}")
    return wording.problems([e])[0]
