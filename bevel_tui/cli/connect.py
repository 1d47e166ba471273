"""`bevel-tui connect`: connection material for whoever uses the network. Public only; clusters are only read."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from bevel_tui import api
from bevel_tui.cli import helping, options
from bevel_tui.records.errors import ExitCode


@click.command(cls=helping.Command)
@options.preset
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FOLDER", required=True, help="Where to write it."
)
@click.option("--offline", is_flag=True, help="Ask no cluster: addresses only, no certificates and no genesis.")
@click.option("--force", is_flag=True, help="Write over what is there.")
@options.kubeconfig
@click.pass_context
def command(ctx: click.Context, /, preset: str | None, **given: Any) -> None:
    """Write connection material: Fabric connection profiles, Ethereum RPC addresses, Indy's genesis. Never private keys.

    \b
    Examples:
      bevel-tui connect --preset my-network.yaml -o use
    """
    ctx.exit(connect(options.required(preset), **given))


def connect(
    preset: str, *, own: tuple[str, ...], output: Path, offline: bool, force: bool, kubeconfig: str | None
) -> int:
    """`bevel-tui connect`. Raises BevelError."""
    from bevel_tui.export import connection, folder

    network = options.network(preset, own)
    plan = api.plan(network)
    places = () if offline else connection.wanted(network, plan)
    found = asyncio.run(api.published(network, places, kubeconfig))
    files = connection.files(network, plan, found.texts)
    folder.write(output, files, {}, force=force)
    for why in found.missing:
        click.echo(f"left out: {why}", err=True)
    click.echo(f"{', '.join(sorted(files))} in {output}")
    return int(ExitCode.OK)
