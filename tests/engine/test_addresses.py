"""Addresses that nobody knows when planning: from Services and nodes, and from what a ledger has written down."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bevel_tui.engine import addresses
from bevel_tui.engine.bundles.inbox import Inbox
from bevel_tui.engine.clusterfacts import fill
from bevel_tui.engine.context import PlanLike, RunContext
from bevel_tui.engine.ports import Cluster
from bevel_tui.engine.summary import endpoints
from bevel_tui.kube.client import ApiError
from bevel_tui.records.errors import BevelError
from bevel_tui.records.steps import AddressStep, ClusterFact, Endpoint, ObjectRef, Recorded, ReleaseStep

SERVICE = ObjectRef("v1", "Service", "edge", "gateway")
GENESIS = ObjectRef("v1", "ConfigMap", "ptg", "university-ns")
GATEWAY, NODE = ClusterFact("gateway-address"), ClusterFact("node-address")
PLAN = cast(
    "PlanLike",
    SimpleNamespace(
        steps=(
            AddressStep(id="east/address", cluster="east", service=SERVICE),
            AddressStep(id="west/address", cluster="west", service=SERVICE),
        )
    ),
)


class World:
    """A cluster with a gateway's Service, nodes and a genesis."""

    server = ""

    def __init__(self, *ingress: dict[str, str], nodes: list[Any] | None = None, genesis: str | None = None) -> None:
        self.service = {"status": {"loadBalancer": {"ingress": list(ingress)}}}
        self.nodes = nodes
        self.genesis = genesis

    async def get(self, ref: ObjectRef) -> dict[str, Any] | None:
        if ref == SERVICE:
            return self.service
        assert ref == GENESIS
        return None if self.genesis is None else {"data": {"pool": self.genesis}}

    async def list(self, api_version: str, kind: str, *_: Any) -> list[dict[str, Any]]:
        assert (api_version, kind) == ("v1", "Node")
        if self.nodes is None:
            raise ApiError(403, "Forbidden", "nodes is forbidden")
        return self.nodes


def client(world: World) -> Cluster:
    return cast("Cluster", world)


def node(name: str, **found: str) -> dict[str, Any]:
    listed = [{"type": kind, "address": text} for kind, text in found.items()]
    return {"metadata": {"name": name}, "status": {"addresses": listed}}


def genesis(*entries: tuple[str, str]) -> str:
    """As the secondary genesis renders it: a line is empty (facts A4.1 k2)."""
    lines = [json.dumps({"txn": {"data": {"data": {"alias": alias, "node_ip": ip}}}}) for alias, ip in entries]
    return "\n" + "\n".join(lines)


def endpoint(**more: Any) -> Endpoint:
    recorded = Recorded(GENESIS, "pool", "university-steward-1", "txn.data.data.alias", "txn.data.data.node_ip")
    standard: dict[str, Any] = {"host": "<gateway of east>", "address": GATEWAY, "recorded": recorded}
    return Endpoint(
        "e", "east", "university", "university-steward-1", port=15010, protocol="tcp", probe="tcp", service="s.n:9711",
        **{**standard, **more},
    )  # fmt: skip


async def test_the_gateways_address_is_an_ipv4_one() -> None:
    world = World({"ip": "2001:db8::1"}, {"ip": "192.0.2.7"})
    assert await addresses.address(GATEWAY, "east", client(world), PLAN) == "192.0.2.7"


@pytest.mark.parametrize(
    ("ingress", "words"), [([], "has none"), ([{"hostname": "lb.example"}], r"has only lb\.example")]
)
async def test_a_gateway_without_one_is_an_error_that_says_what_to_do(ingress: list[Any], words: str) -> None:
    with pytest.raises(BevelError, match=words) as caught:
        await addresses.address(GATEWAY, "east", client(World(*ingress)), PLAN)
    assert "public_ip" in str(caught.value.remedy)


async def test_a_nodes_outer_address_comes_first_and_nodes_by_name() -> None:
    nodes = [
        node("b", InternalIP="10.0.0.2"),
        node("a", Hostname="a", InternalIP="10.0.0.1", ExternalIP="192.0.2.1"),
        node("c", InternalIP="2001:db8::3"),
    ]
    world = World(nodes=nodes)
    assert await addresses.node_addresses(client(world)) == ("192.0.2.1", "10.0.0.2")
    assert await addresses.address(NODE, "east", client(world), PLAN) == "192.0.2.1"
    with pytest.raises(BevelError, match="no node of cluster east"):
        await addresses.address(NODE, "east", client(World(nodes=[])), PLAN)


async def test_nodes_that_may_not_be_read_are_unknown() -> None:
    assert await addresses.nodes_or_none(client(World())) == ()


async def test_values_get_the_addresses_of_all_clusters() -> None:
    """The founder's genesis names the gateways of the others (facts A4.3)."""
    clusters = {
        "east": SimpleNamespace(client=World({"ip": "192.0.2.1"})),
        "west": SimpleNamespace(client=World({"ip": "192.0.2.2"})),
    }
    ctx = cast("RunContext", SimpleNamespace(clusters=clusters, plan=PLAN, inbox=Inbox()))
    tree = {"stewards": [{"publicIp": GATEWAY}, {"publicIp": ClusterFact("gateway-address", cluster="west")}]}
    east = client(clusters["east"].client)
    assert await fill(tree, east, addresses.in_plan(ctx, "east")) == {
        "stewards": [{"publicIp": "192.0.2.1"}, {"publicIp": "192.0.2.2"}]
    }
    with pytest.raises(BevelError, match="cluster north is needed, which this run cannot ask"):
        await fill([ClusterFact("gateway-address", cluster="north")], east, addresses.in_plan(ctx, "east"))


async def located(world: World, **more: Any) -> Endpoint:
    (found,) = await addresses.located([endpoint(**more)], client(world), PLAN)
    return found


async def test_before_the_genesis_an_endpoint_is_at_the_gateway() -> None:
    assert (await located(World({"ip": "192.0.2.1"}))).host == "192.0.2.1"
    assert (await located(World())).host == "<gateway of east>"


async def test_after_the_genesis_it_is_where_the_genesis_says() -> None:
    made = genesis(("other", "192.0.2.9"), ("university-steward-1", "192.0.2.1"))
    found = await located(World({"ip": "192.0.2.66"}, genesis=made))
    assert (found.host, found.address) == ("192.0.2.1", GATEWAY)
    assert (await located(World({"ip": "192.0.2.66"}, genesis="no JSON"))).host == "192.0.2.66"


async def test_an_address_of_the_presets_own_is_compared_with_the_genesis() -> None:
    same = genesis(("university-steward-1", "192.0.2.1"))
    stated = {"host": "192.0.2.1", "address": None}
    assert (await located(World(genesis=same), **stated)).address is None
    moved = await located(World(genesis=genesis(("university-steward-1", "192.0.2.5"))), **stated)
    assert (moved.host, moved.address) == ("192.0.2.5", GATEWAY)


def test_the_summary_names_addresses_once_they_are_known() -> None:
    step = ReleaseStep(id="r", cluster="east", release="r", chart="c", chart_version="1", endpoints=(endpoint(),))
    assert [e.url for e in endpoints([step], {})] == ["tcp://<gateway of east>:15010"]
    assert [e.url for e in endpoints([step], {"e": "192.0.2.1"})] == ["tcp://192.0.2.1:15010"]
