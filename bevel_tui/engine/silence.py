"""A cluster that falls silent in the middle of a step (its API server starts anew, the line is cut) and comes back.

Nothing can be changed in a cluster that nobody hears, so a step that met the silence waits for its end and is then
carried out again from what the cluster says: nothing is assumed of what Helm, or a request of ours, came to.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from bevel_tui.engine.cancel import Cancellation
from bevel_tui.engine.context import Access
from bevel_tui.engine.emitter import Emitter
from bevel_tui.engine.executor import Result
from bevel_tui.engine.lease import Lease
from bevel_tui.helm.driver import Outcome
from bevel_tui.kube.client import ApiError
from bevel_tui.plan.sides import acting_in
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.events import Notice, StepWaiting
from bevel_tui.records.steps import ObjectRef, Step

#: seconds of silence after which a cluster counts as gone; a control plane that is upgraded is away for minutes
PATIENCE = 300.0
#: how often one step goes on after a silence: who answers us and never Helm is not waited for
TIMES = 5
#: seconds between two questions whether it is back, and what is added to the pause from time to time
LOOK = 2.0
#: seconds for one of them to be answered
_ANSWER = 10.0
#: HTTP statuses that are no word of the API server's about the request; 0: no answer came
_SILENT = frozenset({0, 429, 502, 503, 504})


class Reached(Protocol):
    """What a run knows of its clusters (`Run`, `RunContext`)."""

    @property
    def clusters(self) -> Mapping[str, Access]: ...

    @property
    def held(self) -> Mapping[str, Lease]: ...

    @property
    def emit(self) -> Emitter: ...


def is_silence(error: ApiError | BevelError) -> bool:
    """Whether it says nothing about what was asked: no answer, or none yet from a server that has just begun."""
    if isinstance(error, BevelError):
        return error.code == Code.CLUSTER_UNREACHABLE
    return error.status in _SILENT or "not yet ready to handle request" in error.message


def heard(outcome: Outcome) -> Outcome:
    """How a Helm operation ended. Raises ApiError when it met a silent cluster: then nobody knows what came of it."""
    if outcome.reason == "silent":
        raise ApiError(0, "Unreachable", f"Helm: {outcome.error}")
    return outcome


def told(context: str, error: ApiError) -> str:
    """A sentence for a step that ends with it."""
    said = "refused" if error.status else "does not answer"
    return f"The cluster of context {context!r} {said}: {error.message}"


async def outlast(
    where: Reached, step: Step, cancel: Cancellation, attempt: Callable[[bool], Awaitable[Result]]
) -> Result:
    """What `attempt` comes to; it is called again, with True, when its clusters have fallen silent and are back.

    The step's budget is the limit of it all. Raises what `attempt` raised last when a cluster stays away.
    """
    for times in itertools.count(1):
        try:
            return await attempt(times > 1)
        except (ApiError, BevelError) as error:
            if not is_silence(error) or times > TIMES or cancel.stopping.is_set():
                raise
            pause = LOOK * times
            for cluster in acting_in(step):
                if cluster in where.clusters and not await _back(where, step, cluster, cancel, error, pause):
                    return Result("cancelled", "stopped while the cluster did not answer")
    raise AssertionError("counting ends")


async def _back(
    where: Reached, step: Step, cluster: str, cancel: Cancellation, error: ApiError | BevelError, pause: float
) -> bool:
    """Wait until a cluster answers; False when the run is to stop, or is no longer alone there. Raises ApiError."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    where.emit(
        StepWaiting(step=step.id, cluster=cluster, waiting_for=(f"cluster {cluster} to answer: {error.message}",))
    )
    while not await cancel.pause(pause):
        try:
            async with asyncio.timeout(_ANSWER):
                alone = await _alone(where, cluster)
        except TimeoutError:
            alone = None
        except ApiError as still:
            if not is_silence(still):
                raise
            alone = None
        if alone is not None:
            if alone:
                text = (
                    f"Cluster {cluster} answers again after {loop.time() - began:.0f} s: {step.id} is looked at anew."
                )
                where.emit(Notice(level="warning", cluster=cluster, step=step.id, text=text))
            return alone
        if loop.time() - began > PATIENCE:
            raise error
    return False


async def _alone(where: Reached, cluster: str) -> bool:
    """Whether nobody else has begun to work there meanwhile. Raises ApiError while it does not answer."""
    lease = where.held.get(cluster)
    if lease is not None:
        return await lease.ours()
    await where.clusters[cluster].client.get(ObjectRef("v1", "Namespace", "default"))
    return True
