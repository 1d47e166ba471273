"""Providers, load balancers and gateways by what clusters say of themselves."""

from __future__ import annotations

from typing import Any

import pytest

from bevel_tui.survey import recognize


def node(provider_id: str = "", cpu: str = "2", memory: str = "4Gi", **labels: str) -> dict[str, Any]:
    return {
        "metadata": {"labels": labels},
        "spec": {"providerID": provider_id},
        "status": {"allocatable": {"cpu": cpu, "memory": memory}, "conditions": [{"type": "Ready", "status": "True"}]},
    }


@pytest.mark.parametrize(
    ("version", "server", "nodes", "groups", "provider"),
    [
        ("v1.33.1-eks-4096722", "https://x", [], [], "EKS"),
        ("v1.33.1", "https://ABC.gr7.eu-west-1.eks.amazonaws.com", [], [], "EKS"),
        ("v1.33.1", "https://x.hcp.westeurope.azmk8s.io:443", [], [], "AKS"),
        ("v1.33.1", "https://x", [node(**{"kubernetes.azure.com/cluster": "MC"})], [], "AKS"),
        ("v1.33.5-gke.1080000", "https://34.1.2.3", [], [], "GKE"),
        ("v1.33.1", "https://x.k8s.ondigitalocean.com", [], [], "DOKS"),
        ("v1.33.1", "https://x", [node("digitalocean://1")], [], "DOKS"),
        ("v1.30.4", "https://api.x:6443", [node("aws:///eu/i-1")], ["config.openshift.io"], "OpenShift"),
        ("v1.33.1", "https://127.0.0.1:1", [node("kind://podman/kind/kind-control-plane")], [], "kind"),
        ("v1.33.1", "https://192.168.49.2:8443", [node(**{"minikube.k8s.io/name": "minikube"})], [], "minikube"),
        ("v1.33.1+k3s1", "https://x", [node("k3s://a")], [], "k3s"),
        ("v1.33.1", "https://x", [node("aws:///eu/i-1")], [], "plain"),
        ("", "nonsense", [], [], "plain"),
    ],
)
def test_providers(version: str, server: str, nodes: list[Any], groups: list[str], provider: str) -> None:
    assert recognize.provider(version, server, nodes, groups) == provider


def service(name: str, kind: str = "LoadBalancer", ip: str | None = None, **labels: str) -> dict[str, Any]:
    ingress = [{"ip": ip}] if ip else []
    return {
        "metadata": {"name": name, "namespace": "edge", "labels": labels},
        "spec": {"type": kind},
        "status": {"loadBalancer": {"ingress": ingress}},
    }


@pytest.mark.parametrize(
    ("kind", "services", "groups", "answer", "why"),
    [
        ("plain", [service("web", ip="192.0.2.1")], [], True, "edge/web has 192.0.2.1"),
        ("kind", [service("web", ip="192.0.2.1")], [], True, "has"),
        ("kind", [], ["metallb.io"], True, "MetalLB"),
        ("kind", [], [], False, "cloud-provider-kind"),
        ("minikube", [], [], False, "tunnel"),
        ("EKS", [], [], True, "AWS"),
        ("k3s", [], [], True, "ServiceLB"),
        ("plain", [service("web")], [], False, "waits"),
        ("plain", [service("web", "ClusterIP")], [], None, "tried"),
        ("OpenShift", None, [], None, "tried"),
    ],
)
def test_load_balancers(kind: Any, services: Any, groups: list[str], answer: bool | None, why: str) -> None:
    found, words = recognize.load_balancer(kind, services, groups)
    assert found is answer
    assert why in words


def test_gateways_are_found_by_the_labels_of_their_charts() -> None:
    found = recognize.gateways(
        [
            service("front", ip="192.0.2.1", **{"app.kubernetes.io/name": "haproxy-ingress"}),
            service("emissary-ingress", **{"app.kubernetes.io/name": "emissary-ingress"}),
            service("emissary-ingress-admin", **{"app.kubernetes.io/name": "emissary-ingress"}),
            service("istio-ingressgateway", "NodePort", istio="ingressgateway"),
            service("inside", "ClusterIP", **{"app.kubernetes.io/name": "edge-stack"}),
            service("web"),
        ]
    )
    assert [(g.kind, g.service, g.address) for g in found] == [
        ("haproxy", "front", "192.0.2.1"),
        ("ambassador", "emissary-ingress", ""),
        ("istio", "istio-ingressgateway", ""),
    ]


def test_the_newest_of_several_default_classes_counts() -> None:
    key = "storageclass.kubernetes.io/is-default-class"

    def made(name: str, when: str, default: str = "true") -> dict[str, Any]:
        return {"metadata": {"name": name, "creationTimestamp": when, "annotations": {key: default}}}

    classes = [made("old", "2024"), made("new", "2025"), made("other", "2026", "false")]
    assert recognize.default_class(classes) == "new"
    assert recognize.default_class(classes[2:]) is None


def test_capacity_is_what_nodes_offer() -> None:
    assert recognize.capacity([node(cpu="1500m", memory="1024Ki"), node(cpu="2", memory="1Gi")]) == (3.5, 2**30 + 2**20)
    assert recognize.capacity([node(cpu="lots", memory="")]) == (0.0, 0)
