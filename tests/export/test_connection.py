"""Connection material: profiles that name what the plan opens, with public certificates only."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest
import yaml

from bevel_tui.engine.publish import Place, read
from bevel_tui.export.connection import files, wanted
from bevel_tui.kube.client import ApiError
from bevel_tui.network.load import load
from bevel_tui.plan.build import build
from bevel_tui.records.errors import BevelError
from bevel_tui.records.steps import ObjectRef

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----\n"


class Cluster:
    """As much of a cluster as is read."""

    def __init__(self, objects: dict[ObjectRef, dict[str, Any]]) -> None:
        self.objects = objects
        self.context = "c"
        self.closed = False

    async def get(self, ref: ObjectRef) -> dict[str, Any] | None:
        if ref.name == "forbidden":
            raise ApiError(403, "Forbidden", "no")
        return self.objects.get(ref)

    async def close(self) -> None:
        self.closed = True


def secret(text: str) -> dict[str, Any]:
    return {"data": {"cacrt": base64.b64encode(text.encode()).decode()}}


def test_profiles_name_every_node_and_carry_certificates() -> None:
    network = load("fabric-two-clusters")
    plan = build(network)
    places = wanted(network, plan)
    made = files(network, plan, dict.fromkeys(places, PEM))
    assert sorted(made) == ["carrier.json", "carrier.yaml", "supplychain.json", "supplychain.yaml"]
    profile = json.loads(made["carrier.json"])
    assert yaml.safe_load(made["carrier.yaml"]) == profile
    own = profile["organizations"]["carrier"]
    assert own["mspid"] == "carrierMSP"
    assert set(own["peers"]) == set(profile["peers"]) == {"peer0.carrier-net.west.example.test"}
    assert set(own["certificateAuthorities"]) == set(profile["certificateAuthorities"])
    assert [ca["caName"] for ca in profile["certificateAuthorities"].values()] == ["carrier-ca.carrier-net"]
    assert len(profile["orderers"]) == 3
    channel = profile["channels"]["allchannel"]
    assert set(channel["orderers"]) == set(profile["orderers"])
    assert set(channel["peers"]) == set(profile["peers"])
    hosts = {f"{e.host}:{e.port}" for e in plan.endpoints}
    for node in (*profile["orderers"].values(), *profile["peers"].values()):
        assert node["url"].removeprefix("grpcs://") in hosts
        assert node["tlsCACerts"]["pem"] == PEM
    assert [ca["tlsCACerts"]["pem"] for ca in profile["certificateAuthorities"].values()] == [[PEM]]


def test_without_certificates_addresses_are_there() -> None:
    network = load("fabric-one-cluster")
    profile = json.loads(files(network, build(network), {})["supplychain.json"])
    assert all("tlsCACerts" not in peer for peer in profile["peers"].values())
    assert profile["peers"]


@pytest.mark.parametrize(("preset", "chain"), [("besu-two-clusters", 1337), ("quorum-two-clusters", 1337)])
def test_ethereum(preset: str, chain: int) -> None:
    network = load(preset)
    found = json.loads(files(network, build(network), {})["ethereum.json"])
    assert found["chainId"] == chain
    assert len(found["nodes"]) == 6
    assert all(node["rpc"].startswith("http://") and node["ws"].startswith("ws://") for node in found["nodes"])


def test_indy_genesis() -> None:
    network = load("indy-two-clusters")
    places = wanted(network, build(network))
    made = files(network, build(network), {place: f"text of {place.key}" for place in places})
    assert made["pool_transactions_genesis"] == "text of pool_transactions_genesis"
    assert "domain_transactions_genesis" in made


@pytest.mark.parametrize("preset", ["corda-two-clusters", "substrate-two-clusters", "corda-enterprise-one-cluster"])
def test_others(preset: str) -> None:
    network = load(preset)
    plan = build(network)
    assert len(json.loads(files(network, plan, {})["endpoints.json"])["endpoints"]) == len(plan.endpoints)


def test_private_keys_are_never_read_out() -> None:
    """What is there is read, what is not or must not be is told; connections are closed; other clusters may be down."""
    network = load("fabric-two-clusters")
    there, gone, hidden, key = (ObjectRef("v1", "Secret", name, "ns") for name in ("there", "gone", "forbidden", "key"))
    east = Cluster({there: secret(PEM), key: secret(KEY)})

    async def opened(context: str, kubeconfig: str | None) -> Any:
        if context == network.cluster("west").context:
            from bevel_tui.records.errors import Code

            raise BevelError(Code.CLUSTER_UNREACHABLE, "west is down")
        return east

    places = [Place("east", ref, "cacrt") for ref in (there, gone, hidden, key)] + [Place("west", there, "cacrt")]
    found = asyncio.run(read(network, places, open_cluster=opened))
    assert found.texts == {Place("east", there, "cacrt"): PEM}
    assert east.closed
    told = "\n".join(found.missing)
    for word in (
        "ns/gone in cluster east is not there yet",
        "Forbidden",
        "looks like a PEM private key",
        "west is down",
    ):
        assert word in told
    assert "MHcC" not in told
