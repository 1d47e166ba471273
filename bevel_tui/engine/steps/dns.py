"""The DNS gate as a step: shows what to create, and goes on by itself when the names lead to the gateway."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from bevel_tui.engine import announcing
from bevel_tui.engine.addresses import gateway_of
from bevel_tui.engine.context import RunContext
from bevel_tui.engine.executor import Result
from bevel_tui.kube.client import ApiError
from bevel_tui.platforms.ids import external_dns_id, gateway_ready_id
from bevel_tui.reachability.dynamic import UpdateError
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.events import DnsReady, DnsWaiting, Notice, StepWaiting
from bevel_tui.records.steps import AddressStep, DnsStep, Step

#: seconds until a server that did not take an update is asked again
AGAIN = 5.0


async def perform(ctx: RunContext, step: DnsStep) -> Result:
    """Wait until the names resolve to the gateway's addresses. Ends early when the run is to stop."""
    addresses = ctx.addresses.get(step.address_step, ())
    written = False
    if step.update is not None:
        refused = await _write(ctx, step, addresses)
        if refused is not None and refused.outcome != "ok":
            return refused
        written = refused is not None
    if step.mode == "external-dns":
        written = await _announce(ctx, step)
    states = ctx.reach.gate(ctx.access(step), step, addresses)
    waited = False
    told: tuple[str, ...] = ()
    hindrances: set[str] = set()
    while True:
        state = await ctx.cancel.unless_stopped(anext(states))
        if state is None:
            return Result("cancelled", f"stopped while waiting for the DNS records of {step.domain}")
        if state.ready:
            ctx.emit(
                DnsReady(
                    step=step.id,
                    cluster=step.cluster,
                    domain=step.domain,
                    addresses=tuple(state.addresses),
                    behind=dict(state.behind),
                )
            )
            return Result("ok" if waited or written else "unchanged")
        waited = True
        ctx.emit(
            DnsWaiting(
                step=step.id,
                cluster=step.cluster,
                domain=step.domain,
                records=tuple(state.records),
                zone_lines=tuple(state.zone_lines),
                servers=dict(state.servers),
                mode=step.mode,
                zone=state.zone,
                service=service_of(ctx.plan.steps, step),
                context=ctx.access(step).context,
            )
        )
        hindered = await _hindered(ctx, step)
        if hindered is not None and hindered.summary not in hindrances:
            hindrances.add(hindered.summary)
            text = f"DNS: {hindered.summary}. {hindered.remedy or ''}".strip()
            ctx.emit(Notice(level="warning", cluster=step.cluster, step=step.id, text=text))
        waiting_for = (state.waiting_for, *([hindered.summary] if hindered is not None else []))
        if waiting_for != told:
            told = waiting_for
            ctx.emit(StepWaiting(step=step.id, cluster=step.cluster, waiting_for=told))


async def _hindered(ctx: RunContext, step: DnsStep) -> CheckResult | None:
    """Why the external-dns that is waited for will not make the records; None when it should, or nobody knows."""
    if step.mode != "external-dns" or not step.domain:
        return None
    with contextlib.suppress(ApiError):
        asking = ctx.reach.makes_records(ctx.access(step), step, gateway_of(ctx.plan, step))
        result = await ctx.cancel.unless_stopped(asking)
        return result if result is not None and result.status in {"failed", "warning"} else None
    return None


async def _write(ctx: RunContext, step: DnsStep, addresses: tuple[str, ...]) -> Result | None:
    """Write the records: a result of ok when the zone was changed, None when it was right; else why it cannot be.

    A server that does not answer is asked again: the step's budget ends that.
    """
    update = step.update
    if update is None:
        return None
    secret = ctx.secrets.value(update.key)
    friends = frozenset(n.network for n in ctx.shared.neighbours.get(step.cluster, ()))
    while not ctx.cancel.stopping.is_set():
        try:
            done = await ctx.reach.publish(ctx.access(step), step, addresses, secret, friends)
        except UpdateError as error:
            if not error.passing:
                return Result("failed", f"{error.words} [{error.code}]", error.remedy)
            ctx.emit(StepWaiting(step=step.id, cluster=step.cluster, waiting_for=(error.words,)))
            await ctx.cancel.pause(AGAIN)
            continue
        if done.outcome in ("unchanged", "found"):
            return None
        ctx.changed.add(step.id)
        if done.outcome == "created":
            ctx.created.add(step.id)
        ctx.emit(Notice(cluster=step.cluster, step=step.id, text=f"DNS: {done.words}"))
        return Result("ok")
    return Result("cancelled", f"stopped while writing the DNS records of {step.domain}")


async def _announce(ctx: RunContext, step: DnsStep) -> bool:
    """Tell external-dns of the domain, where the gateway's Service does not yet: a gateway that was there before us, or
    one whose removal was broken off. Raises ApiError."""
    gateway = gateway_of(ctx.plan, step)
    changed = await announcing.announce(ctx.access(step), step, gateway.service)
    if changed:
        ctx.changed.add(step.id)
        where = f"{gateway.service.namespace}/{gateway.service.name}"
        text = f"DNS: {where} is annotated with {', '.join(announcing.names_of(step))} for external-dns"
        ctx.emit(Notice(cluster=step.cluster, step=step.id, text=text))
    # taken back with what this run made: external-dns has to see it before it goes itself
    if changed or {gateway_ready_id(step.cluster), external_dns_id(step.cluster)} & ctx.created:
        ctx.created.add(step.id)
    return changed


def service_of(steps: Iterable[Step], step: DnsStep) -> str | None:
    """The gateway's Service that a domain leads to, as ``namespace/name``."""
    for other in steps:
        if isinstance(other, AddressStep) and other.id == step.address_step:
            return f"{other.service.namespace}/{other.service.name}"
    return None
