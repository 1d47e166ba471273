"""Twenty seeds of faults on the real process, real Helm and real control planes: see `tests/faults/soak.py`.

Every fifth goes to a network over two clusters with gateways, one after the other, each destroyed with its data; the
others share two clusters and the smallest network meanwhile. BEVEL_TUI_SEEDS says another number.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.grounds import Ground, real
from tests.faults.soak import SMALL, TINY, one_by_one, side_by_side

SEEDS = int(os.environ.get("BEVEL_TUI_SEEDS", "20"))
#: of them those that have two clusters to themselves
WIDE = SEEDS // 5
LANES = 2


@pytest.fixture(scope="module")
def grounds(control_plane: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Ground]]:
    """Clusters that are alike, each behind a tap of its own."""
    with contextlib.ExitStack() as stack:
        # from this thread: control planes end with the thread that has started them
        yield [stack.enter_context(real(TINY, 100.0, tmp_path_factory.mktemp("lane"))) for _ in range(LANES)]


@pytest.fixture(scope="module")
def wide(control_plane: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Two clusters for one network."""
    with real(SMALL, 100.0, tmp_path_factory.mktemp("wide")) as ground:
        yield ground


@pytest.mark.timeout(1800)
def test_broken_at_random_events_the_next_start_ends_in_the_same_state(
    grounds: list[Ground], wide: Ground, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    narrow = SEEDS - WIDE
    with ThreadPoolExecutor(1) as pool:
        others = pool.submit(lambda: list(one_by_one(wide, range(narrow, SEEDS), tmp_path / "scratch")))
        seeds = [*side_by_side(grounds, range(narrow), tmp_path / "seeds"), *others.result()]
    assert [f"seed {seed.seed}: {problem}" for seed in seeds for problem in seed.problems] == []
    assert len(seeds) == SEEDS
    assert sum(seed.destroyed for seed in seeds) >= WIDE
    broken = sum((seed.broken for seed in seeds), Counter[str]())
    assert broken.total() >= SEEDS // 2
    record_property("seeds", SEEDS)
    record_property("starts", sum(seed.starts for seed in seeds))
    record_property("broken", json.dumps(broken))
