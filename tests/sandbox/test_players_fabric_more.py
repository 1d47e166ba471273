"""Fabric 2.2, several orderer organizations and chaincode: each input taken away in turn, and Bevel's own words."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from cryptography import x509

from bevel_tui.sandbox.players.pki import ATTRIBUTES

NS, CARRIER = "supplychain-net", "carrier-net"
EAST, WEST = "east", "west"


async def document(run: Any, cluster: str, name: str, key: str, namespace: str = NS) -> dict[str, Any]:
    """A simulated block or transaction as the genesis Job wrote it."""
    found = await run.box.get(run.contexts[cluster], "ConfigMap", name, namespace)
    assert found, name
    return dict(json.loads(base64.b64decode(found["data"][key])))


def environment(job: dict[str, Any], name: str, value: str) -> None:
    (container,) = job["spec"]["template"]["spec"]["containers"]
    container["env"] = [e for e in container.get("env", []) if e["name"] != name] + [{"name": name, "value": value}]


async def test_a_system_channel_and_transactions(rehearse: Any, fault: Any, rerun: Any) -> None:
    """facts A1.1, 2.2: orderers wait for the block, a peer creates the channel, anchors come as transactions."""
    async with rehearse("fabric-two-two") as run:
        await run.run(until=f"{EAST}/{NS}/orderer1")
        context = run.contexts[EAST]
        text = 'configmap "syschannel-genesis" not found'
        assert await run.box.event(context, "fabric-orderernode-orderer1-0", text) == "FailedMount"  # F07
        await run.run()
        system = await document(run, EAST, "syschannel-genesis", "syschannel-genesis_base64")
        assert system["consortium"] == ["supplychainMSP", "carrierMSP"]
        assert [c["host"] for c in system["consenters"]] == [f"orderer{n}.{NS}" for n in (1, 2, 3)]
        assert await run.box.get(context, "ConfigMap", "allchannel-genesis", NS) is None
        channel = run.box.world.channels["allchannel"]
        assert (len(channel.orderers), len(channel.peers)) == (3, 3)
        assert channel.anchors == {f"peer0.{NS}", f"peer0.{CARRIER}"}

        create = (f"{EAST}/{CARRIER}/allchannel", "createchannel-allchannel")
        await rerun(run, *create)
        await run.logged(EAST, create[1], "Channel allchannel is already created.")
        del run.box.world.channels["allchannel"]
        async with fault(run, EAST, "Secret", "admin-msp", CARRIER):
            await rerun(run, *create)
            await run.logged(EAST, create[1], 'secrets "admin-msp" not found')
        async with fault(run, EAST, "ConfigMap", "peer0-orderer-tls-cacert", CARRIER):
            await rerun(run, *create)
            words = 'configmap "peer0-orderer-tls-cacert" not found'
            assert await run.box.event(context, create[1], words) == "FailedMount"
        async with fault(run, EAST, "Service", "orderer1", NS):
            await rerun(run, *create)
            await run.logged(EAST, create[1], "failed to create deliver client for orderer")  # F11
        held = dict(run.box.world.mounted)
        run.box.world.mounted.clear()
        await rerun(run, *create)
        await run.logged(EAST, create[1], "orderer system channel is not defined")
        run.box.world.mounted.update(held)
        from bevel_tui.sandbox.workloads.view import ref

        artifacts = ref("ConfigMap", CARRIER, "allchannel-channel-artifacts")
        await run.box.clients[context].patch(artifacts, {"data": {"channeltx_base64": ""}})
        await rerun(run, *create)
        await run.logged(EAST, create[1], "Invalid channel create transaction : bad header")


async def test_an_anchor_needs_its_transaction(rehearse: Any, rerun: Any) -> None:
    """h5: without it the file is empty; another organization's is refused."""
    async with rehearse("fabric-two-two") as run:
        await run.run()
        context = run.contexts[EAST]
        anchor = (f"{EAST}/{CARRIER}/peer0-allchannel", "anchorpeer-peer0-allchannel")
        from bevel_tui.sandbox.workloads.view import ref

        artifacts = ref("ConfigMap", CARRIER, "peer0-allchannel-anchor-artifacts")
        await run.box.clients[context].patch(artifacts, {"data": {"anchors.tx.json": ""}})
        await rerun(run, *anchor)
        await run.logged(EAST, anchor[1], "Invalid channel create transaction : bad header")
        name = "allchannel-supplychain-anchortx"
        other = (await run.box.get(context, "ConfigMap", name, NS))["data"][f"{name}_base64"]
        await run.box.clients[context].patch(artifacts, {"data": {"anchors.tx.json": other}})
        await rerun(run, *anchor)
        await run.logged(EAST, anchor[1], "/Channel/Application/supplychainMSP not satisfied")


async def test_orderers_of_two_organizations(rehearse: Any, fault: Any, rerun: Any) -> None:
    async with rehearse("fabric-multi-orderer") as run:
        await run.run()
        block = await document(run, EAST, "allchannel-genesis", "allchannel-genesis_base64")
        assert block["orderer"] == ["supplychainMSP", "carrierMSP"]
        assert len({c["certificate"] for c in block["consenters"]}) == 5
        assert len(run.box.world.channels["allchannel"].orderers) == 5
        assert len(run.box.world.channels["audit"].orderers) == 5
        assert len(run.box.world.channels["audit"].peers) == 1

        step, job = f"{EAST}/{NS}/genesis", "genesis-job"
        # without the patch of the private copy the script fails as Bevel's does

        def unpatched(manifest: dict[str, Any]) -> None:
            (container,) = manifest["spec"]["template"]["spec"]["containers"]
            container["args"] = ["\n".join(x for x in container["args"][0].splitlines() if "mkdir" not in x)]

        await rerun(run, step, job, unpatched)
        await run.logged(EAST, job, "orderers/orderer-carrier-1/tls/server.crt: No such file or directory")  # F10
        # what was handed over of an orderer elsewhere
        key = (step, "files/orderer-carrier-2-orderer-tls.json")
        run.files[key] = json.dumps({"data": {}})
        from bevel_tui.sandbox.workloads.view import ref

        objects = run.objects(next(s for s in run.plan.steps if s.id == step))
        maps = next(o for o in objects if o["metadata"]["name"] == "genesis-admin-msp-certs")
        where = ref("ConfigMap", NS, "genesis-admin-msp-certs")
        await run.box.clients[run.contexts[EAST]].patch(where, {"data": maps["data"]})
        await run.box.clients[run.contexts[EAST]].delete(ref("ConfigMap", NS, "allchannel-genesis"))
        await rerun(run, step, job)
        # the copy of the block where the others' orderers are
        create = (f"{WEST}/{CARRIER}/allchannel", "channel-create-allchannel")
        async with fault(run, WEST, "ConfigMap", "allchannel-genesis", CARRIER):
            await rerun(run, *create)
            words = 'configmap "allchannel-genesis" not found'
            assert await run.box.event(run.contexts[WEST], create[1], words) == "FailedMount"  # F14

        secret = await run.box.get(run.contexts[WEST], "Secret", "clerk-msp", CARRIER)
        clerk = x509.load_pem_x509_certificate(base64.b64decode(secret["data"]["signcerts"]))
        told = clerk.extensions.get_extension_for_oid(ATTRIBUTES).value.public_bytes()
        assert json.loads(told) == {"attrs": {"department": "trade", "hf.Revoker": "true"}}


async def test_a_chaincode_that_is_a_server(rehearse: Any, fault: Any, rerun: Any) -> None:
    async with rehearse("fabric-chaincode") as run:
        await run.run()
        channel = run.box.world.channels["allchannel"]
        definition = channel.committed["assettransfer"]
        assert (definition.version, definition.sequence, definition.init_required) == ("1", 1, True)
        assert channel.initialized == {"assettransfer": 1}
        assert len(run.box.world.installed) == 3

        where = f"{EAST}/{NS}"
        invoke = (f"{where}/invoke-assettransfer", "invokecc-peer0-assettransfer-1")
        await rerun(run, *invoke)
        await run.logged(EAST, invoke[1], "is already initialized but called as init")
        channel.initialized.clear()
        async with fault(run, EAST, "Service", "cc-assettransfer", CARRIER):
            await rerun(run, *invoke)
            await run.logged(EAST, invoke[1], "could not launch chaincode assettransfer_1:")
        channel.committed.clear()
        await rerun(run, *invoke)
        await run.logged(EAST, invoke[1], "chaincode assettransfer not found")

        commit = (f"{where}/commit-assettransfer", "commitcc-assettransfer-1-1")
        await rerun(run, *commit, lambda job: environment(job, "ENDORSEMENT_POLICIES", "OR('a.peer')"))
        await run.logged(EAST, commit[1], "syntax error near unexpected token")
        approvals = channel.approvals["assettransfer", 1]
        approval = approvals.pop("carrierMSP")
        await rerun(run, *commit)
        await run.logged(EAST, commit[1], "chaincode definition not agreed to by this org (carrierMSP)")
        approvals["carrierMSP"] = approval
        async with fault(run, EAST, "ConfigMap", "carrier-endorser-ca", NS):
            await rerun(run, *commit)
            words = 'configmap "carrier-endorser-ca" not found'
            assert await run.box.event(run.contexts[EAST], commit[1], words) == "FailedMount"
        await rerun(run, *commit, lambda job: environment(job, "ENDORSING_ORG_NAMES", "supplychain"))
        await run.logged(EAST, commit[1], "number of peer addresses does not match")

        approve = (f"{where}/approve-assettransfer", "approvecc-peer0-assettransfer-1-1")
        approvals.clear()
        async with fault(run, EAST, "Secret", "admin-msp", NS):
            await rerun(run, *approve)
            words = 'secret "admin-msp" not found'
            assert await run.box.event(run.contexts[EAST], approve[1], words) == "FailedMount"
        await rerun(run, *approve, lambda job: environment(job, "CHAINCODE_SEQUENCE", "3"))
        await run.logged(EAST, approve[1], "requested sequence is 3, but new definition must be sequence 1")
        run.box.world.installed.clear()
        await rerun(run, *approve)
        await run.logged(EAST, approve[1], "Error: trailing args detected")

        install = (f"{where}/install-peer0-assettransfer", "instextcc-peer0-assettransfer-1")
        from bevel_tui.sandbox.workloads.view import ref

        client = run.box.clients[run.contexts[EAST]]
        config = ref("ConfigMap", NS, "install-peer0-assettransfer-package")
        kept = (await client.get(config))["binaryData"]
        await client.patch(config, {"binaryData": {k: base64.b64encode(b"no archive").decode() for k in kept}})
        await rerun(run, *install)
        await run.logged(EAST, install[1], "error reading as gzip stream")
        await client.patch(config, {"binaryData": kept})
        builders = ref("ConfigMap", NS, "peer0-builders-config")
        core = (await client.get(builders))["data"]
        await client.patch(builders, {"data": {"core.yaml": "{}"}})
        await rerun(run, *install)
        await run.logged(EAST, install[1], "Unknown chaincodeType: CCAAS")
        await client.patch(builders, {"data": core})
        async with fault(run, EAST, "Service", "peer0", NS):
            await rerun(run, *install)
            await run.logged(EAST, install[1], "endorser client failed to connect to peer0.supplychain-net:7051")
        await rerun(run, *install)
        await run.logged(EAST, install[1], "Chaincode installed for Fabric v.2.X")


SOURCE = """
  chaincodes:
    - name: bond
      endorsement: OR('supplychainMSP.peer','carrierMSP.peer')
      repository: {url: git.example.test/bond.git, username: reader, password: {env: GIT}}
"""


async def test_a_chaincode_that_peers_build(rehearse: Any, fault: Any, rerun: Any, tmp_path: Path) -> None:
    from bevel_tui.network import shipped

    text = (shipped.read("fabric-two-two") or b"").decode()
    preset = tmp_path / "preset.yaml"
    preset.write_text(text.replace("\ngateway:", f"{SOURCE}\ngateway:", 1))
    async with rehearse(str(preset)) as run:
        await run.run()
        assert run.box.world.channels["allchannel"].committed["bond"].policy.startswith("OR(")
        peers = list(run.box.world.installed.values())
        ids = {packages["bond_1"].id for packages in peers}
        assert len(ids) == 2, "one package per organization, fetched by its later peers"
        install = (f"{EAST}/{NS}/install-peer0-bond", "installchaincode-peer0-bond-1")
        run.box.world.installed.clear()
        async with fault(run, EAST, "Secret", "chaincode-bond-git", NS):
            await rerun(run, *install)
            words = 'secret "chaincode-bond-git" not found'
            assert await run.box.event(run.contexts[EAST], install[1], words) == "FailedMount"

        def without(job: dict[str, Any]) -> None:
            volume = next(v for v in job["spec"]["template"]["spec"]["volumes"] if v["name"] == "certificates")
            volume["projected"]["sources"] = volume["projected"]["sources"][:2]

        await rerun(run, *install, without)
        await run.logged(
            EAST, install[1], "fatal: Authentication failed for 'https://git.example.test/bond.git/'"
        )  # F18
        later = (f"{EAST}/{NS}/install-peer1-bond", "installchaincode-peer1-bond-1")
        run.box.world.installed.clear()
        await rerun(run, *later)
        await run.logged(EAST, later[1], "The required parameter 'package-id' is empty")
