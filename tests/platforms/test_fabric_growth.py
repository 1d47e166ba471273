"""A Fabric network that gets a channel after its genesis: what is handed over waits for what makes it (facts A1.1b)."""

from __future__ import annotations

import pytest

from bevel_tui.network.growth import consequences
from bevel_tui.network.model import Network
from bevel_tui.network.past import Past
from bevel_tui.platforms.fabric_growth import steps
from bevel_tui.records.steps import HandoffStep
from tests.platforms.networks import fabric


def network(version: str, *channels: str) -> Network:
    return fabric(
        platform={"version": version, "channels": [{"name": name} for name in channels]},
        organizations=[
            {"name": "supplychain", "cluster": "east", "fabric": {"orderers": 1, "peers": 1}},
            {"name": "carrier", "cluster": "west", "fabric": {"orderers": 2, "peers": 1}},
        ],
    )


@pytest.mark.parametrize("version", ["2.2.2", "2.5.4"])
def test_blocks_and_transactions_of_a_later_channel_come_from_its_own_genesis(version: str) -> None:
    before = network(version, "a")
    planned = {step.id: step for step in steps(network(version, "a", "a-b"), Past(before, before, {}), {})}
    later, first = "east/supplychain-net/genesis-a-b", "east/supplychain-net/genesis"
    assert {later, first} <= set(planned)
    handed = [s for s in planned.values() if isinstance(s, HandoffStep) and s.source.name.startswith(("a-", "sys"))]
    assert handed
    for step in handed:
        of_later = step.source.name.startswith("a-b-")
        assert (later in step.needs, first in step.needs) == (of_later, not of_later), step.id


def test_the_flow_of_a_network_is_for_good() -> None:
    old, new = network("2.2.2", "a"), network("2.5.4", "a")
    (found,) = [c for c in consequences(Past(old, old, {}), new) if c.path == "platform.version"]
    assert (found.before, found.after, found.kind) == ("2.2", "2.5", "never")
    assert consequences(Past(new, new, {}), new) == ()
