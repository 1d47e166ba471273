"""The sandbox's external-dns, and the product with it: installed, told of domains, waited for at the end."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bevel_tui.engine.options import RunOptions
from bevel_tui.engine.run import deploy, destroy
from bevel_tui.network.load import load
from bevel_tui.network.model import Network
from bevel_tui.plan.build import build
from bevel_tui.reachability.names.externaldns import ANNOTATION
from bevel_tui.records.steps import ObjectRef
from tests.parts import up_to
from tests.sandbox.conftest import running

Box = Any
DEPLOYMENT = ObjectRef("apps/v1", "Deployment", "external-dns", "test")


async def becomes(question: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not question():
            await asyncio.sleep(0.01)


def controller(owner: str, *more: str) -> dict[str, Any]:
    args = ["--source=service", f"--txt-owner-id={owner}", "--domain-filter=example.com", *more]
    image = "registry.k8s.io/external-dns/external-dns:v0.21.0"
    labels = {"app": "external-dns"}
    spec = {"containers": [{"name": "c", "image": image, "args": args}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "external-dns", "namespace": "test"},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
    }  # fmt: skip


def service(*names: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "edge", "namespace": "test", "annotations": {ANNOTATION: ",".join(names)}},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
    }


async def rounds(box: Box, number: int = 3) -> None:
    """So many rounds of external-dns."""
    await box.world.clock.sleep(2.5 * number)


async def annotate(box: Box, cluster: str, *names: str) -> None:
    patch = {"metadata": {"annotations": {ANNOTATION: ",".join(names) or None}}}
    await box.clients[cluster].patch(ObjectRef("v1", "Service", "edge", "test"), patch)


async def test_what_was_installed_works_by_its_arguments(box: Box) -> None:
    names = box.world.names
    names.add("taken.example.com", "A", "198.51.100.1")
    stopped = controller("n-east")
    stopped["spec"]["replicas"] = 0
    await box.apply("east", stopped, service("*.a.example.com.", "b.example.net", "taken.example.com"))
    await rounds(box)
    assert names.addresses("x.a.example.com") == [], "no pod of it is ready"
    await box.clients["east"].patch(DEPLOYMENT, {"spec": {"replicas": 1}})
    await becomes(lambda: names.addresses("x.a.example.com") == ["127.101.1.1"])
    await rounds(box)
    assert names.addresses("b.example.net") == [], "its domain filter leaves that out"
    assert names.addresses("taken.example.com") == ["198.51.100.1"], "nobody's in the registry: never touched"
    (text,) = names.values("a-*.a.example.com", "TXT")
    assert "external-dns/owner=n-east,external-dns/resource=service/test/edge" in text
    await annotate(box, "east")
    await becomes(lambda: names.addresses("x.a.example.com") == [] and not names.values("a-*.a.example.com", "TXT"))
    assert names.addresses("taken.example.com") == ["198.51.100.1"]


async def test_it_leaves_what_its_policy_and_other_owners_say(box: Box) -> None:
    names = box.world.names
    names.add("a-*.other.example.com", "TXT", '"heritage=external-dns,external-dns/owner=somebody"')
    await box.apply(
        "east", controller("n-east", "--policy=upsert-only"), service("*.a.example.com", "*.other.example.com")
    )
    await becomes(lambda: names.addresses("x.a.example.com") == ["127.101.1.1"])
    await annotate(box, "east")
    await rounds(box)
    assert names.addresses("x.a.example.com") == ["127.101.1.1"]
    assert names.addresses("x.other.example.com") == []


async def test_one_owner_id_for_two_clusters_takes_records_away(tmp_path: Path) -> None:
    async with running(tmp_path, "east", "west") as box:
        names = box.world.names
        await box.apply("east", controller("default"), service("*.e.example.com"))
        await becomes(lambda: names.addresses("x.e.example.com") == ["127.101.1.1"])
        await box.apply("west", controller("default"), service("*.w.example.com"))
        await becomes(lambda: names.addresses("x.w.example.com") == ["127.101.2.1"])
        assert names.addresses("x.e.example.com") == []


# ---------------------------------------------------------------- the product


def edges() -> tuple[Network, Any]:
    """A network with its own external-dns in east and updates from here in west, and the plan of its edges alone."""
    document = copy.deepcopy(load("fabric-two-clusters").model_dump(mode="json", by_alias=True, exclude_none=True))
    document["dns"] = {
        "mode": "external-dns",
        "external_dns": {"provider": "aws"},
        "rfc2136": {"server": "ns1.example.test", "key_name": "k", "key": {"env": "TEST_DNS_KEY"}},
    }
    document["clusters"][1]["dns"] = "rfc2136"
    network = Network.model_validate(document)
    return network, up_to(build(network), "east/dns", "west/dns")


@pytest.mark.sandbox
async def test_the_product_installs_it_waits_for_its_records_and_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_DNS_KEY", "c2VjcmV0")
    network, plan = edges()
    contexts = [cluster.context for cluster in network.clusters]
    async with running(tmp_path, *contexts) as box:
        names = box.world.names
        for domain in ("east.example.test", "west.example.test"):
            names.add_zone(domain)
        options = RunOptions(kubeconfig=str(box.kubeconfig), journal=False)

        async def run(command: Any) -> list[Any]:
            return [event async for event in command(network, plan, options)]

        events = await run(deploy)
        assert events[-1].exit_code == 0, events[-1].error
        ended = {event.step: event for event in events if event.type == "step-finished"}
        order = list(ended)
        assert order.index("east/external-dns/external-dns") < order.index("east/dns"), "it waits for its controller"
        assert ended["west/dns"].outcome == "ok"
        assert names.addresses("a.b.east.example.test") == ["127.101.1.1"]
        assert names.addresses("a.b.west.example.test") == ["127.101.2.1"]
        (registry,) = names.values("a-wildcard.east.example.test", "TXT")
        assert f"owner={network.name}-east" in registry
        (mark,) = names.values("_bevel-tui.west.example.test", "TXT")
        assert f"network={network.name}" in mark

        again = await run(deploy)
        outcomes = {event.step: event.outcome for event in again if event.type == "step-finished"}
        assert set(outcomes.values()) == {"unchanged"}

        gone = await run(destroy)
        assert gone[-1].exit_code == 0, gone[-1].error
        order = [event.step for event in gone if event.type == "step-finished"]
        assert order.index("east/dns") < order.index("east/external-dns/external-dns")
        assert order.index("east/dns") < order.index("east/gateway")
        assert [event.text for event in gone if event.type == "notice" and event.level == "warning"] == []
        for name in ("*.east.example.test", "*.west.example.test", "west.example.test"):
            assert not names.values(name, "A")
        for name in ("a-wildcard.east.example.test", "_bevel-tui.west.example.test"):
            assert not names.values(name, "TXT")
