"""Patterns and service addresses as Envoy and HAProxy read them."""

from __future__ import annotations

import pytest

from bevel_tui.sandbox.gateway.routes import Target, matches, service_target
from bevel_tui.sandbox.players.cleanup import named_objects


@pytest.mark.parametrize(
    ("pattern", "host", "fits"),
    [
        ("*", "a.b", True),
        ("a.example.com", "A.example.com", True),
        ("a.example.com", "b.example.com", False),
        ("*.example.com", "x.example.com", True),
        ("*.example.com", "x.y.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", ".example.com", False),
    ],
)
def test_hosts(pattern: str, host: str, fits: bool) -> None:
    assert matches(pattern, host) is fits


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("http://besu-node-v.ns:8545", Target("ns", "besu-node-v", 8545)),
        ("besu-node-v.ns:8546", Target("ns", "besu-node-v", 8546)),
        ("svc", Target("here", "svc", 80)),
        ("https://svc.other", Target("other", "svc", 443, tls=True)),
        ("svc.other.svc.cluster.local:1", Target("other", "svc", 1)),
    ],
)
def test_service_addresses(text: str, target: Target) -> None:
    assert service_target(text, "here") == target


def test_clean_up_scripts_name_what_they_delete() -> None:
    script = """
    function deleteSecret {
      key=$1
      kubectl delete secret ${key} --namespace org-net
    }
      deleteSecret admin-tls
      deleteSecret peer0-msp
    if kubectl get configmap --namespace org-net orderer-tls-cacert &> /dev/null; then
      kubectl delete configmap --namespace org-net orderer-tls-cacert
    fi
    """
    assert named_objects(script) == [
        ("Secret", "admin-tls"),
        ("Secret", "peer0-msp"),
        ("ConfigMap", "orderer-tls-cacert"),
    ]
