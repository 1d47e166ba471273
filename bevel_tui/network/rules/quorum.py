"""GoQuorum: what its charts cannot do, and what they trip over (facts A3)."""

from __future__ import annotations

from collections.abc import Iterator

from bevel_tui.network import ethereum, naming
from bevel_tui.network.model import Network, Quorum
from bevel_tui.network.problem import Problem, error, warning

#: members are numbered from 0, and `member-x-1` is part of `member-x-10`
MOST_WITH_TESSERA = 10


def raft(network: Network) -> Iterator[Problem]:
    """Raft is a choice of the genesis chart that the node chart knows nothing of.

    It starts geth without ``--raft``; its hook enters nodes among the peers without a raft port, and each node starts
    with the peers known so far, where raft wants the same list of first members everywhere.
    [quorum-node/templates/node-statefulset.yaml, node-hooks-pre-install.yaml]
    """
    if isinstance(network.platform, Quorum) and network.platform.consensus == "raft":
        yield error(
            "raft-charts",
            ("platform", "consensus"),
            "Bevel's chart starts GoQuorum without --raft and lists peers without a raft port, so a raft network would "
            "never make a block; use qbft or ibft",
        )


def tessera_members(network: Network) -> Iterator[Problem]:
    """Uninstalling a Tessera drops every URL that contains its release name (facts A2.1 SUBSTRING TRAP, both charts).

    The list of node peers itself is safe: GoQuorum's hooks add and remove whole entries (facts A3).
    """
    if not isinstance(network.platform, Quorum) or network.platform.transaction_manager == "none":
        return
    for i, organization in enumerate(network.organizations):
        if ethereum.quorum_roles(organization).members > MOST_WITH_TESSERA:
            yield error(
                "members-many",
                ("organizations", i, "quorum", "members"),
                f"at most {MOST_WITH_TESSERA} with tessera: Bevel's hooks drop transaction managers by a part of their "
                f"address, so removing member-{organization.name}-1 would drop member-{organization.name}-10 too",
            )


def version(network: Network) -> Iterator[Problem]:
    """A tag that moves makes nodes of one network differ (facts A3: latest was 22.7.1 once)."""
    if isinstance(network.platform, Quorum) and network.platform.version == "latest":
        yield warning(
            "quorum-version",
            ("platform", "version"),
            "`latest` is another image tomorrow, and a node that restarts then runs it; name a version (24.4.1 is what "
            "the charts are made for)",
        )


def vault_leftovers(network: Network) -> Iterator[Problem]:
    """Keys left in Vault spoil the next network of the name: restored with empty fields, and a genesis that does not
    know them (facts A3 Q2, B05)."""
    if isinstance(network.platform, Quorum) and network.vault is not None:
        place = f"{network.vault.secret_engine}/{network.name}-{naming.founder(network).name}"
        yield warning(
            "vault-leftovers",
            ("vault",),
            f"if Vault still holds keys under {place} from an earlier network of this name, delete them first: Bevel's "
            "charts bring them back incomplete, beside a new genesis that does not know them",
        )


RULES = (raft, tessera_members, version, vault_leftovers)
