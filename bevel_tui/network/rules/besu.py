"""Besu: who validates, and the names that its charts' hooks trip over (facts A2.1, A2.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bevel_tui.network import names
from bevel_tui.network.model import Besu, Network
from bevel_tui.network.problem import Problem, YamlPath, error, warning

#: release names end in a number, and `validator-1` is part of `validator-10`
MOST_PER_ROLE = 9
#: from here on three in four may carry on when one is lost
BFT_VALIDATORS = 4


def validators(network: Network) -> Iterator[Problem]:
    """The first organization validates, and no other: genesis makes the keys in its namespace alone (facts A2.1)."""
    if not isinstance(network.platform, Besu):
        return
    first = names.besu_roles(names.founder(network)).validators
    path = ("organizations", 0, "besu", "validators")
    if first == 0:
        yield error(
            "validators-missing",
            path,
            f"the first organization, {names.founder(network).name}, founds the network and needs validators: "
            "without them no block is ever made (4 stand the loss of one)",
        )
    elif first < BFT_VALIDATORS:
        yield warning(
            "validators-few",
            path,
            f"{first} validator{'s' if first > 1 else ''} cannot stand the loss of any; "
            f"{BFT_VALIDATORS} is the least for Byzantine fault tolerance (fewer is fine for tests)",
        )
    for i, organization in enumerate(network.organizations[1:], start=1):
        if names.besu_roles(organization).validators:
            yield error(
                "validators-elsewhere",
                ("organizations", i, "besu", "validators"),
                "only the first organization can have validators: the genesis makes their keys in its namespace, and a "
                "validator elsewhere would get fresh keys and never validate",
            )


def counts(network: Network) -> Iterator[Problem]:
    """At most nine nodes of a role, at least one node of any."""
    if not isinstance(network.platform, Besu):
        return
    for i, organization in enumerate(network.organizations):
        roles = names.besu_roles(organization)
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
        if roles.members + roles.validators == 0 and i > 0:
            yield error("organization-empty", (*path, "members"), f"{organization.name} would have no node")


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
            (release, "\n".join(f"enode://@{a}" for a in names.enode_addresses(network, organization, release, ports)))
            for release in names.besu_releases(network, organization)
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


def _trap(network: Network, i: int, j: int, release: names.NamedRelease, victim: names.NamedRelease) -> Problem:
    """The problem of one organization's release name occurring in an enode of another (or the same) one."""
    own, other = network.organizations[i], network.organizations[j]
    namespace, domain = names.namespace_of(network, other), names.domain_of(network, other) or ""
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


def transaction_manager(network: Network) -> Iterator[Problem]:
    """Behind Ambassador a transaction manager is reached by TLS only, and its certificates come through Vault.

    The Host of a node rejects plain HTTP and its Secret is made by the tls Job, which needs Vault (facts A2.3, A2.4,
    B10). One certificate serves a namespace, made for its first member (facts A2.2).
    """
    if not isinstance(network.platform, Besu) or network.platform.transaction_manager == "none":
        return
    if network.gateway.type == "ambassador" and network.vault is None:
        yield error(
            "tessera-vault",
            ("platform", "transaction_manager"),
            "tessera behind ambassador needs `vault`: the gateway takes TLS only, and Bevel's charts hand the "
            "certificates to Tessera through Vault; without Vault use gateway none within one cluster",
        )
    if network.gateway.type == "ambassador":
        for i, organization in enumerate(network.organizations):
            if names.besu_roles(organization).members > 1:
                yield warning(
                    "tessera-certificate",
                    ("organizations", i, "besu", "members"),
                    "Bevel's charts make one TLS certificate in a namespace, for the name of its first member; the "
                    "transaction managers of the others show that one too",
                )


RULES = (validators, counts, substrings, version, transaction_manager)
