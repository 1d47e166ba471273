"""Everything that the parts of one sandbox share: the clusters, simulated time, names, and the dial map."""

from __future__ import annotations

import asyncio
import fnmatch
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from bevel_tui.kube.client import KubeClient
from bevel_tui.sandbox.clock import Clock
from bevel_tui.sandbox.dns import NameServer
from bevel_tui.sandbox.faults.troubles import Troubles
from bevel_tui.sandbox.workloads.catalogue import Catalogue
from bevel_tui.sandbox.workloads.hands import Hands
from bevel_tui.sandbox.workloads.view import View

if TYPE_CHECKING:
    from bevel_tui.sandbox.components import Component
    from bevel_tui.sandbox.corda import Zone
    from bevel_tui.sandbox.players.fabric_chaincode import Package
    from bevel_tui.sandbox.players.fabric_channel import Channel


log = logging.getLogger(__name__)


class Errands:
    """Work that nobody waits for; kept so that it is not forgotten half done."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def do(self, work: Coroutine[Any, Any, Any]) -> None:
        """Begin it now."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.info("an errand failed: %s", task.exception())


class LogSink(Protocol):
    """Keeps what containers write."""

    async def __call__(
        self, namespace: str, pod: str, container: str, lines: Sequence[str], *, restart: bool, end: bool
    ) -> None:
        """Append lines; with `restart` a new log begins with them, with `end` nothing follows."""
        ...


@dataclass(slots=True)
class Site:
    """One simulated cluster as its simulator sees it. `number` (from 1) makes its addresses."""

    name: str
    number: int
    client: KubeClient
    view: View
    hands: Hands
    logs: LogSink
    errands: Errands = field(default_factory=Errands)


@dataclass(slots=True)
class World:
    """`dial` maps ``address:port`` of load balancers to the loopback ``address:port`` that listens. `unpullable`
    are shell patterns of images that no registry has (faults)."""

    clock: Clock
    names: NameServer
    catalogue: Catalogue
    sites: dict[str, Site] = field(default_factory=dict)
    dial: dict[str, str] = field(default_factory=dict)
    unpullable: set[str] = field(default_factory=set)
    #: faults that are played
    troubles: Troubles = field(default_factory=Troubles)
    #: Fabric's channels by name, as their members know them
    channels: dict[str, Channel] = field(default_factory=dict)
    #: Fabric's chaincode packages by the certificate (SHA-256) of the peer that has them, then by label
    installed: dict[str, dict[str, Package]] = field(default_factory=dict)
    #: what was mounted from ConfigMaps and Secrets when a server container started, by the pod's uid
    mounted: dict[str, dict[str, bytes]] = field(default_factory=dict)
    #: what a raw TCP connection to a load balancer's ``address, port`` leads to (set by the gateways)
    tcp_route: Callable[[str, int], Component | None] | None = None
    #: what a node answers to a JSON-RPC request (set by the ledger)
    rpc: Callable[[Component, object], object] | None = None
    #: what Indy's ledgers hold beyond their genesis, by that genesis: did -> (verkey, role)
    identities: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    #: Corda's networks, by the cluster and namespace of their services
    zones: dict[tuple[str, str], Zone] = field(default_factory=dict)
    #: Vault's Kubernetes auth paths: what each is bound to (cluster, namespace, ServiceAccount; the last wins)
    vault: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    def pullable(self, image: str) -> bool:
        """Whether an image can be pulled."""
        return not any(fnmatch.fnmatch(image, pattern) for pattern in self.unpullable)
