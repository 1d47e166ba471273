"""What each kind of check is about: the groups in which views show them."""

from __future__ import annotations

from bevel_tui.records.checks import Category

_BY_PREFIX: tuple[tuple[str, Category], ...] = (
    ("dns-", "dns"),
    ("external-dns", "dns"),
    ("external-dns", "dns"),
    ("tcp-", "connection"),
    ("tls-", "tls"),
    ("route-", "objects"),
    ("cluster-path", "clusters"),
    ("cluster-pod", "clusters"),
    ("lb-", "gateway"),
    ("port-", "gateway"),
    ("cluster-api", "gateway"),
)


def category_of(check: str) -> Category:
    """The category of a check's id; what a ledger says is the rest."""
    return next((category for prefix, category in _BY_PREFIX if check.startswith(prefix)), "ledger")
