"""Broken at seeded events on the real process with real Helm and simulated clusters.

`tests/cluster/test_kill.py` does it on real control planes, `soak.py` beside this as often as one likes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.faults.grounds import simulated
from tests.faults.soak import TINY, side_by_side

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(sys.platform != "linux", reason="descendants are found through /proc"),
    pytest.mark.timeout(900),
]


def test_broken_at_random_events_the_next_start_ends_in_the_same_state(tmp_path: Path) -> None:
    with simulated(TINY, 100.0, tmp_path) as ground:
        seeds = side_by_side([ground], range(2), tmp_path / "seeds")
    assert [f"seed {seed.seed}: {problem}" for seed in seeds for problem in seed.problems] == []
    assert sum(seed.broken.total() for seed in seeds) >= 2
