"""What changed between two snapshots of one watch."""

from __future__ import annotations

from typing import Any

from bevel_tui.diagnosis.timeline import between
from bevel_tui.records.findings import Diagnosis, Finding
from bevel_tui.records.snapshot import Access, ClusterSnapshot, ReleaseState, Snapshot


def pod(name: str, phase: str, ready: bool = False) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {"metadata": {"name": name, "namespace": "org"}, "status": {"phase": phase, "conditions": conditions}}


def east(*pods: dict[str, Any], **more: Any) -> ClusterSnapshot:
    return ClusterSnapshot("east", 1.0, {"Pod": pods}, **more)


def finding(code: str) -> Finding:
    return Finding(code=code, cluster="east", kind="Pod", name="a", cause="it fails", remedy="mend it")


def test_objects_come_change_and_go_and_problems_with_them() -> None:
    same = pod("same", "Running", ready=True)
    before = Snapshot(1.0, (east(same, pod("a", "Pending"), pod("gone", "Running")),))
    after = Snapshot(2.0, (east(same, pod("a", "Running", ready=True), pod("new", "Pending")),))
    found = between(
        before, after, Diagnosis(findings=(finding("POD-INIT"),)), Diagnosis(findings=(finding("POD-CRASH"),))
    )
    assert [(m.what, m.name, m.text) for m in found] == [
        ("problem", "a", "POD-CRASH: it fails"),
        ("changed", "a", "Pending -> Running, ready"),
        ("went", "gone", ""),
        ("came", "new", "Pending"),
        ("solved", "a", "POD-INIT"),
    ]
    assert between(after, after, Diagnosis(), Diagnosis()) == ()


def test_a_cluster_that_goes_away_takes_no_objects_with_it() -> None:
    before = Snapshot(1.0, (east(pod("a", "Running")),))
    after = Snapshot(2.0, (east(access=Access("unreachable", "no")),))
    (moment,) = between(before, after, Diagnosis(), Diagnosis())
    assert (moment.kind, moment.text) == ("Cluster", "API: ok -> unreachable")


def test_a_release_that_moves_on_is_told() -> None:
    one, two = (ReleaseState("org", "node", n, s) for n, s in ((1, "failed"), (2, "deployed")))
    found = between(
        Snapshot(1.0, (east(releases=(one,)),)), Snapshot(2.0, (east(releases=(two,)),)), Diagnosis(), Diagnosis()
    )
    assert [(m.what, m.kind, m.text) for m in found] == [("changed", "Release", "revision 2 deployed")]
