"""YAML as people read it: keys in the order given, long texts in one line, documents set apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def document(value: Any) -> str:
    """One document."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1 << 16)
    return text


def documents(values: Iterable[Any]) -> str:
    """Documents in one text, each begun by ``---``."""
    return "".join(f"---\n{document(value)}" for value in values)
