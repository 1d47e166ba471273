"""What a Substrate node answers to a pod beside it, judged: every code, and what is no node's fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bevel_tui.reachability.catalogue import BY_ID
from bevel_tui.reachability.inside import health
from bevel_tui.reachability.inside.paths import Look
from bevel_tui.reachability.inside.script import Question, Sight
from bevel_tui.records.steps import Endpoint

NODE = Endpoint(
    id="east/oem-subs/node/p2p", cluster="east", organization="oem", release="node", host="node.east.test", port=15010,
    protocol="tcp", probe="tcp", service="node-0-rc-p2p.oem-subs:30333", health="node-0.oem-subs:9933",
)  # fmt: skip
BESU = replace(NODE, id="east/besu/p2p", health=None)
HOST = "node-0.oem-subs.svc.cluster.local"


def look(*answers: str) -> Look:
    told = {(HOST, 9933, f"10.0.0.{n}"): answer for n, answer in enumerate(answers)}
    return Look("east", Sight(complete=True, health=told), context="kind-east", namespace="oem-subs")


def says(peers: int, syncing: str = "false") -> str:
    return f'{{"jsonrpc":"2.0","result":{{"peers":{peers},"isSyncing":{syncing},"shouldHavePeers":true}},"id":1}}'


def test_only_nodes_that_no_gateway_shows_are_asked() -> None:
    assert health.questions([BESU, NODE]) == [Question(HOST, (("health", 9933),))]
    assert health.judge(look(), [BESU], 3) == []


@pytest.mark.parametrize(
    ("answers", "others", "status", "code", "words"),
    [
        ((says(6),), 6, "ok", None, "the node has 6 peers and is in step"),
        ((says(1),), 6, "ok", None, "the node has 1 peer and is in step"),
        ((says(0),), 0, "ok", None, "0 peers"),
        ((says(0),), 6, "failed", "ledger-no-peers", "it is alone"),
        ((says(0, "true"),), 6, "failed", "ledger-no-peers", "it is alone"),
        ((says(2, "true"),), 6, "warning", "ledger-syncing", "still fetches blocks"),
        (("-",), 6, "warning", "ledger-untold", "no answer"),
        (("-", says(6)), 6, "ok", None, "6 peers"),
        ((), 6, "warning", "ledger-untold", "its Service has no address"),
        (("<html>",), 6, "warning", "ledger-untold", "it answers '<html>'"),
        (('{"jsonrpc":"2.0","error":{"code":-32601},"id":1}',), 6, "warning", "ledger-untold", "-32601"),
        (('{"result":{"peers":"many","isSyncing":false}}',), 6, "warning", "ledger-untold", "many"),
        (('["peers"]',), 6, "warning", "ledger-untold", "peers"),
        (("unknown",), 6, "skipped", None, "no curl"),
    ],
)
def test_every_answer_is_judged(
    answers: tuple[str, ...], others: int, status: str, code: str | None, words: str
) -> None:
    seen = look(*answers)
    (found,) = health.judge(seen, [NODE], others)
    assert (found.id, found.category, found.cluster, found.vantage) == ("ledger-health", "ledger", "east", "east")
    assert (found.status, found.code) == (status, code)
    assert words in found.summary
    assert bool(found.remedy) == bool(found.command) == (code is not None)
    assert code is None or code in {failure.code for failure in BY_ID[found.id].failures}
    assert health.may_heal(seen, [NODE], others) == (status in ("failed", "warning"))


def test_where_no_pod_may_look_it_is_skipped_and_says_why() -> None:
    (found,) = health.judge(Look("east", skipped="pods are not allowed: quota"), [NODE], 6)
    assert (found.status, found.summary) == ("skipped", "not asked: pods are not allowed: quota")
    assert not health.may_heal(Look("east", skipped="quota"), [NODE], 6)
