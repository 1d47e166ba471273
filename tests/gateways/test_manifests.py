"""Do the sketches hold together as Kubernetes objects, and do they say what the behaviours table says?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from bevel_tui.gateways.registry import gateway
from bevel_tui.platforms.groundwork import CLUSTER_SCOPED
from bevel_tui.records.steps import ReleaseStep
from tests.gateways.networks import endpoint, network_of

SHAPES = [("haproxy", "emissary"), ("ambassador", "emissary"), ("ambassador", "edge-stack")]


def releases(name: str, edition: str) -> Iterator[tuple[ReleaseStep, tuple[Any, ...]]]:
    network = network_of(name, gateway={"type": name, "edition": edition})
    endpoints = [endpoint("a.east.example.com", 80), endpoint("b.east.example.com", 443)]
    module = gateway(name)
    for step in module.steps(network, network.clusters[0], endpoints):
        if isinstance(step, ReleaseStep):
            yield step, module.manifests(step)


@pytest.mark.parametrize(("name", "edition"), SHAPES)
def test_every_object_has_its_place(name: str, edition: str) -> None:
    for step, manifests in releases(name, edition):
        seen = set()
        for manifest in manifests:
            key = (manifest["kind"], manifest["metadata"]["name"], manifest["metadata"].get("namespace"))
            assert key not in seen
            seen.add(key)
            scoped = manifest["kind"] in CLUSTER_SCOPED
            assert ("namespace" in manifest["metadata"]) != scoped, key
            assert re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", manifest["metadata"]["name"])
        assert {(e.ref.kind, e.ref.name, e.ref.namespace) for e in step.expects} == seen


@pytest.mark.parametrize(("name", "edition"), SHAPES)
def test_services_find_their_pods_and_pods_their_accounts(name: str, edition: str) -> None:
    for _, manifests in releases(name, edition):
        accounts = {m["metadata"]["name"] for m in manifests if m["kind"] == "ServiceAccount"} | {"default"}
        pods = []
        for manifest in manifests:
            if manifest["kind"] not in ("Deployment", "DaemonSet"):
                continue
            template = manifest["spec"]["template"]
            labels = template["metadata"]["labels"]
            assert manifest["spec"]["selector"]["matchLabels"].items() <= labels.items()
            assert template["spec"]["serviceAccountName"] in accounts
            pods.append((labels, template["spec"]))
        for service in (m for m in manifests if m["kind"] == "Service"):
            selector = service["spec"]["selector"].items()
            (found,) = [spec for labels, spec in pods if selector <= labels.items()]
            names = {p["name"] for c in found["containers"] for p in c.get("ports", [])}
            for port in service["spec"]["ports"]:
                if isinstance(port["targetPort"], str):
                    assert port["targetPort"] in names


@pytest.mark.parametrize(("name", "edition"), SHAPES)
def test_mounted_secrets_are_rendered_too(name: str, edition: str) -> None:
    for _, manifests in releases(name, edition):
        secrets = {m["metadata"]["name"] for m in manifests if m["kind"] == "Secret"}
        for manifest in manifests:
            if manifest["kind"] == "Deployment":
                for volume in manifest["spec"]["template"]["spec"].get("volumes", []):
                    assert volume["secret"]["secretName"] in secrets


@pytest.mark.parametrize(("name", "edition"), SHAPES)
def test_the_behaviours_table_knows_every_container(name: str, edition: str) -> None:
    behaviours = gateway(name).behaviours
    for step, manifests in releases(name, edition):
        assert behaviours[step.chart].version == step.chart_version
        used = set()
        for manifest in manifests:
            if manifest["kind"] not in ("Deployment", "DaemonSet"):
                continue
            for container in manifest["spec"]["template"]["spec"]["containers"]:
                matching = [
                    entry
                    for entry in behaviours[step.chart].pods
                    if entry.kind == manifest["kind"]
                    and re.fullmatch(entry.workload, manifest["metadata"]["name"])
                    and re.fullmatch(entry.container, container["name"])
                ]
                assert matching, (step.chart, container["name"])
                used.add(matching[0])
        assert used == set(behaviours[step.chart].pods)


def crds(edition: str) -> dict[str, Any]:
    return {
        m["metadata"]["name"]: m["spec"]
        for _, manifests in releases("ambassador", edition)
        for m in manifests
        if m["kind"] == "CustomResourceDefinition"
    }


@pytest.mark.parametrize(("edition", "count"), [("emissary", 14), ("edge-stack", 19)])
def test_crds_are_ones_that_an_api_server_accepts(edition: str, count: int) -> None:
    found = crds(edition)
    assert len(found) == count
    for name, spec in found.items():
        # the rules that the API server checks for apiextensions.k8s.io/v1
        assert name == f"{spec['names']['plural']}.{spec['group']}"
        assert spec["names"]["plural"].islower()
        assert spec["names"]["singular"].islower()
        assert spec["scope"] == "Namespaced"
        (version,) = spec["versions"]
        assert version["served"] is True
        assert version["storage"] is True
        schema = version["schema"]["openAPIV3Schema"]
        assert schema["type"] == "object"
        for part in schema["properties"].values():
            assert part == {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


@pytest.mark.parametrize("edition", ["emissary", "edge-stack"])
def test_every_route_that_a_ledger_chart_renders_has_its_crd(edition: str) -> None:
    kinds = {spec["names"]["kind"]: spec["versions"][0]["name"] for spec in crds(edition).values()}
    for kind in ("Mapping", "TCPMapping", "Listener", "Host", "TLSContext", "Module"):
        assert kinds[kind] == "v3alpha1"


@pytest.mark.parametrize("edition", ["emissary", "edge-stack"])
def test_every_custom_object_of_the_gateway_has_its_crd_in_an_earlier_release(edition: str) -> None:
    there: set[str] = set()
    for _, manifests in releases("ambassador", edition):
        for manifest in manifests:
            group, _, version = manifest["apiVersion"].partition("/")
            if group.endswith("getambassador.io"):
                assert (manifest["kind"], version) in there
        there |= {
            (m["spec"]["names"]["kind"], m["spec"]["versions"][0]["name"])
            for m in manifests
            if m["kind"] == "CustomResourceDefinition"
        }
