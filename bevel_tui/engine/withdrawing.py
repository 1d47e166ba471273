"""Taking back the DNS records that a run wrote (mode rfc2136), before the gateway they lead to is gone.

A record that outlives its gateway is an invitation: whoever gets the address next answers under the network's names.
"""

from __future__ import annotations

from bevel_tui.engine import externaldns
from bevel_tui.engine.context import Access
from bevel_tui.engine.executor import Result
from bevel_tui.engine.readiness import addresses
from bevel_tui.engine.runner import Run
from bevel_tui.engine.secrets import Secrets
from bevel_tui.reachability.dynamic import UpdateError
from bevel_tui.records.events import Notice
from bevel_tui.records.steps import AddressStep, DnsStep, ObjectRef


async def published(run: Run, step: DnsStep, access: Access) -> bool:
    """Whether our records are in the zone, or our domain on a Service that stays. Of a name server that cannot be asked
    we assume so: the step will tell. Raises ApiError."""
    if step.annotate:
        service = _service(run, step)
        names = await externaldns.annotated(access, service) if service is not None else ()
        return f"*.{step.domain}" in {name.strip(".") for name in names}
    try:
        return await run.parts.reach(run.network, run.options).published(access, step)
    except UpdateError:
        return True


def _service(run: Run, step: DnsStep) -> ObjectRef | None:
    """The gateway's Service that the step's domain leads to."""
    steps = (s for s in (*run.plan.steps, *run.former) if isinstance(s, AddressStep) and s.cluster == step.cluster)
    return next((s.service for s in steps), None)


async def withdraw(run: Run, step: DnsStep, access: Access) -> Result:
    """Remove them, unless somebody has changed them since. Raises ApiError, BevelError for an unset key."""
    ref = _service(run, step)
    if step.annotate:
        changed = ref is not None and await externaldns.release(access, step.domain, ref)
        return Result("ok" if changed else "unchanged")
    service = await access.client.get(ref) if ref is not None else None
    known = addresses(service) if service is not None else ()
    secrets = Secrets.resolve([step])
    run.emit.hide(secrets.values())
    reach = run.parts.reach(run.network, run.options)
    try:
        secret = secrets.value(step.update.key) if step.update is not None else ""
        done = await reach.withdraw(access, step, known, secret)
    except UpdateError as error:
        remedy = f"{error.remedy} Or remove the records by hand and set dns to manual, and run the same command again."
        return Result("failed", f"{error.words} [{error.code}]", remedy)
    if done.outcome == "removed":
        run.emit(Notice(cluster=step.cluster, step=step.id, text=f"DNS: {done.words}"))
        return Result("ok")
    return Result("unchanged", f"left alone: {done.words}")
