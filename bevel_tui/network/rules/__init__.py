"""Rules that span fields: what a valid document may still not ask for, each with its reason.

A rule is a pure function Network -> problems. To add one, write it in the module of its subject and put it into
that module's `RULES`. Rules must bear any Network that the models accept: dangling references, no organization
with nodes, ranges that run backwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bevel_tui.network.model import Network
from bevel_tui.network.problem import Problem
from bevel_tui.network.rules import (
    besu,
    chaincode,
    clusters,
    corda,
    ethereum,
    fabric,
    gateway,
    indy,
    lengths,
    organizations,
    quorum,
    releases,
    settings,
    substrate,
    support,
)

Rule = Callable[[Network], Iterator[Problem]]

RULES: tuple[Rule, ...] = (
    *support.RULES,
    *gateway.RULES,
    *clusters.RULES,
    *organizations.RULES,
    *releases.RULES,
    *lengths.RULES,
    *ethereum.RULES,
    *besu.RULES,
    *quorum.RULES,
    *fabric.RULES,
    *chaincode.RULES,
    *indy.RULES,
    *substrate.RULES,
    *corda.RULES,
    *settings.RULES,
)


def problems(network: Network) -> list[Problem]:
    """Everything that the rules find, errors first, otherwise in the order of `RULES`. No I/O."""
    found = [problem for rule in RULES for problem in rule(network)]
    return sorted(found, key=lambda problem: problem.severity != "error")


__all__ = ["RULES", "Problem", "Rule", "problems"]
