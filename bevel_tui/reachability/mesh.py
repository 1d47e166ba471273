"""Which nodes of the network does a node not have as a peer? By the nodes' own word, compared between the clusters. Pure.

A count says that somebody is missing; this says who. Nodes tell it by `admin_nodeInfo` and `admin_peers`, which Bevel's
charts enable; of a node that does not tell, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bevel_tui.records.checks import CheckResult

MESH = "ledger-mesh"
#: facts of `protocol` and of `ledger-peers`: a node's own id, and its peers' (`ethereum.node_id`)
NODE, PEERS = "node", "peers"


def mesh(results: Iterable[CheckResult], cluster: str) -> list[CheckResult]:
    """One warning for each node of a cluster that misses others, else one word for all of them; nothing where fewer than
    two nodes tell who they are, or none of this cluster tells its peers."""
    here = [result for result in results if result.vantage == "here"]
    nodes = sorted(
        ((r.facts[NODE], r) for r in here if r.id == "protocol" and NODE in r.facts),
        key=lambda item: (item[1].cluster, item[1].target),
    )
    peers = {(r.cluster, r.target): r.facts[PEERS].split() for r in here if r.id == "ledger-peers" and PEERS in r.facts}
    mine = [(own, r) for own, r in nodes if r.cluster == cluster and (cluster, r.target) in peers]
    if len(nodes) < 2 or not mine:
        return []
    wrong = [
        _missing(node, missed, len(nodes) - 1)
        for own, node in mine
        if (missed := [other for id, other in nodes if id != own and id not in peers[cluster, node.target]])
    ]
    if wrong:
        return wrong
    words = f"every node that tells its peers has all {len(nodes) - 1} others"
    evidence = tuple(f"{node.target}: {len(peers[cluster, node.target])} peers" for _, node in mine)
    return [_result(cluster, f"the nodes of {cluster}", words, evidence)]


def _missing(node: CheckResult, missed: Sequence[CheckResult], others: int) -> CheckResult:
    names = [f"{other.target} ({other.cluster})" for other in missed]
    more = f" and {len(names) - 2} more" if len(names) > 3 else ""
    shown = ", ".join(names[: 2 if more else 3])
    question = '{"jsonrpc":"2.0","id":1,"method":"admin_peers","params":[]}'
    return _result(
        node.cluster,
        node.target,
        f"no connection to {shown}{more}",
        (f"peers: {others - len(missed)} of {others} other nodes", *(f"missing: {name}" for name in names)),
        code="ledger-missing-peers",
        remedy="See whether the p2p ports of the missing nodes are reached (tcp-connect, and from inside cluster-path), and "
        "whether either side's static nodes name the other by the right address.",
        command=f"curl -s -H 'Content-Type: application/json' -d '{question}' {node.target}",
    )


def _result(
    cluster: str,
    target: str,
    summary: str,
    evidence: tuple[str, ...],
    *,
    code: str | None = None,
    remedy: str | None = None,
    command: str | None = None,
) -> CheckResult:
    return CheckResult(
        id=MESH,
        cluster=cluster,
        target=target,
        status="ok" if code is None else "warning",
        summary=summary,
        code=code,
        evidence=evidence,
        remedy=remedy,
        command=command,
    )
