"""`bevel-tui bundle`: a support archive of what is seen of a network, without secrets."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from bevel_tui import api
from bevel_tui.cli import helping, options
from bevel_tui.cli.diagnose import given
from bevel_tui.records.errors import BevelError, Code, ExitCode


@click.command(cls=helping.Command)
@options.preset
@click.option(
    "--snapshot", "file", metavar="FILE", type=click.Path(path_type=Path), help="A saved snapshot, no cluster."
)
@click.option(
    "--to", "path", metavar="FILE", type=click.Path(path_type=Path), help="Where to; default: a name with the time."
)
@click.option("--no-checks", is_flag=True, help="Ask no reachability checks.")
@options.kubeconfig
@click.pass_context
def command(
    ctx: click.Context,
    /,
    preset: str | None,
    own: tuple[str, ...],
    file: Path | None,
    path: Path | None,
    no_checks: bool,
    kubeconfig: str | None,
) -> None:
    """Write a support archive: snapshot, findings, events, logs, checks, plan, versions; secrets masked.

    REDACTED.txt in it says what was masked. Nothing is sent anywhere, nothing is changed in any cluster.

    \b
    Examples:
      bevel-tui bundle --preset my-network.yaml
    """
    snapshot = given(file, preset, own, kubeconfig, probe=not no_checks)
    stamp = datetime.fromtimestamp(snapshot.taken, UTC).strftime("%Y%m%d-%H%M%S")
    target = path or Path(f"bevel-tui-bundle-{stamp}.tar.gz")
    try:
        names = api.bundle(snapshot, target)
    except OSError as error:
        raise BevelError(Code.USAGE, f"{target} cannot be written: {error.strerror or error}.") from None
    sys.stdout.write(f"{target}\n")
    sys.stderr.write(f"{len(names)} files, secrets masked: read REDACTED.txt in it before you send it.\n")
    ctx.exit(ExitCode.OK)
