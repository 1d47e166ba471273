"""The engine's front door: runs as streams of events. RunStarted comes first, RunFinished last, always.

These never raise for what users, clusters or charts do wrong: RunFinished says it, with the exit code.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from bevel_tui.engine.cancel import Cancellation
from bevel_tui.engine.checking import check_body
from bevel_tui.engine.context import PlanLike
from bevel_tui.engine.control import RunControl
from bevel_tui.engine.deploy import deploy_body
from bevel_tui.engine.destroy import destroy_body
from bevel_tui.engine.options import RunOptions
from bevel_tui.engine.parts import Parts
from bevel_tui.engine.runner import Command, Run
from bevel_tui.network.model import Network
from bevel_tui.records.events import AnyEvent


def run_of(
    command: Command,
    network: Network,
    plan: PlanLike | None,
    options: RunOptions | None,
    cancel: Cancellation | None = None,
    parts: Parts | None = None,
    control: RunControl | None = None,
) -> Run:
    """A run; without a `plan` it makes its own, by what the clusters tell of the network. Raises BevelError."""
    planner = None
    if plan is None:
        from bevel_tui.plan.build import build

        planner, plan = build, build(network)
    stop = control.cancel if control is not None else cancel or Cancellation()
    return Run(command, network, plan, options or RunOptions(), stop, parts or Parts(), planner, control)


async def deploy(
    network: Network,
    plan: PlanLike | None = None,
    options: RunOptions | None = None,
    *,
    cancel: Cancellation | None = None,
    parts: Parts | None = None,
    control: RunControl | None = None,
) -> AsyncGenerator[AnyEvent, None]:
    """Carry out `plan`: install what is missing, repair what is half done, leave alone what is as planned."""
    run = run_of("deploy", network, plan, options, cancel, parts, control)
    async with aclosing(run.events(deploy_body)) as events:
        async for event in events:
            yield event


async def destroy(
    network: Network,
    plan: PlanLike | None = None,
    options: RunOptions | None = None,
    *,
    cancel: Cancellation | None = None,
    parts: Parts | None = None,
    control: RunControl | None = None,
) -> AsyncGenerator[AnyEvent, None]:
    """Remove what `plan` installed, in the safe order; ledger data stays unless `options.purge_data`."""
    run = run_of("destroy", network, plan, options, cancel, parts, control)
    async with aclosing(run.events(destroy_body)) as events:
        async for event in events:
            yield event


async def check(
    network: Network,
    plan: PlanLike | None = None,
    options: RunOptions | None = None,
    *,
    cancel: Cancellation | None = None,
    parts: Parts | None = None,
) -> AsyncGenerator[AnyEvent, None]:
    """Ask only the plan's reachability checks, each once; nothing is changed."""
    run = run_of("check", network, plan, options, cancel, parts)
    async with aclosing(run.events(check_body)) as events:
        async for event in events:
            yield event
