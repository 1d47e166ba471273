"""The documents: presets and Bevel's network.yaml, and what they come to as a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bevel_tui.network.basics import SecretRef
    from bevel_tui.network.bevel.exporting import Exported
    from bevel_tui.network.bevel.importing import Imported
    from bevel_tui.network.bevel.reading import Options as ImportOptions
    from bevel_tui.network.model import Network
    from bevel_tui.plan.footprint import Footprint
    from bevel_tui.plan.graph import Plan


def load(preset: str, own: Iterable[str] = (), contexts: Iterable[str] = (), namespaces: Iterable[str] = ()) -> Network:
    """The Network of a preset: a file's path, or the name of a shipped preset.

    `own` are the organizations of whoever asks: theirs are managed then and all others are not, whatever the preset
    says; without any the preset's `managed` flags hold. `contexts` (``CLUSTER=CONTEXT``, or ``CONTEXT`` of the only
    cluster) take the place of the preset's. `namespaces` say the same as `own`: the organizations that live there.

    Raises BevelError (preset-missing, preset-syntax, preset-invalid); its details hold all problems, each with the
    path in the YAML and the line; or usage for an organization, a cluster or a namespace that it does not have.
    """
    from bevel_tui.network.contexts import reached_by
    from bevel_tui.network.load import load as read
    from bevel_tui.network.sides import living_in, seen_by

    network = read(preset)
    return reached_by(seen_by(network, (*own, *living_in(network, namespaces))), contexts)


def import_network_yaml(path: Path, options: ImportOptions | None = None) -> Imported:
    """The Network of a network.yaml of Bevel, and notes on what a person must know of it; nothing is written.

    Values that were secrets are references in it; the notes of kind `secret` say which variables to set.

    Raises BevelError: preset-missing, preset-syntax, or network-yaml-refused with what is not supported, a line each.
    """
    from bevel_tui.network.bevel.importing import read
    from bevel_tui.network.load import read_text

    return read(read_text(path), source=str(path), options=options)


def export_network_yaml(network: Network) -> Exported:
    """The network.yaml of a Network, and by path of the preset what that format cannot say. Pure."""
    from bevel_tui.network.bevel.exporting import write

    return write(network)


def plan(network: Network) -> Plan:
    """How the Network is brought about: a deterministic graph of steps. No file or cluster is read.

    Of a Network whose ledger runs already the clusters know more (what was made for good); a deployment asks them.

    Raises BevelError(preset-invalid) when a rule forbids the Network.
    """
    from bevel_tui.plan.build import build

    return build(network)


def footprint(made: Plan) -> Mapping[str, Footprint]:
    """What a plan needs of each cluster: pods, volumes, storage. No cluster is asked."""
    from bevel_tui.plan.footprint import footprint as count

    return count(made)


def secret_problem(reference: SecretRef) -> str | None:
    """Why a reference leads to no secret now, as a sentence; None when it does. The value is not told."""
    from bevel_tui.engine.secrets import problem

    return problem(reference.env, reference.file)


async def missing_charts(network: Network) -> tuple[str, ...]:
    """What the chart sources that a Network names do not have of what its plan installs, a sentence each.

    Sources that are not named (public repositories, stand-ins) are not asked.
    """
    from bevel_tui.helm.sources import ChartLocator
    from bevel_tui.records.errors import BevelError
    from bevel_tui.records.steps import ReleaseStep

    locator = ChartLocator()
    sources = {"ledger": network.charts.ledger, "gateways": network.charts.gateways}
    releases = [step for step in plan(network).steps if isinstance(step, ReleaseStep)]
    found: list[str] = []
    for name, version, origin in sorted({(s.chart, s.chart_version, s.origin) for s in releases}):
        source = sources.get(origin)
        if source is None:
            continue
        try:
            await locator.find(name, version, source)
        except BevelError as error:
            found.append(" ".join((error.message, *error.details)))
    return tuple(found)
