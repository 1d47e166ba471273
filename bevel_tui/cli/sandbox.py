"""`bevel-tui sandbox`: simulated clusters that stay, for kubectl, helm and deployments of your own."""

from __future__ import annotations

import asyncio
import sys

import click

from bevel_tui import api
from bevel_tui.cli import helping, options
from bevel_tui.records.errors import ExitCode


@click.group(cls=helping.Group)
def command() -> None:
    """Simulated clusters on loopback: no container runs, everything else is real.

    \b
    Examples:
      bevel-tui sandbox up --preset besu-two-clusters
      bevel-tui sandbox up --clusters 3 --speed 20
    """


@command.command()
@click.option("--clusters", type=click.IntRange(1, 20), metavar="N", help="That many, contexts sandbox-1, sandbox-2...")
@options.only_preset
@options.speed
@click.option(
    "--fault",
    "faults",
    metavar="NAME[:TARGET]",
    multiple=True,
    help="Something that goes wrong, to try diagnosis on; TARGET is a pattern of names, namespaces or clusters.",
)
@click.pass_context
def up(ctx: click.Context, /, clusters: int | None, preset: str | None, speed: float, faults: tuple[str, ...]) -> None:
    """Keep simulated clusters running until Ctrl-C. The first line printed is the path of their kubeconfig."""
    if clusters is not None and preset is not None:
        raise click.UsageError("--clusters and --preset exclude each other.")
    ctx.exit(sandbox_up(preset, clusters or 2, speed, faults))


def sandbox_up(preset: str | None, clusters: int, speed: float, faults: tuple[str, ...] = ()) -> int:
    """The contexts that a preset names, or sandbox-1 to sandbox-N, until Ctrl-C."""
    from pathlib import Path

    from bevel_tui.sandbox.faults.play import parse
    from bevel_tui.sandbox.process import run_foreground

    for fault in faults:
        parse(fault)  # a wrong name is said before anything starts
    contexts = [f"sandbox-{number + 1}" for number in range(clusters)]
    domains: list[str] = []
    if preset is not None:
        network = api.load(preset)
        contexts = list(dict.fromkeys(cluster.context for cluster in network.clusters))
        domains = [cluster.domain for cluster in network.clusters if cluster.domain]

    def ready(kubeconfig: Path) -> None:
        sys.stdout.write(f"{kubeconfig}\n")
        sys.stdout.flush()
        target = f"--preset {preset}" if preset else "--preset FILE"
        sys.stderr.write(
            f"{len(contexts)} simulated clusters are up (contexts {', '.join(contexts)}); Ctrl-C ends them.\n"
            f"  kubectl --kubeconfig {kubeconfig} --context {contexts[0]} get nodes\n"
            f"  bevel-tui {target} --kubeconfig {kubeconfig}\n"
        )

    asyncio.run(run_foreground(contexts, speed=speed, domains=domains, faults=faults, ready=ready))
    return ExitCode.OK


@command.command("faults")
def list_faults() -> None:
    """List what can go wrong in a sandbox, each with the diagnosis that must come of it."""
    from bevel_tui.sandbox.faults.catalogue import FAULTS

    width = max(len(fault.name) for fault in FAULTS)
    for fault in FAULTS:
        sys.stdout.write(f"{fault.name:<{width}}  {fault.code:<18}  {fault.what}\n")
