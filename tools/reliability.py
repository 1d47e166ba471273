"""Writes docs/reliability.md from what a test run measured: nothing in it is typed by hand.

    .venv/bin/pytest tests/cluster tests/faults tests/engine --junitxml results.xml
    .venv/bin/python -m tests.faults.soak --seeds 200 --on real --lanes 3 --record soak.jsonl
    .venv/bin/python tools/reliability.py results.xml soak.jsonl > new.md && mv new.md docs/reliability.md

Tests hand over figures with pytest's `record_property`. Only tests that passed count.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "reliability.md"
ORDER = (
    "## Broken at random moments, and started again",
    "## Killed at every event",
    "## Presets on real control planes",
    "## The sandbox against real Kubernetes",
    "## Broken on purpose",
)
HEAD = """# What has been tried

Written by `tools/reliability.py` from the results of a test run; do not edit. Figures are of one machine and one run.
"""


class Case:
    """One test that passed: where it stands, its name with parameters, and the figures that it handed over."""

    def __init__(self, element: ET.Element) -> None:
        self.file = element.get("classname", "").replace(".", "/")
        self.name = element.get("name", "")
        self.figures = {p.get("name", ""): p.get("value", "") for p in element.iter("property")}


def passed(path: str) -> Iterator[Case]:
    """The tests of a JUnit file that passed."""
    for element in ET.parse(path).iter("testcase"):  # noqa: S314 - our own file
        if not any(element.find(what) is not None for what in ("failure", "error", "skipped")):
            yield Case(element)


def presets(cases: list[Case]) -> Iterator[str]:
    """Deployments on real control planes, and what a second run changed."""
    rows = [c.figures for c in cases if "preset" in c.figures]
    if not rows:
        return
    yield "## Presets on real control planes\n"
    yield (
        "Real API servers, controllers, schedulers and etcd, one set per cluster; nodes, kubelets, gateways and DNS are "
        "played. Requests are counted from the API servers' audit logs: those that change something, access reviews "
        "aside.\n"
    )
    yield "| preset | charts | clusters | releases | seconds | changing requests | of a second run |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for row in sorted(rows, key=lambda r: (r["preset"], r["charts"])):
        yield f"| {row['preset']} | {row['charts']} | {row['clusters']} | {row['releases']} | {row['seconds']} | {row['first']} | {row['second']} |"
    yield ""


def contract(cases: list[Case]) -> Iterator[str]:
    """How much is asked of the sandbox and of real API servers alike."""
    sides = Counter(
        "real" if "[real" in c.name else "sandbox"
        for c in cases
        if "test_contract_" in c.file and "driver" not in c.file
    )
    drivers = Counter(c.name.partition("[")[2].strip("]").split("-")[0] for c in cases if "contract_drivers" in c.file)
    drivers = Counter({name: count for name, count in drivers.items() if name in {"helm4", "helm3", "sdk"}})
    if not sides:
        return
    asked = sum(len(json.loads(path.read_text())) for path in (ROOT / "tests/cluster/answers").glob("*.json"))
    yield "## The sandbox against real Kubernetes\n"
    yield (
        f"{asked} answers of a real API server are on record (`tests/cluster/answers`); {sides['real']} tests hold the "
        f"real one to them and {sides['sandbox']} the sandbox."
    )
    if drivers:
        listed = ", ".join(f"{name} {count}" for name, count in sorted(drivers.items()))
        yield f"Tests that each Helm driver passes on real API servers: {listed}."
    yield ""


def faults(cases: list[Case]) -> Iterator[str]:
    """What was broken on purpose, and what then happened: what the tests say of themselves."""
    rows = importlib.import_module("tests.faults.catalogue").rows
    passed = {f"{case.file}.py::{case.name.partition('[')[0]}" for case in cases}
    yield "## Broken on purpose\n"
    yield "Each is injected, and what then happens is asserted.\n"
    yield "| fault | what happens | test |"
    yield "|---|---|---|"
    found = list(rows())
    yield from (f"| {row.fault} | {row.outcome} | `{row.test}` |" for row in found)
    left = [row.test for row in found if row.test not in passed]
    yield f"\n{len(found) - len(left)} of {len(found)} passed in the run that this was written from."
    yield ""


def killed(cases: list[Case]) -> Iterator[str]:
    """Presets that were killed at every event, in virtual time."""
    found = [case.figures for case in cases if "killed" in case.figures]
    if not found:
        return
    events = sum(int(row["events"]) for row in found)
    states = sum(int(row["states"]) for row in found)
    yield "## Killed at every event\n"
    yield (
        f"{len(found)} presets, with a recording Helm and clusters in memory, in virtual time: {events} events, which "
        f"leave {states} different states behind. From each the next start ends in the state of an undisturbed run; Helm "
        "does to each release once what the repair table says; what was done is not done again.\n"
    )
    yield "| preset | events | states |"
    yield "|---|---:|---:|"
    yield from (f"| {row['killed']} | {row['events']} | {row['states']} |" for row in found)
    yield ""


def soak(seeds: list[dict[str, Any]]) -> Iterator[str]:
    """Runs that were broken at random moments and started again, the ones that did not end well included."""
    if not seeds:
        return
    broken = sum((Counter(seed["broken"]) for seed in seeds), Counter[str]())
    bad = [seed for seed in seeds if seed["problems"]]
    yield "## Broken at random moments, and started again\n"
    destroyed = sum(bool(seed.get("destroyed")) for seed in seeds)
    yield (
        f"{len(seeds)} seeds on {seeds[0]['ground']}, {sum(seed['starts'] for seed in seeds)} starts, {broken.total()} "
        "faults. Each seed deploys, is broken, is started until it ends by itself, and is compared with a run that was "
        "not broken (objects without uids and times): no release installed twice, nothing missing, nothing too much, no "
        f"temporary folder left. {destroyed} of them were then destroyed with their data, which must leave what was "
        "there before.\n"
    )
    yield "| network | clusters | gateway | seeds | starts | faults | destroyed | without any problem |"
    yield "|---|---:|---|---:|---:|---:|---:|---:|"
    for name in sorted({seed["network"] for seed in seeds}):
        mine = [seed for seed in seeds if seed["network"] == name]
        described = yaml.safe_load((ROOT / "tests" / "faults" / f"{name}.yaml").read_text())
        cells = (
            f"`tests/faults/{name}.yaml`",
            len(described["clusters"]),
            described["gateway"]["type"],
            len(mine),
            sum(seed["starts"] for seed in mine),
            sum(sum(seed["broken"].values()) for seed in mine),
            sum(bool(seed.get("destroyed")) for seed in mine),
            sum(not seed["problems"] for seed in mine),
        )
        yield f"| {' | '.join(map(str, cells))} |"
    yield ""
    yield "| what was killed or cut | times |"
    yield "|---|---:|"
    yield from (f"| {what} | {times} |" for what, times in broken.most_common())
    yield f"\n{len(seeds) - len(bad)} of {len(seeds)} seeds without any problem." + (" The others:\n" if bad else "")
    for seed in bad:
        first = seed["problems"][0]
        shown = first if len(first) <= 240 else f"{first[:239]}…"
        yield f"- seed {seed['seed']}: {shown}"
    yield ""


def sections(text: str) -> dict[str, str]:
    """The chapters of a document by their headings."""
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)[1:]
    return {part.partition("\n")[0]: part.rstrip() for part in parts}


def main() -> None:
    """The command line above. A chapter for which these results hold nothing stays as it is."""
    records = [path for path in sys.argv[1:] if path.endswith(".jsonl")]
    cases = [case for path in sys.argv[1:] if path not in records for case in passed(path)]
    seeds = [json.loads(line) for path in records for line in Path(path).read_text().splitlines()]
    lines = [*soak(seeds), *killed(cases), *presets(cases), *contract(cases), *faults(cases)]
    before, made = sections(DOCUMENT.read_text()), sections("\n".join(lines))
    # what these results say first, in the document's order; then what only the document has
    kept = {**before, **made}
    chapters = [kept.pop(heading) for heading in ORDER if heading in kept]
    sys.stdout.write("\n\n".join([HEAD.rstrip(), *chapters, *kept.values()]) + "\n")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
