"""What patches are made with: the templates of a chart, and the refusal of one that is not as expected."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bevel_tui.helm.tree import Tree


class UnexpectedError(Exception):
    """The chart's text is not what the patch was written for."""


def templates(tree: Mapping[str, bytes]) -> dict[str, str]:
    """All templates, those of sub-charts included."""
    return {
        path: content.decode()
        for path, content in tree.items()
        if "templates" in path.split("/")[:-1] and path.endswith((".yaml", ".yml", ".tpl"))
    }


def replace(tree: Tree, pattern: str, new: str, *, what: str, times: int = 1) -> Tree:
    """The chart with a multi-line `pattern` replaced in its templates. Raises UnexpectedError unless found `times`."""
    expression = re.compile(pattern, re.MULTILINE)
    patched, found = dict(tree), 0
    for path, text in templates(tree).items():
        changed, count = expression.subn(new, text)
        if count:
            patched[path] = changed.encode()
            found += count
    if found != times:
        raise UnexpectedError(f"{what} {found} times in its templates, not {times}")
    return patched
