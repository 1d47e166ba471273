"""Shipped presets say themselves what they are for."""

from __future__ import annotations

import pytest

from bevel_tui.network import shipped


def test_a_preset_is_told_by_the_first_sentence_of_its_comment() -> None:
    assert shipped.about("besu-two-clusters") == (
        "A Besu network over two Kubernetes clusters: the founding organization with the validators in one, a second "
        "organization in the other."
    )


@pytest.mark.parametrize("name", shipped.names())
def test_every_preset_tells_something(name: str) -> None:
    told = shipped.about(name)
    assert told.endswith(".") and len(told) > 20
    assert "$schema" not in told


def test_what_is_not_shipped_is_told_of_by_nobody() -> None:
    with pytest.raises(KeyError):
        shipped.about("no-such-preset")
    assert shipped.read("no-such-preset") is None
