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

    Port 0 stands for all ports that the container declares, where the chart takes them from its values (Indy).

    `tls` names the Secret (``{release}-tls``) and its certificate and key entries, for components that terminate
    TLS themselves.
    """

    port: int
    protocol: Literal[
        "json-rpc",
        "ws",
        "rlpx",
        "http",
        "fabric-operations",
        "fabric-ca",
        "grpc",
        "tls",
        "tcp",
        "doorman",
        "network-map",
    ]
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
    #: Secrets (the groups of `workload` are filled in) that the container polls for through the API before it goes on; after `patience` seconds at speed 1 it gives up and exits 1
    waits_for: tuple[str, ...] = ()
    patience: float = 0.0
    #: an initContainer: runs to its end before the containers of the pod start
    init: bool = False


@dataclass(frozen=True, slots=True)
class ChartBehaviour:
    """All of a chart, its sub-charts included. `name` is the bare name in Chart.yaml; the first entry of `pods`
    whose kind, workload and container match counts. ``{release}`` is the group `release` of `workload`."""

    name: str
    version: str
    pods: tuple[Behaviour, ...] = ()


@dataclass(frozen=True, slots=True)
class ChartFile:
    """Stands for a string in a manifest: the content of a chart file that a handoff filled (facts 0.9).

    A stand-in chart renders it with ``.Files.Get``, as the real one does, since nobody knows the content when the
    plan is made.
    """

    path: str


#: A manifest as the chart would render it: reduced to what Kubernetes, the players and the routes need. Plain JSON,
#: except that a `ChartFile` may stand for a string.
Manifest = Mapping[str, Any]
