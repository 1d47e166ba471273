"""Reachability checks for a watch: asked of every cluster that answers, again and again; a dead one stops no other."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bevel_tui.engine.addresses import located
from bevel_tui.engine.connect import simulation_of
from bevel_tui.engine.context import Access
from bevel_tui.engine.options import RunOptions
from bevel_tui.engine.reach import LiveReach
from bevel_tui.engine.snapshots import ledgers
from bevel_tui.kube.client import ApiError
from bevel_tui.network.model import Network
from bevel_tui.plan.build import build
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.errors import BevelError
from bevel_tui.records.snapshot import LedgerFigures
from bevel_tui.records.steps import AddressStep, CheckStep

if TYPE_CHECKING:
    from bevel_tui.engine.snapshots.feed import Feed
    from bevel_tui.engine.snapshots.watch import Watching


async def probe_for_ever(watching: Watching, every: float) -> None:
    """Rounds of checks, `every` seconds apart, of all networks side by side."""
    await watching.settled(5.0)
    while True:
        await asyncio.gather(*(probe_once(watching, network) for network in watching.networks()))
        await asyncio.sleep(every)


async def probe_once(watching: Watching, network: Network) -> None:
    """One round: every check of every cluster of ours that answers. What cannot be asked is left out."""
    try:
        plan = build(network)
    except BevelError:
        return
    contexts = {cluster.name: cluster.context for cluster in network.clusters}
    gateways = {step.cluster: step for step in plan.steps if isinstance(step, AddressStep)}
    reach = LiveReach(network, RunOptions(kubeconfig=watching.wanted.kubeconfig, journal=False))

    async def ask(step: CheckStep) -> None:
        feed = watching.feeds.get(contexts.get(step.cluster, ""))
        if feed is None or feed.client is None or not step.managed:
            return
        results: dict[tuple[str, str], CheckResult] = {}
        began = watching.checks.begin()
        with contextlib.suppress(ApiError, BevelError):
            known = replace(step, endpoints=await located(step.endpoints, feed.client, plan))
            access = await _access(feed, step.cluster)
            async for result in reach.check(access, known, gateways.get(step.cluster), 0.0, settled=True):
                results[result.id, result.target] = result
        key = f"{network.name}/{step.cluster}"
        answers = tuple(results.values())
        watching.checks.put(network.name, step.cluster, began, answers)
        found = ledgers.figures(network.name, step.endpoints, answers)
        watching.ledgers[key] = _since(found, watching.ledgers.get(key, ()))
        watching.touch()

    await asyncio.gather(*(ask(step) for step in plan.steps if isinstance(step, CheckStep)))


def _since(
    found: tuple[LedgerFigures, ...], before: tuple[LedgerFigures, ...], now: float | None = None
) -> tuple[LedgerFigures, ...]:
    """With the seconds for which each height has not moved, as far as it was watched."""
    moment = time.time() if now is None else now
    known = {(one.cluster, one.node): one for one in before}
    result = []
    for one in found:
        old = known.get((one.cluster, one.node))
        same = old is not None and old.height == one.height and one.height is not None
        first = old.asked - old.since if same and old is not None else moment
        result.append(replace(one, asked=moment, since=moment - first))
    return tuple(result)


async def _access(feed: Feed, cluster: str) -> Access:
    if feed.client is None:
        raise ApiError(0, "Unreachable", "the cluster went away")
    return Access(cluster, feed.context, Path(), feed.client, await simulation_of(feed.client))
