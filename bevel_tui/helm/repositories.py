"""Charts of a Helm repository: its index.yaml, an exact version, the archive checked against the index's digest."""

from __future__ import annotations

import re
import threading
from typing import Any
from urllib.parse import urljoin

import yaml

from bevel_tui.helm.fetch import Cache, FetchError, get, sha256, shown
from bevel_tui.helm.tree import Tree, read_archive
from bevel_tui.helm.vendor import Dependency, gather

_HEX = re.compile(r"^(?:sha256:)?([0-9a-f]{64})$")


class RepositorySource:
    """One repository. Everything blocks; call it in a thread (several at once is fine)."""

    def __init__(self, url: str, *, cache: Cache) -> None:
        self.url = url.rstrip("/") + "/"
        self._cache = cache
        self._lock = threading.Lock()
        self._entries: dict[str, Any] | FetchError | None = None

    @property
    def label(self) -> str:
        """How this source is called in events."""
        return f"repo:{shown(self.url).rstrip('/')}"

    def read(self, name: str, version: str) -> Tree:
        """The chart. Raises LookupError when it is not listed, FetchError, ValueError for a damaged one."""
        entry = self._entry(name, version)
        urls = entry.get("urls") or ()
        if not urls:
            raise ValueError(f"the index of {shown(self.url)} names no address for {name} {version}")
        url = urljoin(self.url, str(urls[0]))
        stated = _HEX.match(str(entry.get("digest") or ""))
        data = self._cache.get(stated[1]) if stated else None
        if data is None:
            data = get(url)
            if stated and sha256(data) != stated[1]:
                raise ValueError(
                    f"{shown(url)} has digest sha256:{sha256(data)}, but the repository's index says sha256:{stated[1]}"
                )
            if stated:
                self._cache.put(stated[1], data)
        try:
            return gather(read_archive(data), not_along)
        except ValueError as error:
            raise ValueError(f"{shown(url)}: {error}") from None

    def _entry(self, name: str, version: str) -> dict[str, Any]:
        listed = self._index().get(name) or []
        for entry in listed:
            if str(entry.get("version")).removeprefix("v") == version.removeprefix("v"):
                found: dict[str, Any] = entry
                return found
        if listed:
            known = ", ".join(str(entry.get("version")) for entry in listed[:8])
            raise LookupError(f"{shown(self.url)} has {name} in other versions: {known}")
        raise LookupError(f"{shown(self.url)} lists no chart {name}")

    def _index(self) -> dict[str, Any]:
        """The index's entries, asked for once: a repository that does not answer is not waited for per chart."""
        with self._lock:
            if self._entries is None:
                try:
                    self._entries = self._download_index()
                except FetchError as error:
                    self._entries = error
            if isinstance(self._entries, FetchError):
                raise self._entries
            return self._entries

    def _download_index(self) -> dict[str, Any]:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            document = yaml.load(get(self.url + "index.yaml"), loader)  # noqa: S506 - a safe loader
        except yaml.YAMLError as error:
            raise FetchError(f"{shown(self.url)}index.yaml is no YAML: {error}") from None
        entries = document.get("entries") if isinstance(document, dict) else None
        if not isinstance(entries, dict):
            raise FetchError(f"{shown(self.url)}index.yaml is no index of a Helm repository")
        return entries


def not_along(dependency: Dependency) -> Tree:
    raise LookupError(f"the archive does not bring its dependency {dependency.name} along")
