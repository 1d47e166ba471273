"""Twenty seeds of faults on the real process, real Helm and real control planes: see `tests/faults/soak.py`.

Three clusters share the seeds, since every seed mostly waits; BEVEL_TUI_SEEDS says another number.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.grounds import Ground, real
from tests.faults.soak import TINY, side_by_side

SEEDS = int(os.environ.get("BEVEL_TUI_SEEDS", "20"))
LANES = 3


@pytest.fixture(scope="module")
def grounds(control_plane: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Ground]]:
    """Clusters that are alike, each behind a tap of its own."""
    with contextlib.ExitStack() as stack:
        # from this thread: control planes end with the thread that has started them
        yield [stack.enter_context(real(TINY, 100.0, tmp_path_factory.mktemp("lane"))) for _ in range(LANES)]


@pytest.mark.timeout(1800)
def test_broken_at_random_events_the_next_start_ends_in_the_same_state(
    grounds: list[Ground], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seeds = side_by_side(grounds, range(SEEDS), tmp_path / "seeds")
    assert [f"seed {seed.seed}: {problem}" for seed in seeds for problem in seed.problems] == []
    assert len(seeds) == SEEDS
    broken = sum((seed.broken for seed in seeds), Counter[str]())
    assert broken.total() >= SEEDS // 2
    record_property("seeds", SEEDS)
    record_property("starts", sum(seed.starts for seed in seeds))
    record_property("broken", json.dumps(broken))
