"""Break a deployment at seeded moments and start it again, many times: does it always end in the same place?

    .venv/bin/python -m tests.faults.soak --seeds 200 --on real [--preset FILE] [--speed 100] [--record FILE]

One set of clusters serves all seeds. Each seed deploys and is broken one to three times, at random events and in a
random way: SIGKILL to bevel-tui with everything below it, SIGKILL to bevel-tui alone, SIGKILL to a Helm process
alone, or the network to one cluster cut for some seconds. Then it is started again until it ends by itself; what
stands in the clusters then is compared with a run that nobody disturbed, and is destroyed with its data, which must
leave what was there before. This program does not import the engine: it sees what a user sees.

With `--record` one line of JSON is added per seed, and seeds that stand there already are passed over.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.grounds import ROOT, Ground, real, simulated
from tests.faults.objects import differences, dump
from tests.faults.processes import Events, command, descendants, follow, kill, kill_a_helm, kill_tree, runs

SMALL = str(ROOT / "tests" / "faults" / "small.yaml")
#: how a run is broken; the first as often as all others together
WAYS = ("everything", "everything", "everything", "bevel-tui alone", "helm", "network")
BUDGET = "300"
#: seconds in which namespaces that are being deleted must have gone
SETTLE = 60.0


@dataclass
class Seed:
    """What happened with one seed."""

    seed: int
    starts: int = 0
    seconds: float = 0.0
    broken: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


class Soak:
    """All seeds on one ground."""

    def __init__(self, ground: Ground, scratch: Path, ways: Sequence[str] = WAYS) -> None:
        self.ground = ground
        self.ways = ways
        self.scratch = scratch
        untouched = self._dump()
        process = self._deploy({})
        events = follow(process)
        if process.returncode != 0:
            raise RuntimeError(f"the run without faults ended with {process.returncode}: {events[-1:]}")
        self.wanted = self._dump()
        self.events = len(events)
        self.before = untouched
        aside = Seed(-1)
        self._clear(aside)
        if aside.problems:
            raise RuntimeError(f"after the run without faults: {aside.problems}")

    def one(self, number: int) -> Seed:
        """Deploy with faults, compare, destroy."""
        began = time.monotonic()
        chance = random.Random(number)
        seed = Seed(number)
        environ = {"BEVEL_TUI_HELM": chance.choice(["sdk", _helm()])}
        applied: dict[str, list[str]] = {}
        for _ in range(chance.randint(1, 3)):
            way, at = chance.choice(self.ways), chance.randint(2, self.events - 1)
            context, pause = chance.choice(self.ground.contexts), chance.uniform(0.5, 6.0)
            process = self._deploy(environ)
            seed.starts += 1
            happened: list[str] = []
            events = follow(process, at, self._fault(way, process.pid, context, pause, happened))
            self.ground.taps[context].mend()
            _count(events, applied)
            seed.broken.update(happened)
            if (orphans := self._orphans(happened)) is not None:
                seed.problems.append(f"{way} at {at}: {orphans}")
            if process.returncode == 0:
                break
            if not happened:
                seed.problems.append(f"an undisturbed start ended with {process.returncode}: {events[-1:]}")
        process = self._deploy(environ)
        seed.starts += 1
        events = follow(process)
        _count(events, applied)
        if process.returncode != 0:
            seed.problems.append(f"the last start ended with {process.returncode}: {events[-1:]}")
        seed.problems += differences(self.wanted, self._dump())
        seed.problems += [f"{name} was applied again: {how}" for name, how in applied.items() if len(how) > 1]
        if left := [path.name for path in self.scratch.iterdir()]:
            seed.problems.append(f"temporary folders left: {', '.join(left)}")
        self._clear(seed)
        seed.seconds = time.monotonic() - began
        return seed

    def _deploy(self, environ: dict[str, str]) -> Any:
        where = ["--preset", self.ground.preset, "--kubeconfig", self.ground.kubeconfig]
        return command([*where, "--yes", "-o", "jsonl", "--timeout", BUDGET], self.scratch, environ)

    def _fault(self, way: str, pid: int, context: str, pause: float, happened: list[str]) -> Callable[[], None]:
        """What is done to a run; `happened` tells afterwards what really was."""

        def act() -> None:
            self._helms = descendants(pid)
            if way == "everything":
                kill_tree(pid)
            elif way == "bevel-tui alone":
                kill(pid)
            elif way == "helm":
                if not kill_a_helm(pid):
                    return
            else:
                self.ground.taps[context].cut()
                time.sleep(pause)
                self.ground.taps[context].mend()
            happened.append(way)

        return act

    def _orphans(self, happened: list[str]) -> str | None:
        """Helm processes that outlive a bevel-tui which was killed alone."""
        if happened != ["bevel-tui alone"]:
            return None
        deadline = time.monotonic() + 10
        while alive := [pid for pid in self._helms if runs(pid)]:
            if time.monotonic() > deadline:
                for pid in alive:
                    kill(pid)
                return f"{len(alive)} processes outlived bevel-tui"
            time.sleep(0.02)
        return None

    def _clear(self, seed: Seed) -> None:
        """Take everything away, and see that it has gone."""
        code, events = self._destroy()
        if code:
            seed.problems.append(f"destroy ended with {code}: {events[-1:]}")
        deadline = time.monotonic() + SETTLE
        while (left := differences(self.before, self._dump())) and time.monotonic() < deadline:
            time.sleep(0.5)  # our own namespace is deleted last, and nobody waits for it
        seed.problems += [f"after destroy: {line}" for line in left]

    def _destroy(self) -> tuple[int | None, Events]:
        """Take everything away, data included."""
        where = ["--preset", self.ground.preset, "--kubeconfig", self.ground.kubeconfig]
        process = command(
            ["destroy", *where, "--yes", "--purge-data", "-o", "jsonl", "--timeout", BUDGET], self.scratch
        )
        events = follow(process)
        return process.returncode, events

    def _dump(self) -> dict[str, Any]:
        return asyncio.run(dump(self.ground.direct))


def _count(events: Events, applied: dict[str, list[str]]) -> None:
    """What Helm has finished, by release: nothing may be applied again once it was."""
    for event in events:
        if event["type"] == "release-applied":
            name = f"{event['cluster']}/{event['namespace']}/{event['release']}"
            why = [e["text"] for e in events if e["type"] == "notice" and e.get("step") == event["step"]]
            applied.setdefault(name, []).append(f"{event['action']} {' '.join(why)}".strip())


def _helm() -> str:
    from tests.tools.binaries import BinaryMissingError, helm

    try:
        return str(helm())
    except BinaryMissingError:
        return "sdk"


def soak(
    ground: Ground, seeds: range, scratch: Path, known: set[int] | None = None, ways: Sequence[str] = WAYS
) -> Iterator[Seed]:
    """All seeds that are not known yet, one after the other. Raises RuntimeError when nothing works even undisturbed."""
    scratch.mkdir()
    place = Soak(ground, scratch, ways)
    for number in seeds:
        if number not in (known or set()):
            yield place.one(number)


def main() -> int:
    """Run the soak and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--on", choices=["simulated", "real"], default="real")
    parser.add_argument("--preset", default=SMALL)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
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
    place = real if options.on == "real" else simulated
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ground = stack.enter_context(place(options.preset, options.speed, folder))
        for seed in soak(ground, range(options.first, options.first + options.seeds), folder / "scratch", known, ways):
            done.append(seed)
            print(f"seed {seed.seed}: {seed.starts} starts, {dict(seed.broken)}, {seed.seconds:.0f} s", file=sys.stderr)
            for problem in seed.problems:
                print(f"  {problem}", file=sys.stderr)
            if options.record is not None:
                row = {"seed": seed.seed, "ground": ground.name, "starts": seed.starts, "broken": seed.broken}
                row |= {"seconds": round(seed.seconds, 1), "problems": seed.problems}
                with options.record.open("a") as out:
                    out.write(json.dumps(row) + "\n")
    faults = sum((seed.broken for seed in done), Counter[str]())
    problems = sum(len(seed.problems) for seed in done)
    print(f"{len(done)} seeds, {sum(s.starts for s in done)} starts, faults {dict(faults)}, {problems} problems,")
    print(f"{time.monotonic() - began:.0f} s on {ground.name}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
