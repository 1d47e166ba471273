"""Charts in a folder: a Bevel checkout, or any folder that holds charts as folders or archives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from bevel_tui.helm.tree import Tree, metadata, read_archive, read_folder
from bevel_tui.helm.vendor import Dependency, gather

#: where charts lie below the folder that was named: directly, or as in a Bevel checkout (facts 0.3, C.1)
_FOLDERS = (".", "*", "charts/*", "platforms/*/charts/*")
_ARCHIVES = ("*.tgz", "*/*.tgz", "charts/*.tgz", "platforms/*/charts/*.tgz", "platforms/*/charts/*/*.tgz")

_NAME = re.compile(rb"^name:[ \t]*['\"]?([A-Za-z0-9._-]+)", re.MULTILINE)


class FolderSource:
    """The charts below one folder. Everything blocks; call it in a thread."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().absolute()

    @property
    def label(self) -> str:
        """How this source is called in events."""
        return f"path:{self.root}"

    def read(self, name: str, version: str) -> Tree:
        """The chart with its local dependencies. Raises LookupError saying what was there instead, ValueError, OSError."""
        if not self.root.is_dir():
            raise LookupError(f"{self.root} is not a folder")
        others: list[str] = []
        for place in self._places(name):
            try:
                tree = self._load(place)
            except ValueError as error:
                raise ValueError(f"{place}: {error}") from None
            about = metadata(tree)
            if about["name"] != name:
                continue
            if about["version"].removeprefix("v") != version.removeprefix("v"):
                others.append(f"{place} is version {about['version']}")
                continue
            return gather(tree, lambda dependency, place=place: self._dependency(place, dependency))  # type: ignore[misc]
        if others:
            raise LookupError("; ".join(others))
        raise LookupError(f"{self.root} holds no chart of that name (looked in {', '.join((*_FOLDERS, '*.tgz'))})")

    def manifest(self, path: str) -> bytes:
        """A file of plain manifests below the root. Raises LookupError when it is not there, OSError."""
        file = self.root / path
        if not file.is_file():
            raise LookupError(f"{file} is not there")
        return file.read_bytes()

    def _places(self, name: str) -> Iterator[Path]:
        """Folders and archives that may hold the chart, likeliest first; each once."""
        seen: set[Path] = set()
        for pattern in _FOLDERS:
            for folder in [self.root] if pattern == "." else sorted(self.root.glob(pattern)):
                chart = folder / "Chart.yaml"
                if folder not in seen and chart.is_file() and _NAME.findall(chart.read_bytes()) == [name.encode()]:
                    seen.add(folder)
                    yield folder
        for pattern in _ARCHIVES:
            for archive in sorted(self.root.glob(pattern)):
                if archive not in seen and archive.name.startswith(f"{name}-"):
                    seen.add(archive)
                    yield archive

    def _load(self, place: Path) -> Tree:
        if place.is_dir():
            return read_folder(place, root=self.root)
        return read_archive(place.read_bytes())

    def _dependency(self, place: Path, dependency: Dependency) -> Tree:
        """The chart that ``file://`` leads to. Raises LookupError."""
        if not place.is_dir():
            raise LookupError(f"archive {place} does not bring its dependency {dependency.name} along")
        folder = (place / unquote(dependency.repository.removeprefix("file://"))).resolve()
        if not folder.is_relative_to(self.root.resolve()):
            raise LookupError(f"dependency {dependency.name} of {place} lies outside of {self.root}: {folder}")
        if not (folder / "Chart.yaml").is_file():
            raise LookupError(f"dependency {dependency.name} of {place} is not at {folder}")
        return read_folder(folder, root=self.root)
