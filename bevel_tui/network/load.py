"""A preset's file or name -> Network, or every problem of it at once, each with its YAML path and line.

Whatever the input, only BevelError leaves this module. Secret references are never resolved here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bevel_tui.network import rules, shipped, wording
from bevel_tui.network.model import API_VERSION, Network
from bevel_tui.network.problem import Problem, YamlPath, printable, where
from bevel_tui.network.tree import Tree, YamlSyntaxError
from bevel_tui.network.tree import read as read_tree
from bevel_tui.records.errors import BevelError, Code

#: bytes; the largest sensible preset has some tens of thousands
MAX_SIZE = 1 << 20
#: problems shown; the rest is counted
MAX_SHOWN = 50

#: harmless values for required fields that are wrong, so that the rules can still judge the rest
_FILLERS: dict[tuple[str, ...], object] = {
    ("apiVersion",): API_VERSION,
    ("kind",): "Network",
    ("name",): "x",
    ("gateway", "type"): "none",
    ("clusters", "*", "context"): None,  # its own position
}


@dataclass(frozen=True, slots=True)
class Document:
    """A preset that was read: the Network, where it came from, and warnings as ``path (line N): sentence``."""

    network: Network
    source: str
    warnings: tuple[str, ...] = ()


def load(path_or_name: str) -> Network:
    """Read a preset: an existing file, else a shipped preset by name (with or without .yaml).

    Raises BevelError: PRESET_MISSING, PRESET_SYNTAX (line and column in the message) or PRESET_INVALID (all
    problems in `details`).
    """
    return load_document(path_or_name).network


def load_document(path_or_name: str) -> Document:
    """As `load`, with the warnings that the rules have."""
    return parse_document(_decode(_read(path_or_name), path_or_name), source=path_or_name)


def parse(text: str, *, source: str = "preset") -> Network:
    """Parse a preset's text; `source` names it in messages. Raises BevelError as `load` does."""
    return parse_document(text, source=source).network


def parse_document(text: str, *, source: str = "preset") -> Document:
    """As `parse`, with the warnings that the rules have."""
    shown = printable(source, 200)
    try:
        tree = read_tree(text)
    except YamlSyntaxError as exc:
        place = f" at line {exc.line}, column {exc.column}" if exc.line else ""
        raise BevelError(Code.PRESET_SYNTAX, f"{shown}{place}: {exc.message}") from None
    network, found = _validate(tree)
    errors = [p for p in found if p.severity == "error"]
    if errors or network is None:
        raise _invalid(shown, tree, errors)
    return Document(network, source, tuple(_line(tree, p) for p in found))


def judge(data: dict[str, Any]) -> tuple[Network | None, list[Problem]]:
    """The Network of a document given as plain data (dicts, lists, scalars), or None; with all problems and warnings.

    For what is still being written, as in a wizard: no problem is an exception, and each has its path.
    """
    return _validate(Tree(_freeze(data)))


# ---------------------------------------------------------------- reading


def read_text(path: Path) -> str:
    """The text of a file that is no shipped preset. Raises BevelError as `load` does."""
    shown = printable(str(path), 200)
    if not path.is_file():
        raise BevelError(Code.PRESET_MISSING, f"there is no file called {shown}", remedy="Check the path.")
    return _decode(_read(str(path)), str(path))


def _read(path_or_name: str) -> bytes:
    path = Path(path_or_name)
    shown = printable(path_or_name, 200)
    try:
        if path.exists() and not path.is_dir():
            with path.open("rb") as file:
                data = file.read(MAX_SIZE + 1)
            if len(data) > MAX_SIZE:
                raise BevelError(Code.PRESET_SYNTAX, f"{shown} is larger than {MAX_SIZE >> 20} MiB: this is no preset")
            return data
        folder = path.is_dir()
    except (OSError, ValueError) as exc:  # ValueError: a NUL in the name
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else "no such file"
        raise BevelError(Code.PRESET_MISSING, f"{shown} cannot be read: {reason}") from None
    found = shipped.read(path_or_name)
    if found is not None:
        return found
    close = wording.nearest(path.name.removesuffix(".yaml").removesuffix(".yml"), shipped.names())
    listed = ", ".join(shipped.names())
    raise BevelError(
        Code.PRESET_MISSING,
        f"{shown} is a folder, not a preset" if folder else f"there is no file and no shipped preset called {shown}",
        remedy=(f"Did you mean {close}? " if close else "")
        + (f"Shipped presets: {listed}." if listed else "Name a preset file."),
    )


def _decode(data: bytes, source: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        newline = b"\n"
        line = data.count(newline, 0, exc.start) + 1
        column = exc.start - data.rfind(newline, 0, exc.start)
        shown = printable(source, 200)
        raise BevelError(Code.PRESET_SYNTAX, f"{shown} at line {line}, column {column}: is no text in UTF-8") from None


# ---------------------------------------------------------------- validating


def _validate(tree: Tree) -> tuple[Network | None, list[Problem]]:
    """The Network if it is one, and all problems; what the models refuse is patched over so that the rules can speak."""
    found = list(tree.problems)
    if not isinstance(tree.data, dict):
        found.append(Problem("error", "type", (), "must be a mapping of `key: value` lines at the top"))
        return None, found
    network, refused = _model(tree.data)
    if network is not None:
        return network, found + rules.problems(network)
    found += refused
    patched = _patch(tree.data, refused)
    network = _model(patched)[0] if patched is not None else None
    if network is not None:
        touched = [p.path for p in refused]
        found += [p for p in rules.problems(network) if not any(_overlap(p.path, t) for t in touched)]
    return None, wording.without_echoes(found)


def _model(data: Any) -> tuple[Network | None, list[Problem]]:
    try:
        return Network.model_validate(data, strict=True), []
    except ValidationError as exc:
        return None, wording.problems(exc.errors(include_url=False))


def _overlap(one: YamlPath, other: YamlPath) -> bool:
    """Whether one path contains the other: a rule must not complain about what was patched."""
    size = min(len(one), len(other))
    return one[:size] == other[:size]


def _patch(data: dict[str, Any], refused: list[Problem]) -> dict[str, Any] | None:
    """The document with wrong optional values left out and a few required ones filled in; None where that is hopeless."""
    patched: Any = _thaw(data)
    for problem in refused:
        path = problem.path
        if problem.code == "missing":  # the path is the parent's; the sentence begins with the name
            path = (*path, wording.missing_name(problem))
        pattern = tuple("*" if isinstance(part, int) else part for part in path)
        parent = _get(patched, path[:-1])
        if not isinstance(parent, dict) or not path:
            return None
        name = str(path[-1])
        if pattern in _FILLERS:
            filler = _FILLERS[pattern]
            parent[name] = filler if filler is not None else "-".join(map(str, path))
        elif problem.code == "missing":
            return None
        else:
            parent.pop(name, None)
    return _freeze(patched)  # type: ignore[no-any-return]


def _get(data: Any, path: YamlPath) -> Any:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _thaw(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _thaw(v) for k, v in value.items()}
    return [_thaw(v) for v in value] if isinstance(value, tuple) else value


def _freeze(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _freeze(v) for k, v in value.items()}
    return tuple(_freeze(v) for v in value) if isinstance(value, list) else value


# ---------------------------------------------------------------- telling


def _line(tree: Tree, problem: Problem) -> str:
    return f"{where(problem.path)} (line {tree.line(problem.path)}): {printable(problem.message, 2000)}"


def _invalid(shown: str, tree: Tree, errors: list[Problem]) -> BevelError:
    ordered = sorted(set(errors), key=lambda p: (tree.line(p.path), where(p.path), p.message))
    lines = [_line(tree, p) for p in ordered]
    if len(lines) > MAX_SHOWN:
        lines = [*lines[:MAX_SHOWN], f"... and {len(lines) - MAX_SHOWN} more"]
    count = "1 problem" if len(ordered) == 1 else f"{len(ordered)} problems"
    return BevelError(Code.PRESET_INVALID, f"{shown} has {count}", details=tuple(lines))
