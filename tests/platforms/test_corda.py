"""Both Cordas: each rule of the planners, the work-rounds of chart defects among them (facts A5, A6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bevel_tui.helm.patches import PATCHES
from bevel_tui.network.model import Network
from bevel_tui.platforms import corda_charts
from bevel_tui.platforms.registry import platform
from bevel_tui.records.steps import HandoffStep, ObjectRef, ReleaseStep, SecretStep, SecretValue
from tests.platforms.networks import REGISTRY, VAULT, besu, corda

OPEN, ENT = "corda", "corda-enterprise"
EAST, WEST = (
    {OPEN: "east/supplychain-ns", ENT: "east/supplychain-ent"},
    {OPEN: "west/manufacturer-ns", ENT: "west/manufacturer-ent"},
)
NOTARY, NODE = "notary-supplychain-1", "node-manufacturer-1"
PASSWORD = SecretValue(env="PW", word=True)


def network(name: str, gateway: str = "ambassador", **more: Any) -> Network:
    return corda(gateway, platform={"type": name, **more.pop("platform", {})}, **more)


def releases(network: Network) -> dict[str, ReleaseStep]:
    steps = platform(network.platform.type).steps(network)
    return {s.id: s for s in steps if isinstance(s, ReleaseStep)}


def handoffs(network: Network) -> dict[str, HandoffStep]:
    steps = platform(network.platform.type).steps(network)
    return {s.id: s for s in steps if isinstance(s, HandoffStep)}


def sketches(step: ReleaseStep, kind: str) -> dict[str, Mapping[str, Any]]:
    found = platform("corda-enterprise" if "ent" in str(step.namespace) else "corda").manifests(step)
    return {m["metadata"]["name"]: m for m in found if m["kind"] == kind}


BOTH = pytest.mark.parametrize("name", [OPEN, ENT])


# ---------------------------------------------------------------- order


def test_services_then_notaries_then_nodes() -> None:
    found = releases(network(OPEN))
    first = EAST[OPEN]
    assert f"{first}/init" in found[f"{first}/supplychain"].needs
    assert {f"{first}/supplychain", "east/dns"} <= set(found[f"{first}/{NOTARY}"].needs)
    for node in (f"{first}/node-supplychain-1", f"{WEST[OPEN]}/{NODE}"):
        assert {f"{first}/supplychain", "east/dns", f"{first}/{NOTARY}"} <= set(found[node].needs)


def test_nodes_wait_for_the_registration_of_notaries_wherever_they_are() -> None:
    """A notary that registers later changes parameters that nodes run with."""
    organizations = [
        {"name": "supplychain", "cluster": "east", "corda": {"nodes": 1}},
        {"name": "keeper", "cluster": "west", "corda": {"notaries": 1, "nodes": 0}},
    ]
    found = releases(network(OPEN, organizations=organizations))
    assert "west/keeper-ns/notary-keeper-1" in found["east/supplychain-ns/node-supplychain-1"].needs
    (made,) = (p for p in found["west/keeper-ns/notary-keeper-1"].produces if p.awaited)
    assert (made.ref.name, made.awaited) == ("notary-keeper-1-certs", ("truststore.jks",))
    assert made.within > 600
    assert not any(p.awaited for p in found["east/supplychain-ns/node-supplychain-1"].produces)


def test_the_network_map_is_the_second_pass() -> None:
    """facts A6: it mounts what notaries have written."""
    found = releases(network(ENT))
    first = EAST[ENT]
    assert f"{first}/cenm" in found[f"{first}/{NOTARY}"].needs
    assert f"{first}/networkmap" not in found[f"{first}/{NOTARY}"].needs
    assert {f"{first}/cenm", f"{first}/{NOTARY}"} <= set(found[f"{first}/networkmap"].needs)
    for node in (f"{first}/node-supplychain-1", f"{WEST[ENT]}/{NODE}"):
        assert f"{first}/networkmap" in found[node].needs


def test_notaries_of_enterprise_come_one_at_a_time() -> None:
    """They add themselves to one Secret, which the script reads and writes without a lock."""
    organizations = [{"name": "supplychain", "cluster": "east", "corda": {"notaries": 2, "nodes": 1}}]
    found = releases(network(ENT, organizations=organizations))
    lanes = {name.rpartition("/")[2]: step.lane for name, step in found.items() if step.chart == "enterprise-node"}
    assert lanes == {
        "notary-supplychain-1": f"{EAST[ENT]}/notary-info",
        "notary-supplychain-2": f"{EAST[ENT]}/notary-info",
        "node-supplychain-1": None,
    }


@BOTH
def test_without_a_gateway_there_are_no_certificates_and_no_names_to_wait_for(name: str) -> None:
    net = network(name, "none")
    found = releases(net)
    assert all(step.values["tls"] == {"enabled": False} for step in found.values() if "tls" in step.values)
    assert all("dns" not in need for step in found.values() for need in step.needs)
    assert not any(corda_charts.CERTIFICATE_DAYS in step.patches for step in found.values())
    assert {h.source.name for h in handoffs(net).values()} == (set() if name == OPEN else {"cenm-certs"})


# ---------------------------------------------------------------- handoffs


def test_certificates_are_handed_to_charts_as_they_stand_in_their_secrets() -> None:
    """facts A5, HANDOFF: the template puts the file under `data`, so it stays base64."""
    net = network(OPEN)
    found = handoffs(net)
    assert {(h.source.name, h.key, h.keep_base64, h.target_file) for h in found.values()} == {
        ("doorman-tls-certs", "tls.crt", True, "files/doorman.crt"),
        ("nms-tls-certs", "tls.crt", True, "files/nms.crt"),
    }
    init = releases(net)[f"{WEST[OPEN]}/init"]
    assert init.values["settings"] == {"secondaryInit": True}
    assert set(found) <= set(init.needs)
    assert "settings" not in releases(net)[f"{EAST[OPEN]}/init"].values


def test_enterprise_hands_on_secrets_without_anything_private() -> None:
    """facts A6, HANDOFF; the chart's own way mounts other names than its nodes ask for."""
    net = network(ENT)
    found = handoffs(net)
    assert {(h.source.name, h.keep, h.target_object) for h in found.values()} == {
        (name, (key,), ObjectRef("v1", "Secret", name, "manufacturer-ent"))
        for name, key in (
            ("cenm-certs", "network-root-truststore.jks"),
            ("doorman-tls-certs", "tls.crt"),
            ("nms-tls-certs", "tls.crt"),
        )
    }
    step = releases(net)[f"{WEST[ENT]}/{NODE}"]
    assert set(found) <= set(step.needs)
    assert "settings" not in releases(net)[f"{WEST[ENT]}/init"].values


def test_keys_of_the_network_are_declared_private() -> None:
    (certs,) = (p for p in releases(network(ENT))[f"{EAST[ENT]}/cenm"].produces if p.ref.name == "cenm-certs")
    assert len(certs.keys) == 12
    assert set(certs.keys) - set(certs.private) == {
        "network-root-truststore.jks", "corda-ssl-trust-store.jks", "tls.crl", "root.crl", "subordinate.crl",
    }  # fmt: skip
    services = releases(network(OPEN))[f"{EAST[OPEN]}/supplychain"].produces
    (certs,) = (p for p in services if p.ref.name == "supplychain-certs")
    assert set(certs.keys) - set(certs.private) == {"rootcacert", "mongoCA.crt"}


# ---------------------------------------------------------------- work-rounds


def test_applications_login_is_made_even_without_any() -> None:
    """facts I, C09: corda-node mounts maven-secrets always, and makes the volume only if it is told the name."""
    net = network(OPEN)
    secrets = {s.id: s for s in platform(OPEN).steps(net) if isinstance(s, SecretStep)}
    for namespace in (EAST[OPEN], WEST[OPEN]):
        assert dict(secrets[f"{namespace}/secret/maven-secrets"].data) == {"username": "none", "password": "none"}
    step = releases(net)[f"{WEST[OPEN]}/{NODE}"]
    assert step.values["cordApps"] == {"getCordApps": False, "mavenSecret": "maven-secrets"}
    assert f"{WEST[OPEN]}/secret/maven-secrets" in step.needs
    assert not [s for s in platform(ENT).steps(network(ENT)) if isinstance(s, SecretStep)]


APPS = {"jars": ["https://apps.test/a.jar"], "username": {"env": "U"}, "password": {"env": "P"}}


def test_applications_are_told_as_each_chart_reads_them() -> None:
    """corda-node reads ``jars[].jar.url`` though its values say ``jars[].url``; enterprise-node reads the latter."""
    found = {}
    for name in (OPEN, ENT):
        net = network(name, platform={"cordapps": APPS})
        found[name] = releases(net)[f"{WEST[name]}/{NODE}"].values["cordApps"]["jars"]
        login = {k: v for s in platform(name).steps(net) if isinstance(s, SecretStep) for k, v in s.data}
        assert login == {"username": SecretValue(env="U"), "password": SecretValue(env="P")}
    assert found == {OPEN: [{"jar": {"url": "https://apps.test/a.jar"}}], ENT: [{"url": "https://apps.test/a.jar"}]}


@BOTH
def test_tls_jobs_have_names_of_their_own(name: str) -> None:
    """C10: by the sub-chart's name there is one in a namespace."""
    jobs = [
        (step.namespace, job)
        for step in releases(network(name)).values()
        if step.origin == "ledger"
        for job in sketches(step, "Job")
    ]
    assert len(set(jobs)) == len(jobs)
    assert (f"manufacturer-{'ent' if name == ENT else 'ns'}", f"{NODE}-tls") in jobs


@BOTH
def test_certificates_are_valid_for_longer_than_a_month(name: str) -> None:
    patched = {s.chart for s in releases(network(name)).values() if corda_charts.CERTIFICATE_DAYS in s.patches}
    expected = {OPEN: {"corda-network-service", "corda-node"}, ENT: {"cenm", "enterprise-node"}}
    assert patched == expected[name]
    assert corda_charts.CERTIFICATE_DAYS in PATCHES


@BOTH
def test_hooks_get_the_pull_secret(name: str) -> None:
    """Their pods name none, and the first of them runs one of R3's licensed images (E07)."""
    without = {s.chart for s in releases(network(name)).values() if corda_charts.HOOK_PULL_SECRET in s.patches}
    found = releases(network(name, registry=REGISTRY))
    patched = {s.chart for s in found.values() if corda_charts.HOOK_PULL_SECRET in s.patches}
    assert (without, patched) == (set(), {OPEN: {"corda-network-service", "corda-node"}, ENT: {"cenm"}}[name])
    for step in found.values():
        if corda_charts.HOOK_PULL_SECRET in step.patches:
            hooks = [m for n, m in sketches(step, "Job").items() if n.endswith("-hook")]
            assert len(hooks) == 2
            for hook in hooks:
                assert hook["spec"]["template"]["spec"]["imagePullSecrets"] == [{"name": "regcred"}]


@BOTH
def test_p2p_has_a_way_through_the_gateway(name: str) -> None:
    """C11: the charts advertise it and route nothing. Raw TCP: peers must meet the node's own certificate."""
    found = releases(network(name))
    for prefix, host, port in (
        (f"{EAST[name]}/{NOTARY}", f"{NOTARY}.east.example.test", 15010),
        (f"{EAST[name]}/node-supplychain-1", "node-supplychain-1.east.example.test", 15011),
        (f"{WEST[name]}/{NODE}", f"{NODE}.west.example.test", 15010),
    ):
        route = found[f"{prefix}-p2p"]
        assert route.origin == "own"
        (endpoint,) = route.endpoints
        assert (endpoint.host, endpoint.port, endpoint.protocol) == (host, port, "tcp")
        assert found[prefix].values["global"]["proxy"]["p2p"] == port
        listener, mapping = platform(name).manifests(route)
        assert (listener["spec"]["port"], listener["spec"]["protocol"]) == (port, "TCP")
        assert listener["spec"]["hostBinding"] == {"namespace": {"from": "SELF"}}
        node = prefix.rpartition("/")[2]
        assert mapping["spec"] == {"port": port, "service": f"{node}.{route.namespace}:10002"}
    assert not [s for s in releases(network(name, "none")).values() if s.origin == "own"]


def test_enterprise_nodes_advertise_their_own_port() -> None:
    """The chart says 443, where TLS ends with the gateway's certificate."""
    found = releases(network(ENT))
    nodes = [s for s in found.values() if s.chart == "enterprise-node"]
    assert all(corda_charts.ADVERTISED_PORT in s.patches for s in nodes)
    (conf,) = sketches(found[f"{WEST[ENT]}/{NODE}"], "ConfigMap").values()
    assert f'additionalP2PAddresses: ["{NODE}.west.example.test:15010"]' in conf["data"]["node.conf"]


@BOTH
def test_addresses_within_a_cluster_are_true(name: str) -> None:
    found = releases(network(name, "none"))
    namespace = f"manufacturer-{'ent' if name == ENT else 'ns'}"
    proxy = found[f"east/{namespace}/{NODE}"].values["global"]["proxy"]
    assert proxy == {"provider": "none", "externalUrlSuffix": f"{namespace}.svc.cluster.local", "p2p": 10002}


def test_the_network_map_is_called_as_its_certificate() -> None:
    """facts A6: another prefix than CENM's release gives a host without a certificate, or `-nms` (E01)."""
    found = releases(network(ENT))
    assert found[f"{EAST[ENT]}/networkmap"].values["prefix"] == "cenm"
    (host,) = sketches(found[f"{EAST[ENT]}/networkmap"], "Host").values()
    assert host["spec"]["hostname"] == "cenm-nms.east.example.test"


def test_vault_knows_the_platform() -> None:
    """E05: by another name the namespace's policy is empty."""
    vault = {key: value for key, value in VAULT.items() if key != "ca"}
    for name in (OPEN, ENT):
        found = releases(network(name, vault=vault))
        assert found[f"{WEST[name]}/init"].values["global"]["vault"]["network"] == name
        accounts = {s.values["global"]["serviceAccountName"] for s in found.values() if "global" in s.values}
        assert accounts == {"vault-auth"}


def test_doorman_and_network_map_have_a_user_in_the_database() -> None:
    """The chart makes one user, and its values name another for the network map."""
    values = releases(network(OPEN, platform={"password": {"env": "PW"}}))[f"{EAST[OPEN]}/supplychain"].values
    login = {"username": "doorman", "authPassword": PASSWORD, "dbPassword": PASSWORD}
    assert (values["doorman"], values["nms"]) == (login, login)


def test_one_password_for_all() -> None:
    """C08: a notary logs in to the network map with the password of its own database."""
    conf = releases(network(OPEN, platform={"password": {"env": "PW"}}))[f"{EAST[OPEN]}/{NOTARY}"].values["nodeConf"]
    assert {conf[key] for key in ("keystorePassword", "truststorePassword", "dataSourcePassword")} == {PASSWORD}
    assert conf["rpcUser"][0]["password"] == PASSWORD
    values = releases(network(ENT, platform={"password": {"env": "PW"}}))[f"{EAST[ENT]}/{NOTARY}"].values
    assert values["nodeConf"]["creds"] == {"truststore": PASSWORD, "keystore": PASSWORD}
    assert values["dataSourceProperties"] == {"dataSource": {"password": PASSWORD}}
    plain = releases(network(OPEN))[f"{EAST[OPEN]}/{NOTARY}"].values["nodeConf"]
    assert not {"keystorePassword", "dataSourcePassword", "rpcUser"} & set(plain)


@BOTH
def test_keys_stay_when_a_release_goes(name: str) -> None:
    for step in releases(network(name)).values():
        for path in ("settings", "nodeConf"):
            assert step.values.get(path, {}).get("removeKeysOnDelete", False) is False
        for job, manifest in sketches(step, "Job").items() if step.origin == "ledger" else ():
            if job.endswith("-pre-delete-hook"):
                (container,) = manifest["spec"]["template"]["spec"]["containers"]
                assert "deleteSecret" not in container["args"][0]


def test_only_notaries_are_notaries() -> None:
    found = releases(network(OPEN, platform={"validating": False}))
    assert found[f"{WEST[OPEN]}/{NODE}"].values["nodeConf"]["notary"] == {"enabled": False}
    notary = found[f"{EAST[OPEN]}/{NOTARY}"].values["nodeConf"]["notary"]
    assert (notary["enabled"], notary["validating"]) == (True, False)
    # the chart of Enterprise takes any value for yes
    found = releases(network(ENT))
    assert "notary" not in found[f"{WEST[ENT]}/{NODE}"].values["nodeConf"]
    assert found[f"{EAST[ENT]}/{NOTARY}"].values["nodeConf"]["notary"]["validating"] is True


def test_images_come_from_where_the_licence_is() -> None:
    found = releases(network(ENT, platform={"images": "registry.test/r3", "cenm_version": "1.5.9", "version": "4.10"}))
    pods = [
        pod
        for step in found.values()
        if step.origin == "ledger"
        for kind in ("Job", "StatefulSet")
        for pod in (m["spec"]["template"]["spec"] for m in sketches(step, kind).values())
    ]
    images = {c["image"] for pod in pods for c in [*pod.get("initContainers", ()), *pod["containers"]]}
    ours = {image for image in images if "enterprise" in image}
    assert ours == {
        *(
            f"registry.test/r3/enterprise-{what}:1.5.9"
            for what in ("pkitool", "auth", "gateway", "zone", "signer", "identitymanager", "networkmap", "cli")
        ),
        "registry.test/r3/corda-enterprise:4.10",
    }


@BOTH
def test_another_platforms_network_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match="besu"):
        platform(name).steps(besu())
