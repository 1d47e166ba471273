"""Snapshots for the dashboard's tests: one recorded from simulated clusters, and what it looks like when things break.

`besu-two-clusters.snapshot.json.gz` is what `bevel-tui diagnose --preset besu-two-clusters --save` wrote of a network
that was well. The broken ones are the same with one thing changed, as the kubelet would have written it.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from bevel_tui.network.load import load as read
from bevel_tui.network.model import Network
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.snapshot import Access, ClusterSnapshot, LedgerFigures, Snapshot
from bevel_tui.records.snapshotfile import load

FILE = Path(__file__).parent / "besu-two-clusters.snapshot.json.gz"
POD = "besu-node-member-supplychain-1-0"


def healthy() -> Snapshot:
    """A network that is well, with what its nodes say of their ledger."""
    snapshot = load(FILE)
    ledgers = (
        LedgerFigures("east", "supplychain", "validator-1", height=120, peers=5, network="besu-two-clusters"),
        LedgerFigures("west", "carrier", "member-carrier-1", height=119, peers=4, network="besu-two-clusters"),
    )
    return replace(snapshot, ledgers=ledgers)


def _with(snapshot: Snapshot, name: str, **changes: Any) -> Snapshot:
    clusters = tuple(replace(c, **changes) if c.cluster == name else c for c in snapshot.clusters)
    return replace(snapshot, clusters=clusters)


def image_gone(snapshot: Snapshot | None = None) -> Snapshot:
    """A pod's image is in no registry. Message: containerd's, as the kubelet passes it on."""
    snapshot = snapshot or healthy()
    east = snapshot.cluster("east")
    assert isinstance(east, ClusterSnapshot)
    pods = []
    message = 'Back-off pulling image "hyperledger/besu:23.10.99"'
    for pod in map(copy.deepcopy, map(dict, east.of("Pod"))):
        if pod["metadata"]["name"] == POD:
            pod["status"] = {
                "phase": "Pending",
                "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}],
                "containerStatuses": [
                    {
                        "name": "member-supplychain-1-besu",
                        "image": "hyperledger/besu:23.10.99",
                        "ready": False,
                        "restartCount": 0,
                        "state": {"waiting": {"reason": "ImagePullBackOff", "message": message}},
                    }
                ],
            }
        pods.append(pod)
    event = {
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": {"name": "image", "namespace": "supplychain-bes"},
        "involvedObject": {"kind": "Pod", "name": POD, "namespace": "supplychain-bes"},
        "reason": "Failed",
        "type": "Warning",
        "count": 3,
        "lastTimestamp": "2026-11-27T05:00:00Z",
        "message": 'Failed to pull image "hyperledger/besu:23.10.99": rpc error: code = NotFound desc = failed to pull and '
        'unpack image "docker.io/hyperledger/besu:23.10.99": failed to resolve reference '
        '"docker.io/hyperledger/besu:23.10.99": docker.io/hyperledger/besu:23.10.99: not found',
    }
    sets = []
    for workload in map(copy.deepcopy, map(dict, east.of("StatefulSet"))):
        if workload["metadata"]["name"] == POD.removesuffix("-0"):
            workload["status"]["readyReplicas"] = 0
        sets.append(workload)
    objects = {**east.objects, "Pod": tuple(pods), "StatefulSet": tuple(sets), "Event": (*east.of("Event"), event)}
    return _with(snapshot, "east", objects=objects)


def cluster_dead(snapshot: Snapshot | None = None) -> Snapshot:
    """A cluster whose API server refuses connections."""
    access = Access(
        state="unreachable", message="connection refused by 127.0.0.1:6443", server="https://127.0.0.1:6443"
    )
    return _with(snapshot or healthy(), "west", access=access)


def checked(snapshot: Snapshot | None = None) -> Snapshot:
    """Checks that failed, from here and from inside."""
    snapshot = snapshot or healthy()
    wrong = CheckResult(
        id="dns-address",
        category="dns",
        cluster="west",
        target="member-carrier-1.west.example.test",
        status="failed",
        summary="member-carrier-1.west.example.test leads to 192.0.2.9, not to the gateway",
        code="dns-other-address",
        evidence=("ns1.example.test answers 192.0.2.9", "the gateway's Service has 127.101.2.1"),
        remedy="Create the record member-carrier-1.west.example.test A 127.101.2.1.",
        command="bevel-tui dns --preset FILE",
        phases={"resolve": 0.021},
    )
    inside = [
        CheckResult(
            id="matrix",
            category="clusters",
            cluster=to,
            target=to,
            status="failed" if (one, to) == ("east", "west") else "ok",
            summary="does not connect from inside" if (one, to) == ("east", "west") else "connects",
            vantage=one,
        )
        for one in ("east", "west")
        for to in ("east", "west")
    ]
    return replace(snapshot, checks=(*snapshot.checks, wrong, *inside))


class Played:
    """A watch that plays snapshots, for `Source`: the next one comes when `push` gives it."""

    def __init__(self, *snapshots: Snapshot, refuse: BevelError | None = None) -> None:
        self.queue: asyncio.Queue[Snapshot] = asyncio.Queue()
        for snapshot in snapshots:
            self.queue.put_nowait(snapshot)
        self.refuse = refuse
        self.probed: list[str | None] = []
        self.lines = ("starting", "\x1b[31mred?\x1b[0m", "ready")

    async def __aenter__(self) -> Played:
        if self.refuse is not None:
            raise self.refuse
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        while True:
            yield await self.queue.get()

    def networks(self) -> tuple[Network, ...]:
        return (read("besu-two-clusters"),)

    async def probe(self, network: str | None = None) -> None:
        self.probed.append(network)

    async def object(self, cluster: str, kind: str, namespace: str | None, name: str) -> dict[str, Any] | None:
        if name == "gone":
            raise BevelError(Code.CLUSTER_UNREACHABLE, f"{kind} {name} cannot be read: forbidden")
        return {
            "kind": kind,
            "metadata": {"name": name, "namespace": namespace, "managedFields": [1]},
            "spec": {"a": "b"},
        }

    async def logs(
        self, cluster: str, namespace: str, pod: str, container: str, *, previous: bool = False, tail: int = 200
    ) -> tuple[str, ...]:
        return ("the run before",) if previous else self.lines

    async def follow(
        self, cluster: str, namespace: str, pod: str, container: str, *, tail: int = 50
    ) -> AsyncGenerator[str, None]:
        for line in self.lines:
            yield line
