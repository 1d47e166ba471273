"""How a watched object is, in our words: one table."""

from __future__ import annotations

from typing import Any

import pytest

from bevel_tui.views.health import health, ready
from bevel_tui.views.words import glyph

READY = [{"type": "Ready", "status": "True"}]


def pod(phase: str, *states: dict[str, Any], conditions: Any = (), init: Any = (), **status: Any) -> dict[str, Any]:
    entries = [{"name": f"c{n}", **state} for n, state in enumerate(states)]
    inits = [{"name": f"i{n}", **state} for n, state in enumerate(init)]
    made = {
        "phase": phase,
        "conditions": list(conditions),
        "containerStatuses": entries,
        "initContainerStatuses": inits,
    }
    return {"kind": "Pod", "metadata": {"name": "p"}, "status": {**made, **status}}


def waiting(reason: str, restarts: int = 0) -> dict[str, Any]:
    return {"restartCount": restarts, "state": {"waiting": {"reason": reason}}}


def kind(name: str, spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    return {"kind": name, "metadata": {"name": "o"}, "spec": spec or {}, "status": status}


def job(condition: str) -> dict[str, Any]:
    return kind("Job", conditions=[{"type": condition, "status": "True"}])


TABLE: list[tuple[str, dict[str, Any], str, str]] = [
    ("pod-ready", pod("Running", {"state": {"running": {}}}, conditions=READY), "ok", "ready"),
    ("pod-restarted", pod("Running", {"restartCount": 2, "state": {"running": {}}}, conditions=READY), "ok", "ready, restarted 2 x"),
    ("pod-not-ready", pod("Running", {"state": {"running": {}}}), "waiting", "not ready"),
    ("pod-pending", pod("Pending"), "waiting", "pending"),
    ("pod-creating", pod("Pending", waiting("ContainerCreating")), "waiting", "pending"),
    ("pod-image", pod("Pending", waiting("ErrImagePull")), "failed", "ErrImagePull"),
    ("pod-back-off", pod("Running", waiting("CrashLoopBackOff", 3)), "failed", "CrashLoopBackOff, restarted 3 x"),
    ("pod-config", pod("Pending", waiting("CreateContainerConfigError")), "failed", "CreateContainerConfigError"),
    ("pod-init", pod("Pending", waiting("PodInitializing"), init=[{"state": {"running": {}}}]), "waiting", "init container i0"),
    ("pod-done", pod("Succeeded"), "ok", "completed"),
    ("pod-failed", pod("Failed", reason="Evicted"), "failed", "Evicted"),
    ("pod-failed-quietly", pod("Failed"), "failed", "failed"),
    ("job-complete", job("Complete"), "ok", "complete"),
    ("job-failed", job("Failed"), "failed", "failed"),
    ("job-running", kind("Job", active=1), "waiting", "running"),
    ("job-again", kind("Job", active=1, failed=2), "waiting", "running, 2 tries failed"),
    ("job-idle", kind("Job"), "waiting", "not begun"),
    ("set-ready", kind("StatefulSet", {"replicas": 2}, readyReplicas=2), "ok", "2/2 ready"),
    ("set-not-ready", kind("StatefulSet", {"replicas": 2}, readyReplicas=1), "waiting", "1/2 ready"),
    ("deployment-of-none", kind("Deployment", {"replicas": 0}), "ok", "0/0 ready"),
    ("deployment-unsaid", kind("Deployment"), "waiting", "0/1 ready"),
    ("daemons", kind("DaemonSet", numberReady=3, desiredNumberScheduled=3), "ok", "3/3 ready"),
    ("daemons-nowhere", kind("DaemonSet", numberReady=0, desiredNumberScheduled=0), "ok", "0/0 ready"),
    ("claim", kind("PersistentVolumeClaim", phase="Bound"), "ok", "bound"),
    ("claim-waits", kind("PersistentVolumeClaim", phase="Pending"), "waiting", "pending"),
    ("claim-lost", kind("PersistentVolumeClaim", phase="Lost"), "failed", "lost"),
    ("service", kind("Service", {"type": "ClusterIP"}), "ok", "ClusterIP"),
    ("balancer", kind("Service", {"type": "LoadBalancer"}, loadBalancer={"ingress": [{"hostname": "lb.example"}, {"ip": "192.0.2.1"}]}), "ok", "lb.example, 192.0.2.1"),
    ("balancer-waits", kind("Service", {"type": "LoadBalancer"}), "waiting", "no address yet"),
    ("anything-else", kind("Ingress"), "ok", ""),
    ("leaving", {"kind": "Pod", "metadata": {"name": "p", "deletionTimestamp": "2026-01-01T00:00:00Z"}}, "waiting", "being deleted"),
]  # fmt: skip


@pytest.mark.parametrize(("obj", "state", "note"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_health(obj: dict[str, Any], state: str, note: str) -> None:
    assert health(obj) == (state, note)
    assert glyph(state)


def test_ready_is_the_condition_and_nothing_else() -> None:
    assert ready(pod("Running", conditions=READY))
    assert not ready(pod("Running", conditions=[{"type": "Ready", "status": "Unknown"}]))
    assert not ready({})
