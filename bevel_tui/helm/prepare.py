"""The private copy of a chart that one install reads: dependencies inside, patched, handed-off files in place.

A fresh copy per installation is mandatory, since handed-off files lie in the chart (facts 0.9). It is one archive in
a private folder that its user removes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bevel_tui.helm import patches as named
from bevel_tui.helm.sources import SourceChart
from bevel_tui.helm.tree import Tree, pack
from bevel_tui.helm.vendor import normalise
from bevel_tui.records.errors import BevelError, Code


@dataclass(frozen=True, slots=True)
class PreparedChart:
    """An archive for Helm. `digest` is the source's: of the chart with its dependencies, unpatched, without
    handed-off files, so that it can be pinned and compared."""

    path: Path
    digest: str
    source: str
    version: str
    name: str
    stand_in: bool = False


def prepare(
    chart: SourceChart, folder: Path, *, files: Mapping[str, bytes] | None = None, patches: Sequence[str] = ()
) -> PreparedChart:
    """Write the archive into `folder` (0700, as a run has one). Blocks for some milliseconds.

    `files` are contents by path in the chart (``files/genesis.json``). Stand-ins and our own charts need no patch:
    their manifests are made from the same step. Raises BevelError(CHART_RENDER) when a patch does not fit.
    """
    tree = corrected(chart, patches)
    for path, content in (files or {}).items():
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts or parts[0] in {"templates", "charts", "crds"}:
            raise ValueError(f"{path!r} is no place for a handed-off file")
        tree[path] = content
    archive = folder / f"{chart.name}-{chart.version}.tgz"
    handle = os.open(archive, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(pack(tree, chart.name))
    return PreparedChart(archive, chart.digest, chart.source, chart.version, chart.name, chart.stand_in)


def corrected(chart: SourceChart, patches: Sequence[str]) -> Tree:
    """A chart's content as Helm gets it, patched. Raises BevelError(CHART_RENDER) when a patch does not fit."""
    try:
        tree = normalise(chart.tree)
    except ValueError as error:
        raise BevelError(Code.CHART_RENDER, f"Chart {chart.name} {chart.version} of {chart.source}: {error}") from None
    return named.apply(tree, patches) if patches and not chart.stand_in else tree
