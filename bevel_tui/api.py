"""bevel-tui for programs: load a Network, plan it, deploy it, ask whether it can be reached, take it away.

The command line and the screens call these and nothing below. Imports are made when they are needed: loading a
preset costs pydantic, planning nothing more, and only what touches a cluster imports the Kubernetes client.

    network = load("presets/besu-two-clusters.yaml")
    async with contextlib.aclosing(deploy(network)) as events:  # leaving early ends the run cleanly
        async for event in events:
            print(event.type)
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import AbstractContextManager, aclosing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bevel_tui.diagnosis.timeline import Moment
    from bevel_tui.engine.bundles.document import Bundle
    from bevel_tui.engine.bundles.taking import Taken
    from bevel_tui.engine.cancel import Cancellation
    from bevel_tui.engine.changes import Change
    from bevel_tui.engine.control import RunControl
    from bevel_tui.engine.options import RunOptions
    from bevel_tui.engine.publish import Place, Published
    from bevel_tui.engine.snapshots.watch import Watching
    from bevel_tui.network.basics import SecretRef
    from bevel_tui.network.bevel.exporting import Exported
    from bevel_tui.network.bevel.importing import Imported
    from bevel_tui.network.bevel.reading import Options as ImportOptions
    from bevel_tui.network.model import Network
    from bevel_tui.network.past import Past
    from bevel_tui.plan.footprint import Footprint
    from bevel_tui.plan.graph import Plan
    from bevel_tui.reachability.recipes import Form
    from bevel_tui.records.actions import Action, ActionDone, Subject
    from bevel_tui.records.dns import DomainState
    from bevel_tui.records.events import AnyEvent, DnsWaiting
    from bevel_tui.records.findings import Diagnosis
    from bevel_tui.records.machine import Answer
    from bevel_tui.records.snapshot import Snapshot
    from bevel_tui.records.survey import SurveyRow

__all__ = [
    "act",
    "actions",
    "bundle",
    "changes",
    "check",
    "contexts",
    "deploy",
    "destroy",
    "diagnose",
    "dns_forms",
    "dns_recipe",
    "doctor",
    "domains",
    "export_network_yaml",
    "footprint",
    "hand_over",
    "import_network_yaml",
    "load",
    "load_snapshot",
    "log_in",
    "look",
    "missing_charts",
    "open_bundle",
    "plan",
    "prepare",
    "private_charts",
    "published",
    "save_snapshot",
    "secret_problem",
    "snapshot",
    "take_over",
    "terminal_taken",
    "timeline",
    "watch",
]


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


async def deploy(
    network: Network,
    options: RunOptions | None = None,
    *,
    cancel: Cancellation | None = None,
    control: RunControl | None = None,
) -> AsyncGenerator[AnyEvent, None]:
    """Carry the plan out. The last event is always `run-finished`; its `exit_code` says how it ended.

    What users, clusters or charts do wrong is in that event; only a Network that cannot be planned raises
    (BevelError). Setting `cancel` (its `request`) once finishes what is in flight, twice leaves within 2 s.
    `control` (instead of `cancel`) is for screens: pause, retry, more time, cancel with or without rolling back.
    """
    from bevel_tui.engine.run import deploy as run

    async with aclosing(run(network, None, options, cancel=cancel, control=control)) as events:
        async for event in events:
            yield event


async def destroy(
    network: Network,
    options: RunOptions | None = None,
    *,
    cancel: Cancellation | None = None,
    control: RunControl | None = None,
) -> AsyncGenerator[AnyEvent, None]:
    """Remove what the Network's plan installed, in the safe order. Ledger data stays unless
    `options.purge_data`. Events and errors as in `deploy`."""
    from bevel_tui.engine.run import destroy as run

    async with aclosing(run(network, None, options, cancel=cancel, control=control)) as events:
        async for event in events:
            yield event


async def check(
    network: Network, options: RunOptions | None = None, *, cancel: Cancellation | None = None
) -> AsyncGenerator[AnyEvent, None]:
    """Ask every reachability check; answers are `check-done` events.

    Nothing is changed: with `options.vantage` other than ``here`` a pod runs in every cluster meanwhile, and goes again.
    """
    from bevel_tui.engine.run import check as run

    async with aclosing(run(network, None, options, cancel=cancel)) as events:
        async for event in events:
            yield event


async def domains(network: Network, options: RunOptions | None = None) -> list[DomainState]:
    """How every domain of this side stands now: its records, and what name servers say. Nothing is changed.

    No recursive resolver is asked for a name that its authorities do not have. Raises BevelError.
    """
    from bevel_tui.engine.domains import domains as look

    return await look(network, options)


def dns_recipe(waiting: DomainState | DnsWaiting, form: Form) -> str:
    """The records of a waiting domain in one of the forms in which DNS takes them (`dns_forms`). Pure."""
    from bevel_tui.reachability.recipes import Recipe, render

    recipe = Recipe(
        waiting.domain, waiting.records, zone=waiting.zone, service=waiting.service, context=waiting.context
    )
    return render(recipe, form)


def dns_forms() -> tuple[Form, ...]:
    """The forms that `dns_recipe` knows."""
    from bevel_tui.reachability.recipes import FORMS

    return FORMS


async def changes(network: Network, options: RunOptions | None = None) -> list[Change]:
    """What a deployment would change now, and why; empty when everything is as wanted. Reads the clusters only.

    Raises BevelError as a deployment would before it changes anything. What would destroy something is among the
    changes, with the name (`needs`) that `options.allow_destructive` lacks.
    """
    from bevel_tui.engine.changes import changes as compare

    return await compare(network, None, options)


async def hand_over(network: Network, receivers: Iterable[str], options: RunOptions | None = None) -> Bundle:
    """What is ready of this side's part for organizations that others run, as a bundle. Clusters are only read.

    Raises BevelError: handoff-empty when nothing is ready yet, step-failed for what may not cross.
    """
    from bevel_tui.engine.bundles.giving import give
    from bevel_tui.engine.memory import remembered
    from bevel_tui.engine.options import RunOptions

    before = await remembered(network, options or RunOptions())
    past = None if before is None else before.after(network)
    return await give(network, _after(network, past), receivers, options, agreed=_agreed(network), past=past)


def open_bundle(path: Path, network: Network | None = None) -> Bundle:
    """A bundle from a file, its digests checked and nothing private in it; with a Network also whether it is for it.

    Raises BevelError(handoff-refused).
    """
    from bevel_tui.engine.bundles.document import load as read
    from bevel_tui.engine.bundles.taking import judged
    from bevel_tui.engine.memory import told_by

    bundle = read(path)
    if network is not None:
        judged(network, _after(network, told_by(bundle.memory, network)), bundle)
    return bundle


def _after(network: Network, past: Past | None) -> Plan:
    """The plan of a network that may have a past."""
    from bevel_tui.plan.build import build

    return plan(network) if past is None else build(network, past.after(network))


async def take_over(network: Network, bundle: Bundle, options: RunOptions | None = None) -> Taken:
    """Keep what a bundle brings in the clusters of this side that need it; a deployment that waits goes on by itself.

    Raises BevelError(handoff-refused) for anything that the plan does not wait for, and what clusters do wrong.
    """
    from bevel_tui.engine.bundles.taking import take_in
    from bevel_tui.engine.memory import remembered, told_by
    from bevel_tui.engine.options import RunOptions

    own = await remembered(network, options or RunOptions())
    past = own or told_by(bundle.memory, network)
    taken = await take_in(network, _after(network, past), bundle, options, agreed=_agreed(network))
    if own is None and past is not None:
        note = "The network was there before this side came: start the deployment now (a run that began before, again)."
        return replace(taken, notes=(*taken.notes, note))
    return taken


async def doctor(*, kubeconfig: str | None = None, charts: str | None = None, online: bool = True) -> list[Answer]:
    """Whether this machine can deploy: versions, Helm, kubeconfig, terminal, folders, resolvers, chart source.

    No cluster is asked. `online` False asks neither resolvers nor chart repositories. Raises nothing.
    """
    from bevel_tui.survey.machine import examine

    return await examine(kubeconfig=kubeconfig, charts=charts, online=online)


def contexts(kubeconfig: str | None = None) -> tuple[SurveyRow, ...]:
    """The contexts of the merged kubeconfig files, in their order, nothing asked yet. No cluster is touched.

    Raises BevelError(kubeconfig-unreadable).
    """
    from bevel_tui.kube.contexts import read
    from bevel_tui.survey.look import waiting

    return waiting(read(kubeconfig))


async def look(kubeconfig: str | None = None, names: Iterable[str] | None = None) -> AsyncGenerator[SurveyRow, None]:
    """What is there: every context (or those named) asked at once, a row each time more is known of one.

    Nothing is changed. A context that cannot be used is a row with its cause. Raises BevelError(kubeconfig-unreadable).
    """
    from bevel_tui.kube.contexts import read
    from bevel_tui.survey.look import look as run

    async with aclosing(run(read(kubeconfig), None if names is None else tuple(names))) as rows:
        async for row in rows:
            yield row


async def log_in(context: str, kubeconfig: str | None = None) -> None:
    """Let a context's credential plugin use the terminal, so that a person can log in; kept for this process.

    Raises BevelError(access-denied) when it fails, and for a context or kubeconfig that is not there.
    """
    from bevel_tui.kube.contexts import read
    from bevel_tui.kube.credentials import log_in as ask

    await ask(read(kubeconfig), context)


def terminal_taken() -> AbstractContextManager[None]:
    """While a full-screen program has the terminal, no credential plugin gets it (but through `log_in`)."""
    from bevel_tui.kube.plugins import terminal_taken as taken

    return taken()


def secret_problem(reference: SecretRef) -> str | None:
    """Why a reference leads to no secret now, as a sentence; None when it does. The value is not told."""
    from bevel_tui.engine.secrets import problem

    return problem(reference.env, reference.file)


async def published(network: Network, places: Iterable[Place], kubeconfig: str | None = None) -> Published:
    """Public texts that lie in clusters (a CA's certificate, a genesis); what is not there or private is told instead.

    Raises BevelError when no cluster that is asked can be used.
    """
    from bevel_tui.engine.publish import read

    return await read(network, places, kubeconfig)


async def private_charts(network: Network, options: RunOptions | None = None) -> Mapping[str, Mapping[str, bytes]]:
    """The chart that each release of a plan installs, by step id: content by path, dependencies inside, corrected.

    Files that other releases make at run time are not in them. Raises BevelError (chart-missing, chart-differs,
    chart-render) as a deployment would.
    """
    from bevel_tui.engine.live import charts
    from bevel_tui.engine.options import RunOptions
    from bevel_tui.records.steps import ReleaseStep

    located = charts(network, options or RunOptions(), {})
    releases = [step for step in plan(network).steps if isinstance(step, ReleaseStep) and step.managed]
    return {step.id: await located.tree(step) for step in releases}


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


def footprint(made: Plan) -> Mapping[str, Footprint]:
    """What a plan needs of each cluster: pods, volumes, storage. No cluster is asked."""
    from bevel_tui.plan.footprint import footprint as count

    return count(made)


def _agreed(network: Network) -> str:
    """The id of the plan that all sides have, whoever runs which part."""
    from bevel_tui.network.sides import seen_by_all

    return plan(seen_by_all(network)).id


def prepare() -> None:
    """Import what talks to clusters (half a second), for programs that want it done on another thread than their own."""
    import importlib

    for name in ("bevel_tui.engine.snapshots.watch", "bevel_tui.kube.client", "kubernetes.aio.client.configuration"):
        importlib.import_module(name)


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


def diagnose(snapshot: Snapshot) -> Diagnosis:
    """What is wrong in a snapshot, roots first, each followed by its consequences. Pure, and quick for what did not
    change: a cluster that is the same object as in the last snapshot is not looked at again."""
    from bevel_tui.diagnosis.diagnose import diagnose as judge

    return judge(snapshot)


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


def actions(snapshot: Snapshot, about: Subject) -> tuple[Action, ...]:
    """What a person can order to be done about a finding or an object, each with the command that does the same."""
    from bevel_tui.engine.actions import offered

    return offered(snapshot, about.cluster, about.kind, about.namespace, about.name)


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
