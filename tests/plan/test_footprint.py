"""What a plan asks of clusters, counted by hand once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from bevel_tui import api
from bevel_tui.plan.footprint import REQUESTS


def test_a_besu_network_over_two_clusters() -> None:
    found = api.footprint(api.plan(api.load("besu-two-clusters")))
    east, west = found["east"], found["west"]
    # four validators and a member on two gibibytes each, beside the gateway (and what its chart renders)
    assert (east.volumes, east.gibibytes, east.balancers) == (5, 10, 1)
    assert (west.volumes, west.gibibytes, west.balancers) == (1, 2, 1)
    assert east.pods - west.pods == 4
    assert east.jobs > west.jobs > 0
    assert (east.millicores, east.memory) == (5 * 50, 5 * 300 * 10**6)
    assert east.silent == east.pods - 5  # the gateway's
    assert (east + west).millicores == 6 * 50


def test_what_others_run_is_not_counted() -> None:
    found = api.footprint(api.plan(api.load("besu-two-clusters", ["supplychain"])))
    assert found["east"].releases > 0
    assert found["west"].volumes == 0


def _value(chart: str, *path: str) -> int:
    """A quantity in the values of a chart of Bevel's: millicores or bytes."""
    (file,) = Path(os.environ["BEVEL_CHARTS"]).glob(f"platforms/*/charts/{chart}/values.yaml")
    node = yaml.safe_load(file.read_text())
    for key in path:
        node = node[key]
    text = str(node)
    return round(float(text) * 1000) if text[-1].isdigit() else int(text[:-1]) * {"M": 10**6, "G": 10**9}[text[-1]]


@pytest.mark.bevel_charts
@pytest.mark.skipif("BEVEL_CHARTS" not in os.environ, reason="BEVEL_CHARTS names no unpacked Bevel v1.3.0")
@pytest.mark.parametrize(
    ("chart", "part", "values", "path", "names"),
    [
        ("besu-node", "", "besu-node", ("node", "besu", "resources"), ("cpuRequest", "memRequest")),
        ("besu-node", "tessera", "besu-tessera-node", ("tessera", "resources"), ("cpuRequest", "memRequest")),
        ("quorum-node", "", "quorum-node", ("node", "quorum", "resources"), ("cpuRequest", "memRequest")),
        ("quorum-node", "tessera", "quorum-tessera-node", ("tessera", "resources"), ("cpuRequest", "memRequest")),
        ("fabric-peernode", "", "fabric-peernode", ("peer", "resources", "requests"), ("cpu", "memory")),
        ("fabric-orderernode", "", "fabric-orderernode", ("orderer", "resources", "requests"), ("cpu", "memory")),
        ("corda-node", "", "corda-node", ("resources", "node"), ("memRequest",)),
        ("corda-node", "-db", "corda-node", ("resources", "db"), ("memRequest",)),
    ],
)
def test_requests_are_those_of_the_real_charts(
    chart: str, part: str, values: str, path: tuple[str, ...], names: tuple[str, ...]
) -> None:
    said = tuple(_value(values, *path, name) for name in names)
    assert REQUESTS[chart][part][-len(said) :] == said
