"""One deployment that is broken at seeded moments, started again until it stands, and compared with one left in peace.

This module and what it uses do not import the engine: it sees what a user sees.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

import yaml

from tests.faults.grounds import Ground
from tests.faults.objects import differences, dump, sweep
from tests.faults.processes import Events, command, descendants, follow, kill, kill_a_helm, kill_tree, runs

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
    destroyed: bool = False


@dataclass(frozen=True)
class Yardstick:
    """A run that nobody disturbed: what was there before, what it made, and how many events it had."""

    before: dict[str, Any]
    wanted: dict[str, Any]
    events: int


@dataclass(frozen=True)
class Site:
    """A network in clusters. With a `tag`, which is part of its names, it need not wait until the one before it has gone:
    they are told apart by that, and compared without it."""

    ground: Ground
    preset: str
    scratch: Path
    tag: str = ""

    @classmethod
    def tagged(cls, ground: Ground, scratch: Path, number: int) -> Site:
        """The network of the ground's preset under names of its own."""
        tag = f"s{number:04d}"
        document: dict[str, Any] = yaml.safe_load(Path(ground.preset).read_text())
        document["name"] += tag
        for organization in document["organizations"]:
            organization["name"] += tag
        preset = scratch.with_name(f"{tag}.yaml")
        preset.write_text(yaml.safe_dump(document))
        return cls(ground, str(preset), scratch, tag)

    def start(self, environ: dict[str, str] | None = None) -> Popen[str]:
        """Deploy."""
        return command([*self._where(), "--yes", "-o", "jsonl", "--timeout", BUDGET], self.scratch, environ)

    def destroy(self) -> tuple[int | None, Events]:
        """Take everything away, data included."""
        options = ["--yes", "--purge-data", "-o", "jsonl", "--timeout", BUDGET]
        process = command(["destroy", *self._where(), *options], self.scratch)
        events = follow(process)
        return process.returncode, events

    def sweep(self, before: dict[str, Any]) -> None:
        """Have deleted what was not there before, without waiting for the end of it."""
        asyncio.run(sweep(self.ground.direct, before))

    def dump(self) -> dict[str, Any]:
        """What stands in the clusters, without what bears another network's tag."""
        return asyncio.run(dump(self.ground.direct, self.tag))

    def measure(self) -> Yardstick:
        """Deploy in peace. Raises RuntimeError when that does not end well."""
        before = self.dump()
        process = self.start()
        events = follow(process)
        if process.returncode != 0:
            raise RuntimeError(f"the run without faults ended with {process.returncode}: {events[-1:]}")
        return Yardstick(before, self.dump(), len(events))

    def clear(self, before: dict[str, Any], seed: Seed) -> None:
        """Destroy, and see that it has gone."""
        seed.destroyed = True
        code, events = self.destroy()
        if code:
            seed.problems.append(f"destroy ended with {code}: {events[-1:]}")
        deadline = time.monotonic() + SETTLE
        while (left := differences(before, self.dump())) and time.monotonic() < deadline:
            time.sleep(0.5)  # our own namespace is deleted last, and nobody waits for it
        seed.problems += [f"after destroy: {line}" for line in left]

    def _where(self) -> list[str]:
        return ["--preset", self.preset, "--kubeconfig", self.ground.kubeconfig]


class Breaking:
    """Breaks the deployment of a site, as a seed says."""

    def __init__(self, site: Site, yardstick: Yardstick, number: int, helm: str, ways: Sequence[str] = WAYS) -> None:
        self.site = site
        self.yardstick = yardstick
        self.ways = ways
        self.seed = Seed(number)
        self._chance = random.Random(number)
        self._environ = {"BEVEL_TUI_HELM": self._chance.choice(["sdk", helm])}
        self._applied: dict[str, list[str]] = {}
        self._helms: list[int] = []

    def run(self) -> Seed:
        """Deploy with faults until it stands, and compare."""
        began = time.monotonic()
        seed, taps = self.seed, self.site.ground.taps
        for _ in range(self._chance.randint(1, 3)):
            way, at = self._chance.choice(self.ways), self._chance.randint(2, self.yardstick.events - 1)
            context, pause = self._chance.choice(list(taps)), self._chance.uniform(0.5, 6.0)
            process = self.site.start(self._environ)
            happened: list[str] = []
            events = follow(process, at, self._fault(way, process.pid, context, pause, happened))
            taps[context].mend()
            self._note(events)
            seed.broken.update(happened)
            if (orphans := self._orphans(happened)) is not None:
                seed.problems.append(f"{way} at {at}: {orphans}")
            if process.returncode == 0:
                break
            if happened == ["network"] and not _unbegun(events):
                seed.problems.append(
                    f"cut off for {pause:.1f} s at {at}, it ended with {process.returncode}: {events[-1:]}"
                )
            if not happened:
                seed.problems.append(f"an undisturbed start ended with {process.returncode}: {events[-1:]}")
        process = self.site.start(self._environ)
        events = follow(process)
        self._note(events)
        if process.returncode != 0:
            seed.problems.append(f"the last start ended with {process.returncode}: {events[-1:]}")
        seed.problems += differences(self.yardstick.wanted, self.site.dump())
        seed.problems += [f"{name} was applied again: {how}" for name, how in self._applied.items() if len(how) > 1]
        if left := [path.name for path in self.site.scratch.iterdir()]:
            seed.problems.append(f"temporary folders left: {', '.join(left)}")
        seed.seconds = time.monotonic() - began
        return seed

    def _note(self, events: Events) -> None:
        """What Helm has finished, by release: nothing may be applied again once it was."""
        self.seed.starts += 1
        for event in events:
            if event["type"] == "release-applied":
                name = f"{event['cluster']}/{event['namespace']}/{event['release']}"
                why = [e["text"] for e in events if e["type"] == "notice" and e.get("step") == event["step"]]
                self._applied.setdefault(name, []).append(f"{event['action']} {' '.join(why)}".strip())

    def _fault(self, way: str, pid: int, context: str, pause: float, happened: list[str]) -> Callable[[], None]:
        """What is done to a run; `happened` tells afterwards what really was."""
        tap = self.site.ground.taps[context]

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
                tap.cut()
                time.sleep(pause)
                tap.mend()
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


def _unbegun(events: Events) -> bool:
    """Whether a run ended because a cluster did not answer before anything was changed."""
    return events[-1].get("exit_code") == 3 and not any(event["type"] == "step-started" for event in events)
