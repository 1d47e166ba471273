"""A changed Network in, what would be added, changed, removed or refused out: a pair of plans per file in growth/.

A file names a preset, what had been changed before (`history`, each applied in turn) and the `change`; paths are
dotted, a list element is its index, ``+`` appends, a value of null takes away. Nothing here meets a cluster.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bevel_tui.engine.differences import compare
from bevel_tui.engine.leaving import PREFIX, leaving
from bevel_tui.network.growth import consequences
from bevel_tui.network.load import parse
from bevel_tui.network.model import Network
from bevel_tui.network.past import Past, of_data, to_data
from bevel_tui.plan.build import build
from bevel_tui.records.steps import ReleaseStep

HERE = Path(__file__).parent / "growth"
#: which element of a list it is; the cases name the list
_NAMED = re.compile(r"\[[^\d\]][^\]]*\]$")
PRESETS = Path(__file__).parents[2] / "presets"


def changed(document: dict[str, Any], edits: dict[str, Any]) -> dict[str, Any]:
    result = copy.deepcopy(document)
    for path, value in edits.items():
        *parents, last = path.split(".")
        node: Any = result
        for part in parents:
            node = node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
        if isinstance(node, list):
            if last == "+":
                node.append(value)
            elif value is None:
                del node[int(last)]
            else:
                node[int(last)] = value
        elif value is None:
            del node[last]
        else:
            node[last] = value
    return result


def network(document: dict[str, Any]) -> Network:
    return parse(yaml.safe_dump(document))


def outcome(case: dict[str, Any]) -> dict[str, Any]:
    """What a change means, as the files have it."""
    document = yaml.safe_load((PRESETS / f"{case['preset']}.yaml").read_text())
    past = Past.of(network(document))
    for edits in case.get("history", ()):
        document = changed(document, edits)
        past = past.after(network(document))
    past = of_data(to_data(past), past.applied)  # as a cluster keeps it
    old = build(past.applied, past.after(past.applied))
    wanted = network(changed(document, case["change"]))
    refused = consequences(past, wanted)
    anew: set[str] | None = {one.name for one in refused if one.kind == "move"}
    new = build(wanted, past.after(wanted))
    gone = leaving(old.steps, new.steps, anew=None if any(one.kind == "found" for one in refused) else anew)
    before = {step.id: step for step in old.steps if isinstance(step, ReleaseStep)}
    after = {step.id: step for step in new.steps if isinstance(step, ReleaseStep)}
    names = [step.id.removeprefix(PREFIX) for step in gone.steps if isinstance(step, ReleaseStep)]
    return {
        "add": sorted(after.keys() - before.keys()),
        "change": {
            name: sorted({_NAMED.sub("", d.path) for d in compare(before[name].values, after[name].values)})
            for name in sorted(before.keys() & after.keys())
            if not after[name].once and list(compare(before[name].values, after[name].values))
        },
        "remove": names,
        "refuse": {one.path: one.name for one in refused},
    }


@pytest.mark.parametrize("path", sorted(HERE.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_change_means(path: Path) -> None:
    case = yaml.safe_load(path.read_text())
    expected = {"add": [], "change": {}, "remove": [], "refuse": {}, **case["expect"]}
    expected["add"] = sorted(expected["add"])
    expected["change"] = {name: sorted(paths) for name, paths in expected["change"].items()}
    assert outcome(case) == expected


def test_there_are_cases() -> None:
    assert len(list(HERE.glob("*.yaml"))) >= 15


@pytest.mark.parametrize("preset", sorted(p.stem for p in PRESETS.glob("*.yaml")))
def test_a_network_as_it_was_founded_is_planned_as_if_it_were_new(preset: str) -> None:
    wanted = network(yaml.safe_load((PRESETS / f"{preset}.yaml").read_text()))
    assert build(wanted, Past.of(wanted)).id == build(wanted).id
    past = Past.of(wanted)
    assert of_data(to_data(past), wanted) == past
    assert consequences(past, wanted) == ()
