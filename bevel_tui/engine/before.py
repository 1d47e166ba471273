"""What was wrong before a wait began ends it only once it is seen to go wrong again.

Somebody mends the cause and starts again. For minutes the pod still stands in its back-off and the controller's last
event still quotes the old refusal: taken at their word, the second try would fail at once with the first one's cause.
No clocks are compared (a cluster's need not be ours): what the objects showed at the first look is remembered, and the
finding counts again when they show something newer, or when whoever tries again must have done so long ago.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from bevel_tui.diagnosis.evidence import containers, events_about, last_seen
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import ClusterSnapshot

#: seconds after which what has not changed counts: kubelet and scheduler try again after 300 s at the latest, a
#: controller that was refused often after 1000 s (client-go, DefaultControllerRateLimiter)
PATIENCE = 1030.0

#: what is tried again by itself; anything else is as wrong now as it was before
_TRIED_AGAIN = {"Pod", "Job", "StatefulSet", "DaemonSet", "Deployment", "ReplicaSet", "PersistentVolumeClaim"}
#: the code of a Job that gave up: it is not tried again
_GAVE_UP = "JOB-BACKOFF"

Signs = tuple[Hashable, ...]


def signs(snapshot: ClusterSnapshot, finding: Finding) -> Signs:
    """What changes when the thing that a finding is about fails once more: its identity, how often its events and its
    containers' ends were counted. Events that tell only of the back-off do not count."""
    obj = snapshot.find(finding.kind, finding.namespace, finding.name)
    if obj is None:
        return ()
    told = (
        (str(event["metadata"].get("name")), event.get("count"), last_seen(event))
        for event in events_about(snapshot, obj, finding.kind)
        if event.get("reason") != "BackOff"
    )
    ends = ((container, entry.get("restartCount")) for container, entry in containers(obj))
    return (obj["metadata"].get("uid"), *told, *ends)


@dataclass(slots=True)
class Before:
    """The first look of one wait. Pure but for what it remembers; `now` in seconds of a clock that only goes on."""

    _seen: dict[str, Signs] = field(default_factory=dict)
    _since: float | None = None

    def judge(self, snapshot: ClusterSnapshot, findings: Iterable[Finding], now: float) -> list[Finding]:
        """The same findings; those that show nothing new since the first look do not end the wait."""
        findings = list(findings)
        if self._since is None:
            self._since = now
            self._seen = {found.id: signs(snapshot, found) for found in findings if _may_heal(found)}
        if now - self._since >= PATIENCE:
            return findings
        return [
            found.model_copy(update={"terminal": False})
            if _may_heal(found) and self._seen.get(found.id) == signs(snapshot, found)
            else found
            for found in findings
        ]


def _may_heal(finding: Finding) -> bool:
    return finding.terminal and finding.kind in _TRIED_AGAIN and finding.code != _GAVE_UP
