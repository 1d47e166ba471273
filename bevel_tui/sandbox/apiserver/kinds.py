"""Which kinds a simulated cluster serves: Kubernetes' own and, once Established, custom ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from bevel_tui.sandbox.apiserver import schema

#: kinds whose metadata.generation counts changes of what is wanted (each strategy's PrepareForUpdate in Kubernetes)
_GENERATIONS = {
    "pods",
    "replicationcontrollers",
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "replicasets.apps",
    "jobs.batch",
    "cronjobs.batch",
    "ingresses.networking.k8s.io",
    "ingressclasses.networking.k8s.io",
    "networkpolicies.networking.k8s.io",
    "poddisruptionbudgets.policy",
    "endpointslices.discovery.k8s.io",
    "customresourcedefinitions.apiextensions.k8s.io",
    "mutatingwebhookconfigurations.admissionregistration.k8s.io",
    "validatingwebhookconfigurations.admissionregistration.k8s.io",
    "validatingadmissionpolicies.admissionregistration.k8s.io",
    "validatingadmissionpolicybindings.admissionregistration.k8s.io",
    "priorityclasses.scheduling.k8s.io",
}


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One kind in one version. `resource` (``deployments.apps``) names its collection in every version.

    `discovery` is its entry of the aggregated discovery document. `columns`: additionalPrinterColumns of a CRD.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    verbs: frozenset[str]
    subresources: Mapping[str, frozenset[str]]
    discovery: Mapping[str, Any] = field(repr=False)
    type: schema.Type = field(repr=False)
    custom: bool = False
    columns: tuple[Mapping[str, Any], ...] = ()
    scale_paths: Mapping[str, str] | None = None

    @property
    def resource(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def list_kind(self) -> str:
        return f"{self.kind}List"

    @property
    def has_status(self) -> bool:
        """Whether status is written only through its subresource."""
        return "status" in self.subresources

    @property
    def counts_generations(self) -> bool:
        return self.custom or self.resource in _GENERATIONS


def from_discovery(group: str, version: str, entry: Mapping[str, Any], type_: schema.Type, **more: Any) -> Kind:
    """A Kind from its aggregated discovery entry."""
    return Kind(
        group=group,
        version=version,
        plural=entry["resource"],
        kind=entry["responseKind"]["kind"],
        namespaced=entry["scope"] == "Namespaced",
        verbs=frozenset(entry["verbs"]),
        subresources={s["subresource"]: frozenset(s["verbs"]) for s in entry.get("subresources", ())},
        discovery=entry,
        type=type_,
        **more,
    )


@cache
def builtins() -> tuple[Kind, ...]:
    """The kinds of Kubernetes itself, in discovery order; shared by all clusters."""
    found = []
    for group in schema.document()["groups"]:
        for entry in group["resources"]:
            type_ = schema.builtin(group["group"], group["version"], entry["responseKind"]["kind"])
            found.append(from_discovery(group["group"], group["version"], entry, type_))
    return tuple(found)


class KindTable:
    """The kinds of one cluster."""

    def __init__(self) -> None:
        self._by_path = {(k.group, k.version, k.plural): k for k in builtins()}
        self._by_kind = {(k.group, k.version, k.kind): k for k in builtins()}
        self._storage = {k.resource: k for k in builtins()}
        #: counts changes, so that documents derived from the table can be cached
        self.generation = 0

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._by_path.values())

    def at(self, group: str, version: str, plural: str) -> Kind | None:
        """The kind served at ``/apis/<group>/<version>/<plural>``."""
        return self._by_path.get((group, version, plural))

    def of(self, group: str, version: str, kind: str) -> Kind | None:
        return self._by_kind.get((group, version, kind))

    def storage(self, resource: str) -> Kind | None:
        """One version of a resource: the one it is stored in."""
        return self._storage.get(resource)

    def group_versions(self) -> dict[str, list[str]]:
        """Served groups with their versions, in order of preference."""
        found: dict[str, list[str]] = {}
        for kind in self:
            versions = found.setdefault(kind.group, [])
            if kind.version not in versions:
                versions.append(kind.version)
        return found

    def replace(self, resource: str, kinds: tuple[Kind, ...], storage: Kind | None) -> None:
        """Serve a custom resource in these versions (none: no longer)."""
        for kind in [k for k in self if k.custom and k.resource == resource]:
            del self._by_path[kind.group, kind.version, kind.plural]
            del self._by_kind[kind.group, kind.version, kind.kind]
        self._storage.pop(resource, None)
        for kind in kinds:
            self._by_path[kind.group, kind.version, kind.plural] = kind
            self._by_kind[kind.group, kind.version, kind.kind] = kind
        if storage is not None:
            self._storage[resource] = storage
        self.generation += 1
