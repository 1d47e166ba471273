"""What the builder adds to the steps of platforms and gateways: lanes, barriers, checks, refusals."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bevel_tui.network.model import Network
from bevel_tui.plan.build import build, checks, in_lanes, without_empty_barriers
from bevel_tui.plan.graph import PlanError, ordered
from bevel_tui.plan.manifests import behaviours, manifests
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import (
    AddressStep,
    CheckStep,
    DnsStep,
    Endpoint,
    HandoffStep,
    NamespaceStep,
    ObjectRef,
    ReleaseStep,
    Step,
)


def network(**more: Any) -> Network:
    document = {
        "apiVersion": "bevel-tui/v1",
        "kind": "Network",
        "name": "n",
        "platform": {"type": "besu"},
        "gateway": {"type": "ambassador"},
        "clusters": [{"name": "east", "context": "east", "domain": "east.example.com"}],
        "organizations": [{"name": "supplychain", "cluster": "east", "besu": {"validators": 4, "members": 1}}],
    }
    return Network.model_validate(document | more)


TWO_CLUSTERS: dict[str, Any] = {
    "clusters": [{"name": name, "context": name, "domain": f"{name}.example.com"} for name in ("east", "west")],
    "organizations": [
        {"name": "supplychain", "cluster": "east", "besu": {"validators": 4, "members": 1}},
        {"name": "carrier", "cluster": "west", "besu": {"members": 1}},
    ],
}


def release(name: str, *needs: str, lane: str | None = None, cluster: str = "east") -> ReleaseStep:
    return ReleaseStep(
        id=name, cluster=cluster, namespace="ns", needs=needs, release=name, chart="x", chart_version="1", lane=lane
    )


# ---------------------------------------------------------------- lanes


def test_releases_of_one_lane_run_one_at_a_time_in_the_order_they_were_declared() -> None:
    declared = [release(f"v{i}", lane="peers") for i in (1, 2, 10)] + [release("free")]
    assert {s.id: s.needs for s in in_lanes(declared)} == {"v1": (), "v2": ("v1",), "v10": ("v2",), "free": ()}


def test_a_lane_follows_the_needs_that_are_there_and_makes_no_circle() -> None:
    declared = [release("a", "b", lane="l"), release("b", lane="l"), release("c", lane="l")]
    serial = in_lanes(declared)
    assert [s.id for s in ordered(serial)] == ["b", "a", "c"]
    assert {s.id: s.needs for s in serial} == {"b": (), "a": ("b",), "c": ("a",)}


def test_lanes_do_not_wait_for_one_another() -> None:
    declared = [release("a1", lane="a"), release("b1", lane="b"), release("a2", lane="a"), release("b2", lane="b")]
    assert {s.id: s.needs for s in in_lanes(declared)} == {"a1": (), "b1": (), "a2": ("a1",), "b2": ("b1",)}


# ---------------------------------------------------------------- barriers


def test_needs_on_a_gateway_that_is_not_installed_fall_away() -> None:
    steps: list[Step] = [release("a", "east/crds", "east/gateway", "east/address", "east/dns")]
    assert without_empty_barriers(network(), steps)[0].needs == ()


def test_needs_on_a_gateway_that_is_there_stay() -> None:
    steps: list[Step] = [release("east/crds"), release("a", "east/crds", "east/dns")]
    assert without_empty_barriers(network(), steps)[1].needs == ("east/crds",)


def test_a_need_on_a_cluster_that_does_not_exist_stays_an_error() -> None:
    steps: list[Step] = [release("a", "south/dns")]
    with pytest.raises(PlanError, match="south/dns"):
        ordered(without_empty_barriers(network(), steps))


# ---------------------------------------------------------------- checks


def endpoint(name: str, cluster: str = "east") -> Endpoint:
    return Endpoint(name, cluster, "supplychain", "r", f"{name}.{cluster}.example.com", 80, "http", "json-rpc", "s.n:1")


def test_a_check_waits_for_all_that_stands_in_its_cluster_and_for_nothing_else() -> None:
    handoff = HandoffStep(
        id="h", cluster="east", needs=("b",), source=ObjectRef("v1", "ConfigMap", "x", "ns"), target_cluster="west"
    )
    steps: list[Step] = [
        NamespaceStep(id="ns", cluster="east", namespace="ns"),
        release("a", "ns"),
        release("b", "a"),
        release("c", "a"),
        handoff,
        release("w", "h", cluster="west"),
    ]
    own = {"east": [endpoint("e")], "west": [endpoint("w", "west")]}
    found = checks(network(**TWO_CLUSTERS), steps, own)
    assert [(c.id, c.needs) for c in found] == [("east/check", ("b", "c")), ("west/check", ("w",))]


def test_a_cluster_without_endpoints_has_nothing_to_check() -> None:
    assert checks(network(), [release("a")], {"east": []}) == []


def test_each_cluster_is_checked_as_soon_as_it_stands() -> None:
    plan = build(network(**TWO_CLUSTERS))
    before = ancestors(plan, "east/check")
    assert {"east/dns", "east/supplychain-bes/member-supplychain-1"} <= before
    assert not any(name.startswith("west/") for name in before)


def ancestors(plan: Any, name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = set(plan.step(waiting.pop()).needs) - found
        found |= new
        waiting += new
    return found


# ---------------------------------------------------------------- whole plans


def test_besu_in_one_cluster() -> None:
    plan = build(network())
    assert plan.network_name == "n"
    assert plan.platform == "besu"
    kinds = {kind: sum(s.kind == kind for s in plan.steps) for kind in ("namespace", "release", "address", "dns")}
    # gateway: crds, emissary, defaults; ledger: genesis, four validators, one member
    assert kinds == {"namespace": 3, "release": 9, "address": 1, "dns": 1}
    validators = [plan.step(f"east/supplychain-bes/validator-{i}") for i in range(1, 5)]
    for first, second in pairwise(validators):
        assert first.id in second.needs
    assert "east/crds" in validators[0].needs
    assert plan.critical_path()[-1] == "east/check"


def test_organizations_of_different_clusters_wait_for_nothing_but_handoffs() -> None:
    plan = build(network(**TWO_CLUSTERS))
    for item in plan.steps:
        crossing = [n for n in item.needs if plan.step(n).cluster != item.cluster]
        assert all(plan.step(n).kind == "handoff" for n in crossing), item.id


def test_ports_of_a_gateway_are_exactly_those_of_its_clusters_endpoints() -> None:
    plan = build(network(**TWO_CLUSTERS))
    for cluster in ("east", "west"):
        address = plan.step(f"{cluster}/address")
        assert isinstance(address, AddressStep)
        assert set(address.ports) == {e.port for e in plan.endpoints if e.cluster == cluster}
        dns = plan.step(f"{cluster}/dns")
        assert isinstance(dns, DnsStep)
        assert set(dns.hosts) == {e.host for e in plan.endpoints if e.cluster == cluster}


def test_without_a_gateway_nothing_of_one_is_left() -> None:
    plan = build(network(gateway={"type": "none"}, clusters=[{"name": "east", "context": "east"}]))
    assert {s.kind for s in plan.steps} == {"namespace", "release", "check"}
    check = plan.step("east/check")
    assert isinstance(check, CheckStep)
    assert check.domain is None
    assert check.endpoints
    assert not any(e.exposed for e in check.endpoints)


def test_an_existing_gateway_is_used_and_not_installed() -> None:
    there = {"existing_gateway": {"namespace": "edge", "service": "lb"}}
    plan = build(network(clusters=[{"name": "east", "context": "east", "domain": "east.example.com", **there}]))
    releases = [s for s in plan.steps if isinstance(s, ReleaseStep)]
    assert {s.namespace for s in releases} == {"supplychain-bes"}
    address = plan.step("east/address")
    assert isinstance(address, AddressStep)
    assert address.service == ObjectRef("v1", "Service", "lb", "edge")
    assert address.needs == ()


def test_a_network_that_a_rule_forbids_is_refused_with_every_problem() -> None:
    with pytest.raises(BevelError) as caught:
        build(network(platform={"type": "fabric"}, **{k: v for k, v in TWO_CLUSTERS.items() if k == "clusters"}))
    assert caught.value.code is Code.PRESET_INVALID
    assert caught.value.details
    assert any("gateway" in line for line in caught.value.details)


def test_every_chart_of_a_plan_can_be_rendered_and_has_a_behaviour() -> None:
    for item in (s for s in build(network()).steps if isinstance(s, ReleaseStep)):
        assert manifests(item), item.id
        known = behaviours()[item.chart]
        assert known.version == item.chart_version
        rendered = {(m["kind"], m["metadata"]["name"]) for m in manifests(item)}
        assert rendered == {(e.ref.kind, e.ref.name) for e in item.expects}


def test_an_unknown_chart_has_no_manifests() -> None:
    with pytest.raises(KeyError):
        manifests(release("x"))
    with pytest.raises(KeyError):
        manifests(replace(release("x"), origin="gateways"))


def test_notes_tell_of_licences() -> None:
    assert build(network()).notes == ()
    notes = " ".join(build(network(gateway={"type": "ambassador", "edition": "edge-stack"})).notes)
    assert "licence key belongs into Secret edge-stack" in notes
    assert "--gateway-charts" in notes


def test_the_benchmarks_network_grows_no_faster_than_its_organizations() -> None:
    """Counts steps and needs, not time: an edge from everyone to everyone would show here."""
    source = Path(__file__).parents[2] / "benchmarks" / "planning.py"
    spec = importlib.util.spec_from_file_location("planning", source)
    assert spec is not None
    assert spec.loader is not None
    planning = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(planning)
    for platform in ("besu", "fabric"):
        small, large = (build(planning.network(platform, size)) for size in (20, 40))
        edges = [sum(len(s.needs) for s in plan.steps) for plan in (small, large)]
        assert edges[1] <= 2.2 * edges[0]
        assert len(large.steps) <= 2.2 * len(small.steps)
