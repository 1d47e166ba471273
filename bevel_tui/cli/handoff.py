"""`bevel-tui handoff`: bundles out, in, and shown. Results go to stdout, so that a digest can be piped or compared."""

from __future__ import annotations

import asyncio
import hmac
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bevel_tui import api
from bevel_tui.cli import helping, options
from bevel_tui.records.errors import BevelError, Code, ExitCode

if TYPE_CHECKING:
    from bevel_tui.engine.bundles.document import Bundle


@click.group(cls=helping.Group)
def command() -> None:
    """Public material between operators who share no kubeconfig: each runs their part of the same preset.

    \b
    Examples:
      bevel-tui handoff export --preset my-network.yaml --for carrier
      bevel-tui handoff import from-carrier.handoff.yaml --preset my-network.yaml
    """


_bundle = click.argument("bundle", type=click.Path(path_type=Path))


@command.command("export")
@options.preset
@click.option("--for", "receivers", metavar="ORG", multiple=True, required=True, help="Who waits for it; repeatable.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The bundle's file. Default: NETWORK-for-ORG.handoff.yaml here.",
)
@options.kubeconfig
@click.pass_context
def handoff_export(ctx: click.Context, /, preset: str | None, **given: Any) -> None:
    """Write what others wait for, as far as it is ready, to a bundle. Clusters are only read."""
    ctx.exit(export(options.required(preset), **given))


@command.command("import")
@options.preset
@_bundle
@click.option("--digest", metavar="SHA256", help="The digest that the sender told you; another one is refused.")
@options.kubeconfig
@click.pass_context
def handoff_import(ctx: click.Context, /, preset: str | None, **given: Any) -> None:
    """Take a bundle in: check it against your plan and keep it in your clusters. A run that waits goes on."""
    ctx.exit(take(options.required(preset), **given))


@command.command("show")
@options.preset
@_bundle
@click.pass_context
def handoff_show(ctx: click.Context, /, **given: Any) -> None:
    """Say what a bundle holds; with --preset also whether your plan waits for it. Nothing is changed."""
    ctx.exit(show(**given))


def export(
    preset: str, *, own: tuple[str, ...], receivers: tuple[str, ...], output: Path | None, kubeconfig: str | None
) -> int:
    """`bevel-tui handoff export`. Raises BevelError."""
    from bevel_tui.engine.bundles.document import save
    from bevel_tui.engine.options import RunOptions

    network = options.network(preset, own)
    bundle = asyncio.run(api.hand_over(network, receivers, RunOptions(kubeconfig=kubeconfig, journal=False)))
    path = output or Path(f"{network.name}-for-{'-'.join(bundle.receivers)}.handoff.yaml")
    save(bundle, path)
    _write(*_lines(bundle), f"written to {path}")
    if bundle.pending:
        _write("Export again when that is ready; a later bundle holds all that an earlier one does.")
    _write("Send the file, and tell the digest over another channel (a call, a signed mail).")
    return ExitCode.OK


def take(preset: str, *, own: tuple[str, ...], bundle: Path, digest: str | None, kubeconfig: str | None) -> int:
    """`bevel-tui handoff import`. Raises BevelError."""
    from bevel_tui.engine.options import RunOptions

    network = options.network(preset, own)
    found = api.open_bundle(bundle)
    if digest is not None and not hmac.compare_digest(found.digest.encode(), digest.strip().lower().encode()):
        raise BevelError(
            Code.HANDOFF_REFUSED,
            f"The digest of {bundle} is {found.digest}, not the one that you were told.",
            remedy="Nothing was taken in. Ask the sender which of the two is theirs.",
        )
    taken = asyncio.run(api.take_over(network, found, RunOptions(kubeconfig=kubeconfig, journal=False)))
    for note in taken.notes:
        sys.stderr.write(f"warning: {note}\n")
    _write(*_lines(found))
    where = ", ".join(taken.stored)
    _write(f"taken in: kept in {where}" if taken.changed else f"nothing new: {where} held it already")
    _write("A deployment that waits for it goes on by itself; else start one: bevel-tui --preset FILE")
    return ExitCode.OK


def show(*, preset: str | None, own: tuple[str, ...], bundle: Path) -> int:
    """`bevel-tui handoff show`. Raises BevelError."""
    found = api.open_bundle(bundle, options.network(preset, own) if preset is not None else None)
    _write(*_lines(found, values=True))
    if preset is not None:
        _write("Your plan waits for all of it.")
    return ExitCode.OK


def _lines(bundle: Bundle, *, values: bool = False) -> list[str]:
    from bevel_tui.network.problem import printable

    lines = [
        f"Bundle of network {printable(bundle.network)} ({printable(bundle.platform)})",
        f"  from {printable(', '.join(bundle.senders))} for {printable(', '.join(bundle.receivers))}, "
        f"made {bundle.created:%Y-%m-%d %H:%M:%S} UTC",
    ]
    for item in bundle.items:
        source = f"{item.source.kind} {item.source.namespace}/{item.source.name}"
        lines.append(f"  {printable(item.handoff)}: {printable(source)}")
        if values:
            sizes = ", ".join(f"{printable(key)} ({len(value)} bytes)" for key, value in item.values().items())
            lines += [f"      {sizes}", f"      {item.sha256}"]
    lines += [f"  done: {printable(name)}" for name in bundle.done]
    lines += [f"  address of cluster {printable(name)}: {address}" for name, address in bundle.addresses.items()]
    lines += [f"  not ready yet: {printable(name)}" for name in bundle.pending]
    return [*lines, f"  {bundle.digest}"]


def _write(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
