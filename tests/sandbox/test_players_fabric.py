"""Fabric's Jobs and init containers: take away each input in turn, and the failure that Bevel shows appears."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography import x509

from bevel_tui.sandbox.players.pki import names_of, signed_by

NS = "supplychain-net"
EAST = "east"


def environment(job: dict[str, Any], name: str, value: str) -> None:
    """Change a variable of a Job's first container."""
    (container,) = job["spec"]["template"]["spec"]["containers"]
    container["env"] = [e for e in container.get("env", []) if e["name"] != name] + [{"name": name, "value": value}]


async def data(run: Any, cluster: str, kind: str, name: str, namespace: str = NS) -> dict[str, bytes]:
    found = await run.box.get(run.contexts[cluster], kind, name, namespace)
    assert found, name
    if kind == "ConfigMap":
        return {k: v.encode() for k, v in found["data"].items()}
    return {k: base64.b64decode(v) for k, v in found["data"].items()}


async def test_certificates_are_what_the_charts_say(rehearse: Any) -> None:
    async with rehearse("fabric-two-clusters") as run:
        await run.run(until=f"{EAST}/{NS}/orderer1")
        ca = await data(run, EAST, "Secret", "fabric-ca-server-certs")
        assert names_of(ca["tls.crt"]) == [f"ca.{NS}.east.example.test"]
        tls = await data(run, EAST, "Secret", "orderer1-tls")
        assert set(tls) == {"cacrt", "servercrt", "serverkey"}
        assert names_of(tls["servercrt"]) == [
            f"orderer1.{NS}",
            f"orderer1.{NS}.svc.cluster.local",
            "orderer1.supplychain.net",
            f"orderer1.{NS}.east.example.test",
        ]
        assert signed_by(tls["servercrt"], ca["tls.crt"])
        for name in ("admin-msp", "orderer1-msp"):
            msp = await data(run, EAST, "Secret", name)
            assert set(msp) == {"admincerts", "cacerts", "keystore", "signcerts", "tlscacerts"}
            assert signed_by(msp["signcerts"], msp["cacerts"])
            assert b"PRIVATE KEY" in msp["keystore"]
        admin = x509.load_pem_x509_certificate((await data(run, EAST, "Secret", "admin-msp"))["signcerts"])
        assert f"CN=Admin@{NS}" in admin.subject.rfc4514_string()
        assert set(await data(run, EAST, "Secret", "admin-tls")) == {"cacrt", "clientcrt", "clientkey"}
        assert (await data(run, EAST, "ConfigMap", "orderer-tls-cacert"))["cacert"] == ca["tls.crt"]


async def test_enrolment_fails_as_bevel_s_does(rehearse: Any, fault: Any, rerun: Any) -> None:
    async with rehearse("fabric-two-clusters") as run:
        await run.run(until=f"{EAST}/{NS}/orderer1")
        step, job = f"{EAST}/{NS}/orderer1", "orderer1-certs-job"
        host = f"ca.{NS}.east.example.test"
        async with fault(run, EAST, "Secret", "fabric-ca-server-certs", NS):
            await rerun(run, step, job)
            await run.logged(EAST, job, "CA certs not found in Kubernetes secret")  # F02
        names = run.box.world.names
        client = run.box.clients[run.contexts[EAST]]
        for name in ("orderer1-tls", "orderer1-msp"):
            from bevel_tui.sandbox.workloads.view import ref

            await client.delete(ref("Secret", NS, name))
        # the record
        names.remove("*.east.example.test")
        await rerun(run, step, job)
        await run.logged(EAST, job, f"lookup {host}: no such host")  # F06
        await run.logged(EAST, job, "Certificate generation complete.")
        assert await run.box.get(run.contexts[EAST], "Secret", "orderer1-tls", NS) is None, "F03: ends well, without"
        # the address
        names.set("*.east.example.test", "A", ["127.101.9.9"])
        await rerun(run, step, job)
        await run.logged(EAST, job, "connect: connection refused")
        names.set("*.east.example.test", "A", ["127.101.1.1"])
        # the route: HAProxy shows its own certificate
        async with fault(run, EAST, "Ingress", "supplychain-ca", NS):
            await rerun(run, step, job)
            await run.logged(EAST, job, "x509: certificate signed by unknown authority")
        # the backend
        async with fault(run, EAST, "Service", "ca", NS):
            await rerun(run, step, job)
            await run.logged(EAST, job, f"dial tcp {host}:443: read: connection reset by peer")
        # the scripts
        async with fault(run, EAST, "ConfigMap", "crypto-scripts-cm", NS):
            await rerun(run, step, job)
            text = 'configmap "crypto-scripts-cm" not found'
            assert await run.box.event(run.contexts[EAST], f"{job}-", text) == "FailedMount"  # F20
        await run.logged(EAST, job, "orderer1 Client certificates are successfully stored.")
        assert await run.box.get(run.contexts[EAST], "Secret", "orderer1-tls", NS)


async def test_a_node_waits_for_its_certificates_and_gives_up(rehearse: Any) -> None:
    async with rehearse("fabric-one-cluster") as run:
        run.spoil = lambda obj: None if obj["metadata"]["name"] == "orderer1-certs-job" else obj
        await run.run(until=f"{EAST}/{NS}/supplychain-ca")
        step = next(s for s in run.plan.steps if s.id == f"{EAST}/{NS}/orderer1")
        for obj in run.objects(step):
            await run.create(run.contexts[EAST], obj)
        pod = "fabric-orderernode-orderer1-0"
        await run.logged(EAST, pod, "Orderer certificates have not been obtained, sleeping for 15")
        await run.logged(EAST, pod, "Retry attempted 10 times, Orderer certificates have not been obtained.")  # F03


async def test_genesis_block_derives_from_every_organization(rehearse: Any, fault: Any, rerun: Any) -> None:
    async with rehearse("fabric-two-clusters") as run:
        await run.run(until=f"{EAST}/{NS}/genesis")
        encoded = await data(run, EAST, "ConfigMap", "allchannel-genesis")
        block = json.loads(base64.b64decode(encoded["allchannel-genesis_base64"]))
        assert block["application"] == ["supplychainMSP", "carrierMSP"]
        assert [c["host"] for c in block["consenters"]] == [f"orderer{n}.{NS}.east.example.test" for n in (1, 2, 3)]
        assert block["organizations"]["carrierMSP"]["ca"] != block["organizations"]["supplychainMSP"]["ca"]
        step, job = f"{EAST}/{NS}/genesis", "genesis-job"
        for kind, name, words in (
            ("Secret", "admin-msp", "Certficates absent in kuberenetes secrets"),  # F08
            ("Secret", "orderer2-tls", "Certficates absent in kuberenetes secrets"),
            ("ConfigMap", "peer0-msp-config", "MSP Config absent in Kuberenetes"),  # F09
        ):
            async with fault(run, EAST, kind, name, NS):
                await rerun(run, step, job)
                await run.logged(EAST, job, words)
        # what was handed over from the other cluster
        handed = dict(run.files)
        for key in [k for k in handed if k[0] == step]:
            run.files[key] = ""
            from bevel_tui.sandbox.workloads.view import ref

            objects = run.objects(next(s for s in run.plan.steps if s.id == step))
            maps = next(o for o in objects if o["metadata"]["name"] == "genesis-admin-msp-certs")
            where = ref("ConfigMap", NS, "genesis-admin-msp-certs")
            await run.box.clients[run.contexts[EAST]].patch(where, {"data": maps["data"]})
            await rerun(run, step, job)
            await run.logged(EAST, job, "jq: error: carrier")
            run.files = dict(handed)


async def test_channel_jobs_fail_as_bevel_s_do(rehearse: Any, fault: Any, rerun: Any) -> None:
    async with rehearse("fabric-two-clusters") as run:
        await run.run()
        channel = run.box.world.channels["allchannel"]
        assert len(channel.orderers) == 3
        assert len(channel.peers) == 3
        assert channel.anchors == {f"peer0.{NS}.east.example.test", "peer0.carrier-net.west.example.test"}
        context = run.contexts[EAST]

        create = (f"{EAST}/{NS}/allchannel", "channel-create-allchannel")
        async with fault(run, EAST, "Secret", "orderer2-tls", NS):
            await rerun(run, *create)
            await run.logged(EAST, create[1], 'secrets "orderer2-tls" not found')  # F13
        async with fault(run, EAST, "ConfigMap", "allchannel-genesis", NS):
            await rerun(run, *create)
            assert await run.box.event(context, create[1], 'configmap "allchannel-genesis" not found') == "FailedMount"
        async with fault(run, EAST, "Service", "orderer3", NS):
            await rerun(run, *create)
            await run.logged(EAST, create[1], "dial tcp orderer3.supplychain-net:7055: no such host")  # F13

        join = (f"{EAST}/{NS}/peer0-allchannel", "joinchannel-peer0-allchannel")
        async with fault(run, EAST, "ConfigMap", "orderer-tls-cacert", NS):
            await rerun(run, *join)
            assert (
                await run.box.event(context, join[1], 'configmap "orderer-tls-cacert" not found') == "FailedMount"
            )  # F15
        async with fault(run, EAST, "Secret", "admin-msp", NS):
            await rerun(run, *join)
            await run.logged(EAST, join[1], 'secrets "admin-msp" not found')  # F25
        async with fault(run, EAST, "Ingress", "orderer1", NS):
            await rerun(run, *join)
            await run.logged(EAST, join[1], "failed to create deliver client for orderer")  # F11
        async with fault(run, EAST, "Ingress", "peer0", NS):
            await rerun(run, *join)
            await run.logged(EAST, join[1], "endorser client failed to connect to peer0")
        channel.orderers.clear()
        await rerun(run, *join)
        await run.logged(EAST, join[1], "genesis block file not found open allchannel.block")  # F12
        anchor = (f"{EAST}/{NS}/peer0-allchannel", "anchorpeer-peer0-allchannel")
        await rerun(run, *create)
        await run.logged(EAST, create[1], '"status": "active"')
        await rerun(run, *anchor, lambda job: environment(job, "CORE_PEER_LOCALMSPID", "otherMSP"))
        await run.logged(EAST, anchor[1], "FORBIDDEN")  # F16
