"""Indy's Jobs and pool: keys, genesis, registration; take away each input and the failure that Bevel shows appears."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from bevel_tui.sandbox.players.indy import documents, ledger_id
from bevel_tui.sandbox.workloads.view import ref

EAST, WEST = "east", "west"
FOUNDER, OTHER = "authority-ns", "university-ns"
ENDORSER = f"{EAST}/{FOUNDER}/university-endorser-id"


async def secret(run: Any, cluster: str, namespace: str, name: str) -> dict[str, Any]:
    found = await run.box.get(run.contexts[cluster], "Secret", name, namespace)
    return dict(json.loads(base64.b64decode(found["data"]["value"])))


async def data(run: Any, cluster: str, namespace: str, name: str) -> str:
    found = await run.box.get(run.contexts[cluster], "ConfigMap", name, namespace)
    (text,) = found["data"].values()
    return str(text)


async def test_genesis_is_made_of_everybodys_keys_and_addresses(rehearse: Any) -> None:
    async with rehearse("indy-two-clusters") as run:
        await run.run(until=f"{WEST}/{OTHER}/genesis")
        domain = documents(await data(run, EAST, FOUNDER, "dtg"))
        pool = documents(await data(run, EAST, FOUNDER, "ptg"))
        roles = [(d["txn"]["data"]["alias"], d["txn"]["data"]["role"]) for d in domain]
        assert roles == [
            ("authority-trustee", "0"),
            *((f"authority-steward-{i}", "2") for i in (1, 2)),
            *((f"university-steward-{i}", "2") for i in (1, 2)),
        ]
        trustee = await secret(run, EAST, FOUNDER, "authority-trustee-identity-public")
        assert domain[0]["txn"]["data"]["dest"] == trustee["did"]
        assert domain[4]["txn"]["metadata"] == {"from": trustee["did"]}
        keys = await secret(run, WEST, OTHER, "university-steward-2-node-public-verif-keys")
        bls = await secret(run, WEST, OTHER, "university-steward-2-node-public-bls-keys")
        last = pool[3]["txn"]["data"]
        assert last["dest"] == keys["verification-key"]
        assert last["data"] == {
            "alias": "university-steward-2",
            "blskey": bls["bls-public-key"],
            "blskey_pop": bls["bls-key-pop"],
            "client_ip": "127.101.2.1",
            "client_port": 15013,
            "node_ip": "127.101.2.1",
            "node_port": 15012,
            "services": ["VALIDATOR"],
        }
        assert pool[0]["txn"]["data"]["data"]["node_ip"] == "127.101.1.1"
        assert [d["txnMetadata"]["seqNo"] for d in (*domain, *pool)] == [1, 2, 3, 4, 5, 1, 2, 3, 4]
        for name in ("dtg", "ptg"):
            assert await data(run, WEST, OTHER, name) == await data(run, EAST, FOUNDER, name)


async def test_what_is_there_is_kept_and_a_stale_genesis_is_refused(rehearse: Any, rerun: Any) -> None:
    async with rehearse("indy-one-cluster") as run:
        genesis = f"{EAST}/{FOUNDER}/genesis"
        await run.run(until=genesis)
        before = await data(run, EAST, FOUNDER, "ptg")
        view = run.view(EAST)
        await rerun(run, genesis, "indy-genesis")
        await view.until(
            ["Job"], lambda: (view.get("Job", FOUNDER, "indy-genesis") or {}).get("status", {}).get("succeeded")
        )
        assert await data(run, EAST, FOUNDER, "ptg") == before
        did = await secret(run, EAST, FOUNDER, "authority-trustee-identity-public")
        await rerun(run, f"{EAST}/{FOUNDER}/authority-keys", "indy-key-mgmt-job")
        await view.until(
            ["Job"], lambda: (view.get("Job", FOUNDER, "indy-key-mgmt-job") or {}).get("status", {}).get("succeeded")
        )
        assert await secret(run, EAST, FOUNDER, "authority-trustee-identity-public") == did
        # I05: one of other keys is in the way
        body = {"data": {"pool_transactions_genesis": "{}"}}
        await run.box.clients[run.contexts[EAST]].patch(ref("ConfigMap", FOUNDER, "ptg"), body)
        await rerun(run, genesis, "indy-genesis")
        await run.logged(EAST, "indy-genesis", 'configmaps "ptg" already exists')


async def test_the_whole_pool_registers_the_endorser(rehearse: Any) -> None:
    async with rehearse("indy-two-clusters") as run:
        await run.run()
        keys = await secret(run, WEST, OTHER, "university-endorser-node-public-verif-keys")
        did = await secret(run, WEST, OTHER, "university-endorser-identity-public")
        ledger = run.box.world.identities[ledger_id(await data(run, EAST, FOUNDER, "ptg"))]
        assert ledger == {did["did"]: (keys["verification-key"], "ENDORSER")}


async def test_one_steward_in_four_may_be_missing_but_not_two(rehearse: Any, rerun: Any) -> None:
    """A client needs all but a third of the pool (I08)."""
    async with rehearse("indy-two-clusters") as run:
        await run.run()
        view, client = run.view(WEST), run.box.clients[run.contexts[WEST]]
        for number, words in ((1, "successfuly created"), (2, "Pool Connection failed...")):
            name = f"university-steward-{number}"
            await client.patch(ref("StatefulSet", OTHER, name), {"spec": {"replicas": 0}})
            await view.until(["Pod"], lambda name=name: view.get("Pod", OTHER, f"{name}-0") is None)
            await rerun(run, ENDORSER, "university-endorser-id")
            await run.logged(EAST, "university-endorser-id", words)


async def test_a_gateway_that_moves_loses_the_pool(rehearse: Any, rerun: Any) -> None:
    """I03: the genesis names the address for good."""
    async with rehearse("indy-two-clusters") as run:
        await run.run()
        moved = {"status": {"loadBalancer": {"ingress": [{"ip": "127.101.2.77"}]}}}
        client = run.box.clients[run.contexts[WEST]]
        await client.patch(ref("Service", "ambassador", "emissary-ingress"), moved, subresource="status")
        world = run.box.world
        await run.view(WEST).until(
            ["Service"],
            lambda: (
                (run.view(WEST).get("Service", "ambassador", "emissary-ingress") or {})["status"]["loadBalancer"][
                    "ingress"
                ][0]["ip"]
                == "127.101.2.77"
            ),
        )
        assert world.tcp_route is not None
        await rerun(run, ENDORSER, "university-endorser-id")
        await run.logged(EAST, "university-endorser-id", "Pool Connection failed...")


@pytest.mark.parametrize(
    ("kind", "name", "event"),
    [
        ("ConfigMap", "ptg", 'configmap "ptg" not found'),
        ("Secret", "authority-trustee-identity-private", 'secret "authority-trustee-identity-private" not found'),
        ("Secret", "authority-trustee-identity-public", 'secret "authority-trustee-identity-public" not found'),
    ],
)
async def test_a_registration_mounts_genesis_and_trustee(
    rehearse: Any, fault: Any, rerun: Any, kind: str, name: str, event: str
) -> None:
    async with rehearse("indy-one-cluster") as run:
        await run.run()
        async with fault(run, EAST, kind, name, FOUNDER):
            await rerun(run, ENDORSER, "university-endorser-id")
            context = run.contexts[EAST]
            assert await run.box.event(context, "university-endorser-id", event) == "FailedMount"
        await run.logged(EAST, "university-endorser-id", "successfuly created")


async def test_what_a_registration_is_told(rehearse: Any, rerun: Any) -> None:
    async with rehearse("indy-one-cluster") as run:
        await run.run()
        client = run.box.clients[run.contexts[EAST]]
        keys = ref("ConfigMap", FOUNDER, "university-endorser-id-keys")
        good = (await client.get(keys))["data"]
        for key, what in (("did", "Identity DID"), ("verkey", "Identity Verkey")):
            await client.patch(keys, {"data": {key: ""}})
            await rerun(run, ENDORSER, "university-endorser-id")
            await run.logged(EAST, "university-endorser-id", f"Script Failed: {what} Missing")
            await client.patch(keys, {"data": good})
        # a trustee whom the ledger does not know
        other = {"value": base64.b64encode(json.dumps({"seed": "x" * 32}).encode()).decode()}
        await client.patch(ref("Secret", FOUNDER, "authority-trustee-identity-private"), {"data": other})
        await rerun(run, ENDORSER, "university-endorser-id")
        await run.logged(EAST, "university-endorser-id", "Transaction Failed")


async def test_a_steward_starts_with_its_keys_and_a_genesis_only(rehearse: Any) -> None:
    """I06: its init container only says in its log that a Secret is missing; the node then finds no key."""
    async with rehearse("indy-one-cluster") as run:
        await run.run(until=f"{EAST}/{OTHER}/genesis")
        client, context = run.box.clients[run.contexts[EAST]], run.contexts[EAST]
        await client.delete(ref("Secret", OTHER, "university-steward-1-node-private-sig-keys"))
        step = next(s for s in run.plan.steps if s.id == f"{EAST}/{OTHER}/university-steward-1")
        run.values[step.id] = await run.told(step, context)
        for obj in run.objects(step):
            await run.create(context, obj)
        await run.logged(EAST, "university-steward-1-0", '"university-steward-1-node-private-sig-keys" not found')
        await run.logged(EAST, "university-steward-1-0", "No public key found")


async def test_names_that_the_key_generator_takes_for_an_attack(rehearse: Any, rerun: Any) -> None:
    async with rehearse("indy-one-cluster") as run:
        await run.run(until=f"{EAST}/{FOUNDER}/authority-keys")

        def change(job: dict[str, Any]) -> None:
            container = job["spec"]["template"]["spec"]["containers"][0]
            container["args"] = [container["args"][0].replace("authority-trustee", "union-trustee")]

        await rerun(run, f"{EAST}/{FOUNDER}/authority-keys", "indy-key-mgmt-job", change)
        await run.logged(EAST, "indy-key-mgmt-job", "Detected potential SQL injection attempt.")


async def test_keys_go_when_the_chart_says_so(rehearse: Any, rerun: Any) -> None:
    async with rehearse("indy-one-cluster") as run:
        keys = f"{EAST}/{FOUNDER}/authority-keys"
        await run.run(until=keys)
        view = run.view(EAST)
        script = "deleteAllSecret $(generate_identity authority-trustee trustees)"

        def change(job: dict[str, Any]) -> None:
            job["spec"]["template"]["spec"]["containers"][0] |= {"command": ["sh", "-c"], "args": [script]}

        name = "authority-trustee-identity-private"
        await rerun(run, keys, "indy-key-mgmt-cleanup")
        await view.until(
            ["Job"],
            lambda: (view.get("Job", FOUNDER, "indy-key-mgmt-cleanup") or {}).get("status", {}).get("succeeded"),
        )
        assert view.get("Secret", FOUNDER, name), "removeKeysOnDelete is false"
        await rerun(run, keys, "indy-key-mgmt-cleanup", change)
        await view.until(["Secret"], lambda: view.get("Secret", FOUNDER, name) is None)
