"""The matrix as data: what each cluster sees of every other one's gateway.

Its cells are the results of check ``cluster-path``: `vantage` is the row, `cluster` the column. The row ``here`` sums
up what this machine sees.
"""

from __future__ import annotations

from collections.abc import Iterable

from bevel_tui.records.checks import CheckResult, CheckStatus

#: the check whose results are the cells
CELL = "cluster-path"
#: what makes the row of this machine: a skipped check behind a broken one says nothing of its own
_WORST: tuple[CheckStatus, ...] = ("failed", "warning", "ok", "skipped")
#: ids that are about the way to a gateway, and not about what the ledger says
_WAY = frozenset({"dns-resolves", "dns-address", "tcp-connect", "tls-handshake", "protocol"})


def cells(results: Iterable[CheckResult]) -> dict[str, dict[str, CheckStatus]]:
    """``{from: {to: status}}``; empty without a look from inside a cluster."""
    found: dict[str, dict[str, CheckStatus]] = {}
    here: dict[str, CheckStatus] = {}
    order: list[str] = []
    for result in results:
        order.append(result.cluster)
        if result.id == CELL:
            found.setdefault(result.vantage, {})[result.cluster] = result.status
        elif result.vantage == "here" and result.id in _WAY:
            here[result.cluster] = min(here.get(result.cluster, "skipped"), result.status, key=_WORST.index)
    order = [*dict.fromkeys([*order, *found, *(to for row in found.values() for to in row)])]
    rows = {
        name: dict(sorted(found[name].items(), key=lambda cell: order.index(cell[0])))
        for name in order
        if name in found
    }
    return {"here": here, **rows} if rows else {}
