"""Do all nodes speak of one ledger? Chain id and genesis block, compared between the clusters. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from bevel_tui.records.checks import CheckResult

AGREES = "ledger-agrees"
#: what is compared: fact, its words, the code of a difference
_COMPARED = (("genesis", "genesis block", "ledger-other-genesis"), ("chain-id", "chain id", "ledger-other-chain"))


def agreement(results: Iterable[CheckResult], cluster: str) -> list[CheckResult]:
    """The verdict on one cluster's nodes among all clusters' `results`; nothing where no nodes can be compared.

    What most nodes say counts as the network's; among equals, what the first one says.
    """
    answers = sorted(
        (r for r in results if r.id == "protocol" and r.vantage == "here" and "chain-id" in r.facts),
        key=lambda r: (r.cluster, r.target),
    )
    mine = [r for r in answers if r.cluster == cluster]
    if not mine or len(answers) < 2:
        return []
    others_differ = False
    for fact, words, code in _COMPARED:
        told = [r for r in answers if fact in r.facts]
        if not told:
            continue
        usual = Counter(r.facts[fact] for r in told).most_common(1)[0][0]
        odd = [r for r in mine if r.facts.get(fact, usual) != usual]
        others_differ = others_differ or any(r.facts[fact] != usual for r in told)
        if odd:
            evidence = tuple(f"{r.cluster}: {r.target}: {words} {r.facts[fact]}" for r in told)
            return [
                CheckResult(
                    id=AGREES,
                    cluster=cluster,
                    target=f"the nodes of {cluster}",
                    status="failed",
                    summary=f"another ledger: {odd[0].target} has {words} {odd[0].facts[fact]}, most nodes have {usual}",
                    code=code,
                    evidence=evidence,
                    remedy="These nodes were started from another genesis: they can never join. Remove them with their "
                    "data and deploy them again, so that they take over the network's genesis.",
                    command="bevel-tui destroy --preset FILE --purge-data",
                )
            ]
    first = mine[0].facts
    evidence = tuple(f"{words} {first[fact]}" for fact, words, _ in _COMPARED if fact in first)
    summary = f"all {len(answers)} nodes have the same ledger"
    if others_differ:  # told as a failure of the clusters that they are in
        summary = f"the nodes of {cluster} have the ledger that most nodes have"
    return [
        CheckResult(
            id=AGREES,
            cluster=cluster,
            target=f"the nodes of {cluster}",
            status="ok",
            summary=summary,
            evidence=evidence,
        )
    ]
