"""`bevel-tui import`: a network.yaml of Bevel becomes a preset, and what a person must know of it goes to stderr."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bevel_tui import api
from bevel_tui.cli import helping
from bevel_tui.records.errors import BevelError, Code, ExitCode


@click.command(cls=helping.Command)
@click.argument("file", type=click.Path(path_type=Path), metavar="NETWORK.YAML")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The preset to write. Default: standard output.",
)
@click.option("--name", help="Name of the network; default: network.name of the file, else platform and env.type.")
@click.option(
    "--context",
    "contexts",
    metavar="ORG=CONTEXT",
    multiple=True,
    help="kubeconfig context of an organization, instead of the file's; repeatable.",
)
@click.option("--as-new", is_flag=True, help="Take what the file calls existing for new.")
@click.option("--without-vault", is_flag=True, help="Keep keys in Kubernetes Secrets instead of the file's Vault.")
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@click.option("-v", "--verbose", is_flag=True, help="Also list what is left out because it means nothing here.")
@click.pass_context
def command(ctx: click.Context, /, file: Path, **given: Any) -> None:
    """Turn a network.yaml of Bevel into a preset. Nothing is written when a part of it is not supported.

    \b
    Examples:
      bevel-tui import network.yaml -o my-network.yaml
      bevel-tui plan --preset my-network.yaml
    """
    ctx.exit(import_file(file, **given))


def import_file(
    file: Path,
    *,
    output: Path | None,
    name: str | None,
    contexts: tuple[str, ...],
    as_new: bool,
    without_vault: bool,
    force: bool,
    verbose: bool,
) -> int:
    """`bevel-tui import`. Raises BevelError."""
    from bevel_tui.network.bevel.importing import header
    from bevel_tui.network.bevel.reading import Options
    from bevel_tui.network.save import dump

    if output is not None and output.exists() and not force:
        raise BevelError(
            Code.USAGE, f"{output} exists", remedy="Name another file, or add --force to write over this one."
        )
    wanted = dict(_pair(text) for text in contexts)
    options = Options(name=name, contexts=wanted, as_new=as_new, without_vault=without_vault)
    imported = api.import_network_yaml(file, options)
    strangers = sorted(set(wanted) - {organization.name for organization in imported.network.organizations})
    if strangers:
        raise BevelError(
            Code.USAGE,
            f"--context names {', '.join(strangers)}, which is no organization of {file}",
            remedy="Organizations: " + ", ".join(o.name for o in imported.network.organizations),
        )
    first, _, body = dump(imported.network).partition("\n")
    preset = f"{first}\n#\n{header(imported.notes, file.name)}{body}"
    if output is None:
        click.echo(preset, nl=False)
    else:
        try:
            output.write_text(preset, encoding="utf-8")
        except OSError as exc:
            raise BevelError(
                Code.USAGE, f"{output} cannot be written: {exc.strerror}", remedy="Name another file."
            ) from None
    for line in _report(imported, output, verbose=verbose):
        click.echo(line, err=True)
    return int(ExitCode.OK)


def _pair(text: str) -> tuple[str, str]:
    organization, equals, context = text.partition("=")
    if not (organization and equals and context):
        raise click.UsageError(f"--context {text}: write ORGANIZATION=CONTEXT")
    return organization, context


def _report(imported: Any, output: Path | None, *, verbose: bool) -> list[str]:
    from bevel_tui.network.bevel.notes import HEADINGS

    lines = []
    for kind, heading in HEADINGS.items():
        found = [note for note in imported.notes if note.kind == kind]
        if found and kind == "left-out" and not verbose:
            lines.append(f"{heading}: {len(found)} keys (-v lists them)")
        elif found:
            lines += [f"{heading}:", *(f"  {note}" for note in found)]
    network = imported.network
    count = len(network.organizations)
    lines.append(
        f"Network {network.name}: {network.platform.type}, {count} organization{'s' if count > 1 else ''} in "
        f"{len(network.clusters)} cluster{'s' if len(network.clusters) > 1 else ''}"
        + (f"; written to {output}" if output else "")
    )
    return lines
