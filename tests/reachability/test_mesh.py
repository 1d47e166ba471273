"""Who misses whom, by the nodes' own word; and how both kinds of nodes tell it."""

from __future__ import annotations

import pytest

from bevel_tui.reachability.ethereum import node_id
from bevel_tui.reachability.mesh import mesh
from bevel_tui.records.checks import CheckResult

A, B, C = "a" * 16, "b" * 16, "c" * 16


def node(cluster: str, name: str, own: str | None, peers: str | None) -> list[CheckResult]:
    told = {"node": own} if own else {}
    rpc = CheckResult(id="protocol", cluster=cluster, target=name, status="ok", summary="", facts=told)
    facts = {} if peers is None else {"peers": peers}
    return [rpc, CheckResult(id="ledger-peers", cluster=cluster, target=name, status="ok", summary="", facts=facts)]


@pytest.mark.parametrize(
    ("nodes", "wanted"),
    [
        # everybody has everybody
        ([("east", "a", A, f"{B} {C}"), ("east", "b", B, f"{A} {C}"), ("west", "c", C, f"{A} {B}")], {}),
        # two do not have each other
        (
            [("east", "a", A, f"{B}"), ("east", "b", B, f"{A} {C}"), ("west", "c", C, f"{B}")],
            {"a": ["missing: c (west)"], "c": ["missing: a (east)"]},
        ),
        # a stranger is nobody of ours; who does not tell its peers is missed, and misses nobody
        ([("east", "a", A, f"{B} {'d' * 16}"), ("west", "c", C, None), ("west", "b", B, A)],
         {"a": ["missing: c (west)"], "b": ["missing: c (west)"]}),
        # who does not tell its name cannot be missed
        ([("east", "a", A, B), ("west", "b", B, A), ("west", "c", None, "")], {}),
        ([("east", "a", A, "")], {}),
    ],
)  # fmt: skip
def test_who_is_missing_is_named(nodes, wanted):
    results = [result for one in nodes for result in node(*one)]
    found = [r for cluster in ("east", "west") for r in mesh(results, cluster)]
    warned = {r.target: [line for line in r.evidence if line.startswith("missing")] for r in found if r.code}
    assert warned == wanted
    assert {r.status for r in found if r.code} <= {"warning"}
    if not wanted and len(nodes) > 1:
        assert [r.summary.endswith("others") for r in found] == [True, True]


def test_few_are_named_in_the_sentence_and_all_in_the_evidence():
    results = node("east", "a", A, "") + [r for n in range(5) for r in node("west", f"n{n}", f"{n}" * 16, None)]
    (found,) = mesh(results, "east")
    assert found.summary == "no connection to n0 (west), n1 (west) and 3 more"
    assert sum(line.startswith("missing") for line in found.evidence) == 5
    assert "admin_peers" in str(found.command)


@pytest.mark.parametrize(
    ("told", "id"),
    [
        # Besu: admin_nodeInfo, admin_peers
        ({"enode": f"enode://{'AB' * 64}@10.0.0.1:30303", "id": "ab" * 64}, "ab" * 8),
        ({"version": "0x5", "id": f"0x{'cd' * 64}", "name": "besu/v23.10.2"}, "cd" * 8),
        # GoQuorum (geth): the id is a hash of the key, the key is in the enode
        ({"id": "12" * 32, "enode": f"enode://{'ef' * 64}@10.0.0.2:30303?discport=0"}, "ef" * 8),
        ({"id": "12" * 32}, None),
        ("nonsense", None),
    ],
)
def test_both_clients_tell_who_a_node_is(told, id):
    assert node_id(told) == id
