"""What all names are made of: releases and hosts as records, founders, namespaces, and what every chart does to a name.

`network.names` is where a network's names are asked for; the modules of the platforms and it build on this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bevel_tui.network.model import Cluster, Network, Organization

#: facts 0.13: Bevel's namespace suffix per platform
NAMESPACE_SUFFIX: dict[str, str] = {
    "fabric": "net",
    "besu": "bes",
    "quorum": "quo",
    "indy": "ns",
    "corda": "ns",
    "corda-enterprise": "ent",
    "substrate": "subs",
}

#: p2p ports by (cluster, namespace, release) names
PortMap = dict[tuple[str, str, str], int]

ReleaseRole = Literal[
    "genesis",
    "validator",
    "member",
    "ca",
    "orderer",
    "peer",
    "channel",
    "join",
    "console",
    "chaincode",
    "keys",
    "steward",
    "identity",
    "init",
    "network-service",
    "network-map",
    "notary",
    "node",
    "route",
    "ipfs",
]


@dataclass(frozen=True, slots=True)
class NamedRelease:
    """One ledger release of an organization. `peer`, `channel` and `chaincode` say whose it is, where they matter."""

    name: str
    role: ReleaseRole
    chart: str
    #: position among the releases of the same role, from 0
    index: int = 0
    #: True where the chart renders StorageClass `storage_class(name)` and cannot be told not to (facts F)
    owns_storage_class: bool = False
    peer: str | None = None
    channel: str | None = None
    chaincode: str | None = None


@dataclass(frozen=True, slots=True)
class NamedHost:
    """One DNS name under a cluster's domain, the port behind which it is served at the gateway, and what for."""

    host: str
    port: int
    purpose: Literal[
        "rpc",
        "ws",
        "p2p",
        "tessera",
        "ca",
        "grpc",
        "grpc-web",
        "operations",
        "console",
        "doorman",
        "network-map",
        "node",
    ]


def founder(network: Network) -> Organization:
    """The organization that founds the network: the first one."""
    return network.organizations[0]


def joins(network: Network, organization: Organization) -> bool:
    """Whether an organization joins what another has founded."""
    return organization.name != founder(network).name


def namespace_of(network: Network, organization: Organization) -> str:
    """The organization's namespace: its own choice, else Bevel's convention (facts 0.13)."""
    return organization.namespace or f"{organization.name}-{NAMESPACE_SUFFIX[network.platform.type]}"


def cluster_key(cluster: Cluster) -> tuple[str, str]:
    """What makes two entries the same Kubernetes cluster: kubeconfig file (empty: the merged one) and context."""
    return (cluster.kubeconfig or "", cluster.context)


def domain_of(network: Network, organization: Organization) -> str | None:
    """The domain of the organization's cluster; None without one, or if the cluster does not exist."""
    return next((c.domain for c in network.clusters if c.name == organization.cluster), None)


def full_name(chart: str, release: str) -> str:
    """``<chart>.fullname`` of Bevel's charts: the release alone if it contains the chart's name, cut at 63.

    For a sub-chart `chart` is its alias (``tessera``, ``storage``). [besu-node/templates/_helpers.tpl and others]
    """
    name = release if chart in release else f"{chart}-{release}"
    return name[:63].removesuffix("-")


def storage_class(release: str) -> str:
    """The StorageClass that volumes of a release ask for (facts F)."""
    return f"storage-{release}"
