"""A network.yaml while it is read: every value knows its line, and what nobody asked for is found at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bevel_tui.network.bevel.notes import Note, NoteKind
from bevel_tui.network.problem import YamlPath, where
from bevel_tui.network.tree import Tree

#: how Ansible is told to fetch a value: the only way a network.yaml can name a secret without holding it
_LOOKUP = re.compile(r"^\{\{\s*lookup\(\s*['\"](env|file)['\"]\s*,\s*['\"]([^'\"]+)['\"]\s*\)\s*\}\}$")
#: first keys of list items that only say what the item is (``- organization:``)
MARKERS = frozenset(
    {
        "trustee",
        "endorser",
        "organization",
        "peer",
        "validator",
        "orderer",
        "channel",
        "steward",
        "notary",
        "service",
        "user",
    }
)


def reference(text: str) -> dict[str, str] | None:
    """The secret reference behind ``{{ lookup('env', 'NAME') }}``; None for anything else."""
    found = _LOOKUP.match(text)
    return {found[1]: found[2]} if found else None


def lookup(reference: dict[str, str]) -> str:
    """The inverse of `reference`: how a network.yaml names a secret."""
    kind, name = next(iter(reference.items()))
    return f"{{{{ lookup('{kind}', '{name}') }}}}"


@dataclass(slots=True)
class Source:
    """A document: its tree, its text, what was asked for so far, and the notes made on the way."""

    tree: Tree
    lines: list[str]
    notes: list[Note] = field(default_factory=list)
    used: set[YamlPath] = field(default_factory=set)

    @property
    def root(self) -> Node:
        """The document."""
        return Node(self, (), self.tree.data)

    def unread(self) -> Iterator[YamlPath]:
        """What nobody asked for, the outermost of each."""
        yield from self._unread((), self.tree.data)

    def _unread(self, path: YamlPath, data: Any) -> Iterator[YamlPath]:
        items = enumerate(data) if isinstance(data, tuple) else data.items() if isinstance(data, dict) else ()
        for key, value in items:
            here = (*path, key)
            if here in self.used:
                yield from self._unread(here, value)
            elif not (key in MARKERS and value is None):
                yield here


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the document. Asking for a key marks it as read; what is missing is a Node of None."""

    source: Source
    path: YamlPath
    data: Any

    def __bool__(self) -> bool:
        return self.data is not None

    @property
    def line(self) -> int:
        """Its line, from 1; of what is missing, that of what it would stand in."""
        return self.source.tree.line(self.path)

    def get(self, *keys: str) -> Node:
        """The value under one key after the other."""
        node = self
        for key in keys:
            path = (*node.path, key)
            self.source.used.add(path)
            node = Node(self.source, path, node.data.get(key) if isinstance(node.data, dict) else None)
        return node

    def items(self, key: str) -> list[Node]:
        """The items of a list under `key`; empty if there is none."""
        listed = self.get(key)
        if not isinstance(listed.data, tuple):
            return []
        found = [Node(self.source, (*listed.path, i), value) for i, value in enumerate(listed.data)]
        self.source.used.update(node.path for node in found)
        return found

    def text(self, key: str, default: str = "") -> str:
        """A scalar as text; numbers as they are written (4.10 is no 4.1)."""
        node = self.get(key)
        if isinstance(node.data, bool):
            return str(node.data).lower()
        if isinstance(node.data, float):
            return node.written() or str(node.data)
        return str(node.data) if isinstance(node.data, str | int) else default

    def written(self) -> str | None:
        """A scalar as its line has it, without quotes and comment."""
        lines = self.source.lines
        line = lines[self.line - 1] if self.line <= len(lines) else ""
        found = re.search(r":\s+['\"]?([^\s'\"#]+)", line)
        return found[1] if found else None

    def number(self, key: str) -> int | None:
        """A whole number; None where there is none."""
        value = self.get(key).data
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def on(self, key: str) -> bool:
        """Whether a switch is on: true, enabled, and what Ansible's older YAML takes for true."""
        value = self.get(key).data
        return value is True or (isinstance(value, str) and value.lower() in ("true", "enabled", "yes", "on", "strict"))

    def whole(self, *keys: str) -> None:
        """Mark everything below as read."""
        node = self.get(*keys) if keys else self
        self.source.used.update(_paths(node.path, node.data))

    def note(self, kind: NoteKind, message: str) -> None:
        """Remember a fact about this value."""
        self.source.notes.append(Note(kind, where(self.path), message, (self.line,)))


def _paths(path: YamlPath, data: Any) -> Iterator[YamlPath]:
    yield path
    items = enumerate(data) if isinstance(data, tuple) else data.items() if isinstance(data, dict) else ()
    for key, value in items:
        yield from _paths((*path, key), value)
