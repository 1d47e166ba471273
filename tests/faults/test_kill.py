"""SIGKILL at seeded events on the real process with real Helm; `soak.py` beside this does the same 200 times."""

from __future__ import annotations

import sys

import pytest

from tests.faults.soak import soak

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(sys.platform != "linux", reason="descendants are found through /proc"),
    pytest.mark.timeout(300),
]


def test_killed_at_random_events_the_next_start_ends_in_the_same_state() -> None:
    report = soak("besu-two-clusters", range(3), speed=20.0)
    assert report.problems == []
    assert report.kills >= 3
