"""What a plan asks of each cluster, counted from what its charts render: pods that stay, Jobs, volumes and their size.

Bevel's charts request CPU and memory for few of their pods (Fabric's peers and orderers), so a sum of requests would say
less than it seems to; pods and storage are what clusters run out of.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bevel_tui.plan.graph import Plan
from bevel_tui.plan.manifests import manifests
from bevel_tui.records.steps import ReleaseStep

_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


@dataclass(frozen=True, slots=True)
class Footprint:
    """For one cluster. `pods` stay, `jobs` end; `storage` is the sum of all claims in bytes; `balancers` are Services of
    type LoadBalancer. Only what is managed here counts."""

    releases: int = 0
    pods: int = 0
    jobs: int = 0
    volumes: int = 0
    storage: int = 0
    balancers: int = 0

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
                for key, number in _counted(manifest):
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


def _bytes(text: str) -> int:
    for unit, factor in _UNITS.items():
        if text.endswith(unit):
            return int(float(text.removesuffix(unit)) * factor)
    return int(float(text))
