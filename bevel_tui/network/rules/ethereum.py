"""What Besu and GoQuorum networks have in common: who validates, and what a transaction manager needs (facts A2, A3)."""

from __future__ import annotations

from collections.abc import Iterator

from bevel_tui.network import ethereum, naming
from bevel_tui.network.model import Besu, Network, Quorum
from bevel_tui.network.problem import Problem, error, warning

#: from here on three in four may carry on when one is lost
BFT_VALIDATORS = 4


def validators(network: Network) -> Iterator[Problem]:
    """The first organization validates, and no other: genesis makes the keys in its namespace alone (facts A2.1, A3).

    Bevel refuses GoQuorum networks of fewer than four, for Besu it does not mind (facts A2.4, A3 NAME RULE).
    """
    platform = network.platform
    if not isinstance(platform, Besu | Quorum):
        return
    first = ethereum.ethereum_roles(network, naming.founder(network)).validators
    path = ("organizations", 0, platform.type, "validators")
    if first == 0:
        yield error(
            "validators-missing",
            path,
            f"the first organization, {naming.founder(network).name}, founds the network and needs validators: "
            "without them no block is ever made (4 stand the loss of one)",
        )
    elif first < BFT_VALIDATORS:
        words = f"{first} validator{'s' if first > 1 else ''} cannot stand the loss of any; "
        if isinstance(platform, Quorum):
            yield error(
                "validators-few", path, f"{words}Bevel asks for {BFT_VALIDATORS} at least in a GoQuorum network"
            )
        else:
            yield warning(
                "validators-few",
                path,
                f"{words}{BFT_VALIDATORS} is the least for Byzantine fault tolerance (fewer is fine for tests)",
            )
    for i, organization in enumerate(network.organizations[1:], start=1):
        if ethereum.ethereum_roles(network, organization).validators:
            yield error(
                "validators-elsewhere",
                ("organizations", i, platform.type, "validators"),
                "only the first organization can have validators: the genesis makes their keys in its namespace, and a "
                "validator elsewhere would get fresh keys and never validate",
            )


def empty(network: Network) -> Iterator[Problem]:
    """Every organization has a node."""
    if not isinstance(network.platform, Besu | Quorum):
        return
    for i, organization in enumerate(network.organizations[1:], start=1):
        roles = ethereum.ethereum_roles(network, organization)
        if roles.members + roles.validators == 0:
            path = ("organizations", i, network.platform.type, "members")
            yield error("organization-empty", path, f"{organization.name} would have no node")


def transaction_manager(network: Network) -> Iterator[Problem]:
    """Behind Ambassador a transaction manager is reached by TLS only, and its certificates come through Vault.

    The Host of a node rejects plain HTTP and its Secret is made by the tls Job, which needs Vault (facts A2.3, A2.4,
    B10). One certificate serves a namespace, made for its first member (facts A2.2).
    """
    platform = network.platform
    if not isinstance(platform, Besu | Quorum) or platform.transaction_manager == "none":
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
            if ethereum.ethereum_roles(network, organization).members > 1:
                yield warning(
                    "tessera-certificate",
                    ("organizations", i, platform.type, "members"),
                    "Bevel's charts make one TLS certificate in a namespace, for the name of its first member; the "
                    "transaction managers of the others show that one too",
                )


RULES = (validators, empty, transaction_manager)
