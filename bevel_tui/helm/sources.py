"""Where charts come from, and which source holds for a release.

A source is named on the command line, by the preset, or by default (design decision 1). A chart is found by its
bare name and exact version, held with its local dependencies, and pinned by the digest of all that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import urlsplit

from bevel_tui.gateways.catalogue import CHARTS as GATEWAY_CHARTS
from bevel_tui.helm.fetch import Cache, FetchError, allowed
from bevel_tui.helm.folders import FolderSource
from bevel_tui.helm.oci import OciSource
from bevel_tui.helm.repositories import RepositorySource
from bevel_tui.helm.tree import Tree, digest
from bevel_tui.network.model import ChartSource
from bevel_tui.records.errors import BevelError, Code

#: Bevel's own Helm repository. The READMEs of v1.3.0 still name the second address, from before the project moved.
BEVEL_REPOSITORIES = ("https://hyperledger-bevel.github.io/bevel", "https://hyperledger.github.io/bevel")

Kind = Literal["ledger", "gateways"]

#: what a release's chart is taken from: a named source, charts that we generate, or the public repositories
Choice = ChartSource | Literal["stand-in", "public"]


@dataclass(frozen=True, slots=True)
class SourceChart:
    """A chart with its local dependencies inside, unchanged otherwise. `digest` covers exactly `tree`."""

    name: str
    version: str
    tree: Tree
    source: str
    digest: str
    stand_in: bool = False


class Source(Protocol):
    """A place with charts. `read` blocks; raises LookupError (not there), FetchError, ValueError, OSError."""

    @property
    def label(self) -> str: ...

    def read(self, name: str, version: str) -> Tree: ...


def parse(value: str) -> ChartSource:
    """What ``--charts VALUE`` means: a folder, a Helm repository or an OCI registry. Raises BevelError(USAGE)."""
    scheme = value.partition("://")[0] if "://" in value else ""
    if scheme in {"http", "https", "oci"}:
        parts = urlsplit(value)
        if parts.username is not None or parts.password is not None:
            raise BevelError(
                Code.USAGE,
                f"A user name or password in an address would be shown ({scheme}://...@{parts.hostname}).",
                remedy="Name a public source, or download the charts and name the folder.",
            )
        if not parts.hostname:
            raise BevelError(Code.USAGE, f"{value!r} names no host.")
        if scheme == "oci":
            return ChartSource(oci=value)
        if not allowed(value):
            raise BevelError(Code.USAGE, f"{value!r} is plain HTTP, which is accepted on this machine only.")
        return ChartSource(repository=value)
    if scheme:
        raise BevelError(Code.USAGE, f"{value!r} is no chart source: it is a folder, https://... or oci://...")
    return ChartSource(path=value)


def choose(*, override: ChartSource | None, preset: ChartSource | None, simulated: bool) -> Choice:
    """Which source holds (design decision 1): the command line, the preset, stand-ins where simulated, the public."""
    return override or preset or ("stand-in" if simulated else "public")


def public(name: str) -> tuple[ChartSource, ...]:
    """The public sources of a chart, to be tried in order; none for what is published nowhere."""
    if name not in GATEWAY_CHARTS:
        return tuple(ChartSource(repository=url) for url in BEVEL_REPOSITORIES)
    chart = GATEWAY_CHARTS[name]
    if chart.oci is not None:
        return (ChartSource(oci=chart.oci),)
    return () if chart.repository is None else (ChartSource(repository=chart.repository),)


class ChartLocator:
    """Finds charts; each source is opened once and each chart read once. One per run."""

    def __init__(self, *, cache: Path | None = None) -> None:
        self._cache = Cache(cache)
        self._sources: dict[str, Source] = {}
        self._found: dict[tuple[str, str, str], asyncio.Task[SourceChart]] = {}

    async def find(self, name: str, version: str, where: ChartSource | Literal["public"]) -> SourceChart:
        """The chart of this bare name and exact version.

        Raises BevelError(CHART_MISSING) that names what was looked for and where, or (CHART_DIFFERS) when the
        source's `digests` pin another content.
        """
        key = (name, version, "public" if where == "public" else where.model_dump_json())
        if key not in self._found:
            sources = [self._open(one) for one in (public(name) if where == "public" else (where,))]
            self._found[key] = asyncio.create_task(asyncio.to_thread(self._read, name, version, sources))
        # A caller that is cancelled must not take the chart from the others that wait for it.
        chart = await asyncio.shield(self._found[key])
        if where != "public":
            check_pin(chart, where.digests)
        return chart

    def _read(self, name: str, version: str, sources: Sequence[Source]) -> SourceChart:
        reasons: list[str] = []
        remedy = None if sources else "It is published nowhere: name a Bevel checkout with --gateway-charts."
        for source in sources:
            try:
                if isinstance(source, FolderSource) and _is_manifest(name):
                    tree = _from_manifest(source, name, version)
                else:
                    tree = source.read(name, version)
            except (LookupError, FetchError, ValueError, OSError) as error:
                if isinstance(error, FetchError):
                    flag = "--gateway-charts" if name in GATEWAY_CHARTS else "--charts"
                    remedy = f"See that the source is reached, or fetch the chart where it is (helm pull) and name the folder with {flag}."
                reasons.append(f"{source.label}: {error.args[0] if isinstance(error, LookupError) else error}")
                continue
            return SourceChart(name, version, tree, source.label, digest(tree))
        raise BevelError(
            Code.CHART_MISSING,
            f"Chart {name} {version} was not found.",
            remedy=remedy,
            details=tuple(reasons),
        )

    def _open(self, where: ChartSource) -> Source:
        key = str(where.path or where.repository or where.oci)
        if key not in self._sources:
            if where.path is not None:
                self._sources[key] = FolderSource(Path(where.path))
            elif where.repository is not None:
                self._sources[key] = RepositorySource(where.repository, cache=self._cache)
            else:
                self._sources[key] = OciSource(str(where.oci), cache=self._cache)
        return self._sources[key]


def check_pin(chart: SourceChart, digests: Mapping[str, str]) -> None:
    """Raise BevelError(CHART_DIFFERS) when the preset pins another content (Bevel changed charts without raising versions)."""
    wanted = digests.get(chart.name)
    if wanted is not None and wanted.removeprefix("sha256:") != chart.digest.removeprefix("sha256:"):
        raise BevelError(
            Code.CHART_DIFFERS,
            f"Chart {chart.name} {chart.version} of {chart.source} has digest {chart.digest}; the preset pins {wanted}.",
        )


def _is_manifest(name: str) -> bool:
    return name in GATEWAY_CHARTS and GATEWAY_CHARTS[name].manifest is not None


def _from_manifest(source: FolderSource, name: str, version: str) -> Tree:
    """A chart made of a file of plain manifests: Edge Stack's CRDs are published in no other form."""
    from bevel_tui.helm.releases import objects
    from bevel_tui.helm.standin import chart_of

    try:
        return source.read(name, version)
    except LookupError:
        text = source.manifest(str(GATEWAY_CHARTS[name].manifest))
    return chart_of(name, version, objects(text), origin="manifests").tree
