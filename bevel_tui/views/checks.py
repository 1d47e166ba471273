"""Checks in the order in which one looks for a fault, and in one sentence each."""

from __future__ import annotations

from collections.abc import Iterable

from bevel_tui.records.checks import CATEGORIES, CheckResult

#: the chain from address to ledger; ids that a later version adds come last in their category
_CHAIN = (
    "cluster-api", "lb-address", "port-on-service", "external-dns", "dns-zone", "dns-resolves", "dns-address", "tcp-connect",
    "tls-handshake", "protocol",
)  # fmt: skip


def place(result: CheckResult) -> tuple[int, int, str, str, str]:
    """Where a check stands in its cluster, from the outside in."""
    category = CATEGORIES.index(result.category)
    chain = _CHAIN.index(result.id) if result.id in _CHAIN else len(_CHAIN)
    return (category, chain, result.id, result.target, result.vantage)


def ordered(results: Iterable[CheckResult]) -> list[CheckResult]:
    """By cluster, then along the chain from address to ledger."""
    return sorted(results, key=lambda result: (result.cluster, place(result)))


def about(result: CheckResult) -> str:
    """Target and summary, the target not twice."""
    return result.summary if result.target in result.summary else f"{result.target}: {result.summary}"
