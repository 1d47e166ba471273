"""GoQuorum's Jobs and chains; take away each input and the failure that Bevel shows appears."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from bevel_tui.platforms.ethereum_charts import QUORUM_KEYS as FIELDS
from bevel_tui.sandbox.components import Unreachable, behind
from bevel_tui.sandbox.ledger import answer
from bevel_tui.sandbox.players.ethereum import key_of, validators_of
from bevel_tui.sandbox.players.quorum import passed_on

NS = "supplychain-quo"
EAST = "east"
MEMBER = "member-supplychain-0"
KEYS = f"quorum-node-{MEMBER}-{NS}-keys"


async def peers(run: Any, cluster: str = EAST, namespace: str = NS) -> list[str]:
    found = await run.box.get(run.contexts[cluster], "ConfigMap", "quorum-peers", namespace)
    return list(json.loads(found["data"]["static-nodes.json"]))


async def secret(run: Any, name: str) -> dict[str, str]:
    found = await run.box.get(run.contexts[EAST], "Secret", name, NS)
    return {key: base64.b64decode(value).decode() for key, value in found["data"].items()}


def call(run: Any, cluster: str, namespace: str, release: str, method: str, *params: Any) -> Any:
    """JSON-RPC to a node, from inside its cluster."""
    site = run.box.world.sites[run.contexts[cluster]]
    component = behind(run.box.world, site, namespace, f"quorum-node-{release}", 8545)
    reply = answer(run.box.conductor.ledger, component, {"id": 1, "method": method, "params": list(params)})
    return reply.get("result", reply.get("error"))


async def finished(run: Any, job: str) -> None:
    view = run.view(EAST)
    await view.until(["Job"], lambda: (view.get("Job", NS, job) or {}).get("status", {}).get("succeeded"))


async def test_genesis_keys_and_peers(rehearse: Any) -> None:
    async with rehearse("quorum-two-clusters") as run:
        await run.run(until=f"{EAST}/{NS}/validator-1")
        found = await run.box.get(run.contexts[EAST], "ConfigMap", "quorum-genesis", NS)
        genesis = json.loads(found["data"]["genesis.json"])
        assert genesis["config"]["chainId"] == 1337
        assert genesis["config"]["qbft"]["blockperiodseconds"] == 10
        assert genesis["config"]["maxCodeSizeConfig"] == [{"block": 0, "size": 2147483647}]
        addresses = []
        for number in range(4):
            data = await secret(run, f"quorum-node-validator-{number}-{NS}-keys")
            assert set(data) == set(FIELDS)
            assert all(data.values())
            key = key_of(data["nodekey"])
            assert (key.public, key.address) == (data["nodekey.pub"], data["address"])
            addresses.append(key.address)
        assert validators_of(genesis) == addresses
        # entered by each node itself, not by the genesis as with Besu
        listed = await peers(run)
        assert [entry.partition("@")[2] for entry in listed] == [
            f"validator-{number}.east.example.test:1501{number}?discport=0" for number in range(2)
        ]


async def test_all_nodes_meet_and_make_blocks(rehearse: Any) -> None:
    async with rehearse("quorum-two-clusters") as run:
        await run.run()
        member = ("west", "carrier-quo", "member-carrier-0")
        assert int(call(run, *member, "net_peerCount"), 16) == 5
        assert len(call(run, *member, "istanbul_getValidators")) == 4
        assert call(run, *member, "web3_clientVersion").startswith("Geth/v24.4.1")
        before = int(call(run, *member, "eth_blockNumber"), 16)
        await run.box.world.clock.sleep(130)  # an empty block a minute
        assert int(call(run, *member, "eth_blockNumber"), 16) in {before + 2, before + 3}
        # keys that the `keys` step made are kept by the hook
        made = await secret(run, KEYS)
        assert any(made["nodekey.pub"] in entry for entry in await peers(run))


async def test_keys_that_the_hook_makes_get_lost(rehearse: Any) -> None:
    """facts A3 Q1, B19: seven empty values, a peer without a key, a node that does not start."""
    async with rehearse("quorum-one-cluster") as run:
        await run.run(until=f"{EAST}/{NS}/validator-3")
        step = next(s for s in run.plan.steps if s.id == f"{EAST}/{NS}/{MEMBER}")
        hook = f"quorum-node-{MEMBER}-pre-install-hook"
        context = run.contexts[EAST]
        objects = run.objects(step)
        await run.create(context, next(o for o in objects if o["metadata"]["name"] == hook))
        await finished(run, hook)
        assert f"Secret {KEYS} does not exist. Creating secret." in run.log(EAST, hook)
        assert await secret(run, KEYS) == dict.fromkeys(FIELDS, "")
        assert (await peers(run))[-1].startswith("enode://@quorum-node-member-supplychain-0-0.")
        for obj in objects:
            if "helm.sh/hook" not in obj["metadata"].get("annotations", {}):
                await run.create(context, obj)
        await run.logged(EAST, f"quorum-node-{MEMBER}-0", "Fatal: Could not list accounts")
        with pytest.raises(Unreachable):
            call(run, EAST, NS, MEMBER, "eth_blockNumber")


async def test_the_hook_reads_keys_that_are_there(rehearse: Any, rerun: Any) -> None:
    """And enters a node once, however often it runs; nothing but the same line is looked for (facts A3)."""
    async with rehearse("quorum-one-cluster") as run:
        await run.run(until=f"{EAST}/{NS}/validator-1")
        before, listed = await secret(run, f"quorum-node-validator-1-{NS}-keys"), await peers(run)
        job = "quorum-node-validator-1-pre-install-hook"
        await rerun(run, f"{EAST}/{NS}/validator-1", job)
        await finished(run, job)
        assert await secret(run, f"quorum-node-validator-1-{NS}-keys") == before
        assert await peers(run) == listed
        assert len(listed) == 2


async def test_uninstalling_leaves_keys_and_peers(rehearse: Any, rerun: Any) -> None:
    """facts A3 Q3: the hook looks for the Secret's old name."""
    async with rehearse("quorum-one-cluster") as run:
        await run.run(until=f"{EAST}/{NS}/validator-0")
        before = await peers(run)
        job = "quorum-node-validator-0-pre-delete-hook"
        await rerun(run, f"{EAST}/{NS}/validator-0", job)
        await finished(run, job)
        assert 'secrets "quorum-node-validator-0-keys" not found' in run.log(EAST, job)
        assert await peers(run) == before
        assert all((await secret(run, f"quorum-node-validator-0-{NS}-keys")).values())


async def test_what_is_missing_shows_as_in_bevel(rehearse: Any) -> None:
    async with rehearse("quorum-one-cluster") as run:
        context = run.contexts[EAST]
        # G05: without the genesis release there is no ServiceAccount
        await run.run(until=f"{EAST}/{NS}")
        step = next(s for s in run.plan.steps if s.id == f"{EAST}/{NS}/validator-0")
        hook = next(o for o in run.objects(step) if "pre-install" in o["metadata"]["name"])
        await run.create(context, hook)
        words = f'error looking up service account {NS}/vault-auth: serviceaccount "vault-auth" not found'
        assert await run.box.event(context, hook["metadata"]["name"], words) == "FailedCreate"
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "vault-auth", "namespace": NS}}
        await run.create(context, account)
        await run.logged(EAST, hook["metadata"]["name"], "COMPLETED PRE-HOOK")
        # B04: without the genesis Job there is no genesis
        for obj in run.objects(step):
            await run.create(context, obj)
        words = 'MountVolume.SetUp failed for volume "genesis" : configmap "quorum-genesis" not found'
        assert await run.box.event(context, "quorum-node-validator-0-0", words) == "FailedMount"


async def test_a_number_as_helm_prints_it_is_no_size(rehearse: Any, rerun: Any) -> None:
    """facts I: why the plan says it as text."""
    async with rehearse("quorum-one-cluster") as run:
        await run.run(until=f"{EAST}/{NS}/genesis")

        def as_in_the_chart(job: dict[str, Any]) -> None:
            container = job["spec"]["template"]["spec"]["containers"][0]
            container["args"] = [
                a.replace("--maxCodeSize 2147483647", "--maxCodeSize 2.147483647e+09") for a in container["args"]
            ]

        await rerun(run, f"{EAST}/{NS}/genesis", "quorum-genesis-init", as_in_the_chart)
        await run.logged(EAST, "quorum-genesis-init", "Argument: maxCodeSize, Given: 2.147483647e+09")


@pytest.mark.parametrize(
    ("password", "address"),
    [("secret", "0xabc"), ("two words", "base64-of-the-keystore 0xabc"), ("", "")],
)
def test_fields_travel_by_blanks(password: str, address: str) -> None:
    """facts A3 Q4: why a password is one word."""
    values = dict.fromkeys(FIELDS, "x") | {"accountPassword": password, "accountAddress": "0xabc"}
    received = passed_on(values)
    assert received["accountAddress"] == address
    assert (received == values) == (password == "secret")
