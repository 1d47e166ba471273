"""What Substrate nodes say of themselves, which only a pod beside them can ask: `system_health`.

Pure. Bevel's gateway exposes a node's p2p port alone (its RPC allows unsafe methods, facts A7), so the pod that looks at
the gateways asks the RPC's Service of every node of its own cluster. That a node does not tell a pod (a NetworkPolicy, a
mesh) is no proof that it is ill: that is a warning.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from bevel_tui.reachability.inside.paths import Look
from bevel_tui.reachability.inside.script import NO_ANSWER, NO_PROGRAM, Question
from bevel_tui.records.checks import CheckResult, CheckStatus
from bevel_tui.records.steps import Endpoint

HEALTH = "ledger-health"
_METHOD = "system_health"


def questions(endpoints: Sequence[Endpoint]) -> list[Question]:
    """What a pod of the endpoints' own cluster asks; nothing for nodes that can be asked through the gateway."""
    return [Question(host, (("health", port),)) for host, port in map(_where, _asked(endpoints))]


def judge(look: Look, endpoints: Sequence[Endpoint], others: int) -> list[CheckResult]:
    """One result per node. `others` is how many other nodes the network has."""
    return [_one(look, endpoint, others) for endpoint in _asked(endpoints)]


def may_heal(look: Look, endpoints: Sequence[Endpoint], others: int) -> bool:
    """Whether a node is not well yet: worth another look."""
    return any(result.status in ("failed", "warning") for result in judge(look, endpoints, others))


def _asked(endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    return [endpoint for endpoint in endpoints if endpoint.health is not None]


def _where(endpoint: Endpoint) -> tuple[str, int]:
    service, _, port = str(endpoint.health).rpartition(":")
    return f"{service}.svc.cluster.local", int(port)


def _one(look: Look, endpoint: Endpoint, others: int) -> CheckResult:
    host, port = _where(endpoint)

    def result(
        status: CheckStatus, summary: str, code: str | None = None, remedy: str | None = None, *evidence: str
    ) -> CheckResult:
        return CheckResult(
            id=HEALTH, category="ledger", cluster=endpoint.cluster, target=f"http://{host}:{port}", status=status,
            summary=summary, code=code, remedy=remedy, evidence=evidence, vantage=look.cluster,
            command=_command(look, endpoint) if code else None,
        )  # fmt: skip

    if look.sight is None:
        return result("skipped", f"not asked: {look.skipped}")
    told = [answer for (of, at, _), answer in look.sight.health.items() if (of, at) == (host, port)]
    if told and all(answer == NO_PROGRAM for answer in told):
        return result("skipped", "not asked: the probe's image has no curl")
    known = next((found for found in map(_parsed, told) if found is not None), None)
    if known is None:
        came = next((answer for answer in told if answer not in (NO_ANSWER, NO_PROGRAM)), "")
        words = "the node does not tell how it is: " + (
            "its Service has no address" if not told else f"it answers {came[:60]!r}" if came else "no answer"
        )
        return result("warning", words, "ledger-untold", _UNTOLD, f"asked: {_METHOD}")
    peers, syncing = known
    evidence = f"{_METHOD}: {peers} peers, isSyncing {str(syncing).lower()}; other nodes of the network: {others}"
    if peers == 0 and others > 0:
        return result("failed", "the node has no peer: it is alone", "ledger-no-peers", _ALONE, evidence)
    has = f"the node has {peers} peer{'' if peers == 1 else 's'}"
    if syncing:
        return result("warning", f"{has} and still fetches blocks", "ledger-syncing", _SYNCING, evidence)
    return result("ok", f"{has} and is in step", None, None, evidence)


_ALONE = (
    "See whether the p2p ports of the other nodes are reached (tcp-connect, and from inside cluster-path), and in its log "
    "whether the chain authorises its key and the boot node's id is right."
)
_SYNCING = "Wait: it catches up by itself. If it stays so, see its log."
_UNTOLD = "See whether the pod runs, and whether a NetworkPolicy or a mesh keeps other pods from its RPC port."


def _parsed(answer: str) -> tuple[int, bool] | None:
    """(peers, still fetching blocks) of a JSON-RPC answer; None when it is none."""
    try:
        result = json.loads(answer)["result"]
        return int(result["peers"]), bool(result["isSyncing"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _command(look: Look, endpoint: Endpoint) -> str:
    kubectl = f"kubectl --context {look.context}" if look.context else "kubectl"
    namespace = str(endpoint.health).rpartition(":")[0].partition(".")[2]
    return f"{kubectl} -n {namespace} logs -l app.kubernetes.io/instance={endpoint.release} --tail=50"
