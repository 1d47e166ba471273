"""Both Cordas' Jobs, services and nodes; take away each input and the failure that Bevel (or Corda) shows appears."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509

from bevel_tui.sandbox.corda import key_store, root_in
from bevel_tui.sandbox.players.pki import authority, names_of, self_signed, subject
from bevel_tui.sandbox.workloads.view import ref

ONE, TWO = "corda-one-cluster", "corda-two-clusters"
ENTERPRISE, ENTERPRISE_TWO = "corda-enterprise-one-cluster", "corda-enterprise-two-clusters"
MAIN, EAST, WEST = "main", "east", "west"
NS, MAKER = "supplychain-ns", "manufacturer-ns"
ENT, MAKER_ENT = "supplychain-ent", "manufacturer-ent"
NOTARY, NODE = "notary-supplychain-1", "node-manufacturer-1"
NOTARY_NAME = "O=Supplychain,OU=Notary,L=51.50/-0.13/London,C=GB"
MAKER_NAME = "O=Manufacturer,OU=Manufacturer,L=47.38/8.54/Zurich,C=CH"

Change = Callable[[dict[str, Any]], dict[str, Any] | None]


async def secret(run: Any, cluster: str, name: str, namespace: str) -> dict[str, bytes]:
    found = await run.box.get(run.contexts[cluster], "Secret", name, namespace)
    return {key: base64.b64decode(value) for key, value in found["data"].items()}


def zone(run: Any, cluster: str, namespace: str) -> Any:
    return run.box.world.zones[run.contexts[cluster], namespace]


async def install(run: Any, step_id: str) -> None:
    """The objects of a release, without waiting for anything."""
    step = next(s for s in run.plan.steps if s.id == step_id)
    for obj in run.objects(step):
        await run.create(run.contexts[step.cluster], obj)


def spoiling(kind: str, name: str, namespace: str, change: Change = lambda _: None) -> Change:
    """Leave an object out, or change it before it is created."""

    def spoil(obj: dict[str, Any]) -> dict[str, Any] | None:
        meta = obj["metadata"]
        return change(obj) if (obj["kind"], meta["name"], meta.get("namespace")) == (kind, name, namespace) else obj

    return spoil


def texts(obj: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """A workload with a word of its scripts replaced."""
    pod = obj["spec"]["template"]["spec"]
    for container in [*pod.get("initContainers", ()), *pod["containers"]]:
        container["args"] = [arg.replace(old, new) for arg in container.get("args", ())]
    return obj


# ---------------------------------------------------------------- open source


async def test_the_whole_network(rehearse: Any) -> None:
    async with rehearse(TWO) as run:
        await run.run()
        own = await secret(run, EAST, "supplychain-certs", NS)
        root = own["rootcacert"]
        assert root_in(own["rootcakeystore"]) == root
        assert x509.load_pem_x509_certificate(root).subject.rfc4514_string().startswith("C=US,L=New York,O=DLT,OU=DLT")
        for what in ("doorman", "nms"):
            served = (await secret(run, EAST, f"{what}-tls-certs", NS))["tls.crt"]
            assert names_of(served) == [f"supplychain-{what}.east.example.test"]
            left = x509.load_pem_x509_certificate(served).not_valid_after_utc - datetime.now(UTC)
            assert left > timedelta(days=1000), "not the 30 days of the chart"
            # what was handed on is the certificate, without its key
            assert await secret(run, WEST, f"{what}-tls-certs", MAKER) == {"tls.crt": served}
        node = await secret(run, WEST, f"{NODE}-certs", MAKER)
        assert root_in(node["network-map-truststore.jks"]) == root
        assert {"nodekeystore.jks", "sslkeystore.jks", "truststore.jks", "node.crt", "node.key"} < set(node)
        found = zone(run, EAST, NS)
        assert found.notaries == {NOTARY_NAME}
        assert found.nodes[MAKER_NAME] == (f"{NODE}.{MAKER}:10002", f"{NODE}.west.example.test:15010")
        assert len(found.nodes) == len(found.identities) == 3
        await run.logged(EAST, f"corda-node-{NOTARY}", "Registered notary with Networkmap successfully")


async def test_names_inside_the_cluster_are_true(rehearse: Any) -> None:
    """Without a gateway the second address that the chart advertises is the node's own too."""
    async with rehearse(ONE) as run:
        await run.run()
        local = f"{NODE}.{MAKER}"
        assert zone(run, MAIN, NS).nodes[MAKER_NAME] == (f"{local}:10002", f"{local}.svc.cluster.local:10002")


@pytest.mark.parametrize(
    ("kind", "name", "pod"),
    [
        ("ConfigMap", "openssl-conf", "corda-network-service-supplychain-pre-install-hook"),
        ("ConfigMap", "bevel-vault-script", "corda-network-service-supplychain-pre-install-hook"),
    ],
)
async def test_services_need_what_the_first_release_brings(rehearse: Any, kind: str, name: str, pod: str) -> None:
    async with rehearse(ONE) as run:
        run.spoil = spoiling(kind, name, NS)
        await run.run(until=f"{MAIN}/{NS}/init")
        await install(run, f"{MAIN}/{NS}/supplychain")
        await run.box.event(run.contexts[MAIN], pod, f'configmap "{name}" not found')


async def test_a_node_mounts_the_login_for_applications_even_without_any(rehearse: Any) -> None:
    """Facts I, C09."""
    async with rehearse(ONE) as run:
        run.spoil = spoiling("Secret", "maven-secrets", MAKER)
        await run.run(until=f"{MAIN}/{NS}/{NOTARY}")
        await run.run(until=f"{MAIN}/{MAKER}/init")
        await install(run, f"{MAIN}/{MAKER}/{NODE}")
        await run.box.event(run.contexts[MAIN], f"corda-node-{NODE}", 'secret "maven-secrets" not found')


async def test_without_a_network_map_there_is_no_trust(rehearse: Any, fault: Any) -> None:
    """The hook does not look whether its download came (C02); the registration fails over the empty file (C06)."""
    async with rehearse(ONE) as run:
        await run.run(until=f"{MAIN}/{NS}/supplychain")
        await run.run(until=f"{MAIN}/{MAKER}/init")
        await run.run(until=f"{MAIN}/{MAKER}/secret/maven-secrets")
        async with fault(run, MAIN, "Service", "supplychain-nms", NS):
            await install_with_hook(run, f"{MAIN}/{MAKER}/{NODE}")
            assert "wget: no such host" in run.log(MAIN, f"corda-node-{NODE}-pre-install-hook")
            await run.logged(MAIN, f"corda-node-{NODE}-0", "Error in initial-registration")
        assert (await secret(run, MAIN, f"{NODE}-certs", MAKER))["network-map-truststore.jks"] == b""


async def install_with_hook(run: Any, step_id: str) -> None:
    """As Helm does: what is no hook comes when the hook's Job is done."""
    step = next(s for s in run.plan.steps if s.id == step_id)
    objects = run.objects(step)
    hooks = [o for o in objects if o["metadata"].get("annotations", {}).get("helm.sh/hook") == "pre-install"]
    for obj in hooks:
        await run.create(run.contexts[step.cluster], obj)
        await run.ready(step.cluster, obj)
    for obj in objects:
        if obj not in hooks and "helm.sh/hook" not in obj["metadata"].get("annotations", {}):
            await run.create(run.contexts[step.cluster], obj)


@pytest.mark.parametrize(
    ("service", "words"),
    [
        ("supplychain-doorman", "Unable to contact node registration service: no such host"),
        (f"{NODE}-db", "no DB up and running. Giving up!"),
    ],
)
async def test_a_node_needs_doorman_and_database(rehearse: Any, service: str, words: str) -> None:
    async with rehearse(ONE) as run:
        await run.run(until=f"{MAIN}/{NS}/supplychain")
        await run.run(until=f"{MAIN}/{MAKER}/init")
        await run.run(until=f"{MAIN}/{MAKER}/secret/maven-secrets")
        if service.endswith("-db"):
            run.spoil = spoiling("Service", service, MAKER)
        else:
            await run.box.clients[run.contexts[MAIN]].delete(ref("Service", NS, service))
        await install_with_hook(run, f"{MAIN}/{MAKER}/{NODE}")
        await run.logged(MAIN, f"corda-node-{NODE}-0", words)


async def test_two_nodes_of_one_name(rehearse: Any) -> None:
    """C06: the doorman gives a name once."""
    async with rehearse(ONE) as run:
        await run.run(until=f"{MAIN}/{MAKER}/{NODE}")
        await run.run(until=f"{MAIN}/carrier-ns/init")
        await run.run(until=f"{MAIN}/carrier-ns/secret/maven-secrets")
        carrier = "O=Carrier,L=51.50/-0.13/London,C=GB"
        run.spoil = spoiling(
            "StatefulSet", "corda-node-node-carrier-1", "carrier-ns", lambda o: texts(o, carrier, MAKER_NAME)
        )
        await install_with_hook(run, f"{MAIN}/carrier-ns/node-carrier-1")
        await run.logged(
            MAIN, "corda-node-node-carrier-1-0", f"has been rejected: The legal name {MAKER_NAME} is taken"
        )


async def test_a_notary_that_the_network_map_does_not_let_in(rehearse: Any) -> None:
    """C08: it goes on, and is no notary."""
    async with rehearse(ONE) as run:
        run.spoil = spoiling(
            "StatefulSet",
            f"corda-node-{NOTARY}",
            NS,
            lambda o: texts(o, "NMS_USER_PASSWORD=admin", "NMS_USER_PASSWORD=other"),
        )
        await run.run(until=f"{MAIN}/{NS}/{NOTARY}")
        await run.logged(MAIN, f"corda-node-{NOTARY}-0", "Response from NMS is not ok")
        assert zone(run, MAIN, NS).notaries == set()


async def test_a_node_starts_only_with_a_network_map(rehearse: Any) -> None:
    async with rehearse(ONE) as run:
        await run.run(until=f"{MAIN}/{MAKER}/{NODE}")
        client = run.box.clients[run.contexts[MAIN]]
        await client.delete(ref("Service", NS, "supplychain-nms"))
        await client.delete(ref("Pod", MAKER, f"corda-node-{NODE}-0"))
        await run.logged(MAIN, f"corda-node-{NODE}-0", "Initial Registration already complete")
        await run.logged(MAIN, f"corda-node-{NODE}-0", "compatibility zone wasn't configured/isn't reachable")


async def test_a_certificate_that_was_not_handed_on(rehearse: Any) -> None:
    """Java trusts only what it is told to."""
    async with rehearse(TWO) as run:
        await run.run(until=f"{EAST}/{NS}/{NOTARY}")
        await run.run(until="handoff/doorman/supplychain->manufacturer")
        await run.run(until="handoff/nms/supplychain->manufacturer")
        other, _ = self_signed("supplychain-doorman.east.example.test", ["supplychain-doorman.east.example.test"])
        run.files[f"{WEST}/{MAKER}/init", "files/doorman.crt"] = base64.b64encode(other).decode()
        await run.run(until=f"{WEST}/{MAKER}/init")
        await run.run(until=f"{WEST}/{MAKER}/secret/maven-secrets")
        await run.run(until=f"{WEST}/crds")
        await install_with_hook(run, f"{WEST}/{MAKER}/{NODE}")
        await run.logged(WEST, f"corda-node-{NODE}-0", "PKIX path building failed: self-signed certificate")


async def test_a_node_waits_for_the_certificates_themselves(rehearse: Any) -> None:
    async with rehearse(TWO) as run:
        run.spoil = spoiling("Secret", "nms-tls-certs", MAKER)
        await run.run(until=f"{EAST}/{NS}/{NOTARY}")
        await run.run(until=f"{WEST}/{MAKER}/init")
        await run.run(until=f"{WEST}/{MAKER}/secret/maven-secrets")
        await run.run(until=f"{WEST}/crds")
        await install_with_hook(run, f"{WEST}/{MAKER}/{NODE}")
        await run.box.event(run.contexts[WEST], f"corda-node-{NODE}-0", 'secret "nms-tls-certs" not found')


# ---------------------------------------------------------------- Enterprise


async def test_the_whole_enterprise_network(rehearse: Any) -> None:
    async with rehearse(ENTERPRISE_TWO) as run:
        await run.run()
        own = await secret(run, EAST, "cenm-certs", ENT)
        assert len(own) == 12
        # the network's root goes to the others, and nothing else of it
        handed = await secret(run, WEST, "cenm-certs", MAKER_ENT)
        assert handed == {"network-root-truststore.jks": own["network-root-truststore.jks"]}
        for what in ("doorman", "nms"):
            served = await secret(run, EAST, f"{what}-tls-certs", ENT)
            assert names_of(served["tls.crt"]) == [f"cenm-{what}.east.example.test"]
            assert await secret(run, WEST, f"{what}-tls-certs", MAKER_ENT) == {"tls.crt": served["tls.crt"]}
        assert set(await secret(run, WEST, f"{NODE}-certs", MAKER_ENT)) == {
            "nodekeystore.jks", "sslkeystore.jks", "truststore.jks",
        }  # fmt: skip
        found = zone(run, EAST, ENT)
        assert found.notaries == {NOTARY_NAME}
        # each advertises its own port at its gateway, not the 443 of the chart
        assert found.nodes[NOTARY_NAME][1] == f"{NOTARY}.east.example.test:15010"
        assert found.nodes[MAKER_NAME][1] == f"{NODE}.west.example.test:15010"
        info = await secret(run, EAST, "notary-info", ENT)
        assert sorted(key.split("-")[0] for key in info) == ["isValidating_nodeInfo", "nodeInfo"]


async def test_keys_need_the_first_release(rehearse: Any) -> None:
    async with rehearse(ENTERPRISE) as run:
        run.spoil = spoiling("ConfigMap", "openssl-conf", ENT)
        await run.run(until=f"{MAIN}/{ENT}/init")
        await install(run, f"{MAIN}/{ENT}/cenm")
        await run.box.event(run.contexts[MAIN], "cenm-pre-install-hook", 'configmap "openssl-conf" not found')
        await run.box.event(run.contexts[MAIN], "auth-cenm-0", 'secret "cenm-certs" not found')


@pytest.mark.parametrize(
    ("kind", "name", "pod", "words"),
    [
        ("Job", "gateway-cenm-job", "idman-cenm-0", f"Trying to login to gateway.{ENT}:8080 ..."),
        ("Service", "gateway", "signer-cenm-0", f"Trying to login to gateway.{ENT}:8080 ..."),
        ("Service", "auth", "gateway-cenm-0", f"Connect to auth.{ENT} port 8081 (tcp) failed: Connection refused"),
        ("Service", "zone", "idman-cenm-0", "EXIT_CODE=1"),
    ],
)
async def test_services_wait_for_each_other(rehearse: Any, kind: str, name: str, pod: str, words: str) -> None:
    """E03: loops without end, told from their logs alone."""
    async with rehearse(ENTERPRISE) as run:
        run.spoil = spoiling(kind, name, ENT)
        await run.run(until=f"{MAIN}/{ENT}/init")
        await install(run, f"{MAIN}/{ENT}/cenm")
        await run.logged(MAIN, pod, words)
        phase = run.view(MAIN).get("Pod", ENT, pod)["status"]["phase"]
        assert phase == "Pending"


async def test_a_network_map_starts_from_notaries(rehearse: Any) -> None:
    """E06."""
    async with rehearse(ENTERPRISE) as run:
        await run.run(until=f"{MAIN}/{ENT}/cenm")
        await install(run, f"{MAIN}/{ENT}/networkmap")
        pod = "cenm-networkmap-networkmap-0"
        await run.box.event(run.contexts[MAIN], pod, 'secret "notary-info" not found')
        meta = {"name": "notary-info", "namespace": ENT}
        await run.create(run.contexts[MAIN], {"apiVersion": "v1", "kind": "Secret", "metadata": meta})
        await run.logged(MAIN, pod, "No notaries in network-parameters-initial.conf")
        await run.logged(MAIN, pod, "Going to sleep for requested 120 seconds")


async def test_a_node_registers_again_and_again(rehearse: Any, fault: Any) -> None:
    async with rehearse(ENTERPRISE) as run:
        await run.run(until=f"{MAIN}/{ENT}/cenm")
        pod = f"enterprise-node-{NOTARY}-0"
        async with fault(run, MAIN, "Service", "idman", ENT):
            await install(run, f"{MAIN}/{ENT}/{NOTARY}")
            await run.logged(MAIN, pod, "Unable to contact node registration service: no such host")
            await run.logged(MAIN, pod, "Initial registration exit code: 1")
        await run.logged(MAIN, pod, "Initial registration exit code: 0")


def other_root(obj: dict[str, Any]) -> dict[str, Any]:
    store = key_store(authority(subject("", "Another Root CA"), ())[0])
    return {**obj, "data": {"network-root-truststore.jks": base64.b64encode(store).decode()}}


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("cenm-certs", lambda _: None, 'event:secret "cenm-certs" not found'),
        ("doorman-tls-certs", lambda _: None, 'event:secret "doorman-tls-certs" not found'),
        ("cenm-certs", other_root, "does not match the expected Root CA"),
        ("cenm-certs", lambda o: {**o, "data": {}}, "the network root trust store is empty or no key store"),
    ],
)
async def test_what_is_handed_on_is_needed(rehearse: Any, name: str, change: Change, words: str) -> None:
    """E08."""
    async with rehearse(ENTERPRISE_TWO) as run:
        run.spoil = spoiling("Secret", name, MAKER_ENT, change)
        await run.run(until=f"{EAST}/{ENT}/networkmap")
        needs = next(s for s in run.plan.steps if s.id == f"{WEST}/{MAKER_ENT}/{NODE}").needs
        for need in needs:
            await run.run(until=need)
        await install(run, f"{WEST}/{MAKER_ENT}/{NODE}")
        pod = f"enterprise-node-{NODE}-0"
        if words.startswith("event:"):
            await run.box.event(run.contexts[WEST], pod, words.removeprefix("event:"))
        else:
            await run.logged(WEST, pod, words)


async def test_an_enterprise_node_starts_only_with_a_network_map(rehearse: Any) -> None:
    """A notary's first start comes before it; a node's does not."""
    async with rehearse(ENTERPRISE) as run:
        await run.run(until=f"{MAIN}/{ENT}/{NOTARY}")
        words = "compatibility zone wasn't configured/isn't reachable"
        assert words in run.log(MAIN, f"enterprise-node-{NOTARY}-0")
        await run.run(until=f"{MAIN}/{MAKER_ENT}/init")
        for what in run.plan.steps:
            if what.id.startswith("handoff/"):
                await run.run(until=what.id)
        await install(run, f"{MAIN}/{MAKER_ENT}/{NODE}")
        await run.logged(MAIN, f"enterprise-node-{NODE}-0", words)
