"""Waiting until a gateway's Service has an address and opens the ports that the plan uses."""

from __future__ import annotations

from bevel_tui.engine.context import RunContext
from bevel_tui.engine.executor import Result
from bevel_tui.engine.readiness import addresses
from bevel_tui.records.events import AddressKnown, StepWaiting
from bevel_tui.records.snapshot import Object
from bevel_tui.records.steps import AddressStep

#: seconds that a Service with an address may lack a port before we say so for good
PORT_PATIENCE = 30.0


async def perform(ctx: RunContext, step: AddressStep) -> Result:
    """Read once; if that is not enough, watch. Raises ApiError."""
    client = ctx.access(step).client
    service = await client.get(step.service)
    if service is not None and addresses(service) and not _missing(step, service):
        return _known(ctx, step, service, "unchanged")
    board = ctx.watcher.board(step.cluster, client, step.service.namespace)
    await board.follow(("Service", "Event"))
    told: tuple[str, ...] = ()
    patience = PORT_PATIENCE
    while not ctx.cancel.stopping.is_set():
        if "Service" in board.errors:
            raise board.errors["Service"]
        stamp = board.stamp
        service = board.get("Service", step.service.name)
        missing = _missing(step, service) if service is not None else ()
        if service is not None and addresses(service) and not missing:
            return _known(ctx, step, service, "ok")
        waiting = (_words(step, service, missing),)
        if waiting != told:
            told = waiting
            ctx.emit(StepWaiting(step=step.id, cluster=step.cluster, waiting_for=waiting))
        if service is not None and addresses(service) and missing:
            if patience <= 0:
                return Result(
                    "failed",
                    f"Service {step.service.namespace}/{step.service.name} does not open "
                    f"{'ports' if len(missing) > 1 else 'port'} {', '.join(map(str, missing))}.",
                    "Add them to the Service (and to firewalls before it); a gateway that this tool installs has them.",
                )
            patience -= 1.0
        await board.changed(stamp, 1.0)
    return Result("cancelled", "stopped while waiting for an address")


def _missing(step: AddressStep, service: Object) -> tuple[int, ...]:
    there = {int(port.get("port") or 0) for port in (service.get("spec") or {}).get("ports") or ()}
    return tuple(port for port in step.ports if port not in there)


def _words(step: AddressStep, service: Object | None, missing: tuple[int, ...]) -> str:
    name = f"Service {step.service.namespace}/{step.service.name}"
    if service is None:
        return f"{name} to appear"
    if not addresses(service):
        return f"an address of {name} from the cluster's load balancer"
    return f"ports {', '.join(map(str, missing))} on {name}"


def _known(ctx: RunContext, step: AddressStep, service: Object, outcome: str) -> Result:
    found = addresses(service)
    ctx.addresses[step.id] = found
    ctx.emit(
        AddressKnown(
            step=step.id,
            cluster=step.cluster,
            service=f"{step.service.namespace}/{step.service.name}",
            addresses=found,
        )
    )
    return Result("unchanged" if outcome == "unchanged" else "ok")
