"""Jobs that are complete and have not made what they are for: run again, a few times.

Bevel's enrolment script has no ``set -e``: when its CA does not listen yet, or its name does not resolve, it says so
and ends well, without Secrets (facts A1.1, F03, F06); nothing in Kubernetes would ever start it again. Only steps
that say so (`ReleaseStep.rerun`): another Job might make a second genesis.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from bevel_tui.engine.context import RunContext
from bevel_tui.engine.readiness import judge
from bevel_tui.kube.client import ApiError
from bevel_tui.records.events import Notice
from bevel_tui.records.steps import ObjectRef, ReleaseStep

#: seconds after completion before the first, second, third time: watches lag, and a CA or a name may need a while
PATIENCE = (5.0, 15.0, 30.0)
#: what the API server wrote into a Job and its pods' labels
_GIVEN = ("controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name")


@dataclass(slots=True)
class Again:
    """How often the Jobs of one step were run again, and since when they are complete without result."""

    ctx: RunContext
    step: ReleaseStep
    times: int = 0
    _since: float | None = None

    async def look(self, jobs: Iterable[dict[str, Any] | None], missing: tuple[ObjectRef, ...], now: float) -> None:
        """Run the Jobs again if it is time. `jobs` are the step's own as they are now. Raises ApiError."""
        found = [job for job in jobs if job is not None]
        complete = bool(found) and all(judge("Job", job).state == "ready" for job in found)
        if not self.step.rerun or not missing or not complete or self.times >= len(PATIENCE):
            self._since = None
            return
        self._since = self._since if self._since is not None else now
        if now - self._since < PATIENCE[self.times]:
            return
        self._since = None
        self.times += 1
        for job in found:
            name = job["metadata"]["name"]
            lacking = ", ".join(f"{ref.kind} {ref.name}" for ref in missing)
            self.ctx.emit(
                Notice(
                    level="warning",
                    cluster=self.step.cluster,
                    step=self.step.id,
                    text=f"Job {self.step.namespace}/{name} is complete but has not made {lacking}: it runs again "
                    f"({self.times} of {len(PATIENCE)}).",
                )
            )
            await self._anew(ObjectRef("batch/v1", "Job", name, self.step.namespace))

    async def _anew(self, ref: ObjectRef) -> None:
        client = self.ctx.access(self.step).client
        job = await client.get(ref)
        if job is None or judge("Job", job).state != "ready":
            return
        await client.delete(ref, uid=str(job["metadata"]["uid"]))
        try:
            await client.create(as_new(job))
        except ApiError as error:
            if error.status != 409:  # somebody else was quicker
                raise


def as_new(job: dict[str, Any]) -> dict[str, Any]:
    """A Job as it was before the API server saw it, as far as it may not be sent again."""
    meta = {
        key: job["metadata"][key] for key in ("name", "namespace", "labels", "annotations") if key in job["metadata"]
    }
    spec = deepcopy(job["spec"])
    spec.pop("selector", None)
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    for key in _GIVEN:
        labels.pop(key, None)
    # a copy: what is given here is shared with the watch's own object
    meta["labels"] = {k: v for k, v in (meta.get("labels") or {}).items() if k not in _GIVEN}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": spec}
