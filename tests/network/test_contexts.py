"""Contexts given on the command line take the place of the preset's."""

from __future__ import annotations

import pytest

from bevel_tui.network.contexts import reached_by
from bevel_tui.network.load import load
from bevel_tui.records.errors import BevelError, Code

ARN = "arn:aws:eks:eu-west-1:123456789012:cluster/x=y"


def contexts(preset: str, *given: str) -> list[str]:
    return [cluster.context for cluster in reached_by(load(preset), given).clusters]


def test_one_cluster_needs_no_name() -> None:
    assert contexts("besu-one-cluster", "kind-kind") == ["kind-kind"]
    assert contexts("besu-one-cluster", ARN) == [ARN]


def test_several_are_named() -> None:
    assert contexts("besu-two-clusters", f"west={ARN}") == ["bevel-east", ARN]
    assert contexts("besu-two-clusters", "west=a", "east=b") == ["b", "a"]
    assert contexts("besu-two-clusters") == ["bevel-east", "bevel-west"]


@pytest.mark.parametrize("given", [["kind-kind"], ["north=x"], ["west="], ["west=a", "west=b"]])
def test_what_names_no_cluster_is_refused(given: list[str]) -> None:
    with pytest.raises(BevelError) as caught:
        contexts("besu-two-clusters", *given)
    assert caught.value.code is Code.USAGE
    assert "clusters: east, west" in caught.value.remedy


def test_a_cluster_with_a_context_of_the_caller_is_in_the_callers_kubeconfig() -> None:
    network = load("besu-two-clusters")
    named = network.model_copy(
        update={"clusters": tuple(c.model_copy(update={"kubeconfig": "/theirs"}) for c in network.clusters)}
    )
    assert [c.kubeconfig for c in reached_by(named, ["east=x"]).clusters] == [None, "/theirs"]
