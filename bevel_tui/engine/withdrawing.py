"""Taking back the DNS records of a domain before the gateway that they lead to is gone.

A record that outlives its gateway is an invitation: whoever gets the address next answers under the network's names.
What we wrote ourselves (mode rfc2136) we remove. What external-dns made it removes itself, once the names are off the
gateway's Service; we wait until authorities say so, since its controller may be the next to go.
"""

from __future__ import annotations

import asyncio

from bevel_tui.engine import announcing, externaldns
from bevel_tui.engine.cancel import Cancellation
from bevel_tui.engine.context import Access
from bevel_tui.engine.executor import Result
from bevel_tui.engine.readiness import addresses
from bevel_tui.engine.runner import Run
from bevel_tui.engine.secrets import Secrets
from bevel_tui.kube.client import ApiError
from bevel_tui.reachability.dynamic import UpdateError
from bevel_tui.records.events import Notice, StepWaiting
from bevel_tui.records.steps import AddressStep, DnsStep, ObjectRef

#: seconds that external-dns gets: it works in rounds of a minute (its chart's ``interval``), and providers take their time
PATIENCE = 180.0
#: seconds of that where no authority can be asked from here, so that nobody tells us
BLIND = 75.0
#: seconds between two questions
ROUND = 3.0


async def published(run: Run, step: DnsStep, access: Access) -> bool:
    """Whether there is something to take back. Of a name server that cannot be asked we assume so: the step will tell.
    Raises ApiError."""
    reach = run.parts.reach(run.network, run.options)
    if step.update is None:
        ref = _service(run, step)
        service = await access.client.get(ref) if ref is not None else None
        if service is None:
            return False
        announced = len(announcing.lacking(step, service)) < len(announcing.names_of(step))
        return announced or await reach.leads(access, step, addresses(service)) is True
    try:
        return await reach.published(access, step)
    except UpdateError:
        return True


def _service(run: Run, step: DnsStep) -> ObjectRef | None:
    """The gateway's Service that the step's domain leads to."""
    steps = (s for s in (*run.plan.steps, *run.former) if isinstance(s, AddressStep) and s.cluster == step.cluster)
    return next((s.service for s in steps), None)


async def withdraw(run: Run, step: DnsStep, access: Access, cancel: Cancellation) -> Result:
    """Remove them, unless somebody has changed them since. Raises ApiError, BevelError for an unset key."""
    ref = _service(run, step)
    service = await access.client.get(ref) if ref is not None else None
    known = addresses(service) if service is not None else ()
    if step.update is None:
        return await _left_to_external_dns(run, step, access, ref, known, cancel)
    secrets = Secrets.resolve([step])
    run.emit.hide(secrets.values())
    reach = run.parts.reach(run.network, run.options)
    try:
        done = await reach.withdraw(access, step, known, secrets.value(step.update.key))
    except UpdateError as error:
        remedy = f"{error.remedy} Or remove the records by hand and set dns to manual, and run the same command again."
        return Result("failed", f"{error.words} [{error.code}]", remedy)
    if done.outcome == "removed":
        run.emit(Notice(cluster=step.cluster, step=step.id, text=f"DNS: {done.words}"))
        return Result("ok")
    return Result("unchanged", f"left alone: {done.words}")


async def _left_to_external_dns(
    run: Run, step: DnsStep, access: Access, ref: ObjectRef | None, known: tuple[str, ...], cancel: Cancellation
) -> Result:
    """Take the names off the Service, and wait until their records are gone; a record that stays is told of."""
    reach = run.parts.reach(run.network, run.options)
    changed, obstacle = False, None
    try:
        changed = ref is not None and await announcing.unannounce(access, step, ref)
        obstacle = await externaldns.obstacle(access, step.domain)
    except ApiError as error:
        if error.status != 403 or ref is None:
            raise
        obstacle = f"its name stays on Service {ref.namespace}/{ref.name}, which we may not change"
    loop = asyncio.get_running_loop()
    began = loop.time()
    waited = False
    while True:
        there = await reach.leads(access, step, known) if known else False
        if there is False:
            if waited:
                run.emit(Notice(cluster=step.cluster, step=step.id, text=f"DNS: *.{step.domain} is gone"))
            return Result("ok" if changed or waited else "unchanged")
        spent = loop.time() - began
        if obstacle is None and spent >= (BLIND if there is None else PATIENCE):
            obstacle = (
                "no authority can be asked from here whether it is gone"
                if there is None
                else f"external-dns has not removed it in {PATIENCE:.0f} s"
            )
        if obstacle is not None:
            return _stays(run, step, known, obstacle, changed=changed)
        if not waited:
            waited = True
            words = f"external-dns to remove the records of {step.domain}"
            run.emit(StepWaiting(step=step.id, cluster=step.cluster, waiting_for=(words,)))
        if await cancel.pause(0.2 if access.simulation is not None else ROUND):
            return Result("cancelled", f"stopped while external-dns removes the records of {step.domain}")


def _stays(run: Run, step: DnsStep, known: tuple[str, ...], why: str, *, changed: bool) -> Result:
    text = (
        f"DNS: *.{step.domain} may still lead to {' '.join(known)}, the gateway that goes: {why}. Remove the record and "
        "its TXT records by hand."
    )
    run.emit(Notice(level="warning", cluster=step.cluster, step=step.id, text=text))
    return Result("ok" if changed else "unchanged", f"the records of {step.domain} may stay: {why}")
