"""Votes on validators: more than half of those that are validators decide, and the chart's defect is seen."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from bevel_tui.network.past import Past
from bevel_tui.plan.build import build
from bevel_tui.sandbox.ledger import Ledger, Node
from bevel_tui.sandbox.players import votes
from bevel_tui.sandbox.players.ethereum import extra_data, new_key


class Clock:
    def now(self) -> float:
        return 0.0


@pytest.fixture
def chain() -> Any:
    keys = [new_key() for _ in range(5)]
    genesis = json.dumps(
        {"config": {"qbft": {"blockperiodseconds": 1}}, "extraData": extra_data("qbft", [k.address for k in keys[:4]])}
    )
    world: Any = SimpleNamespace(clock=Clock(), sites={}, mounted={}, rpc=None)
    nodes = [Node(None, {}, key, genesis, ()) for key in keys]  # type: ignore[arg-type]
    return Ledger(world), nodes


def test_more_than_half_decide_and_only_validators_vote(chain: Any) -> None:
    ledger, nodes = chain
    candidate = f"0x{nodes[4].key.address}"
    assert ledger.vote(nodes[4], candidate, True)  # it may ask; it is no validator
    for voter in nodes[:2]:
        assert ledger.vote(voter, candidate, True)
        assert ledger.vote(voter, candidate, True)  # twice counts once
    assert len(ledger.validators(nodes[0])) == 4
    ledger.vote(nodes[2], candidate, True)
    assert candidate in ledger.validators(nodes[0])
    for voter in nodes[:3]:
        ledger.vote(voter, candidate, False)
    assert candidate not in ledger.validators(nodes[0])


@pytest.mark.parametrize("candidate", ["", "0x12", "nobody", "aa" * 20])
def test_what_is_no_address_is_refused(chain: Any, candidate: str) -> None:
    ledger, nodes = chain
    assert not ledger.vote(nodes[0], candidate, True)


@pytest.mark.parametrize(
    ("script", "method"),
    [
        ('\'{"method":"$CONSENSUS_METHOD","params":[x,true]}\'', "$CONSENSUS_METHOD"),
        ('\'{"method":"\'"$CONSENSUS_METHOD"\'","params":[x,true]}\'', "qbft_proposeValidatorVote"),
        ('\'{"method":"istanbul_propose","params":[x,true]}\'', "istanbul_propose"),
    ],
)
def test_a_variable_within_single_quotes_is_not_replaced(script: str, method: str) -> None:
    """Bevel's chart as it is asks for a method of that name; nodes do not know it (helm.vote_patches)."""
    context: Any = SimpleNamespace(args=script, env={"CONSENSUS_METHOD": "qbft_proposeValidatorVote"})
    assert votes._method(context) == method


async def test_clique_signers_vote_through_an_interface_that_the_chart_leaves_out(
    rehearse: Any, rerun: Any, tmp_path: Path
) -> None:
    document = yaml.safe_load((Path(__file__).parents[2] / "presets" / "besu-one-cluster.yaml").read_text())
    document["platform"]["consensus"] = "clique"
    preset = tmp_path / "clique.yaml"
    preset.write_text(yaml.safe_dump(document))
    async with rehearse(str(preset)) as run:
        await run.run()
        past = Past.of(run.network)
        first, *others = run.network.organizations
        besu = first.besu.model_copy(update={"validators": first.besu.validators + 1})
        more = (first.model_copy(update={"besu": besu}), *others)
        run.network = run.network.model_copy(update={"organizations": more})
        run.plan = build(run.network, past.after(run.network))
        await run.run()
        ledger = run.box.world.rpc.args[0]
        (chain,) = {node.chain for node in ledger.nodes()}
        node = next(node for node in ledger.nodes() if node.chain == chain)
        assert "CLIQUE" in node.apis
        assert len(ledger.validators(node)) == besu.validators

        # with the chart's own list a node knows no such method
        body = {"jsonrpc": "2.0", "id": 1, "method": "clique_propose", "params": ["0x" + "ab" * 20, True]}
        component = SimpleNamespace(site=node.site, pod=node.pod)
        world = run.box.world
        for path, content in world.mounted[node.pod["metadata"]["uid"]].items():
            if path.endswith("/config.toml"):
                world.mounted[node.pod["metadata"]["uid"]][path] = content.replace(b', "CLIQUE"', b"")
        assert world.rpc(component, body)["error"]["message"] == "Method not enabled"
