"""Clusters x organizations at a glance, over recorded snapshots."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bevel_tui import api
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.findings import Diagnosis, Finding
from bevel_tui.records.snapshot import ClusterSnapshot, Snapshot
from bevel_tui.views.overview import Overview, belongs, matrix, overview, places, worst
from tests.ui.dashboard.recorded import checked, cluster_dead, healthy, image_gone


def seen(snapshot: Snapshot) -> Overview:
    return overview(snapshot, api.diagnose(snapshot))


def test_a_network_that_is_well() -> None:
    known = seen(healthy())
    assert known.networks == ("besu-two-clusters",) and known.platforms == ("besu",)
    assert known.state == "ok" and known.simulated
    east, west = known.clusters
    assert (east.cluster, west.cluster) == ("east", "west")
    assert [row.place.organization for row in east.organizations] == ["supplychain", None]
    supplychain = east.organizations[0]
    assert supplychain.pods[0] == supplychain.pods[1] > 0
    assert supplychain.releases[0] == supplychain.releases[1] > 0
    assert (supplychain.height, supplychain.peers) == (120, 5)
    assert east.nodes[0] == east.nodes[1] and east.addresses
    assert east.note == "" and east.version.startswith("v1.")


def test_one_pod_makes_its_organization_and_its_cluster_fail_and_no_other() -> None:
    known = seen(image_gone())
    east, west = known.clusters
    assert [row.state for row in east.organizations] == ["failed", "ok"]
    assert (east.state, west.state, known.state) == ("failed", "ok", "failed")
    assert east.organizations[0].errors >= 1
    assert east.organizations[0].pods[0] == east.organizations[0].pods[1] - 1


def test_what_cannot_be_read_is_unknown_never_well() -> None:
    known = seen(cluster_dead())
    dead = next(row for row in known.clusters if row.state == "failed")
    assert dead.note
    assert {row.state for row in dead.organizations} == {"unknown"}
    assert any(row.state == "ok" for row in known.clusters)


def test_a_cluster_without_a_context_is_a_row_that_nobody_looked_at() -> None:
    snapshot = healthy()
    half = replace(snapshot, clusters=snapshot.clusters[:1])
    east, west = seen(half).clusters
    assert (east.state, west.cluster, west.state) == ("ok", "west", "unknown")
    assert west.note == f"not looked at: the kubeconfig has no context {half.unseen['west']}"


def test_pods_that_may_not_be_read_make_an_organization_unknown() -> None:
    snapshot = healthy()
    east = snapshot.cluster("east")
    assert isinstance(east, ClusterSnapshot)
    objects = {kind: found for kind, found in east.objects.items() if kind != "Pod"}
    blind = replace(snapshot, clusters=(replace(east, objects=objects), *snapshot.clusters[1:]))
    assert seen(blind).clusters[0].organizations[0].state == "unknown"


def test_what_was_never_begun_is_absent_and_what_is_half_there_waits() -> None:
    snapshot = healthy()
    east = snapshot.cluster("east")
    assert isinstance(east, ClusterSnapshot)

    def without(count: int) -> str:
        left = tuple(r for r in east.releases if r.namespace != "supplychain-bes") + tuple(
            [r for r in east.releases if r.namespace == "supplychain-bes"][count:]
        )
        changed = replace(snapshot, clusters=(replace(east, releases=left),))
        return overview(changed, Diagnosis()).clusters[0].organizations[0].state

    assert without(0) == "ok"
    assert without(1) == "waiting"
    assert without(100) == "absent"


def test_checks_are_counted_by_what_they_ask() -> None:
    known = seen(checked())
    west = next(row for row in known.clusters if row.cluster == "west")
    assert west.dns[0] == west.dns[1] - 1
    assert west.matrix == (1, 2)
    assert matrix(checked().checks)["east", "west"].status == "failed"
    assert ("here", "west") not in matrix(checked().checks)


def test_the_worst_answer_of_a_pair_counts() -> None:
    def one(status: str) -> CheckResult:
        return CheckResult.model_validate(
            {"id": "m", "category": "clusters", "cluster": "west", "target": status, "status": status, "summary": "", "vantage": "east"}
        )  # fmt: skip

    for answers in (("ok", "failed"), ("failed", "ok"), ("warning", "ok", "failed")):
        assert matrix(map(one, answers))["east", "west"].status == "failed"
    assert matrix(map(one, ("ok", "warning")))["east", "west"].status == "warning"


def test_places_without_a_plan_are_none_and_findings_belong_to_their_namespace() -> None:
    snapshot = healthy()
    east = places(snapshot, "east")
    finding = Finding(
        code="POD-CRASH", cluster="east", namespace="supplychain-bes", kind="Pod", name="p", cause="", remedy=""
    )
    assert [belongs(finding, place) for place in east] == [True, False]
    assert not belongs(finding.model_copy(update={"cluster": "west"}), east[0])
    assert places(replace(snapshot, networks=()), "east") == ()


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ((), "ok"),
        (("ok", "waiting"), "waiting"),
        (("failed", "unknown"), "failed"),
        (("unknown", "warning"), "unknown"),
    ],
)
def test_the_worst(states: tuple[str, ...], expected: str) -> None:
    assert worst(states) == expected  # type: ignore[arg-type]
