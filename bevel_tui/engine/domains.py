"""How every domain of a Network stands now: gateways' addresses are read, name servers asked once, nothing changed."""

from __future__ import annotations

from contextlib import aclosing, suppress

from bevel_tui.engine.addresses import gateway_of
from bevel_tui.engine.cancel import Cancellation
from bevel_tui.engine.connect import close, unusable
from bevel_tui.engine.context import Reach
from bevel_tui.engine.observe import gather_all
from bevel_tui.engine.options import RunOptions
from bevel_tui.engine.parts import Parts
from bevel_tui.engine.readiness import addresses
from bevel_tui.engine.runner import Run
from bevel_tui.engine.steps.dns import service_of
from bevel_tui.kube.client import ApiError
from bevel_tui.network.model import Network
from bevel_tui.records.dns import DomainState
from bevel_tui.records.steps import DnsStep


async def domains(
    network: Network, options: RunOptions | None = None, *, parts: Parts | None = None
) -> list[DomainState]:
    """Every domain that this side is responsible for, in the order of the clusters. Raises BevelError."""
    from bevel_tui.engine.run import run_of

    run = run_of("check", network, None, options or RunOptions(journal=False), Cancellation(), parts)
    steps = [step for step in run.plan.steps if isinstance(step, DnsStep) and step.managed]
    try:
        await run.open({step.cluster for step in steps})
        reach = run.parts.reach(run.network, run.options)
        found: dict[str, DomainState] = {}

        async def one(step: DnsStep) -> None:
            found[step.id] = await _state(run, reach, step)

        await gather_all(one(step) for step in steps)
        return [found[step.id] for step in steps]
    finally:
        await close(run.clusters.values())


async def _state(run: Run, reach: Reach, step: DnsStep) -> DomainState:
    access = run.clusters[step.cluster]
    state = DomainState(
        cluster=step.cluster,
        domain=step.domain,
        mode=step.mode,
        service=service_of(run.plan.steps, step),
        context=access.context,
    )
    gateway = gateway_of(run.plan, step)
    try:
        service = await access.client.get(gateway.service)
    except ApiError as error:
        raise unusable(access.client, error) from None
    known = addresses(service) if service is not None else ()
    if not known:
        words = "an address of" if service is not None else "the deployment of"
        return state.model_copy(update={"problem": f"{words} the gateway's Service {state.service}"})
    async with aclosing(reach.gate(access, step, known, patience=0)) as states:
        now = await anext(states)
    hindrance = ""
    if not now.ready and step.mode == "external-dns" and step.domain:
        with suppress(ApiError):
            said = await reach.makes_records(access, step, gateway)
            if said.status in {"failed", "warning"}:
                hindrance = f"{said.summary}. {said.remedy or ''}".strip()
    return state.model_copy(
        update={
            "ready": now.ready,
            "addresses": known,
            "records": reach.records(step, known),
            "servers": dict(now.servers),
            "zone": now.zone,
            "problem": now.waiting_for,
            "hindrance": hindrance,
        }
    )
