"""What is inside of an organization: releases in the order of the plan, each with what came of it."""

from __future__ import annotations

from dataclasses import replace

from bevel_tui import api
from bevel_tui.records.findings import Diagnosis, Finding
from bevel_tui.records.snapshot import ClusterSnapshot, Snapshot
from bevel_tui.views.inside import ReleaseRow, releases
from bevel_tui.views.overview import Place, places
from tests.ui.dashboard.recorded import POD, healthy, image_gone


def inside(snapshot: Snapshot, diagnosis: Diagnosis | None = None) -> dict[str | None, ReleaseRow]:
    found = releases(snapshot, diagnosis or api.diagnose(snapshot), home(snapshot))
    return {row.name: row for row in found}


def home(snapshot: Snapshot) -> Place:
    return places(snapshot, "east")[0]


def changed(snapshot: Snapshot, **fields: object) -> Snapshot:
    east = snapshot.cluster("east")
    assert isinstance(east, ClusterSnapshot)
    return replace(snapshot, clusters=(replace(east, **fields), *snapshot.clusters[1:]))  # type: ignore[arg-type]


def test_every_release_of_the_plan_with_its_objects_and_nothing_of_others() -> None:
    snapshot = healthy()
    found = inside(snapshot)
    planned = [s.release for s in snapshot.networks[0].steps if s.release and s.namespace == "supplychain-bes"]
    assert [name for name in found if name is not None] == planned
    assert {row.health.state for row in found.values()} == {"ok"}
    member = found["member-supplychain-1"]
    assert POD in {row.name for row in member.objects if row.kind == "Pod"}
    assert POD not in {o.name for name, row in found.items() if name != "member-supplychain-1" for o in row.objects}
    kinds = [row.kind for row in member.objects]
    assert kinds.index("StatefulSet") < kinds.index("Pod") < kinds.index("Service")
    assert all(o.namespace == "supplychain-bes" for row in found.values() for o in row.objects)


def test_a_pod_that_fails_makes_its_release_fail() -> None:
    found = inside(image_gone())
    assert found["member-supplychain-1"].health.state == "failed"
    assert sum(row.health.state == "failed" for row in found.values()) == 1


def test_a_release_that_is_not_there_or_half_done() -> None:
    snapshot = healthy()
    east = snapshot.cluster("east")
    assert isinstance(east, ClusterSnapshot)
    first = next(r for r in east.releases if r.namespace == "supplychain-bes")

    def row(status: str | None) -> ReleaseRow:
        rest = tuple(r for r in east.releases if r is not first)
        also = () if status is None else (replace(first, status=status),)
        return inside(changed(snapshot, releases=(*rest, *also)), Diagnosis())[first.name]

    assert row(None).health == ("skipped", "not installed")
    assert row("failed").health == ("failed", "failed")
    assert row("pending-install").health == ("waiting", "pending-install")
    assert row("deployed").health == ("ok", "deployed")


def test_what_somebody_misses_stands_where_it_should_be() -> None:
    snapshot = healthy()
    step = next(
        s for s in snapshot.networks[0].steps if s.cluster == "east" and any(k.startswith("Service/") for k in s.renders)
        and s.namespace == "supplychain-bes"
    )  # fmt: skip
    key = next(k for k in step.renders if k.startswith("Service/"))
    name = key.split("/")[2]
    east = snapshot.cluster("east")
    assert isinstance(east, ClusterSnapshot)
    services = tuple(s for s in east.of("Service") if s["metadata"]["name"] != name)
    less = changed(snapshot, objects={**east.objects, "Service": services})
    missed = Finding(
        code="POD-MOUNT",
        cluster="east",
        namespace="supplychain-bes",
        kind="Pod",
        name="p",
        cause="",
        remedy="",
        blames=(key,),
    )
    rows = inside(less, Diagnosis(findings=(missed,)))[step.release].objects
    assert [(r.name, r.health.note) for r in rows if r.missing] == [(name, "not there")]
    assert not [r for r in inside(less, Diagnosis())[step.release].objects if r.missing]


def test_an_unknown_cluster_has_nothing_inside() -> None:
    assert releases(healthy(), Diagnosis(), Place("nowhere", "n", None, ("a",))) == ()
