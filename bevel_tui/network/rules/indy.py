"""Indy: who vouches, how many hold the ledger, and the addresses that its genesis keeps for good (facts A4)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bevel_tui.network import indy, names, naming
from bevel_tui.network.model import Indy, Network
from bevel_tui.network.problem import Problem, error, warning

#: a pool of 3f + 1 stewards stands the loss of f
LEAST_STEWARDS = 4

#: providers of clusters that mostly have one node, whose address is the cluster's
OF_ONE_NODE = frozenset({"minikube", "kind", "k3s"})

#: what the key generator takes for an attack, anywhere between word boundaries, and a hyphen is one
#: [images/indy-key-mgmt/src/identity_crypto_generator.py, prevent_injections]
FORBIDDEN = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|DROP|UNION|CREATE|ALTER|EXEC|--)\b", re.IGNORECASE)


def trustees(network: Network) -> Iterator[Problem]:
    """The first organization's trustee opens the genesis; one per organization, which the format sees to (facts D 7)."""
    if isinstance(network.platform, Indy) and not indy.indy_roles(naming.founder(network)).trustee:
        yield error(
            "trustee-missing",
            ("organizations", 0, "indy", "trustee"),
            f"the first organization, {naming.founder(network).name}, founds the network and needs a trustee, who vouches "
            "for stewards and endorsers of organizations without one",
        )


def stewards(network: Network) -> Iterator[Problem]:
    """At least four over all organizations: Bevel refuses less (facts A4.3)."""
    if not isinstance(network.platform, Indy):
        return
    count = sum(indy.indy_roles(o).stewards for o in network.organizations)
    if count < LEAST_STEWARDS:
        yield error(
            "stewards-few",
            ("organizations",),
            f"{count} steward{'' if count == 1 else 's'} in all; an Indy pool needs {LEAST_STEWARDS} to stand the loss of "
            "one, and Bevel asks for as many (organizations[].indy.stewards)",
        )
    for i, organization in enumerate(network.organizations):
        roles = indy.indy_roles(organization)
        if not (roles.trustee or roles.endorser or roles.stewards):
            yield error(
                "organization-empty",
                ("organizations", i, "indy"),
                f"{organization.name} would have no identity; give it stewards, an endorser or a trustee",
            )


def words(network: Network) -> Iterator[Problem]:
    """The key generator refuses names that hold a word of SQL, so the keys Job would fail for ever."""
    if not isinstance(network.platform, Indy):
        return
    for i, organization in enumerate(network.organizations):
        found = FORBIDDEN.search(f"{organization.name}-steward")
        if found:
            yield error(
                "identity-word",
                ("organizations", i, "name"),
                f"Bevel's key generator refuses names with `{found[0]}` in them (it takes that for an SQL injection); "
                "choose another name",
            )


def addresses(network: Network) -> Iterator[Problem]:
    """The address of every cluster with stewards goes into the genesis and can never change (facts A4.3, I03)."""
    seen: dict[str, str] = {}
    needed = names.p2p_needed(network)
    for i, cluster in enumerate(network.clusters):
        path = ("clusters", i, "public_ip")
        if not isinstance(network.platform, Indy):
            if cluster.public_ip is not None:
                yield warning("public-ip-unused", path, "only Indy uses addresses; other platforms go by names")
            continue
        if cluster.public_ip is not None:
            other = seen.setdefault(cluster.public_ip, cluster.name)
            if other != cluster.name:
                yield error(
                    "public-ip-duplicate",
                    path,
                    f"clusters {other} and {cluster.name} have the same address, so the same ports of it would lead to "
                    "stewards of both",
                )
        elif needed.get(cluster.name):
            yield from _unfixed(network, i)


def _unfixed(network: Network, i: int) -> Iterator[Problem]:
    """The problems of a cluster with stewards whose address the preset does not say."""
    cluster = network.clusters[i]
    path = ("clusters", i, "public_ip")
    if network.gateway.type == "none" and cluster.provider not in OF_ONE_NODE:
        yield warning(
            "address-of-node",
            path,
            f"the address of a node of {cluster.name} is written into the genesis for good: fine for a cluster of one "
            "node; else say which address leads to its nodes",
        )
    elif network.gateway.type != "none" and cluster.provider == "aws":
        yield warning(
            "address-aws",
            path,
            "load balancers of AWS have names and changing addresses, and Indy writes an address into its genesis: "
            "reserve Elastic IPs, name them in gateway_annotations and say one of them here",
        )


RULES = (trustees, stewards, words, addresses)
