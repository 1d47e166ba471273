"""Twenty seeds of faults on the real process, real Helm and real control planes: see `tests/faults/soak.py`.

Two independent sets of clusters share the seeds, since every seed mostly waits. It takes ten minutes and more, so it runs
where BEVEL_TUI_SEEDS says how many; three seeds on simulated clusters (`tests/faults/test_kill.py`) run always.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.grounds import ROOT, Ground, real
from tests.faults.soak import Seed, soak

TINY = str(ROOT / "tests" / "faults" / "tiny.yaml")
SEEDS = int(os.environ.get("BEVEL_TUI_SEEDS", "0"))
GROUNDS = 2


@pytest.mark.skipif(not SEEDS, reason="BEVEL_TUI_SEEDS=20 runs twenty seeds of faults on real control planes")
@pytest.mark.timeout(3000)
def test_broken_at_random_events_the_next_start_ends_in_the_same_state(
    control_plane: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with contextlib.ExitStack() as stack:
        places = [tmp_path / str(number) for number in range(GROUNDS)]
        for place in places:
            place.mkdir()
        # from this thread: control planes end with the thread that has started them
        grounds = [stack.enter_context(real(TINY, 100.0, place)) for place in places]

        def some(number: int, ground: Ground) -> list[Seed]:
            return list(soak(ground, range(number, SEEDS, GROUNDS), places[number] / "scratch"))

        with ThreadPoolExecutor(GROUNDS) as pool:
            seeds = [seed for done in pool.map(some, range(GROUNDS), grounds) for seed in done]
    assert [f"seed {seed.seed}: {problem}" for seed in seeds for problem in seed.problems] == []
    assert len(seeds) == SEEDS
    broken = sum((seed.broken for seed in seeds), Counter[str]())
    assert broken.total() >= SEEDS
    record_property("seeds", SEEDS)
    record_property("starts", sum(seed.starts for seed in seeds))
    record_property("broken", json.dumps(broken))
