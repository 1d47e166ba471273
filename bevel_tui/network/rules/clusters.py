"""Clusters: distinct, used, and with volumes that something provisions (facts F)."""

from __future__ import annotations

from collections.abc import Iterator

from bevel_tui.network import naming
from bevel_tui.network.model import Network
from bevel_tui.network.problem import Problem, error, warning


def distinct(network: Network) -> Iterator[Problem]:
    """Two entries may share neither name nor context: they would be one cluster, with two inventories and gateways."""
    by_name: dict[str, int] = {}
    by_key: dict[tuple[str, str], str] = {}
    for i, cluster in enumerate(network.clusters):
        if cluster.name in by_name:
            yield error(
                "cluster-duplicate", ("clusters", i, "name"), f"two clusters are called {cluster.name}; rename one"
            )
        by_name.setdefault(cluster.name, i)
        key = naming.cluster_key(cluster)
        if key in by_key:
            yield error(
                "cluster-same",
                ("clusters", i, "context"),
                f"{by_key[key]} and {cluster.name} name the same context `{cluster.context}` and so the same cluster; "
                "list it once and put both organizations there",
            )
        by_key.setdefault(key, cluster.name)


def used(network: Network) -> Iterator[Problem]:
    """A cluster without an organization is left alone; that is seldom meant."""
    wanted = {o.cluster for o in network.organizations}
    for i, cluster in enumerate(network.clusters):
        if cluster.name not in wanted:
            yield warning(
                "cluster-unused",
                ("clusters", i, "name"),
                f"no organization lives in cluster {cluster.name}; nothing will be installed there",
            )


def storage(network: Network) -> Iterator[Problem]:
    """Parameters belong to a provisioner. (With nothing given the cluster's default StorageClass is copied.)"""
    for i, cluster in enumerate(network.clusters):
        if cluster.storage.parameters and not cluster.storage.provisioner:
            yield error(
                "storage-parameters",
                ("clusters", i, "storage", "parameters"),
                "parameters need the `provisioner` that they are for; "
                + (
                    "with `class` they are copied from that StorageClass"
                    if cluster.storage.class_name
                    else "without one they are copied from a StorageClass of the cluster"
                ),
            )


RULES = (distinct, used, storage)
