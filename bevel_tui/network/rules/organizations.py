"""Organizations: distinct, in clusters that exist, in namespaces of their own, with nodes of the right platform."""

from __future__ import annotations

from collections.abc import Iterator

from bevel_tui.network import naming
from bevel_tui.network.model import Network
from bevel_tui.network.problem import Problem, error, warning
from bevel_tui.network.wording import meant

#: namespaces that belong to Kubernetes, to the gateways (facts C) or to bevel-tui
RESERVED_NAMESPACES = {
    "default": "shared by everybody; an organization's keys and roles need a namespace of their own",
    "kube-system": "Kubernetes' own",
    "kube-public": "Kubernetes' own",
    "kube-node-lease": "Kubernetes' own",
    "ingress-controller": "where HAProxy is installed",
    "ambassador": "where Ambassador is installed",
    "emissary": "where Ambassador is installed",
    "emissary-system": "where Ambassador's CRD conversion runs",
    "bevel-tui": "where bevel-tui keeps its inventory",
}
#: fields of Organization that hold node counts, by platform
ROLE_FIELDS = ("besu", "quorum", "fabric", "indy", "substrate", "corda")
#: platforms whose field is called otherwise than they are
FIELD_OF = {"corda-enterprise": "corda"}


def distinct(network: Network) -> Iterator[Problem]:
    """Every organization has a name of its own: MSP ids, releases, hosts and handed-off files carry it."""
    seen: set[str] = set()
    for i, organization in enumerate(network.organizations):
        if organization.name in seen:
            yield error(
                "organization-duplicate",
                ("organizations", i, "name"),
                f"two organizations are called {organization.name}; rename one",
            )
        seen.add(organization.name)


def clusters(network: Network) -> Iterator[Problem]:
    """An organization's cluster is one of `clusters`."""
    known = [c.name for c in network.clusters]
    for i, organization in enumerate(network.organizations):
        if organization.cluster not in known:
            yield error(
                "cluster-unknown",
                ("organizations", i, "cluster"),
                f"there is no cluster called {organization.cluster}{meant(organization.cluster, known)}",
            )


def namespaces(network: Network) -> Iterator[Problem]:
    """Fixed names (Service `ca`, release `genesis`, ConfigMap `besu-peers`) allow one organization per namespace."""
    keys = {c.name: naming.cluster_key(c) for c in network.clusters}
    seen: dict[tuple[object, str], str] = {}
    for i, organization in enumerate(network.organizations):
        namespace = naming.namespace_of(network, organization)
        path = ("organizations", i, "namespace" if organization.namespace else "name")
        if namespace in RESERVED_NAMESPACES:
            yield error(
                "namespace-reserved",
                path,
                f"namespace {namespace} cannot be an organization's: it is {RESERVED_NAMESPACES[namespace]}",
            )
        place = (keys.get(organization.cluster, organization.cluster), namespace)
        if place in seen and seen[place] != organization.name:
            yield error(
                "namespace-collision",
                path,
                f"{seen[place]} and {organization.name} would share namespace {namespace} of cluster "
                f"{organization.cluster}; Bevel's charts use fixed names, so each organization needs its own",
            )
        seen.setdefault(place, organization.name)


def roles(network: Network) -> Iterator[Problem]:
    """Node counts are given for the network's own platform."""
    platform = network.platform.type
    for i, organization in enumerate(network.organizations):
        for field in ROLE_FIELDS:
            if field != FIELD_OF.get(platform, platform) and getattr(organization, field) is not None:
                yield error(
                    "role-platform",
                    ("organizations", i, field),
                    f"`{field}` does not belong here: the network's platform is {platform}",
                )


def managed(network: Network) -> Iterator[Problem]:
    """Somebody's part has to be done."""
    if not any(o.managed for o in network.organizations):
        yield warning(
            "nothing-managed",
            ("organizations",),
            "every organization has `managed: false`, so there is nothing for this run to do",
        )


RULES = (distinct, clusters, namespaces, roles, managed)
