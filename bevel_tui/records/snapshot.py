"""What was observed at one moment, as diagnosis reads it: one picture over one or several clusters.

A `ClusterSnapshot` holds one cluster's objects (plain JSON as the API server gave them, without what nobody reads and
without the values of Secrets and ConfigMaps); a `Snapshot` all clusters with what is known of them together: the
networks and their plans, answers of reachability checks, and what ledgers say of themselves. No rule needs a cluster:
whatever made the snapshot (watches, a file, a test), the findings are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ConfigDict, with_config

from bevel_tui.records.checks import CheckResult

#: a field that a saved snapshot does not have is a mistake of whoever wrote it
_STRICT = ConfigDict(extra="forbid")

Object = Mapping[str, Any]
AccessState = Literal[
    "ok",
    "connecting",
    "unreachable",
    "denied",
    "expired",
    "plugin-missing",
    "plugin-failed",
    "untrusted",
    "no-context",
    "broken",
]


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class Access:
    """How the API server of a cluster answers, and to whom.

    `latency` is seconds of one small request; `skew` how many seconds its clock is ahead of this machine's; `version`
    its ``gitVersion``; `uid` the uid of its namespace kube-system, which tells clusters apart. `message` is what was
    said when `state` is not ``ok``.
    """

    state: AccessState = "ok"
    message: str = ""
    server: str = ""
    version: str = ""
    latency: float | None = None
    skew: float | None = None
    uid: str = ""


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class ReleaseState:
    """The newest revision of a Helm release. `modified` is seconds since the epoch; `description` Helm's last words
    (read of releases that are not ``deployed`` only)."""

    namespace: str
    name: str
    revision: int
    status: str
    modified: float | None = None
    network: str | None = None
    description: str = ""


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """The public facts of a certificate in a Secret or ConfigMap; `not_after` is seconds since the epoch."""

    namespace: str
    kind: str
    name: str
    key: str
    not_after: float
    names: tuple[str, ...] = ()
    subject: str = ""
    issuer: str = ""


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class VaultHealth:
    """What ``/v1/sys/health`` of a Vault said, asked from this machine. `namespaces` are those that use it."""

    address: str
    state: Literal["ok", "standby", "sealed", "uninitialised", "unreachable", "untrusted", "strange"]
    message: str = ""
    namespaces: tuple[str, ...] = ()


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class ClusterSnapshot:
    """One cluster. `objects` by kind; `logs` maps ``namespace/pod/container`` to its last lines (of its last failed
    run where it was started again).

    `now` is seconds since the epoch on the cluster's clock, so that rules about age are testable. `unreadable` names
    kinds that could not be read, or not in every namespace, and why; a kind that is in neither was not asked for.
    """

    cluster: str
    now: float
    objects: Mapping[str, tuple[Object, ...]] = field(default_factory=dict)
    logs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    context: str = ""
    access: Access = field(default_factory=Access)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    releases: tuple[ReleaseState, ...] = ()
    certificates: tuple[CertificateFacts, ...] = ()
    vaults: tuple[VaultHealth, ...] = ()
    simulated: bool = False
    #: somebody outside of the cluster acts on external-dns' annotations (the sandbox)
    external_dns: bool = False
    #: the namespaces of which everything is here; empty: all. Of others only what the cluster as a whole hangs on
    namespaces: tuple[str, ...] = ()
    #: what is derived from this snapshot, once: indexes, findings
    memo: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def of(self, kind: str) -> tuple[Object, ...]:
        """All observed objects of a kind (``Pod``, ``Event``...)."""
        return self.objects.get(kind, ())

    def find(self, kind: str, namespace: str | None, name: str) -> Object | None:
        """One object, or None."""
        key = ("by-name", kind)
        if key not in self.memo:
            self.memo[key] = {
                ((o.get("metadata") or {}).get("namespace") or None, (o.get("metadata") or {}).get("name")): o
                for o in self.of(kind)
            }
        found: Object | None = self.memo[key].get((namespace or None, name))
        return found

    def covers(self, namespace: str | None) -> bool:
        """Whether everything in a namespace was looked at."""
        return not namespace or not self.namespaces or namespace in self.namespaces

    def knows(self, kind: str) -> bool:
        """Whether the absence of an object of this kind means anything (not where only a part may be read)."""
        return kind in self.objects and kind not in self.unreadable


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class PlannedStep:
    """As much of a step of a network's plan as links need: what it renders and what its pods write.

    `renders` and `produces` are objects as ``Kind/namespace/name`` (namespace empty for cluster-scoped ones) in
    `cluster`; `needs` step ids.
    """

    id: str
    kind: str
    cluster: str
    namespace: str | None = None
    organization: str | None = None
    release: str | None = None
    needs: tuple[str, ...] = ()
    renders: tuple[str, ...] = ()
    produces: tuple[str, ...] = ()
    managed: bool = True


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class PlannedEndpoint:
    """An address of the ledger: `service` is ``name.namespace:port`` in `cluster`, `gateway` the gateway's Service as
    ``namespace/name`` (empty without one)."""

    id: str
    cluster: str
    organization: str
    release: str
    host: str
    port: int
    service: str
    gateway: str = ""


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """A network as its clusters remember it (or a preset says): `document` is the applied Network as YAML, with
    references in the place of secrets. `clusters` maps the Network's cluster names to contexts."""

    name: str
    platform: str = ""
    document: str = ""
    clusters: Mapping[str, str] = field(default_factory=dict)
    organizations: Mapping[str, str] = field(default_factory=dict)
    namespaces: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    domains: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[PlannedStep, ...] = ()
    endpoints: tuple[PlannedEndpoint, ...] = ()


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class LedgerFigures:
    """What a node says of its ledger. `asked` is when (seconds since the epoch), `since` the seconds before that for
    which `height` has been the same while it was watched. `channels` are Fabric's that the node has joined, None where
    that cannot be asked; `expected_channels` those that the network's document wants it in."""

    cluster: str
    organization: str
    node: str
    height: int | None = None
    peers: int | None = None
    genesis: str | None = None
    network: str = ""
    asked: float = 0.0
    since: float = 0.0
    expected_channels: tuple[str, ...] = ()
    channels: tuple[str, ...] | None = None


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that is known at one moment (`taken`: seconds since the epoch on this machine's clock)."""

    taken: float
    clusters: tuple[ClusterSnapshot, ...] = ()
    networks: tuple[NetworkFacts, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    ledgers: tuple[LedgerFigures, ...] = ()
    memo: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def cluster(self, name: str) -> ClusterSnapshot | None:
        """The cluster of that name, or None."""
        return next((c for c in self.clusters if c.cluster == name), None)

    @property
    def unseen(self) -> dict[str, str]:
        """Clusters of the networks, name -> context, that nobody looked at: the kubeconfig has no such context."""
        seen = {cluster.context for cluster in self.clusters}
        return {
            name: context
            for network in self.networks
            for name, context in network.clusters.items()
            if context not in seen
        }


def object_key(kind: str, namespace: str | None, name: str) -> str:
    """How `PlannedStep` writes an object."""
    return f"{kind}/{namespace or ''}/{name}"


def merged(parts: Iterable[Mapping[str, tuple[Object, ...]]]) -> dict[str, tuple[Object, ...]]:
    """Objects by kind of several boards together."""
    objects: dict[str, tuple[Object, ...]] = {}
    for part in parts:
        for kind, found in part.items():
            objects[kind] = objects.get(kind, ()) + found
    return objects
