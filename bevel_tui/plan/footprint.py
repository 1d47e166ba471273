"""What a plan asks of each cluster, counted from what its charts render: pods, Jobs, volumes, CPU and memory requested.

Bevel's charts request CPU and memory for their nodes only; how many pods request nothing is counted too, so that the sum
says no more than it knows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from bevel_tui.plan.graph import Plan
from bevel_tui.plan.manifests import manifests
from bevel_tui.records.steps import ReleaseStep

_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
#: chart -> part of a workload's name ("": any other) -> (millicores, bytes) that its pod requests, by the values.yaml of
#: Bevel v1.3.0; a test compares them. Charts that are not here request nothing.
REQUESTS: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "besu-node": {"tessera": (50, 10**9), "": (50, 300 * 10**6)},
    "quorum-node": {"tessera": (50, 10**9), "": (100, 10**9)},
    "fabric-orderernode": {"": (250, 512 * 10**6)},
    "fabric-peernode": {"": (250, 512 * 10**6)},
    "corda-node": {"-db": (0, 512 * 10**6), "": (0, 10**9)},
}


@dataclass(frozen=True, slots=True)
class Footprint:
    """For one cluster. `pods` stay, `jobs` end; `storage` is the sum of all claims in bytes; `balancers` are Services of
    type LoadBalancer; `millicores` and `memory` (bytes) are what pods that stay request, `silent` how many request
    nothing. Only what is managed here counts."""

    releases: int = 0
    pods: int = 0
    jobs: int = 0
    volumes: int = 0
    storage: int = 0
    balancers: int = 0
    millicores: int = 0
    memory: int = 0
    silent: int = 0

    def __add__(self, other: Footprint) -> Footprint:
        """Of both clusters together."""
        return Footprint(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def gibibytes(self) -> int:
        """Storage, rounded up."""
        return math.ceil(self.storage / 2**30)


def footprint(plan: Plan) -> Mapping[str, Footprint]:
    """By cluster, every cluster of the plan."""
    counts: dict[str, dict[str, int]] = {cluster: {} for cluster in plan.clusters}
    for step in plan.steps:
        if isinstance(step, ReleaseStep) and step.managed:
            own = counts[step.cluster]
            own["releases"] = own.get("releases", 0) + 1
            for manifest in manifests(step):
                for key, number in (*_counted(manifest), *_requested(step.chart, manifest)):
                    own[key] = own.get(key, 0) + number
    return {cluster: Footprint(**found) for cluster, found in counts.items()}


def _counted(manifest: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    kind, spec = manifest["kind"], manifest.get("spec") or {}
    replicas = int(spec.get("replicas", 1))
    if kind in ("StatefulSet", "Deployment", "DaemonSet", "Pod"):
        yield "pods", replicas
    elif kind == "Job":
        yield "jobs", 1
    elif kind == "Service" and spec.get("type") == "LoadBalancer":
        yield "balancers", 1
    claims = spec.get("volumeClaimTemplates") or ()
    if kind == "PersistentVolumeClaim":
        claims, replicas = (manifest,), 1
    for claim in claims:
        size = ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", "0")
        yield "volumes", replicas
        yield "storage", replicas * _bytes(str(size))


def _requested(chart: str, manifest: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    if manifest["kind"] not in ("StatefulSet", "Deployment", "DaemonSet", "Pod"):
        return
    replicas, known = int((manifest.get("spec") or {}).get("replicas", 1)), REQUESTS.get(chart, {})
    cores, memory = next((asked for part, asked in known.items() if part in manifest["metadata"]["name"]), (0, 0))
    yield "millicores", replicas * cores
    yield "memory", replicas * memory
    yield "silent", 0 if memory else replicas


def _bytes(text: str) -> int:
    for unit, factor in _UNITS.items():
        if text.endswith(unit):
            return int(float(text.removesuffix(unit)) * factor)
    return int(float(text))
