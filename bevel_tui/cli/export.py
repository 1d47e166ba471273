"""`bevel-tui export`: a preset written for other programs. What they cannot say or do is listed on stderr."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from bevel_tui import api
from bevel_tui.cli import helping, options
from bevel_tui.records.errors import BevelError, Code, ExitCode

ENGINES = ("flux", "argocd", "helmfile")


@click.command(cls=helping.Command)
@options.preset
@click.option(
    "--format",
    "form",
    type=click.Choice(["network-yaml", *ENGINES]),
    required=True,
    help="network-yaml: a file for Bevel's own playbooks; flux, argocd, helmfile: a folder for that engine.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="File (network-yaml; default: standard output) or folder.",
)
@options.charts
@click.option("--repository", metavar="URL", help="Git repository that will hold the folder (flux, argocd).")
@click.option("--branch", default="main", show_default=True, help="Its branch.")
@click.option("--secret-store", metavar="NAME", help="ClusterSecretStore of External Secrets, where there is one.")
@click.option("--force", is_flag=True, help="Write over what is there.")
@click.pass_context
def command(ctx: click.Context, /, preset: str | None, **given: Any) -> None:
    """Write a preset for other programs. Secrets are never written; what a format cannot say goes to stderr.

    \b
    Examples:
      bevel-tui export --preset my-network.yaml --format network-yaml
      bevel-tui export --preset my-network.yaml --format flux -o deploy
    """
    ctx.exit(export(options.required(preset), **given))


def export(
    preset: str, *, own: tuple[str, ...], form: str, output: Path | None, force: bool, charts: str | None,
    gateway_charts: str | None, repository: str | None, branch: str, secret_store: str | None,
) -> int:  # fmt: skip
    """`bevel-tui export`. Raises BevelError."""
    network = options.network(preset, own)
    if form == "network-yaml":
        return network_yaml(network, output, force=force)
    if output is None:
        raise click.UsageError("--output is missing: name a folder.")
    return engine(
        network, output, form, force=force, charts=charts, gateway_charts=gateway_charts, repository=repository,
        branch=branch, store=secret_store,
    )  # fmt: skip


def engine(
    network: Any, output: Path, name: str, *, force: bool, charts: str | None, gateway_charts: str | None,
    repository: str | None, branch: str, store: str | None,
) -> int:  # fmt: skip
    """A folder for a GitOps engine, with the charts in it."""
    from bevel_tui.engine.options import RunOptions
    from bevel_tui.export import folder
    from bevel_tui.export.work import Work, place

    plan = api.plan(network)
    target = folder.Target(name, repository or folder.REPOSITORY, branch, store)
    trees = asyncio.run(api.private_charts(network, RunOptions(charts=charts, gateway_charts=gateway_charts)))
    places = {f"charts/{place(step)}": trees[step.id] for step in Work(network, plan).releases}
    count = folder.write(output, folder.texts(network, plan, target), places, force=force)
    for line in folder.left_to_do(network, plan, target):
        click.echo(f"to do: {line}", err=True)
    click.echo(f"{count} files in {output}; README.md says how to go on.")
    return int(ExitCode.OK)


def network_yaml(network: Any, output: Path | None, *, force: bool) -> int:
    """The file for Bevel's playbooks."""
    from bevel_tui.network.problem import where

    exported = api.export_network_yaml(network)
    if output is None:
        click.echo(exported.text, nl=False)
    else:
        _write(output, exported.text, force=force)
    for problem in exported.lost:
        word = "not said" if problem.code == "not-in-network-yaml" else "to know"
        click.echo(f"{word}: {where(problem.path)}: {problem.message}", err=True)
    return int(ExitCode.OK)


def _write(path: Path, text: str, *, force: bool) -> None:
    if path.exists() and not force:
        raise BevelError(Code.USAGE, f"{path} exists", remedy="Name another file, or add --force.")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise BevelError(Code.USAGE, f"{path} cannot be written: {exc.strerror}", remedy="Name another path.") from None
