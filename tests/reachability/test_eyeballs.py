"""The race of happy eyeballs, worked out from times."""

from __future__ import annotations

import pytest

from bevel_tui.reachability.eyeballs import first, order, order_in_words

V4, V4B, V6 = "192.0.2.1", "192.0.2.2", "2001:db8::1"


@pytest.mark.parametrize(
    ("took", "wins"),
    [
        ({V4: 0.01}, V4),
        ({V4: 0.01, V6: 0.02}, V6),
        ({V4: 0.01, V6: 0.2}, V6),
        ({V4: 0.01, V6: 0.3}, V4),
        ({V4: 0.01, V6: None}, V4),
        ({V4: None, V4B: 0.1}, V4B),
        ({V4: None, V6: None}, None),
        ({}, None),
    ],
)
def test_who_wins(took, wins):
    assert first(took) == wins


def test_families_take_turns():
    assert order([V4, V4B, V6, "2001:db8::2"]) == (V6, V4, "2001:db8::2", V4B)
    assert order(["lb.cloud.test", V6]) == (V6, "lb.cloud.test")


def test_words():
    assert order_in_words({V4: 0.01, V6: None}) == (f"1. {V6}: no connection", f"2. {V4}: connected after 260 ms")
