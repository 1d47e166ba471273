"""What may be changed about a Substrate network that runs: its genesis names all who may join (facts A7)."""

from __future__ import annotations

from typing import Any

import pytest

from bevel_tui.network.consequence import GENESIS
from bevel_tui.network.growth import consequences
from bevel_tui.network.past import Past
from tests.network.documents import SUBSTRATE, change, network


def found(*changes: tuple[str, Any]) -> list[tuple[str, str, str]]:
    past = Past.of(network(SUBSTRATE))
    return [(c.path, c.kind, c.name) for c in consequences(past, network(change(SUBSTRATE, *changes)))]


@pytest.mark.parametrize(
    "changes",
    [
        (),
        (("organizations.0.substrate.ipfs", 3), ("organizations.1.substrate.ipfs", 1)),
        (("organizations.1.substrate.validators", 1),),
        (("platform.version", "v4.3.2"),),
    ],
)
def test_files_come_and_nodes_go_and_versions_rise_without_a_word(changes: tuple[tuple[str, Any], ...]) -> None:
    assert found(*changes) == []


def test_who_is_not_in_the_genesis_needs_another_one() -> None:
    assert found(("organizations.1.substrate.members", 2)) == [("organizations[1].substrate", "found", GENESIS)]
    newcomer = {"name": "tiertwo", "cluster": "west", "substrate": {"members": 1}}
    organizations = [*SUBSTRATE["organizations"], newcomer]
    assert found(("organizations", organizations)) == [("organizations[2].substrate", "found", GENESIS)]


def test_the_chains_name_stays() -> None:
    assert found(("platform.chain", "trade")) == [("platform.chain", "found", GENESIS)]
