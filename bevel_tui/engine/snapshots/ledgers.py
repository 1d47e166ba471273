"""What nodes say of their ledgers, out of the answers to reachability checks: heights, peers, genesis."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bevel_tui.records.checks import CheckResult
from bevel_tui.records.snapshot import LedgerFigures
from bevel_tui.records.steps import Endpoint

#: the words of a probe that gives no facts of its own (`reachability.ethereum.json_rpc`)
_BLOCK = re.compile(r"eth_blockNumber (\d+)")
_PEERS = re.compile(r"net_peerCount (\d+)")


def figures(network: str, endpoints: Iterable[Endpoint], results: Iterable[CheckResult]) -> tuple[LedgerFigures, ...]:
    """One entry per endpoint whose ledger said something."""
    results = tuple(results)
    found = []
    for endpoint in endpoints:
        facts: dict[str, str] = {}
        for result in results:
            if result.cluster == endpoint.cluster and _host(result.target) == endpoint.host:
                facts |= result.facts
                match = next((m for line in result.evidence if (m := _BLOCK.search(line))), None)
                if match:
                    facts.setdefault("height", match[1])
                match = next((m for line in result.evidence if (m := _PEERS.search(line))), None)
                if match:
                    facts.setdefault("peers", match[1])
        height, peers = _number(facts, "height", "block", "block-number"), _number(facts, "peers", "peer-count")
        genesis = facts.get("genesis") or facts.get("genesis-hash")
        if height is not None or peers is not None or genesis:
            found.append(
                LedgerFigures(
                    endpoint.cluster, endpoint.organization, endpoint.release, height, peers, genesis, network
                )
            )
    return tuple(found)


def _host(target: str) -> str:
    """The host in what a check asked about: a URL, ``host:port`` or a host."""
    rest = target.partition("://")[2] or target
    return rest.partition("/")[0].partition(":")[0]


def _number(facts: dict[str, str], *names: str) -> int | None:
    for name in names:
        value = facts.get(name, "")
        if value.isdigit():
            return int(value)
    return None
