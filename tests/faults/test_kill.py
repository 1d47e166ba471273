"""Broken at seeded events on the real process with real Helm and simulated clusters.

`tests/cluster/test_kill.py` does it on real control planes, `soak.py` beside this as often as one likes.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.faults.grounds import simulated
from tests.faults.soak import SMALL, soak

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(sys.platform != "linux", reason="descendants are found through /proc"),
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        "BEVEL_TUI_SEEDS" not in os.environ, reason="its ground does not come up yet: BEVEL_TUI_SEEDS=3 runs it"
    ),
]


def test_broken_at_random_events_the_next_start_ends_in_the_same_state(tmp_path: Path) -> None:
    with simulated(SMALL, 30.0, tmp_path) as ground:
        seeds = list(soak(ground, range(3), tmp_path / "scratch"))
    assert [problem for seed in seeds for problem in seed.problems] == []
    assert sum(seed.broken.total() for seed in seeds) >= 3
