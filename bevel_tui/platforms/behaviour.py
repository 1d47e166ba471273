"""What the pods of a chart do, as data: one table per chart, read by the planner, the stand-ins and the simulator.

The planner learns from it what a release produces and when it is ready, `helm.standin` renders charts that do the
same in the same names, and the sandbox's workload simulator plays it. So the three cannot disagree. Sources are
the chart files named with each entry (Bevel v1.3.0) and facts A.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

WorkloadKind = Literal["Job", "StatefulSet", "Deployment", "DaemonSet"]


@dataclass(frozen=True, slots=True)
class Serves:
    """A port that a running container answers on, and how (the gateway listeners route to it).

    `tls` names the Secret (``{release}-tls``) and its certificate and key entries, for components that terminate
    TLS themselves.
    """

    port: int
    protocol: Literal["json-rpc", "ws", "rlpx", "http", "fabric-operations", "fabric-ca", "grpc", "tls", "tcp"]
    tls: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What one container of one workload does once Kubernetes has started its pod.

    A pod starts only when its ServiceAccount, mounted ConfigMaps and Secrets and its PVCs exist: that is not
    repeated here. `workload` and `container` are regular expressions matched in full against the names in the
    cluster; groups named in `workload` are available to the player. `player` is the name of the function in
    `sandbox.players` that reads the rendered spec (environment, arguments, mounts) and the cluster, writes
    what the real container writes, and fails with the real container's words when an input is missing. None:
    a container that only runs.
    """

    kind: WorkloadKind
    workload: str
    container: str
    player: str | None = None
    #: nominal seconds of work (Jobs) or until ready (servers) at speed 1
    seconds: float = 1.0
    serves: tuple[Serves, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class ChartBehaviour:
    """All of a chart. `name` is the bare name in Chart.yaml."""

    name: str
    version: str
    pods: tuple[Behaviour, ...] = ()


#: A manifest as the chart would render it: reduced to what Kubernetes, the players and the routes need.
Manifest = Mapping[str, Any]
