"""Readiness per kind, row by row."""

from __future__ import annotations

from typing import Any

import pytest

from bevel_tui.engine.readiness import addresses, judge, understood


def obj(spec: dict[str, Any] | None = None, generation: int = 1, **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "x", "generation": generation}, "spec": spec or {}, "status": status}


def condition(kind: str, status: str = "True", **more: str) -> dict[str, str]:
    return {"type": kind, "status": status, **more}


CASES = [
    ("Deployment", obj({"replicas": 2}), "progressing"),
    ("Deployment", obj({"replicas": 2}, observedGeneration=1, replicas=2, updatedReplicas=2, availableReplicas=2), "ready"),
    ("Deployment", obj({"replicas": 2}, observedGeneration=1, replicas=2, updatedReplicas=1, availableReplicas=2), "progressing"),
    ("Deployment", obj({"replicas": 2}, observedGeneration=1, replicas=3, updatedReplicas=2, availableReplicas=2), "progressing"),
    ("Deployment", obj({"replicas": 2}, observedGeneration=1, replicas=2, updatedReplicas=2, availableReplicas=1), "progressing"),
    ("Deployment", obj({"replicas": 0}, observedGeneration=1), "ready"),
    ("Deployment", obj({}, generation=2, observedGeneration=1, replicas=1, updatedReplicas=1, availableReplicas=1), "progressing"),
    (
        "Deployment",
        obj({}, observedGeneration=1, conditions=[condition("Progressing", "False", reason="ProgressDeadlineExceeded")]),
        "failed",
    ),
    ("StatefulSet", obj({}, observedGeneration=1), "progressing"),
    ("StatefulSet", obj({}, observedGeneration=1, readyReplicas=1, currentRevision="a", updateRevision="a"), "ready"),
    ("StatefulSet", obj({}, observedGeneration=1, readyReplicas=1, currentRevision="a", updateRevision="b"), "progressing"),
    (
        "StatefulSet",
        obj({"updateStrategy": {"type": "OnDelete"}}, observedGeneration=1, readyReplicas=1, currentRevision="a", updateRevision="b"),
        "ready",
    ),
    (
        "StatefulSet",
        obj({"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}}, observedGeneration=1, readyReplicas=3, updatedReplicas=1),
        "ready",
    ),
    ("DaemonSet", obj({}, observedGeneration=1, desiredNumberScheduled=2, updatedNumberScheduled=2, numberAvailable=2, numberReady=2), "ready"),
    ("DaemonSet", obj({}, observedGeneration=1, desiredNumberScheduled=2, updatedNumberScheduled=2, numberAvailable=1, numberReady=1), "progressing"),
    ("Job", obj({}), "pending"),
    ("Job", obj({}, active=1), "progressing"),
    ("Job", obj({}, active=1, failed=2), "progressing"),
    ("Job", obj({}, conditions=[condition("Complete")]), "ready"),
    ("Job", obj({}, conditions=[condition("Complete", "False")], active=1), "progressing"),
    ("Job", obj({}, conditions=[condition("Failed", reason="BackoffLimitExceeded")]), "failed"),
    ("Job", obj({"suspend": True}), "progressing"),
    ("PersistentVolumeClaim", obj({}, phase="Bound"), "ready"),
    ("PersistentVolumeClaim", obj({}), "progressing"),
    ("Service", obj({"type": "ClusterIP"}), "ready"),
    ("Service", obj({"type": "LoadBalancer"}), "progressing"),
    ("Service", obj({"type": "LoadBalancer"}, loadBalancer={"ingress": [{"hostname": "lb.example.com"}]}), "ready"),
    ("CustomResourceDefinition", obj({}), "progressing"),
    ("CustomResourceDefinition", obj({}, conditions=[condition("Established")]), "ready"),
    ("CustomResourceDefinition", obj({}, conditions=[condition("NamesAccepted", "False", message="taken")]), "failed"),
    ("Pod", obj({}, phase="Succeeded"), "ready"),
    ("Pod", obj({}, phase="Running"), "progressing"),
    ("Pod", obj({}, phase="Running", conditions=[condition("Ready")]), "ready"),
    ("Pod", obj({}, phase="Failed", reason="Evicted"), "failed"),
    ("Mapping", obj({}, state="whatever"), "ready"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "thing", "state"), CASES)
def test_readiness(kind: str, thing: dict[str, Any], state: str) -> None:
    assert judge(kind, thing).state == state


def test_what_is_missing_is_pending_and_what_is_being_deleted_is_not_ready() -> None:
    assert judge("Service", None).state == "pending"
    leaving = {"metadata": {"name": "x", "deletionTimestamp": "2024-01-01T00:00:00Z"}, "spec": {}}
    assert judge("Service", leaving).state == "progressing"
    assert not understood("Mapping")


def test_addresses_keep_their_order_and_skip_empty_entries() -> None:
    service = obj({}, loadBalancer={"ingress": [{"ip": "192.0.2.1"}, {}, {"hostname": "lb.example.com"}]})
    assert addresses(service) == ("192.0.2.1", "lb.example.com")
