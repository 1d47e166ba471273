"""Besu: the names that its charts' hooks trip over, and which image they are made for (facts A2.1, A2.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bevel_tui.network import ethereum, names, naming
from bevel_tui.network.model import Besu, Network
from bevel_tui.network.problem import Problem, YamlPath, error, warning

#: release names end in a number, and `validator-1` is part of `validator-10`
MOST_PER_ROLE = 9


def counts(network: Network) -> Iterator[Problem]:
    """At most nine nodes of a role."""
    if not isinstance(network.platform, Besu):
        return
    for i, organization in enumerate(network.organizations):
        roles = ethereum.besu_roles(organization)
        path = ("organizations", i, "besu")
        if roles.validators > MOST_PER_ROLE:
            yield error(
                "validators-many",
                (*path, "validators"),
                f"at most {MOST_PER_ROLE}: Bevel's hooks drop peers by a pattern that is the release name, so installing "
                "or removing validator-1 would drop validator-10 too, and genesis keys fix these names",
            )
        if roles.members > MOST_PER_ROLE:
            yield error(
                "members-many",
                (*path, "members"),
                f"at most {MOST_PER_ROLE}: Bevel's hooks drop peers by a pattern that is the release name, so installing "
                f"or removing member-{organization.name}-1 would drop member-{organization.name}-10 too",
            )


def substrings(network: Network) -> Iterator[Problem]:
    """No release name occurs in another node's enode: the hook would drop that node from the peers (facts A2.1).

    The chart tests every entry of static-nodes.json against the release name as a regular expression.
    [besu-node/templates/node-hooks-pre-install.yaml, node-hooks-pre-delete.yaml]
    """
    if not isinstance(network.platform, Besu):
        return
    ports = names.p2p_ports(network)
    entries = [
        [
            (
                release,
                "\n".join(f"enode://@{a}" for a in ethereum.enode_addresses(network, organization, release, ports)),
            )
            for release in ethereum.besu_releases(network, organization)
            if release.chart == "besu-node" and release.index < MOST_PER_ROLE
        ]
        for organization in network.organizations
    ]
    whole = ["\n".join(text for _, text in listed) for listed in entries]
    for i, own in enumerate(entries):
        for j, others in enumerate(entries):
            found = next(
                (
                    (release, victim)
                    for release, _ in own
                    if release.name in whole[j]
                    for victim, text in others
                    if victim.name != release.name and release.name in text
                ),
                None,
            )
            if found:
                yield _trap(network, i, j, *found)


def _trap(network: Network, i: int, j: int, release: naming.NamedRelease, victim: naming.NamedRelease) -> Problem:
    """The problem of one organization's release name occurring in an enode of another (or the same) one."""
    own, other = network.organizations[i], network.organizations[j]
    namespace, domain = naming.namespace_of(network, other), naming.domain_of(network, other) or ""
    path: YamlPath
    if release.name in namespace:
        path = ("organizations", j, "namespace" if other.namespace else "name")
        place = f"in its namespace {namespace}"
    elif release.name in domain:
        path = ("clusters", [c.name for c in network.clusters].index(other.cluster), "domain")
        place = f"in its domain {domain}"
    else:
        path = ("organizations", i, "name")
        place = f"in its release name {victim.name}" if release.name in victim.name else "in its address"
    return error(
        "substring-trap",
        path,
        f"{release.name} of {own.name} occurs {place}, so Bevel's hooks, which drop peers by a pattern that is the "
        f"release name, would drop {victim.name} of {other.name} from the list of peers; choose another name",
    )


def version(network: Network) -> Iterator[Problem]:
    """Images before 23.10 do not know an option that the chart writes (facts A2.2)."""
    if not isinstance(network.platform, Besu):
        return
    found = re.match(r"(\d+)\.(\d+)", network.platform.version)
    if found and (int(found[1]), int(found[2])) < (23, 10):
        yield warning(
            "besu-version",
            ("platform", "version"),
            f"Besu {network.platform.version} does not know `tx-pool-layer-max-capacity`, which Bevel's chart writes "
            "into its configuration; it is expected to fail at start (23.10.2 is what the chart is made for)",
        )


RULES = (counts, substrings, version)
