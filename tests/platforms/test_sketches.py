"""Sketches hold together: mounts have volumes, Services have pods, routes have Services, players have their container."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings

from bevel_tui.network.model import Network
from bevel_tui.platforms.registry import MODULES, platform
from bevel_tui.records.steps import ReleaseStep
from tests.platforms.networks import besu, fabric, indy, networks, substrate

WORKLOADS = ("Job", "StatefulSet", "Deployment")
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def releases(network: Network) -> list[ReleaseStep]:
    return [s for s in platform(network.platform.type).steps(network) if isinstance(s, ReleaseStep)]


def pod_of(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    spec: Mapping[str, Any] = manifest["spec"]["template"]["spec"]
    return spec


@settings(max_examples=40, deadline=None)
@given(networks())
def test_parts_fit(network: Network) -> None:
    module = platform(network.platform.type)
    for step in releases(network):
        manifests = module.manifests(step)
        names = {(m["kind"], m["metadata"]["name"]) for m in manifests}
        assert len(names) == len(manifests)
        labels = [m["spec"]["template"]["metadata"]["labels"] for m in manifests if m["kind"] in WORKLOADS]
        for manifest in manifests:
            spec = manifest.get("spec", {})
            if manifest["kind"] in WORKLOADS:
                pod = pod_of(manifest)
                volumes = [v["name"] for v in pod.get("volumes", ())]
                volumes += [c["metadata"]["name"] for c in spec.get("volumeClaimTemplates", ())]
                assert len(set(volumes)) == len(volumes)
                containers = [*pod.get("initContainers", ()), *pod["containers"]]
                assert len({c["name"] for c in containers}) == len(containers)
                for container in containers:
                    assert LABEL.fullmatch(container["name"])
                    assert len(container["name"]) <= 63
                    paths = [m["mountPath"] for m in container.get("volumeMounts", ())]
                    assert len(set(paths)) == len(paths)
                    assert {m["name"] for m in container.get("volumeMounts", ())} <= set(volumes)
            if manifest["kind"] in ("StatefulSet", "Deployment"):
                own = spec["template"]["metadata"]["labels"]
                assert spec["selector"]["matchLabels"].items() <= own.items()
            if manifest["kind"] == "Service":
                # the one label that the StatefulSet's controller adds to each pod
                selector = {k: v for k, v in spec["selector"].items() if k != "statefulset.kubernetes.io/pod-name"}
                assert any(selector.items() <= found.items() for found in labels)
            if manifest["kind"] == "Ingress":
                for rule in spec["rules"]:
                    backend = rule["http"]["paths"][0]["backend"]["service"]
                    target = next(
                        m for m in manifests if (m["kind"], m["metadata"]["name"]) == ("Service", backend["name"])
                    )
                    assert backend["port"]["number"] in [p["port"] for p in target["spec"]["ports"]]


@settings(max_examples=40, deadline=None)
@given(networks())
def test_routes_lead_to_the_endpoints(network: Network) -> None:
    """Exposed hosts and ports are those of the routes, and their backends those of the Services."""
    module = platform(network.platform.type)
    # a route may be a release of its own (Corda's p2p), before a Service of another one
    services = {
        f"{m['metadata']['name']}.{step.namespace}:{p['port']}"
        for step in releases(network)
        for m in module.manifests(step)
        if m["kind"] == "Service"
        for p in m["spec"]["ports"]
    }
    for step in releases(network):
        routed: set[tuple[str, int]] = set()
        for manifest in module.manifests(step):
            spec = manifest.get("spec", {})
            match manifest["kind"]:
                case "Ingress":
                    port = 443 if "annotations" in manifest["metadata"] else 80
                    routed |= {(rule["host"], port) for rule in spec["rules"]}
                case "Mapping":
                    routed.add((spec["hostname"], 80) if "hostname" in spec else (spec["host"], 443))
                case "TCPMapping" if network.platform.type not in ("besu", "quorum"):
                    routed |= {(e.host, e.port) for e in step.endpoints if e.port == spec["port"]}
                case "TCPMapping":
                    routed.add((f"{step.release}.{step.values['global']['proxy']['externalUrlSuffix']}", spec["port"]))
                case "Service" if spec["type"] == "NodePort":
                    ports = {port["nodePort"] for port in spec["ports"]}
                    routed |= {(e.host, e.port) for e in step.endpoints if e.node_port and e.port in ports}
        assert {(e.host, e.port) for e in step.endpoints if e.exposed} == routed
        assert {e.service for e in step.endpoints} <= services


ALL_BEHAVIOURS = [
    (chart, entry)
    for name in MODULES
    for chart, table in sorted(platform(name).behaviours.items())
    for entry in table.pods
]


@settings(max_examples=40, deadline=None)
@given(networks())
def test_every_container_has_one_behaviour(network: Network) -> None:
    """Asked over the tables of all charts at once, as the simulator does, the right chart's entry answers first."""
    module = platform(network.platform.type)
    for step in releases(network):
        for manifest in module.manifests(step):
            if manifest["kind"] not in WORKLOADS:
                continue
            pod = pod_of(manifest)
            for init, containers in ((True, pod.get("initContainers", ())), (False, pod["containers"])):
                for container in containers:
                    found = [
                        (chart, entry)
                        for chart, entry in ALL_BEHAVIOURS
                        if entry.kind == manifest["kind"]
                        and re.fullmatch(entry.workload, manifest["metadata"]["name"])
                        and re.fullmatch(entry.container, container["name"])
                    ]
                    assert found, (manifest["metadata"]["name"], container["name"])
                    assert found[0][1].init is init
                    assert found[0][1] in module.behaviours[step.chart].pods
                    group = re.fullmatch(found[0][1].workload, manifest["metadata"]["name"])
                    assert group is not None
                    assert group.groupdict().get("release", step.release) == step.release


@settings(max_examples=20, deadline=None)
@given(networks())
def test_what_a_pod_waits_for_is_written(network: Network) -> None:
    """The Secrets that init containers poll for are products of the release itself or of one before it."""
    module = platform(network.platform.type)
    written: set[tuple[str, str]] = set()
    for step in releases(network):
        written |= {(step.namespace or "", p.ref.name) for p in step.produces}
        for entry in module.behaviours[step.chart].pods:
            if any(re.fullmatch(entry.workload, m["metadata"]["name"]) for m in module.manifests(step)):
                for name in entry.waits_for:
                    assert (step.namespace, name.format(release=step.release)) in written


@pytest.mark.parametrize(
    "network", [besu(), fabric(), indy(), substrate()], ids=["besu", "fabric", "indy", "substrate"]
)
def test_a_foreign_chart_is_refused(network: Network) -> None:
    other = "fabric" if network.platform.type == "besu" else "besu"
    with pytest.raises(KeyError):
        platform(other).manifests(releases(network)[0])


def test_an_unknown_platform_is_refused() -> None:
    with pytest.raises(KeyError):
        platform("no-such-platform")
