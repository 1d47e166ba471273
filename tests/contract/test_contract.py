"""Do plans install what Bevel's documented command sequences install, object by object?

Releases with chart and namespace, the order that dependencies impose, and every rendered object with the parts that
count. Deliberate differences stand in deviations.yaml.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from bevel_tui.platforms.registry import platform
from bevel_tui.records.steps import ReleaseStep, Step
from tests.contract.summaries import summary
from tests.contract.topologies import TOPOLOGIES, Topology

HERE = Path(__file__).parent


@dataclass
class Deviations:
    """The listed differences, and which of them were met."""

    releases: list[dict[str, str]]
    differences: list[dict[str, str]]
    used: set[int] = field(default_factory=set)

    @classmethod
    def read(cls) -> Deviations:
        data = yaml.safe_load((HERE / "deviations.yaml").read_text())
        for entry in [*data["releases"], *data["differences"]]:
            assert entry.get("facts"), f"no facts section: {entry}"
            assert entry.get("reason"), f"no reason: {entry}"
        return cls(data["releases"], data["differences"])

    def ours(self, topology: str, namespace: str, release: str) -> str:
        for entry in self.releases:
            if fnmatchcase(topology, entry["topology"]) and entry["readme"] == f"{namespace}/{release}":
                self.used.add(id(entry))
                return entry["ours"]
        return release

    def allowed(self, topology: str, release: str, difference: str) -> bool:
        for entry in self.differences:
            if (
                fnmatchcase(topology, entry["topology"])
                and fnmatchcase(release, entry["release"])
                and fnmatchcase(difference, entry["difference"])
            ):
                self.used.add(id(entry))
                return True
        return False

    def unused(self) -> list[dict[str, str]]:
        return [entry for entry in [*self.releases, *self.differences] if id(entry) not in self.used]


def renamed(value: Any, old: str, new: str) -> Any:
    """`value` with a release's name replaced throughout, but not where it is part of the namespace's."""
    if old == new:
        return value
    if isinstance(value, str):
        return re.sub(rf"{re.escape(old)}(?!-(?:bes|net|quo|subs)(?![a-z]))", new, value)
    if isinstance(value, list):
        return [renamed(item, old, new) for item in value]
    if isinstance(value, dict):
        return {key: renamed(item, old, new) for key, item in value.items()}
    return value


#: what stands in front of a Corda release's name, and what looks like one but is a volume's, a file's or a namespace's
_BEFORE = re.compile(r"(?:[A-Za-z]+/)?(?:enterprise-node-|corda-node-|storage-)?")
_OTHER = re.compile(r"(?:node|notary)-(?:nodeinfo|h2|cordapps|logs|volume|initial.*)|node\.conf|[a-z]+-(?:ns|ent)")


def renamed_at_start(value: Any, old: str, new: str) -> Any:
    """`value` with a release's name replaced where a string begins with it: Corda's are called `node` and `notary`."""
    if isinstance(value, str):
        found = _BEFORE.match(value)
        before = found.group() if found else ""
        rest = value[len(before) :]
        mine = re.match(rf"{re.escape(old)}(?![a-z0-9])", rest) and not _OTHER.fullmatch(value)
        return f"{before}{new}{rest[len(old) :]}" if mine else value
    if isinstance(value, list):
        return [renamed_at_start(item, old, new) for item in value]
    if isinstance(value, dict):
        return {key: renamed_at_start(item, old, new) for key, item in value.items()}
    return value


def contract_objects(line: Mapping[str, Any], ours: str) -> dict[str, dict[str, Any]]:
    """The objects of a documented line by ``Kind/name``, in our release's name."""
    found = {}
    for entry in line["objects"]:
        rest = {k: v for k, v in entry.items() if k not in ("kind", "name", "namespace")}
        if "images" in rest:
            rest["images"] = sorted(set(rest["images"]))
        if "keys" in rest:
            rest["keys"] = sorted(rest["keys"])
        rename = renamed_at_start if line["chart"] in ("corda-node", "enterprise-node") else renamed
        found[rename(f"{entry['kind']}/{entry['name']}", line["release"], ours)] = rename(rest, line["release"], ours)
    return found


def differences(expected: dict[str, dict[str, Any]], planned: dict[str, dict[str, Any]]) -> list[str]:
    """``- Kind/name``, ``+ Kind/name`` and ``Kind/name field: ours != theirs``."""
    found = [f"- {name}" for name in expected if name not in planned]
    found += [f"+ {name}" for name in planned if name not in expected]
    for name in expected.keys() & planned.keys():
        for key in sorted(expected[name].keys() | planned[name].keys()):
            theirs, ours = expected[name].get(key), planned[name].get(key)
            if key == "keys" and set(ours) <= set(theirs):
                continue  # a sketch leaves out what nobody reads
            if theirs != ours:
                found.append(f"{name} {key}: {ours} != {theirs}")
    return sorted(found)


@pytest.fixture(scope="module")
def deviations() -> Deviations:
    return Deviations.read()


def releases(topology: Topology) -> dict[tuple[str, str], ReleaseStep]:
    steps = platform(topology.platform).steps(topology.network)
    return {(s.namespace or "", s.release): s for s in steps if isinstance(s, ReleaseStep)}


@pytest.mark.parametrize("topology", TOPOLOGIES, ids=lambda t: t.name)
def test_plan_installs_what_the_readme_installs(topology: Topology, contract: Any, deviations: Deviations) -> None:
    planned = releases(topology)
    module = platform(topology.platform)
    met, problems = set(), []
    for line in contract[topology.platform][topology.lines]:
        assert "error" not in line
        namespace = line["namespace"]
        name = deviations.ours(topology.name, namespace, line["release"])
        step = planned.get((namespace, name))
        if step is None:
            problems.append(f"{namespace}/{name}: not planned")
            continue
        met.add((namespace, name))
        if (step.chart, step.chart_version) != (line["chart"], line["version"]):
            problems.append(
                f"{namespace}/{name}: {step.chart} {step.chart_version} instead of {line['chart']} {line['version']}"
            )
        ours = {f"{m['kind']}/{m['metadata']['name']}": summary(m) for m in module.manifests(step)}
        assert list(ours) == [f"{e.ref.kind}/{e.ref.name}" for e in step.expects], "expects follows from the sketch"
        for difference in differences(contract_objects(line, name), ours):
            if not deviations.allowed(topology.name, f"{namespace}/{name}", difference):
                problems.append(f"{namespace}/{name}: {difference}")
    unlisted = set() if topology.partial else planned.keys() - met
    problems += [
        f"{namespace}/{name}: planned, but in no line"
        for namespace, name in unlisted
        if planned[namespace, name].origin != "own"
    ]
    assert not problems, "\n" + "\n".join(problems)


@pytest.mark.parametrize("topology", TOPOLOGIES, ids=lambda t: t.name)
def test_documented_order_satisfies_every_dependency(topology: Topology, contract: Any, deviations: Deviations) -> None:
    """The README's order is one of those that the plan allows: we ask for nothing it would break."""
    steps: dict[str, Step] = {s.id: s for s in platform(topology.platform).steps(topology.network)}
    planned = releases(topology)
    position = {
        planned[line["namespace"], deviations.ours(topology.name, line["namespace"], line["release"])].id: index
        for index, line in enumerate(contract[topology.platform][topology.lines])
    }

    def releases_before(step: str, seen: set[str]) -> set[str]:
        for need in steps[step].needs if step in steps else ():
            if need not in seen:
                seen.add(need)
                releases_before(need, seen)
        return seen

    wrong = [
        f"{need} before {step}"
        for step in position
        for need in releases_before(step, set())
        if need in position and position[need] > position[step]
    ]
    assert wrong == []


def test_every_deviation_is_used(contract: Any) -> None:
    fresh = Deviations.read()
    for topology in TOPOLOGIES:
        with contextlib.suppress(AssertionError):
            test_plan_installs_what_the_readme_installs(topology, contract, fresh)
    assert fresh.unused() == []
