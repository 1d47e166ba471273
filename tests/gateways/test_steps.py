"""Which steps each gateway plans: exactly the ports in use, the names that lead there, and nothing without need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from bevel_tui.gateways.catalogue import CHARTS
from bevel_tui.gateways.common import EXTERNAL_DNS
from bevel_tui.gateways.registry import MODULES, gateway
from bevel_tui.network.model import Network
from bevel_tui.records.steps import AddressStep, DnsStep, Endpoint, NamespaceStep, ObjectRef, ReleaseStep, Step
from tests.gateways.networks import endpoint, network_of

NODE = [endpoint("v1rpc.east.example.com", 80), endpoint("v1.east.example.com", 15011)]
PEER = [endpoint("peer0.org-net.east.example.com", 443), endpoint("peer0-ops.org-net.east.example.com", 80)]


def planned(network: Network, endpoints: Sequence[Endpoint]) -> tuple[Step, ...]:
    return gateway(network.gateway.type).steps(network, network.clusters[0], endpoints)


def only(steps: Sequence[Step], kind: type[Any]) -> Any:
    (found,) = [step for step in steps if isinstance(step, kind)]
    return found


def release(steps: Sequence[Step], name: str) -> ReleaseStep:
    (found,) = [step for step in steps if isinstance(step, ReleaseStep) and step.release == name]
    return found


def service_of(step: ReleaseStep) -> dict[str, Any]:
    """The load balancer among what a release's chart renders."""
    services = [
        m
        for m in gateway("haproxy" if step.release == "haproxy" else "ambassador").manifests(step)
        if m["kind"] == "Service" and m["spec"]["type"] == "LoadBalancer"
    ]
    assert len(services) == 1
    return dict(services[0])


# ---------------------------------------------------------------- haproxy


def test_haproxy_is_installed_as_bevel_does_it() -> None:
    steps = planned(network_of("haproxy"), PEER)
    assert [s.id for s in steps] == ["east/ingress-controller", "east/gateway", "east/address", "east/dns"]
    step = release(steps, "haproxy")
    assert (step.chart, step.chart_version, step.namespace, step.origin) == (
        "haproxy-ingress",
        "0.14.6",
        "ingress-controller",
        "gateways",
    )
    assert step.values["controller"]["kind"] == "DaemonSet"
    address = only(steps, AddressStep)
    assert address.service == ObjectRef("v1", "Service", "haproxy-ingress", "ingress-controller")
    assert address.ports == (80, 443)


@pytest.mark.parametrize(("ports", "expected"), [((443,), [443]), ((80,), [80]), ((80, 443), [80, 443])])
def test_haproxy_opens_only_what_is_used(ports: tuple[int, ...], expected: list[int]) -> None:
    steps = planned(network_of("haproxy"), [endpoint(f"h{p}.east.example.com", p) for p in ports])
    service = service_of(release(steps, "haproxy"))
    assert [p["port"] for p in service["spec"]["ports"]] == expected
    assert only(steps, AddressStep).ports == tuple(expected)


def test_haproxy_routes_by_name_only() -> None:
    with pytest.raises(ValueError, match="15011"):
        planned(network_of("haproxy"), NODE)


# ---------------------------------------------------------------- ambassador


def test_emissary_needs_its_crds_first_and_they_have_a_release_of_their_own() -> None:
    steps = planned(network_of("ambassador"), NODE)
    assert [s.id for s in steps] == [
        "east/emissary-system",
        "east/ambassador",
        "east/crds",
        "east/gateway",
        "east/ambassador/bevel-gateway-defaults",
        "east/address",
        "east/dns",
    ]
    crds, emissary, defaults = (
        release(steps, name) for name in ("emissary-crds", "emissary-ingress", "bevel-gateway-defaults")
    )
    assert (crds.chart, crds.namespace, crds.chart_version) == ("emissary-crds-chart", "emissary-system", "4.1.0")
    assert (emissary.chart, emissary.namespace, emissary.chart_version) == ("emissary-ingress", "ambassador", "4.1.0")
    assert crds.id in emissary.needs
    assert crds.id in defaults.needs
    assert defaults.origin == "own"
    address = only(steps, AddressStep)
    assert {emissary.id, defaults.id} <= set(address.needs)
    assert address.service == ObjectRef("v1", "Service", "emissary-ingress", "ambassador")


def test_ambassador_opens_exactly_the_ports_of_the_endpoints() -> None:
    many = [endpoint(f"v{p}.east.example.com", p) for p in (15013, 15011, 15011, 80)]
    many.append(endpoint("inside", 30303, exposed=False))
    steps = planned(network_of("ambassador"), many)
    service = service_of(release(steps, "emissary-ingress"))
    assert [(p["name"], p["port"], p["targetPort"]) for p in service["spec"]["ports"]] == [
        ("http", 80, 8080),
        ("tcp-15011", 15011, 15011),
        ("tcp-15013", 15013, 15013),
    ]
    assert only(steps, AddressStep).ports == (80, 15011, 15013)


def test_tls_is_opened_where_a_component_has_it() -> None:
    steps = planned(network_of("ambassador"), [*NODE, endpoint("m1.east.example.com", 443)])
    service = service_of(release(steps, "emissary-ingress"))
    assert ("https", 443, 8443) in [(p["name"], p["port"], p["targetPort"]) for p in service["spec"]["ports"]]


def test_the_catch_all_host_lets_http_through_and_holds_no_key() -> None:
    step = release(planned(network_of("ambassador"), NODE), "bevel-gateway-defaults")
    (host,) = gateway("ambassador").manifests(step)
    assert host["kind"] == "Host"
    assert host["metadata"]["namespace"] == "ambassador"
    assert host["spec"]["hostname"] == "*"
    assert host["spec"]["requestPolicy"] == {"insecure": {"action": "Route"}}
    # without this, Edge Stack would ask Let's Encrypt for a certificate of "*"
    assert host["spec"]["acmeProvider"] == {"authority": "none"}
    assert "tlsSecret" not in host["spec"]


def test_edge_stack_is_what_bevel_pins() -> None:
    network = network_of("ambassador", gateway={"type": "ambassador", "edition": "edge-stack"})
    steps = planned(network, NODE)
    crds, edge = release(steps, "edge-stack-crds"), release(steps, "edge-stack")
    assert (edge.chart, edge.chart_version, edge.namespace) == ("edge-stack", "8.7.2", "ambassador")
    assert crds.id in edge.needs
    assert [s.namespace for s in steps if isinstance(s, NamespaceStep)] == ["ambassador"]
    assert [p["port"] for p in service_of(edge)["spec"]["ports"]] == [80, 15011]
    # routes with host "*" would answer on the ledger's names
    assert edge.values["createDevPortalMappings"] is False
    kinds = {m["metadata"]["name"] for m in gateway("ambassador").manifests(crds)}
    assert {"filters.getambassador.io", "mappings.getambassador.io"} <= kinds


@pytest.mark.parametrize("edition", ["emissary", "edge-stack"])
def test_no_licence_key_and_no_private_key_is_in_any_manifest(edition: str) -> None:
    steps = planned(network_of("ambassador", gateway={"type": "ambassador", "edition": edition}), NODE)
    for step in (s for s in steps if isinstance(s, ReleaseStep)):
        for manifest in gateway("ambassador").manifests(step):
            if manifest["kind"] == "Secret":
                assert not any(manifest["data"].values())


# ---------------------------------------------------------------- both


@pytest.mark.parametrize("name", ["haproxy", "ambassador"])
def test_an_existing_gateway_is_only_asked_for_its_address(name: str) -> None:
    there = {"existing_gateway": {"namespace": "edge", "service": "lb"}}
    steps = planned(network_of(name, there), PEER if name == "haproxy" else NODE)
    assert [s.kind for s in steps] == ["address", "dns"]
    address = only(steps, AddressStep)
    assert address.service == ObjectRef("v1", "Service", "lb", "edge")
    assert address.needs == ()
    assert address.ports == ((80, 443) if name == "haproxy" else (80, 15011))


@pytest.mark.parametrize("name", ["haproxy", "ambassador", "none"])
def test_nothing_is_installed_where_nothing_is_reached_from_outside(name: str) -> None:
    assert planned(network_of(name), []) == ()
    assert planned(network_of(name), [endpoint("inside", 80, exposed=False)]) == ()


def test_none_plans_nothing_whatever_is_exposed() -> None:
    assert planned(network_of("none"), PEER) == ()


@pytest.mark.parametrize(("name", "endpoints"), [("haproxy", PEER), ("ambassador", NODE)])
@pytest.mark.parametrize("mode", ["manual", "external-dns", "skip"])
def test_the_dns_gate_knows_domain_hosts_and_mode(name: str, endpoints: list[Endpoint], mode: str) -> None:
    steps = planned(network_of(name, {"dns": mode}), endpoints)
    dns = only(steps, DnsStep)
    assert dns.domain == "east.example.com"
    assert dns.hosts == tuple(sorted(e.host for e in endpoints))
    assert dns.mode == mode
    assert dns.address_step == "east/address"
    assert dns.needs == ("east/address",)


@pytest.mark.parametrize(("name", "endpoints"), [("haproxy", PEER), ("ambassador", NODE)])
def test_external_dns_finds_every_name_in_one_annotation(name: str, endpoints: list[Endpoint]) -> None:
    elsewhere = endpoint("v1.other.example.org", 80)
    steps = planned(network_of(name, {"dns": "external-dns"}), [*endpoints, elsewhere])
    step = next(s for s in steps if s.id == "east/gateway")
    assert isinstance(step, ReleaseStep)
    assert service_of(step)["metadata"]["annotations"] == {EXTERNAL_DNS: "*.east.example.com.,v1.other.example.org."}


@pytest.mark.parametrize(("name", "endpoints"), [("haproxy", PEER), ("ambassador", NODE)])
def test_without_external_dns_there_is_no_annotation(name: str, endpoints: list[Endpoint]) -> None:
    steps = planned(network_of(name), endpoints)
    step = next(s for s in steps if s.id == "east/gateway")
    assert isinstance(step, ReleaseStep)
    assert "annotations" not in service_of(step)["metadata"]


def test_an_address_needs_no_name() -> None:
    bare = network_of("ambassador", {"domain": None})
    assert [s.kind for s in planned(bare, [endpoint("203.0.113.7", 15011)])][-1] == "address"


def test_placement_reaches_the_pods() -> None:
    placement = {"node_selector": {"pool": "edge"}, "tolerations": [{"key": "edge", "operator": "Exists"}]}
    for name, endpoints in (("haproxy", PEER), ("ambassador", NODE)):
        steps = planned(network_of(name, placement=placement), endpoints)
        step = next(s for s in steps if s.id == "east/gateway")
        assert isinstance(step, ReleaseStep)
        (pod,) = [
            m["spec"]["template"]["spec"]
            for m in gateway(name).manifests(step)
            if m["kind"] in ("Deployment", "DaemonSet")
        ]
        assert pod["nodeSelector"] == {"pool": "edge"}
        assert pod["tolerations"] == [{"key": "edge", "operator": "Exists"}]


@pytest.mark.parametrize(("name", "endpoints"), [("haproxy", PEER), ("ambassador", NODE)])
def test_a_cluster_that_others_own_is_theirs_to_set_up(name: str, endpoints: list[Endpoint]) -> None:
    theirs = [{"name": "supplychain", "cluster": "east", "managed": False}]
    assert not any(s.managed for s in planned(network_of(name, organizations=theirs), endpoints))
    assert all(s.managed for s in planned(network_of(name), endpoints))


# ---------------------------------------------------------------- the table of gateways


@pytest.mark.parametrize("name", MODULES)
def test_every_gateway_explains_itself(name: str) -> None:
    about = gateway(name).about(network_of(name))
    assert about.title
    assert about.what.endswith(".")
    assert about.ports


def test_edge_stacks_licence_is_explained() -> None:
    about = gateway("ambassador").about(
        network_of("ambassador", gateway={"type": "ambassador", "edition": "edge-stack"})
    )
    assert "licence key" in about.licence
    assert about.notice is not None
    assert "without a licence" in about.notice
    assert gateway("ambassador").about(network_of("ambassador")).licence == "Apache-2.0"


def test_an_unknown_gateway_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        gateway("istio")


@pytest.mark.parametrize("name", MODULES)
def test_a_foreign_chart_is_a_key_error(name: str) -> None:
    foreign = ReleaseStep(id="x", cluster="c", namespace="n", release="r", chart="besu-node", chart_version="1")
    with pytest.raises(KeyError):
        gateway(name).manifests(foreign)


def test_every_public_chart_has_exactly_one_source() -> None:
    for chart in CHARTS.values():
        assert sum(source is not None for source in (chart.repository, chart.oci, chart.manifest)) == 1
