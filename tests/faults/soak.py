"""Break a deployment at seeded moments and start it again, many times: does it always end in the same place?

    .venv/bin/python -m tests.faults.soak --seeds 200 --on real [--preset FILE] [--speed 100] [--record FILE] [--lanes 3]

Each seed deploys and is broken one to three times, at random events and in a random way: SIGKILL to bevel-tui with
everything below it, SIGKILL to bevel-tui alone, SIGKILL to a Helm process alone, or the network to one cluster cut for
some seconds. Then it is started again until it ends by itself; what stands in the clusters then is compared with a run
that nobody disturbed. This program does not import the engine: it sees what a user sees.

One set of clusters serves all seeds, one after the other; each network is destroyed with its data, which must leave what
was there before. With `--lanes` several sets serve them side by side, and the network is the smallest there is, under
another name for each seed: every fourth is destroyed, the others are swept away without waiting for the end of it.

With `--record` one line of JSON is added per seed, and seeds that stand there already are passed over.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.faults.grounds import ROOT, Ground, real, simulated
from tests.faults.seeds import WAYS, Breaking, Seed, Site

SMALL = str(ROOT / "tests" / "faults" / "small.yaml")
TINY = str(ROOT / "tests" / "faults" / "tiny.yaml")
#: with lanes one seed in so many is destroyed; the others are swept away, which costs less
_DESTROYED = 4
#: the seed that is not broken
_YARDSTICK = 9999


def one_by_one(ground: Ground, seeds: Iterable[int], scratch: Path, ways: Sequence[str] = WAYS) -> Iterator[Seed]:
    """Seeds that have all clusters to themselves. Raises RuntimeError when nothing works even undisturbed."""
    scratch.mkdir()
    site = Site(ground, ground.preset, scratch)
    yardstick = site.measure()
    helm = helm_program()
    aside = Seed(-1)
    site.clear(yardstick.before, aside)
    if aside.problems:
        raise RuntimeError(f"after the run without faults: {aside.problems}")
    for number in seeds:
        seed = Breaking(site, yardstick, number, helm, ways).run()
        site.clear(yardstick.before, seed)
        yield seed


def side_by_side(
    grounds: Sequence[Ground],
    seeds: Iterable[int],
    folder: Path,
    ways: Sequence[str] = WAYS,
    told: Callable[[Seed], None] = lambda seed: None,
) -> list[Seed]:
    """Seeds on several grounds that are alike, one on each at a time; `told` is called with each in the end, from any
    thread. Raises RuntimeError when nothing works even undisturbed."""
    helm = helm_program()
    free: SimpleQueue[Ground] = SimpleQueue()
    for ground in grounds:
        free.put(ground)

    def place(ground: Ground, number: int) -> Site:
        scratch = folder / str(number) / "scratch"
        scratch.mkdir(parents=True)
        return Site.tagged(ground, scratch, number)

    first = place(grounds[0], _YARDSTICK)
    yardstick = first.measure()
    first.sweep(yardstick.before)

    def one(number: int) -> Seed:
        ground = free.get()
        try:
            site = place(ground, number)
            seed = Breaking(site, yardstick, number, helm, ways).run()
            if number % _DESTROYED == 0:
                site.clear(yardstick.before, seed)
            else:
                site.sweep(yardstick.before)
        finally:
            free.put(ground)
        told(seed)
        return seed

    with ThreadPoolExecutor(len(grounds)) as pool:
        return list(pool.map(one, seeds))


def helm_program() -> str:
    """A Helm program, else the SDK: what BEVEL_TUI_HELM may be set to."""
    from tests.tools.binaries import BinaryMissingError, helm

    try:
        return str(helm())
    except BinaryMissingError:
        return "sdk"


def main() -> int:
    """Run the soak and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--on", choices=["simulated", "real"], default="real")
    parser.add_argument("--preset", help=f"default: {Path(SMALL).name}; with --lanes {Path(TINY).name}")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--lanes", type=int, default=0, help="sets of clusters; 0: one, destroyed after each")
    parser.add_argument("--speed", type=float, default=100.0)
    parser.add_argument("--way", choices=sorted(set(WAYS)), action="append", help="break it in these ways only")
    parser.add_argument("--record", type=Path)
    options = parser.parse_args()
    known: set[int] = set()
    if options.record is not None and options.record.exists():
        known = {json.loads(line)["seed"] for line in options.record.read_text().splitlines()}
    began = time.monotonic()
    done: list[Seed] = []
    ways = options.way or WAYS
    preset = options.preset or (TINY if options.lanes else SMALL)
    place = real if options.on == "real" else simulated
    numbers = [n for n in range(options.first, options.first + options.seeds) if n not in known]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        grounds: list[Ground] = []
        for lane in range(max(options.lanes, 1)):
            (folder / f"lane-{lane}").mkdir()
            grounds.append(stack.enter_context(place(preset, options.speed, folder / f"lane-{lane}")))

        def told(seed: Seed) -> None:
            done.append(seed)
            lines = [f"seed {seed.seed}: {seed.starts} starts, {dict(seed.broken)}, {seed.seconds:.0f} s"]
            print("\n".join(lines + [f"  {problem}" for problem in seed.problems]), file=sys.stderr, flush=True)
            if options.record is not None:
                row = {
                    "seed": seed.seed,
                    "ground": grounds[0].name,
                    "network": Path(preset).stem,
                    "starts": seed.starts,
                }
                row |= {"broken": seed.broken, "seconds": round(seed.seconds, 1), "destroyed": seed.destroyed}
                row |= {"problems": seed.problems}
                with options.record.open("a") as out:
                    out.write(json.dumps(row) + "\n")

        if options.lanes:
            side_by_side(grounds, numbers, folder / "seeds", ways, told)
        else:
            for seed in one_by_one(grounds[0], numbers, folder / "scratch", ways):
                told(seed)
    faults = sum((seed.broken for seed in done), Counter[str]())
    problems = sum(len(seed.problems) for seed in done)
    print(f"{len(done)} seeds, {sum(s.starts for s in done)} starts, faults {dict(faults)}, {problems} problems,")
    print(f"{time.monotonic() - began:.0f} s on {grounds[0].name}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
