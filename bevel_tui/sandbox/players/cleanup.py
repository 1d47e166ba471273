"""Clean-up Jobs: they delete what their script names, if it is there, and succeed."""

from __future__ import annotations

import re

from bevel_tui.sandbox.players.context import PodContext

_FUNCTION = re.compile(r"^\s*deleteSecret\s+([^\s;{$]+)\s*$", re.MULTILINE)
_KUBECTL = re.compile(r"kubectl delete (secret|configmap)\b([^\n|;&]*)")
_KINDS = {"secret": "Secret", "configmap": "ConfigMap"}


def named_objects(script: str) -> list[tuple[str, str]]:
    """Kinds and names of the objects that a clean-up script deletes, in its order, variables left out."""
    found = [(match.start(), "Secret", match.group(1)) for match in _FUNCTION.finditer(script)]
    for match in _KUBECTL.finditer(script):
        words = re.sub(r"(--namespace|-n)[ =]+\S+", "", match.group(2)).replace('"', "").split()
        found += [(match.start(), _KINDS[match.group(1)], word) for word in words if not word.startswith(("-", "$"))]
    return list(dict.fromkeys((kind, name) for _, kind, name in sorted(found)))


async def named(context: PodContext) -> None:
    """Delete what the rendered script names (under the chart's flags, so that it may be nothing; facts G)."""
    for kind, name in named_objects(context.args):
        if await context.read(kind, name) is not None:
            await context.remove(kind, name)
