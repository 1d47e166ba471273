"""`bevel-tui diagnose`: what is wrong with a network over all its clusters, root causes first."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bevel_tui import api
from bevel_tui.cli import helping, options
from bevel_tui.records.errors import BevelError, Code, ExitCode

if TYPE_CHECKING:
    from bevel_tui.records.snapshot import Snapshot


@click.command(cls=helping.Command)
@options.preset
@click.option(
    "--snapshot", "file", metavar="FILE", type=click.Path(path_type=Path), help="A saved snapshot, no cluster."
)
@click.option("--save", metavar="FILE", type=click.Path(path_type=Path), help="Keep what was seen (.gz: compressed).")
@click.option("--no-checks", is_flag=True, help="Ask no reachability checks: objects, events and logs only.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@options.kubeconfig
@options.color
@click.pass_context
def command(
    ctx: click.Context,
    /,
    preset: str | None,
    own: tuple[str, ...],
    file: Path | None,
    save: Path | None,
    no_checks: bool,
    output: str,
    kubeconfig: str | None,
    color: str,
) -> None:
    """Say what is wrong with a network, over all its clusters at once, root causes first.

    Without a preset: the networks that are found in the contexts named by --context, or in all of the kubeconfig;
    with -n only those with an organization in that namespace, and of them what that organization runs.

    Exit codes: 0 nothing is wrong (warnings at most), 7 something is, 3 no cluster could be used.
    Nothing is changed in any cluster.

    \b
    Examples:
      bevel-tui diagnose                         networks of all contexts
      bevel-tui diagnose --preset my-network.yaml -o json
      bevel-tui diagnose --save now.json         to be looked at elsewhere
    """
    snapshot = given(file, preset, own, kubeconfig, probe=not no_checks)
    if save is not None:
        keep(snapshot, save)
    ctx.exit(_show(snapshot, output, color, kubeconfig))


def given(
    file: Path | None, preset: str | None, own: tuple[str, ...], kubeconfig: str | None, *, probe: bool
) -> Snapshot:
    """The snapshot in a file, or one of what the options name, taken now. Raises BevelError, UsageError for both."""
    contexts, namespaces = options.named_contexts(), options.named_namespaces()
    if file is not None:
        if preset or contexts or namespaces:
            raise click.UsageError("--snapshot needs no cluster: leave --preset, --context and -n out.")
        return api.load_snapshot(file)
    networks = [] if preset is None else [options.network(preset, own)]
    asked = () if networks else contexts  # with a preset they say through which context its clusters are reached
    return asyncio.run(api.snapshot(networks, asked, kubeconfig=kubeconfig, probe=probe, namespaces=namespaces))


def keep(snapshot: Snapshot, path: Path) -> None:
    """Save a snapshot. Raises BevelError(usage) when the file cannot be written."""
    try:
        api.save_snapshot(snapshot, path)
    except OSError as error:
        raise BevelError(Code.USAGE, f"{path} cannot be written: {error.strerror or error}.") from None


def _show(snapshot: Snapshot, output: str, color: str, kubeconfig: str | None) -> int:
    from bevel_tui.diagnosis.pending import begun
    from bevel_tui.output import findings
    from bevel_tui.output.console import results

    diagnosis = api.diagnose(snapshot, kubeconfig=kubeconfig)
    clusters = [
        {
            "name": cluster.cluster,
            "context": cluster.context,
            "state": cluster.access.state,
            "version": cluster.access.version,
            "simulated": cluster.simulated,
        }
        for cluster in snapshot.clusters
    ]
    unseen = snapshot.unseen
    clusters += [
        {"name": name, "context": context, "state": "no-context", "version": "", "simulated": False}
        for name, context in unseen.items()
    ]
    if output == "json":
        sys.stdout.write(findings.to_json(diagnosis, clusters=clusters) + "\n")
    else:
        names = ", ".join(
            f"{cluster.cluster}{' (simulated)' if cluster.simulated else ''}" for cluster in snapshot.clusters
        )
        networks = ", ".join(network.name for network in snapshot.networks) or "none found"
        objects = sum(len(found) for cluster in snapshot.clusters for found in cluster.objects.values())
        looked_at = f"Looked at {objects} objects of {names}; networks: {networks}."
        if unseen:
            missing = ", ".join(f"{name} (context {context})" for name, context in unseen.items())
            looked_at += f" Not looked at, because the kubeconfig has no such context: {missing}."
        for network in (network.name for network in snapshot.networks if not begun(snapshot, network)):
            looked_at += f" Nothing of network {network} is installed: bevel-tui --preset FILE deploys it."
        findings.text(results(colour=color), diagnosis, looked_at=looked_at)
    if snapshot.clusters and all(cluster.access.state != "ok" for cluster in snapshot.clusters):
        return ExitCode.CLUSTER
    wrong = any(finding.severity == "error" for finding in diagnosis.findings)
    return ExitCode.FINDINGS if wrong else ExitCode.OK
