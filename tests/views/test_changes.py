"""The dashboard's timeline: what a person would tell another of two snapshots of one watch."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from bevel_tui import api
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.findings import Diagnosis
from bevel_tui.records.snapshot import Access, ClusterSnapshot, Snapshot
from bevel_tui.views.timeline import changes
from tests.ui.dashboard.recorded import checked, cluster_dead, healthy, image_gone


def told(before: Snapshot, after: Snapshot) -> list[tuple[str, str, str]]:
    found = changes(before, after, api.diagnose(before), api.diagnose(after))
    assert all(entry.time == after.taken for entry in found)
    return [(entry.cluster, entry.state, entry.text) for entry in found]


def east(snapshot: Snapshot) -> ClusterSnapshot:
    found = snapshot.cluster("east")
    assert isinstance(found, ClusterSnapshot)
    return found


def with_east(snapshot: Snapshot, **fields: Any) -> Snapshot:
    changed = replace(east(snapshot), **fields)
    return replace(snapshot, clusters=(changed, *snapshot.clusters[1:]))


def test_nothing_changed_is_nothing_told() -> None:
    snapshot = healthy()
    assert told(snapshot, snapshot) == []


def test_a_problem_comes_and_goes() -> None:
    well, ill = healthy(), image_gone()
    came = told(well, ill)
    assert any(state == "error" and text.startswith("POD-IMG-NOTFOUND: ") for _, state, text in came)
    gone = told(ill, well)
    assert any(
        state == "ok" and text.startswith("POD-IMG-NOTFOUND of Pod ") and text.endswith("is over")
        for _, state, text in gone
    )


def test_a_cluster_stops_answering_and_comes_back() -> None:
    well, dead = healthy(), cluster_dead()
    name = next(c.cluster for c in dead.clusters if c.access.state != "ok")
    assert (name, "failed") in {(cluster, state) for cluster, state, _ in told(well, dead)}
    assert (name, "ok", "answers again") in told(dead, well)


def test_releases() -> None:
    snapshot = healthy()
    first, *rest = east(snapshot).releases

    def to(*releases: Any) -> list[tuple[str, str, str]]:
        after = with_east(snapshot, releases=releases)
        found = changes(snapshot, after, Diagnosis(), Diagnosis())
        return [(entry.cluster, entry.state, entry.text) for entry in found]

    name = f"release {first.namespace}/{first.name}"
    assert to(*rest) == [("east", "skipped", f"{name} is gone")]
    assert to(replace(first, status="failed", revision=2), *rest) == [("east", "failed", f"{name}: failed, revision 2")]
    assert to(replace(first, status="pending-upgrade", revision=2), *rest) == [("east", "waiting", f"{name}: pending-upgrade, revision 2")]  # fmt: skip


def test_restarts_are_told_with_their_number_and_a_new_pod_is_none() -> None:
    snapshot = healthy()
    pods = [copy.deepcopy(dict(pod)) for pod in east(snapshot).of("Pod")]
    target = next(pod for pod in pods if pod["status"].get("containerStatuses"))
    target["status"]["containerStatuses"][0]["restartCount"] = 4
    fresh = copy.deepcopy(target)
    fresh["metadata"]["name"] = "fresh"
    after = with_east(snapshot, objects={**east(snapshot).objects, "Pod": (*pods, fresh)})
    found = [entry.text for entry in changes(snapshot, after, Diagnosis(), Diagnosis())]
    meta = target["metadata"]
    assert found == [f"Pod {meta['namespace']}/{meta['name']} was started again (4 x)"]


def test_checks_that_change_their_answer() -> None:
    bad = checked()
    good = replace(bad, checks=tuple(c.model_copy(update={"status": "ok", "summary": "well"}) for c in bad.checks))
    failed = {c.target for c in bad.checks if c.status == "failed"}
    found = [e for e in changes(good, bad, Diagnosis(), Diagnosis()) if e.text.startswith("check ")]
    assert {e.state for e in found} == {"failed"} and len(found) == sum(c.status == "failed" for c in bad.checks)
    assert all(any(target in e.text for target in failed) for e in found)
    skipped = replace(bad, checks=tuple(_skip(c) for c in bad.checks))
    assert not [e for e in changes(skipped, bad, Diagnosis(), Diagnosis()) if e.text.startswith("check ")]


def _skip(check: CheckResult) -> CheckResult:
    return check.model_copy(update={"status": "skipped"})


def test_access_alone_is_told_once() -> None:
    snapshot = healthy()
    after = with_east(snapshot, access=Access("unreachable", "no route to host", ""))
    found = changes(snapshot, after, Diagnosis(), Diagnosis())
    assert [(e.state, e.text) for e in found] == [("failed", "no route to host")]
