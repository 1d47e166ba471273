"""The presets that come with bevel-tui: in the wheel under ``bevel_tui/presets``, in a checkout at its top level."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

SUFFIXES = (".yaml", ".yml")


def _folders() -> list[Traversable | Path]:
    package = resources.files("bevel_tui")
    folders: list[Traversable | Path] = [package.joinpath("presets")]
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file():
        folders.append(checkout / "presets")
    return [folder for folder in folders if folder.is_dir()]


def names() -> tuple[str, ...]:
    """Names of the shipped presets, without `.yaml`, sorted."""
    found = {
        entry.name.removesuffix(".yaml")
        for folder in _folders()
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    }
    return tuple(sorted(found))


def read(name: str) -> bytes | None:
    """The content of a shipped preset, named with or without its suffix; None if there is none of that name."""
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    if name not in names():
        return None
    for folder in _folders():
        entry = folder.joinpath(f"{name}.yaml")
        if entry.is_file():
            return entry.read_bytes()
    return None


def about(name: str) -> str:
    """What a shipped preset is for: the first sentence of the comment that it begins with. Raises KeyError."""
    data = read(name)
    if data is None:
        raise KeyError(name)
    words: list[str] = []
    for line in data.decode("utf-8").splitlines():
        if not line.startswith("#") or line.startswith("# Try it"):
            break
        if not line.startswith("# yaml-language-server"):
            words += line.removeprefix("#").split()
    return " ".join(words).split(". ")[0].rstrip(".") + "."
