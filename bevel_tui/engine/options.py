"""What a caller may choose about a run, and the budgets that hold when nothing is chosen."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bevel_tui.records.steps import StepKind

#: seconds per step; None: only the total budget ends it (a person creates DNS records when they can)
BUDGETS: Mapping[StepKind, float | None] = {
    "namespace": 120.0,
    "secret": 60.0,
    "keys": 60.0,
    "release": 900.0,
    "handoff": 120.0,
    "address": 600.0,
    "dns": None,
    "check": 600.0,
}


def _processes() -> int:
    # A Helm process mostly waits (hooks, the API server), so cores alone would starve wide networks; 8 of them
    # take about half a gigabyte.
    return max(8, 2 * (os.cpu_count() or 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """`charts` and `gateway_charts` override the preset's sources (path, URL or oci://). `timeout` is seconds for
    the whole run. `helm` names a driver (``cli``, ``sdk``) or a helm binary; None: the best there is.
    `helm_per_cluster` and `helm_processes` bound simultaneous Helm operations. `purge_data` (destroy) removes
    ledger data, keys and the namespaces that we created. `allow_destructive` names releases and organizations that a
    deployment may remove with their data, and ``genesis`` where the ledger may be founded anew. `vantage` says who
    asks whether all can be reached: this machine, a short-lived pod in every cluster, or both; None: both after a
    deployment that has changed something, else this machine. `retry` (check) repeats what fails for so many seconds."""

    kubeconfig: str | None = None
    charts: str | None = None
    gateway_charts: str | None = None
    timeout: float | None = 3600.0
    helm: str | None = None
    purge_data: bool = False
    allow_destructive: tuple[str, ...] = ()
    journal: bool = True
    check: bool = True
    vantage: Literal["here", "clusters", "both"] | None = None
    retry: float = 0.0
    helm_per_cluster: int = 4
    helm_processes: int = field(default_factory=_processes)
    budgets: Mapping[StepKind, float | None] = field(default_factory=dict)

    def budget(self, kind: StepKind) -> float | None:
        """Seconds that a step of this kind may take."""
        return self.budgets[kind] if kind in self.budgets else BUDGETS[kind]
