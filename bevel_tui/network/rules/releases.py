"""Release and host names that would collide once everything is spelled out (facts B, F)."""

from __future__ import annotations

from collections.abc import Iterator

from bevel_tui.network import names, naming
from bevel_tui.network.model import Fabric, Network
from bevel_tui.network.problem import Problem, YamlPath, error


def path_of(network: Network, position: int, release: naming.NamedRelease) -> YamlPath:
    """Where in the document a release comes from: the channel it is named after, else its organization."""
    if release.chaincode:
        return ("platform", "chaincodes", release.index, "name")
    if release.channel and isinstance(network.platform, Fabric) and network.platform.channels:
        if release.role == "channel":
            return ("platform", "channels", release.index, "name")
        return ("platform", "channels", [c.name for c in network.platform.channels].index(release.channel), "name")
    return ("organizations", position, "name")


def per_namespace(network: Network) -> Iterator[Problem]:
    """Helm knows one release of a name in a namespace."""
    for i, organization in enumerate(network.organizations):
        seen: dict[str, naming.NamedRelease] = {}
        for release in names.releases(network, organization):
            other = seen.setdefault(release.name, release)
            # joins or chaincodes of one name: two channels or chaincodes of one name, which have rules of their own
            if other is not release and other.role not in ("join", "chaincode"):
                yield error(
                    "release-duplicate",
                    path_of(network, i, release),
                    f"two releases of {organization.name} would be called {release.name} "
                    f"(the {other.role} and the {release.role}); rename the channel",
                )


def storage_classes(network: Network) -> Iterator[Problem]:
    """StorageClass ``storage-<release>`` is cluster-scoped and owned by its release: Helm refuses a second owner.

    Fabric peers are exempt: a second peer0 in a cluster is installed with storage.enabled=false (facts F).
    """
    keys = {c.name: naming.cluster_key(c) for c in network.clusters}
    seen: dict[tuple[object, str], str] = {}
    for i, organization in enumerate(network.organizations):
        for release in names.releases(network, organization):
            if not release.owns_storage_class:
                continue
            place = (keys.get(organization.cluster, organization.cluster), release.name)
            other = seen.setdefault(place, organization.name)
            if other != organization.name:
                yield error(
                    "storage-class-collision",
                    ("organizations", i, "cluster"),
                    f"{other} and {organization.name} both have a release {release.name} in cluster "
                    f"{organization.cluster}, and each wants to own StorageClass "
                    f"{naming.storage_class(release.name)}; put them in different clusters",
                )


#: under which name a platform's charts vendor bevel-storageclass, where it is not `storage`
STORAGE_ALIASES = {"substrate": "substrate-storage"}


def storage_word(network: Network) -> Iterator[Problem]:
    """A release name with `storage` in it gets a StorageClass of another name than its volumes ask for (facts F)."""
    alias = STORAGE_ALIASES.get(network.platform.type, "storage")
    for i, organization in enumerate(network.organizations):
        for release in names.releases(network, organization):
            volumes = release.owns_storage_class or release.role == "peer"
            if volumes and naming.full_name(alias, release.name) != f"{alias}-{release.name}":
                yield error(
                    "storage-word",
                    ("organizations", i, "name"),
                    f"release {release.name} holds the word `{alias}`, so the chart calls its StorageClass "
                    f"{naming.full_name(alias, release.name)} while its volumes ask for "
                    f"{alias}-{release.name}; choose an organization name without that word",
                )
                break


def hosts(network: Network) -> Iterator[Problem]:
    """One host, one backend. Hosts of all platforms but Fabric lack the namespace (facts B)."""
    seen: dict[tuple[str, int], str] = {}
    ports = names.p2p_ports(network)
    for i, organization in enumerate(network.organizations):
        for release in names.releases(network, organization):
            for host in names.hosts(network, organization, release, ports):
                owner = f"{release.name} of {organization.name}"
                other = seen.setdefault((host.host, host.port), owner)
                if other != owner:
                    yield error(
                        "host-collision",
                        path_of(network, i, release),
                        f"{other} and {owner} would both be reached as {host.host}:{host.port}",
                    )


RULES = (per_namespace, storage_classes, storage_word, hosts)
