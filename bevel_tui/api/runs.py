"""Runs over clusters: deploy, destroy, check, what would change, and what a run hands on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING

from bevel_tui.api.documents import plan

if TYPE_CHECKING:
    from bevel_tui.engine.cancel import Cancellation
    from bevel_tui.engine.changes import Change
    from bevel_tui.engine.control import RunControl
    from bevel_tui.engine.options import RunOptions
    from bevel_tui.engine.publish import Place, Published
    from bevel_tui.network.model import Network
    from bevel_tui.reachability.recipes import Form
    from bevel_tui.records.dns import DomainState
    from bevel_tui.records.events import AnyEvent, DnsWaiting


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


def prepare() -> None:
    """Import what talks to clusters (half a second), for programs that want it done on another thread than their own."""
    import importlib

    for name in ("bevel_tui.engine.snapshots.watch", "bevel_tui.kube.client", "kubernetes.aio.client.configuration"):
        importlib.import_module(name)
