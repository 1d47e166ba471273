"""Substrate's Jobs and nodes: keys, genesis, IPFS; take away each input and the failure that Bevel shows appears."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from bevel_tui.reachability.inside import health
from bevel_tui.reachability.inside.paths import Look
from bevel_tui.reachability.inside.script import read
from bevel_tui.sandbox.players import base58
from bevel_tui.sandbox.players.substrate_keys import is_peer_id, peer_id, public_of, ss58
from bevel_tui.sandbox.probe import play
from bevel_tui.sandbox.workloads.view import ref

PRESET = "substrate-one-cluster"
EAST, OEM, TIER = "east", "oem-subs", "tierone-subs"
NODE = "oem-validator-2-node-substrate-node-0"


async def fields(run: Any, name: str, namespace: str) -> dict[str, Any]:
    found = await run.box.get(run.contexts[EAST], "Secret", name, namespace)
    assert set(found["data"]) == {"substrate-node-keys"}
    return dict(json.loads(base64.b64decode(found["data"]["substrate-node-keys"]))["data"])


async def chain(run: Any, namespace: str) -> dict[str, Any]:
    found = await run.box.get(run.contexts[EAST], "ConfigMap", "substrate-genesis", namespace)
    return dict(json.loads(base64.b64decode(found["data"]["genesis"])))


def test_addresses_and_ids_are_those_of_the_real_tools() -> None:
    """Alice's well-known key, and a peer id of libp2p's own documentation's form."""
    alice = bytes.fromhex("d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d")
    assert ss58(alice) == "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
    assert public_of(ss58(alice)) == alice
    with pytest.raises(ValueError, match="5Grwva"):
        public_of("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQZ")
    assert peer_id(bytes(31) + b"\1") == "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp"
    assert is_peer_id(peer_id(bytes(32)))
    assert not is_peer_id("12D3KooW")
    assert not is_peer_id("0OIl")
    assert base58.decode(base58.encode(b"\0\0abc")) == b"\0\0abc"


async def health_of(run: Any, endpoints: list[Any]) -> list[Any]:
    """What the simulated probe's log says of the nodes' health, judged as a check does."""
    log: list[str] = []
    arguments = [question.argument for question in health.questions(endpoints)]
    await play(run.box.world, run.box.world.sites[run.contexts[EAST]], {"args": arguments}, log.append)
    return health.judge(Look(EAST, read(log)), endpoints, len(arguments) - 1)


async def test_the_whole_network(rehearse: Any) -> None:
    async with rehearse(PRESET) as run:
        await run.run()
        own = await fields(run, "oem-member-1-keys", OEM)
        assert set(own) == {
            "node_id", "node_key", "aura_seed", "aura_addr", "aura_file_b64", "grandpa_seed", "grandpa_addr",
            "grandpa_file_b64", "account_seed", "account_addr", "account_file_b64",
        }  # fmt: skip
        assert peer_id(bytes.fromhex(own["node_key"])) == own["node_id"]
        assert "account_addr" not in await fields(run, "oem-validator-1-keys", OEM)
        # of foreign keys the founder has the public halves only
        assert set(await fields(run, "tierone-member-1-keys", OEM)) == {
            "node_id", "aura_addr", "grandpa_addr", "account_addr",
        }  # fmt: skip
        # every validator has a vote, and members vouch for their own organization's nodes
        told = (await chain(run, OEM))["properties"]["simulated"]
        validators = [("oem", 1), ("oem", 2), ("tierone", 1), ("tierone", 2)]
        keys = [await fields(run, f"{org}-validator-{i}-keys", f"{org}-subs") for org, i in validators]
        assert told["authorities"] == [k["aura_addr"] for k in keys]
        assert {n for n, owner in told["nodes"] if owner == own["account_addr"]} == {
            own["node_id"], keys[0]["node_id"], keys[1]["node_id"],
        }  # fmt: skip
        assert len(told["nodes"]) == 3 + 3 + 1
        # the chain is everybody's, the sudo phrase the founder's alone
        assert await chain(run, TIER) == await chain(run, OEM)
        for namespace, keys_there in ((OEM, {"genesis", "sudoKeygenOutput"}), (TIER, {"genesis"})):
            found = await run.box.get(run.contexts[EAST], "ConfigMap", "substrate-genesis", namespace)
            assert set(found["data"]) == keys_there
        for pod, role in ((NODE, "AUTHORITY"), ("tiertwo-member-1-node-substrate-node-0", "FULL")):
            text = run.log(EAST, pod)
            assert f"Role: {role}" in text
            assert "Inserted key aura into Keystore" in text
            assert "none of the authorities" not in text
            assert "not authorised" not in text
        # a pod that looks from inside is told of every node's peers; gateways expose no RPC
        endpoints = [e for step in run.plan.steps if step.kind == "release" for e in step.endpoints]
        results = await health_of(run, endpoints)
        assert len(results) == 7
        assert {(r.status, r.code) for r in results} == {("ok", None)}
        assert {r.summary for r in results} == {"the node has 6 peers and is in step"}
        boot = (await run.box.get(run.contexts[EAST], "ConfigMap", "ipfs-boot-node", TIER))["data"]["peer_id"]
        address = f"/dns4/dscp-ipfs-node-oem-1-swarm.{OEM}/tcp/4001/p2p/{boot}"
        assert f"added {address}" in run.log(EAST, "dscp-ipfs-node-tierone-1-0")
        assert "connected to ws://tierone-member-1-node-substrate-node-0:9944" in run.log(
            EAST, "dscp-ipfs-node-tierone-1-0"
        )


def without(run: Any, kind: str, name: str, namespace: str) -> None:
    """Never create this object."""

    def spoil(obj: dict[str, Any]) -> dict[str, Any] | None:
        meta = obj["metadata"]
        gone = (obj["kind"], meta["name"], meta.get("namespace")) == (kind, name, namespace)
        return None if gone else obj

    run.spoil = spoil


async def test_a_validator_whose_keys_nobody_hands_over_has_no_vote(rehearse: Any) -> None:
    """Bevel's Job says so and goes on (S05)."""
    async with rehearse(PRESET) as run:
        without(run, "Secret", "tierone-validator-1-keys", OEM)
        await run.run(until=f"{EAST}/{TIER}/tierone-validator-1-node")
        text = run.log(EAST, "oem-genesis")
        assert 'Error from server (NotFound): secrets "tierone-validator-1-keys" not found' in text
        assert "Error: Unable to retrieve aura_addr or grandpa_addr key for validator" in text
        assert len((await chain(run, OEM))["properties"]["simulated"]["authorities"]) == 3
        await run.logged(EAST, "tierone-validator-1-node-substrate-node-0", "none of the authorities of the chain")


async def test_a_member_whose_keys_are_missing_leaves_no_chain_at_all(rehearse: Any) -> None:
    async with rehearse(PRESET) as run:
        without(run, "Secret", "tierone-member-1-keys", OEM)
        await run.run(until=f"{EAST}/{OEM}/oem-genesis")
        assert "Error parsing spec file" in run.log(EAST, "oem-genesis")
        found = await run.box.get(run.contexts[EAST], "ConfigMap", "substrate-genesis", OEM)
        assert found["data"]["genesis"] == ""
        step = next(s for s in run.plan.steps if s.id == f"{EAST}/{OEM}/oem-validator-1-node")
        for obj in run.objects(step):
            await run.create(run.contexts[EAST], obj)
        await run.logged(EAST, "oem-validator-1-node", "Failed to insert key aura into Keystore.")
        await run.logged(EAST, "oem-validator-1-node", "Error parsing spec file: EOF while parsing a value")


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("ConfigMap", "substrate-genesis", ("substrate-genesis", "Error parsing spec file: EOF while parsing a value")),
        ("Secret", "oem-validator-2-keys", ("Failed to insert key gran into Keystore.", "Invalid node key")),
    ],
)
async def test_a_node_needs_genesis_and_keys(rehearse: Any, kind: str, name: str, words: tuple[str, ...]) -> None:
    async with rehearse(PRESET) as run:
        await run.run(until=f"{EAST}/{OEM}/oem-validator-1-node")
        context = run.contexts[EAST]
        step = next(s for s in run.plan.steps if s.id == f"{EAST}/{OEM}/oem-validator-2-node")
        run.values[step.id] = await run.told(step, context)
        await run.box.clients[context].delete(ref(kind, OEM, name))
        for obj in run.objects(step):
            await run.create(context, obj)
        for text in words:
            await run.logged(EAST, NODE, text)


async def test_a_node_needs_to_know_whom_it_dials(rehearse: Any) -> None:
    """Without a boot node id the address that the chart puts together is none."""
    async with rehearse(PRESET) as run:
        await run.run(until=f"{EAST}/{OEM}/oem-validator-1-node")
        step = next(s for s in run.plan.steps if s.id == f"{EAST}/{OEM}/oem-validator-2-node")
        boot = {**step.values["node"]["isBootnode"], "boot_node_id": ""}
        run.values[step.id] = {**step.values, "node": {**step.values["node"], "isBootnode": boot}}
        for obj in run.objects(step):
            await run.create(run.contexts[EAST], obj)
        await run.logged(EAST, NODE, "error: Invalid value for '--bootnodes <ADDR>...'")


async def test_only_the_first_keys_of_a_namespace_bring_what_pods_mount(rehearse: Any) -> None:
    """G05, G06: without the tags there is neither ServiceAccount nor script."""
    async with rehearse(PRESET) as run:
        await run.run(until=f"{EAST}/{OEM}")
        context = run.contexts[EAST]
        step = next(s for s in run.plan.steps if s.id == f"{EAST}/{OEM}/oem-validator-2")
        job = next(o for o in run.objects(step) if o["metadata"]["name"] == "oem-validator-2-generate-keys")
        await run.create(context, job)
        words = 'serviceaccount "vault-auth" not found'
        assert await run.box.event(context, "oem-validator-2-generate-keys", words) == "FailedCreate"
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "vault-auth", "namespace": OEM}}
        await run.create(context, account)
        words = 'MountVolume.SetUp failed for volume "package-manager" : configmap "package-manager" not found'
        assert await run.box.event(context, "oem-validator-2-generate-keys", words) == "FailedMount"


async def test_ipfs_needs_a_whole_address_to_dial(rehearse: Any) -> None:
    async with rehearse(PRESET) as run:
        await run.run(until=f"{EAST}/{TIER}/tierone-member-1-node")
        step = next(s for s in run.plan.steps if s.id == f"{EAST}/{TIER}/dscp-ipfs-node-tierone-1")
        config = {**step.values["config"], "ipfsBootNodeAddress": "/dns4/dscp-ipfs-node-oem-1-swarm/tcp/4001/p2p/"}
        run.values[step.id] = {**step.values, "config": config}
        for obj in run.objects(step):
            await run.create(run.contexts[EAST], obj)
        await run.logged(EAST, "dscp-ipfs-node-tierone-1-0", "Error: invalid peer address: failed to parse multiaddr")
