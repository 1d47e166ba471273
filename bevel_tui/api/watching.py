"""What is there and what is wrong with it: snapshots, diagnoses, actions, the support archive."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bevel_tui.diagnosis.timeline import Moment
    from bevel_tui.engine.snapshots.watch import Watching
    from bevel_tui.network.model import Network
    from bevel_tui.records.actions import Action, ActionDone, Subject
    from bevel_tui.records.findings import Diagnosis
    from bevel_tui.records.snapshot import Snapshot


def watch(
    networks: Iterable[Network] = (),
    contexts: Iterable[str] = (),
    *,
    kubeconfig: str | None = None,
    probe: float | None = None,
    namespaces: Iterable[str] = (),
) -> Watching:
    """A watch over the clusters of networks, or of contexts, or (with neither) of every context in which a network is
    found. A network that is found brings its other clusters along. With `namespaces` only networks with an organization
    that lives in one of them are taken in, as the operator of these organizations sees them, without the namespaces of
    others.

        async with api.watch(contexts=["east"]) as watching:
            async for snapshot in watching.snapshots():
                diagnosis = api.diagnose(snapshot)

    The first snapshot comes when the clusters were read (slow and dead ones are waited for a few seconds only), others
    whenever something changed. `probe` is seconds between two rounds of reachability checks; None: none. Nothing is
    changed in any cluster. Entering raises BevelError: context-unknown, kubeconfig-unreadable.
    """
    from bevel_tui.engine.snapshots.watch import Wanted, Watching

    return Watching(
        Wanted(
            networks=tuple(networks),
            contexts=tuple(contexts),
            kubeconfig=kubeconfig,
            probe=probe,
            namespaces=frozenset(namespaces),
        )
    )


async def snapshot(
    networks: Iterable[Network] = (),
    contexts: Iterable[str] = (),
    *,
    kubeconfig: str | None = None,
    probe: bool = False,
    namespaces: Iterable[str] = (),
) -> Snapshot:
    """One complete snapshot, as `watch` would give it; with `probe` reachability is asked too.

    Raises BevelError: context-unknown, kubeconfig-unreadable, usage when no network is found.
    """
    from bevel_tui.engine.snapshots.watch import Wanted, once

    wanted = Wanted(
        networks=tuple(networks), contexts=tuple(contexts), kubeconfig=kubeconfig, namespaces=frozenset(namespaces)
    )
    return await once(wanted, probe=probe)


def diagnose(snapshot: Snapshot, *, kubeconfig: str | None = None) -> Diagnosis:
    """What is wrong in a snapshot, roots first, each followed by its consequences. Pure, and quick for what did not
    change: a cluster that is the same object as in the last snapshot is not looked at again.

    Commands can be typed as they are; `kubeconfig` is named in them where it is not the default one.
    """
    from bevel_tui.diagnosis.diagnose import diagnose as judge

    return judge(snapshot, kubeconfig)


def timeline(before: Snapshot, after: Snapshot) -> tuple[Moment, ...]:
    """What changed between two snapshots of one watch: access, releases, objects' states, problems. Pure."""
    from bevel_tui.diagnosis.timeline import between

    return between(before, after, diagnose(before), diagnose(after))


def load_snapshot(path: Path) -> Snapshot:
    """A snapshot from a file (JSON, gzipped JSON, YAML). Raises BevelError(snapshot-unreadable)."""
    from bevel_tui.records.snapshotfile import load as read

    return read(path)


def save_snapshot(snapshot: Snapshot, path: Path) -> None:
    """Write a snapshot to a file that only its owner may read; gzipped where the name ends in .gz. Raises OSError."""
    from bevel_tui.records.snapshotfile import save

    save(snapshot, path)


def actions(snapshot: Snapshot, about: Subject, *, kubeconfig: str | None = None) -> tuple[Action, ...]:
    """What a person can order to be done about a finding or an object, each with the command that does the same.

    The commands can be typed as they are; `kubeconfig` is named in them where it is not the default one.
    """
    from bevel_tui.engine.actions import offered

    return offered(snapshot, about.cluster, about.kind, about.namespace, about.name, kubeconfig)


async def act(action: Action, *, kubeconfig: str | None = None, readonly: bool = False) -> ActionDone:
    """Carry out a confirmed action on an object: restart-pod, rerun-job, rollback. The other kinds are runs:
    retry-release is `deploy` of its network, rerun-checks is `Watching.probe`.

    Raises BevelError: read-only, or what a cluster that cannot be used raises.
    """
    from bevel_tui.engine.actions import perform
    from bevel_tui.engine.snapshots.watch import connect
    from bevel_tui.records.errors import BevelError, Code

    if readonly:
        raise BevelError(Code.READONLY, "Nothing is changed in read-only mode.")
    return await perform(action, kubeconfig, connect)


def bundle(snapshot: Snapshot, path: Path) -> tuple[str, ...]:
    """Write a support archive (.tar.gz) of a snapshot, secrets masked; the names of its files. Raises OSError."""
    from bevel_tui.engine.archive import write

    return write(snapshot, diagnose(snapshot), path)
