"""How steps are called: the one place that spells step ids.

Platforms, gateways and the plan name one another's steps by id without importing one another, so the spelling
is agreed here. An id is stable over runs: inventories, events and tests keep it.
"""

from __future__ import annotations


def namespace_id(cluster: str, namespace: str) -> str:
    """The step that creates a namespace."""
    return f"{cluster}/{namespace}"


def secret_id(cluster: str, namespace: str, name: str) -> str:
    """The step that creates a Secret before charts need it."""
    return f"{cluster}/{namespace}/secret/{name}"


def keys_id(cluster: str, namespace: str, release: str) -> str:
    """The step that makes a node's keys before its release is installed."""
    return f"{cluster}/{namespace}/keys/{release}"


def release_id(cluster: str, namespace: str, release: str) -> str:
    """The step that installs a release."""
    return f"{cluster}/{namespace}/{release}"


def gateway_crds_id(cluster: str) -> str:
    """The release after which routes can be stored: it brings the gateway's CRDs (absent if it has none)."""
    return f"{cluster}/crds"


def gateway_ready_id(cluster: str) -> str:
    """The release after which the gateway's pods run."""
    return f"{cluster}/gateway"


def address_step_id(cluster: str) -> str:
    """The step that waits for the gateway's address."""
    return f"{cluster}/address"


def external_dns_id(cluster: str) -> str:
    """The release of external-dns that a cluster is given (absent where none is asked for)."""
    return f"{cluster}/external-dns/external-dns"


def dns_step_id(cluster: str) -> str:
    """The step that waits until the cluster's names lead to its gateway."""
    return f"{cluster}/dns"


def check_step_id(cluster: str) -> str:
    """The step that probes the cluster's endpoints in the end."""
    return f"{cluster}/check"


def handoff_id(what: str, source: str, target: str) -> str:
    """The step that carries `what` from `source` to `target` (organizations, or releases where several take it)."""
    return f"handoff/{what}/{source}->{target}"
