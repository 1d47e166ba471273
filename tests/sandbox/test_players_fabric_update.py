"""An organization is signed into a channel: each input of the Jobs taken away in turn, and what an orderer refuses."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from bevel_tui.network.model import Channel, FabricRoles, Network, Organization
from bevel_tui.network.past import Past
from bevel_tui.plan.build import build
from bevel_tui.sandbox.workloads.view import ref

NS, CARRIER, BROKER = "supplychain-net", "carrier-net", "broker-net"
JOB = "allchannel-update-1"


def with_broker(network: Network) -> Network:
    broker = Organization(name="broker", cluster="east", fabric=FabricRoles(peers=1))
    channel = Channel(name="allchannel", participants=("supplychain", "carrier", "broker"), creator="carrier")
    platform = network.platform.model_copy(update={"channels": (channel,)})
    return network.model_copy(update={"organizations": (*network.organizations, broker), "platform": platform})


@pytest.mark.parametrize("preset", ["fabric-two-two", "fabric-one-cluster"])
async def test_signed_by_two_of_two(preset: str, rehearse: Any, fault: Any, rerun: Any) -> None:
    async with rehearse(preset) as run:
        await run.run()
        context, client = run.contexts["east"], run.box.clients[run.contexts["east"]]
        past = Past.of(run.network)
        run.network = with_broker(run.network)
        run.plan = build(run.network, past.after(run.network))
        first, last = f"east/{NS}/{JOB}", f"east/{CARRIER}/{JOB}"
        await run.run(until=f"handoff/update/supplychain->carrier/{JOB}")
        channel = run.box.world.channels["allchannel"]
        before = len(channel.peers)
        assert "brokerMSP" not in channel.members  # one signature of two

        async with fault(run, "east", "ConfigMap", "broker-new-data", NS):
            await rerun(run, first, JOB)
            words = 'configmap "broker-new-data" not found'
            assert await run.box.event(context, JOB, words) == "FailedMount"
        async with fault(run, "east", "Secret", "admin-msp", NS):
            await rerun(run, first, JOB)
            assert await run.box.event(context, JOB, 'secret "admin-msp" not found') == "FailedMount"
        async with fault(run, "east", "Service", "orderer1", NS):
            await rerun(run, first, JOB)
            await run.logged("east", JOB, "failed to create deliver client for orderer")

        handed = ref("ConfigMap", CARRIER, f"{JOB}-handed")
        found = await client.get(handed)
        document = json.loads(base64.b64decode(found["data"]["update_base64"]))
        assert list(document["signatures"]) == ["supplychainMSP"]
        assert document["anchor"].startswith("peer0.broker-net")

        async def hand(**change: Any) -> None:
            changed = base64.b64encode(json.dumps({**document, **change}).encode()).decode()
            await client.patch(handed, {"data": {"update_base64": changed}})

        await hand(signatures={})
        await create(run, last)
        await run.logged("east", JOB, "this policy requires 2 of the 'Admins' sub-policies to be satisfied")
        await hand(signatures={"supplychainMSP": "somebody else"})
        await rerun(run, last, JOB)
        await run.logged("east", JOB, "1 sub-policies were satisfied")
        await hand(member="strangerMSP")
        await rerun(run, last, JOB)
        await run.logged("east", JOB, "changes something else than brokerMSP: not signed.")
        await hand(sequence=7)
        await rerun(run, last, JOB)
        await run.logged("east", JOB, "readset expected key [Group]  /Channel/Application at version 7")
        assert "brokerMSP" not in channel.members
        # a newcomer's peer that does not wait may not read the channel
        await run.run(until=f"east/{BROKER}/peer0")
        await hand()
        await rerun(run, last, JOB)
        await run.logged("east", JOB, "Channel allchannel is updated.")
        await run.run()
        assert list(channel.members) == ["supplychainMSP", "carrierMSP", "brokerMSP"]
        assert any(name.startswith("peer0.broker-net") for name in channel.anchors)
        assert len(channel.peers) == before + 1
        await rerun(run, first, JOB)
        await run.logged("east", JOB, "Nothing to do: the configuration of allchannel says so of brokerMSP already.")


async def test_an_orderer_follows_and_is_signed_in(rehearse: Any, fault: Any, rerun: Any) -> None:
    """fabric-multi-orderer: two organizations order, both sign; the one whose orderer it is begins."""
    async with rehearse("fabric-multi-orderer") as run:
        await run.run()
        past = Past.of(run.network)
        first, carrier, *others = run.network.organizations
        assert carrier.fabric.orderers == 2
        more = carrier.model_copy(update={"fabric": carrier.fabric.model_copy(update={"orderers": 3})})
        run.network = run.network.model_copy(update={"organizations": (first, more, *others)})
        run.plan = build(run.network, past.after(run.network))
        owner, other = f"west/{CARRIER}/{JOB}", f"east/{NS}/{JOB}"
        channel = run.box.world.channels["allchannel"]
        await run.run(until=f"west/{CARRIER}/orderer-carrier-3")
        joins = "channel-create-allchannel"
        run.values.pop(f"west/{CARRIER}/allchannel")
        await rerun(run, f"west/{CARRIER}/allchannel", joins)
        await run.ready("west", {"kind": "Job", "metadata": {"namespace": CARRIER, "name": joins}})
        await run.run(until=f"handoff/update/carrier->supplychain/{JOB}")
        assert (len(channel.orderers), len(channel.consenters)) == (6, 5)  # it follows

        async with fault(run, "west", "Secret", "orderer-carrier-3-tls", CARRIER):
            await rerun(run, owner, JOB)
            words = 'secret "orderer-carrier-3-tls" not found'
            assert await run.box.event(run.contexts["west"], JOB, words) == "FailedMount"
        handed = ref("ConfigMap", NS, f"{JOB}-handed")
        east = run.box.clients[run.contexts["east"]]
        found = await east.get(handed)
        document = json.loads(base64.b64decode(found["data"]["update_base64"]))
        assert (list(document["signatures"]), document["joins"]) == (["carrierMSP"], True)
        without = base64.b64encode(json.dumps({**document, "signatures": {}}).encode()).decode()
        await east.patch(handed, {"data": {"update_base64": without}})
        await create(run, other)
        await run.logged("east", JOB, "[Group]  /Channel/Orderer not satisfied")
        await east.patch(handed, {"data": found["data"]})
        await rerun(run, other, JOB)
        await run.logged("east", JOB, "Channel allchannel is updated.")
        assert len(channel.consenters) == 6
        assert channel.led
        await rerun(run, owner, JOB)
        await run.logged("west", JOB, "Nothing to do")


async def create(run: Any, step_id: str) -> None:
    """Create a release's objects without waiting for them."""
    step = next(s for s in run.plan.steps if s.id == step_id)
    for obj in run.objects(step):
        await run.create(run.contexts[step.cluster], obj)
