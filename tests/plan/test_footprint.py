"""What a plan asks of clusters, counted by hand once."""

from __future__ import annotations

from bevel_tui import api


def test_a_besu_network_over_two_clusters() -> None:
    found = api.footprint(api.plan(api.load("besu-two-clusters")))
    east, west = found["east"], found["west"]
    # four validators and a member on two gibibytes each, beside the gateway (and what its chart renders)
    assert (east.volumes, east.gibibytes, east.balancers) == (5, 10, 1)
    assert (west.volumes, west.gibibytes, west.balancers) == (1, 2, 1)
    assert east.pods - west.pods == 4
    assert east.jobs > west.jobs > 0


def test_what_others_run_is_not_counted() -> None:
    found = api.footprint(api.plan(api.load("besu-two-clusters", ["supplychain"])))
    assert found["east"].releases > 0
    assert found["west"].volumes == 0
