"""Besu's Jobs and chains: genesis, keys, peers; take away each input and the failure that Bevel shows appears."""

from __future__ import annotations

import base64
import json
from typing import Any

from bevel_tui.sandbox.components import behind
from bevel_tui.sandbox.ledger import answer
from bevel_tui.sandbox.players.ethereum import key_of, validators_of
from bevel_tui.sandbox.workloads.view import ref

NS = "supplychain-bes"
EAST = "east"


async def peers(run: Any, cluster: str = EAST, namespace: str = NS) -> list[str]:
    found = await run.box.get(run.contexts[cluster], "ConfigMap", "besu-peers", namespace)
    return list(json.loads(found["data"]["static-nodes.json"]))


def call(run: Any, cluster: str, namespace: str, release: str, method: str, *params: Any) -> Any:
    """JSON-RPC to a node, from inside its cluster."""
    site = run.box.world.sites[run.contexts[cluster]]
    component = behind(run.box.world, site, namespace, f"besu-node-{release}", 8545)
    reply = answer(run.box.conductor.ledger, component, {"id": 1, "method": method, "params": list(params)})
    return reply.get("result", reply.get("error"))


async def test_genesis_keys_and_peers(rehearse: Any) -> None:
    async with rehearse("besu-two-clusters") as run:
        await run.run(until=f"{EAST}/{NS}/validator-2")
        context = run.contexts[EAST]
        found = await run.box.get(context, "ConfigMap", "besu-genesis", NS)
        genesis = json.loads(found["data"]["genesis.json"])
        assert genesis["config"]["chainId"] == 1337
        assert genesis["config"]["qbft"]["blockperiodseconds"] == 10
        addresses = []
        for number in range(1, 5):
            secret = await run.box.get(context, "Secret", f"besu-node-validator-{number}-keys", NS)
            data = {k: base64.b64decode(v).decode() for k, v in secret["data"].items()}
            assert set(data) == {
                "nodekey", "nodekey.pub", "enode", "accountPrivate.key", "accountPassword", "accountKeystore",
                "accountAdddress",
            }  # fmt: skip
            key = key_of(data["nodekey"])
            assert key.public == data["nodekey.pub"] == data["enode"]
            addresses.append(key.address)
            text = next(p for p in await peers(run) if key.public in p)
            if number <= 2:
                assert text.endswith(f"@validator-{number}.east.example.test:1501{number - 1}?discport=0")
            else:
                assert text.endswith(f"@besu-node-validator-{number}.{NS}:30303?discport=0")
        assert validators_of(genesis) == addresses
        assert (await run.box.get(context, "ConfigMap", "besu-bootnodes", NS))["data"] == {"bootnodes-json": "[]\n"}


async def test_a_name_inside_another_takes_its_peers_away(rehearse: Any, rerun: Any) -> None:
    async with rehearse("besu-two-clusters") as run:
        await run.run(until=f"{EAST}/{NS}/validator-1")
        entries = await peers(run)
        other = f"enode://{'ab' * 64}@validator-10.east.example.test:15020?discport=0"
        body = {"data": {"static-nodes.json": json.dumps([*entries, other])}}
        await run.box.clients[run.contexts[EAST]].patch(ref("ConfigMap", NS, "besu-peers"), body)
        await rerun(run, f"{EAST}/{NS}/validator-1", "besu-node-validator-1-pre-install-hook")
        await run.logged(EAST, "besu-node-validator-1-pre-install-hook", "Pre-install hook completed")
        view = run.view(EAST)
        await view.until(
            ["Job"],
            lambda: (
                (view.get("Job", NS, "besu-node-validator-1-pre-install-hook") or {}).get("status", {}).get("succeeded")
            ),
        )
        assert other not in await peers(run), "facts A2.1, substring trap"
        assert sorted(await peers(run)) == sorted(entries)


async def test_a_node_keeps_its_keys_and_goes_as_the_chart_says(rehearse: Any, rerun: Any) -> None:
    async with rehearse("besu-one-cluster") as run:
        await run.run(until=f"{EAST}/{NS}/validator-1")
        context = run.contexts[EAST]
        before = await run.box.get(context, "Secret", "besu-node-validator-1-keys", NS)
        await rerun(run, f"{EAST}/{NS}/validator-1", "besu-node-validator-1-pre-install-hook")
        view = run.view(EAST)
        await view.until(
            ["Job"],
            lambda: (
                (view.get("Job", NS, "besu-node-validator-1-pre-install-hook") or {}).get("status", {}).get("succeeded")
            ),
        )
        assert (await run.box.get(context, "Secret", "besu-node-validator-1-keys", NS))["data"] == before["data"]
        await rerun(run, f"{EAST}/{NS}/validator-1", "besu-node-validator-1-pre-delete-hook")
        await view.until(
            ["Job"],
            lambda: (
                (view.get("Job", NS, "besu-node-validator-1-pre-delete-hook") or {}).get("status", {}).get("succeeded")
            ),
        )
        assert not any("validator-1" in p for p in await peers(run))
        assert await run.box.get(context, "ConfigMap", "besu-node-validator-1-address", NS) is None
        assert await run.box.get(context, "Secret", "besu-node-validator-1-keys", NS), "removeKeysOnDelete is false"


async def test_what_is_missing_shows_as_in_bevel(rehearse: Any) -> None:
    async with rehearse("besu-one-cluster") as run:
        context = run.contexts[EAST]
        # G05: without the genesis release there is no ServiceAccount
        run.spoil = lambda obj: None if obj["kind"] in {"ServiceAccount", "Job"} and "genesis" in str(obj) else obj
        await run.run(until=f"{EAST}/{NS}")
        step = next(s for s in run.plan.steps if s.id == f"{EAST}/{NS}/validator-1")
        hook = next(o for o in run.objects(step) if "pre-install" in o["metadata"]["name"])
        await run.create(context, hook)
        words = f'error looking up service account {NS}/bevel-auth: serviceaccount "bevel-auth" not found'
        assert await run.box.event(context, hook["metadata"]["name"], words) == "FailedCreate"
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "bevel-auth", "namespace": NS}}
        await run.create(context, account)
        await run.logged(EAST, hook["metadata"]["name"], "Pre-install hook completed")
        # B04: without the genesis Job there is no genesis
        for obj in run.objects(step):
            await run.create(context, obj)
        words = 'MountVolume.SetUp failed for volume "genesis" : configmap "besu-genesis" not found'
        assert await run.box.event(context, "besu-node-validator-1-0", words) == "FailedMount"


async def test_blocks_need_more_than_two_thirds_of_the_validators(rehearse: Any) -> None:
    async with rehearse("besu-two-clusters") as run:
        await run.run()
        member = ("west", "carrier-bes", "member-carrier-1")
        assert int(call(run, *member, "eth_chainId"), 16) == 1337
        assert int(call(run, *member, "net_peerCount"), 16) == 5
        assert call(run, *member, "eth_noSuch") == {"code": -32601, "message": "Method not found"}
        assert len(call(run, *member, "qbft_getValidatorsByBlockNumber", "latest")) == 4

        def height(*node: str) -> int:
            return int(call(run, *(node or member), "eth_blockNumber"), 16)

        async def grows() -> bool:
            now = height()
            await run.box.world.clock.sleep(25)
            return height() > now

        assert await grows()
        block = call(run, *member, "eth_getBlockByNumber", "latest", False)
        parent = call(run, EAST, NS, "validator-1", "eth_getBlockByNumber", hex(int(block["number"], 16) - 1), False)
        assert block["parentHash"] == parent["hash"]
        client = run.box.clients[run.contexts[EAST]]
        view = run.view(EAST)
        for number, still in ((1, False), (2, False)):
            # 3 of 4 is more than two thirds; 2 of 4 is not
            name = f"besu-node-validator-{number}"
            await client.patch(ref("StatefulSet", NS, name), {"spec": {"replicas": 0}})
            await view.until(["Pod"], lambda name=name: view.get("Pod", NS, f"{name}-0") is None)
            assert await grows() is (number == 1), still
        # the west's member is cut off from all others: it has no peer to get blocks from
        run.box.world.names.remove("*.east.example.test")
        run.box.world.names.remove("*.west.example.test")
        assert int(call(run, *member, "net_peerCount"), 16) == 0
        assert height() == 0
        assert height(EAST, NS, "validator-3") > 0
