"""`bevel-tui dns`: the records to create for the gateways as they are now, in the form that the owner's DNS takes."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import click

from bevel_tui import api
from bevel_tui.cli import helping, options
from bevel_tui.records.errors import ExitCode

#: `api.dns_forms`, which would import what only this command needs; a test compares
FORMS = ("table", "zone", "route53", "azure", "gcp", "digitalocean", "external-dns", "nsupdate")


@click.command(cls=helping.Command)
@options.preset
@click.option("-o", "--output", type=click.Choice([*FORMS, "json"]), default="table", show_default=True)
@click.option("--cluster", metavar="NAME", help="Only this cluster's domain.")
@options.kubeconfig
@options.color
@click.pass_context
def command(ctx: click.Context, /, preset: str | None, **given: Any) -> None:
    """The DNS records that lead to the gateways, in the form that your DNS takes.

    The table also says what each name server answers now. Exits 5 while a domain does not lead to its gateway.

    \b
    Examples:
      bevel-tui dns --preset my-network.yaml            what is there, what is not
      bevel-tui dns --preset my-network.yaml -o zone    lines for a zone file
    """
    ctx.exit(show(options.required(preset), **given))


def show(
    preset: str, *, own: tuple[str, ...], output: Any, cluster: str | None, kubeconfig: str | None, color: str
) -> int:
    """The records on stdout, nothing else there: they can be piped. What is missing goes to stderr."""
    from bevel_tui.engine.options import RunOptions
    from bevel_tui.output import domains
    from bevel_tui.output.console import results

    network = options.network(preset, own)
    if cluster is not None and cluster not in {one.name for one in network.clusters}:
        raise click.UsageError(f"There is no cluster called {cluster} in the preset.")
    found = asyncio.run(api.domains(network, RunOptions(kubeconfig=kubeconfig, journal=False)))
    states = [state for state in found if cluster in (None, state.cluster)]
    if output == "json":
        sys.stdout.write(domains.to_json(states, network=network.name) + "\n")
    elif output == "table":
        domains.text(results(colour=color), states)
    else:
        domains.recipes(states, output)
    return ExitCode.OK if all(state.ready for state in states) else ExitCode.UNREACHABLE
