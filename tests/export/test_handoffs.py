"""The scripts that carry handoffs take what the engine takes, byte for byte: real sh and jq, kubectl played."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bevel_tui.engine.material import extract, recoded
from bevel_tui.export.folder import Target, texts
from bevel_tui.export.handoffs import outgoing, script, slug
from bevel_tui.export.work import Work
from bevel_tui.network import shipped
from bevel_tui.network.load import load
from bevel_tui.network.sides import seen_by
from bevel_tui.plan.build import build
from bevel_tui.records.steps import HandoffStep

pytestmark = pytest.mark.skipif(shutil.which("jq") is None or shutil.which("sh") is None, reason="needs sh and jq")

#: answers `get` with a file and `logs` with another, and keeps what is applied
KUBECTL = """#!/bin/sh
printf '%s\\n' "$*" >> "$PLAY/calls"
case "$*" in
  *" get "*) cat "$PLAY/source.json" ;;
  *" logs "*) cat "$PLAY/log" ;;
  *" apply "*) cat > "$PLAY/applied.json" ;;
esac
"""


def sample(handoff: HandoffStep) -> dict[str, Any]:
    """An object such as the handoff's source, with something beside that must not go."""
    text = 'first "line"\nsecond\n'
    if handoff.member:
        text = json.dumps({handoff.member: {"a": "b"}, "seedling": "stays"})
    for field in handoff.keep_fields:
        tree = json.loads(text) if text.startswith("{") else {"data": {"rest": "stays"}}
        node = tree
        *path, last = field.split(".")
        for part in path:
            node = node.setdefault(part, {})
        node[last] = f"value of {field}"
        text = json.dumps(tree)
    data = dict.fromkeys([*handoff.keep, *([handoff.key] if handoff.key else [])], text) | {"stays.here": "private"}
    if handoff.source.kind == "Secret":
        data = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    about = {"name": handoff.source.name, "namespace": handoff.source.namespace, "annotations": {"x": "y"}}
    return {"apiVersion": "v1", "kind": handoff.source.kind, "metadata": about, "data": data}


CASES = {f"{name}: {h.id}": (name, h) for name in shipped.names() for h in Work(load(name), build(load(name))).handoffs}
#: one of each shape: sources and targets differ in kind, key, member, fields
SHAPES = {
    (
        h.source.kind,
        h.key is None,
        len(h.keep),
        h.keep_base64,
        h.member is None,
        len(h.keep_fields),
        h.log is None,
        h.target_object.kind if h.target_object else "file",
    ): case
    for case, (_, h) in CASES.items()
}


@pytest.mark.parametrize("case", sorted(SHAPES.values()))
def test_scripts_take_what_the_engine_takes(case: str, tmp_path: Path) -> None:
    name, handoff = CASES[case]
    work = Work(load(name), build(load(name)))
    play, folder = tmp_path / "play", tmp_path / "export"
    (folder / "handoffs").mkdir(parents=True)
    play.mkdir()
    (play / "kubectl").write_text(KUBECTL)
    (play / "kubectl").chmod(0o755)
    source = sample(handoff)
    (play / "source.json").write_text(json.dumps(source))
    if handoff.log is not None:
        wanted = matching(handoff.log.pattern)
        (play / "log").write_text(f"noise\n{wanted[0]}\nmore noise\n")
    path = folder / "handoffs" / f"{slug(handoff)}.sh"
    path.write_text(script(work, handoff, "charts/x" if handoff.target_file else None))
    env = {**os.environ, "PATH": f"{play}{os.pathsep}{os.environ['PATH']}", "PLAY": str(play)}
    subprocess.run(["sh", path], env=env, check=True, capture_output=True, text=True)

    calls = (play / "calls").read_text()
    assert f"--context {work.context(handoff.cluster)} -n {handoff.source.namespace}" in calls
    if handoff.target_file:
        found = (folder / "charts/x" / handoff.target_file).read_bytes()
        expected = extract(handoff, source).content
        if handoff.key is None or handoff.member or handoff.keep_fields:
            assert json.loads(found) == json.loads(expected)
        else:
            assert found == expected
        return
    applied = json.loads((play / "applied.json").read_text())
    assert handoff.target_object is not None
    into = handoff.target_object
    assert (applied["kind"], applied["metadata"]) == (into.kind, {"name": into.name, "namespace": into.namespace})
    if handoff.log is not None:
        assert applied["data"] == {handoff.key: wanted[1]}
        return
    expected_data = recoded(extract(handoff, source).data, handoff.source.kind, into.kind)
    assert decoded(applied["data"], into.kind) == decoded(expected_data, into.kind)


def decoded(data: dict[str, str], kind: str) -> dict[str, Any]:
    found = {}
    for key, value in data.items():
        text = base64.b64decode(value).decode() if kind == "Secret" else value
        found[key] = json.loads(text) if text.startswith("{") else text
    return found


def matching(pattern: str) -> tuple[str, str]:
    """A line that a log pattern of the plan matches, and the word it takes."""
    word = "12D3KooW" + "AbCdEfGhJkLmNpQrStUvWxYz12345678" + "ABCDEFGHJKLM"
    line = f"peer_id: {word}"
    found = re.fullmatch(pattern, line)
    if found is None:
        raise LookupError(pattern)
    return line, found[1]


@pytest.mark.parametrize("preset", ["besu-two-clusters", "fabric-two-clusters", "corda-enterprise-two-clusters"])
def test_between_operators_a_file_goes(preset: str, tmp_path: Path) -> None:
    """One side's script leaves a file that the other side's script takes; neither asks the other's cluster."""
    whole = load(preset)
    founder, other = (o.name for o in whole.organizations[:2])
    contexts = {c.name: c.context for c in whole.clusters}
    for own in (founder, other):
        network = seen_by(whole, [own])
        plan = build(network)
        work = Work(network, plan)
        for handoff in work.handoffs:
            assert handoff.crossing is not None
            play, folder = tmp_path / own / "play", tmp_path / own / slug(handoff)
            play.mkdir(parents=True, exist_ok=True)
            (folder / "handoffs").mkdir(parents=True)
            (play / "kubectl").write_text(KUBECTL)
            (play / "kubectl").chmod(0o755)
            (play / "calls").write_text("")
            (play / "source.json").write_text(json.dumps(sample(handoff)))
            path = folder / "handoffs" / "x.sh"
            path.write_text(script(work, handoff, "charts/x"))
            env = {**os.environ, "PATH": f"{play}{os.pathsep}{os.environ['PATH']}", "PLAY": str(play)}
            given = tmp_path / "given"
            given.write_text("{}")
            extra = ["given"] if handoff.crossing == "import" else []
            subprocess.run(["sh", path, *extra], env=env, cwd=tmp_path, check=True, capture_output=True, text=True)
            calls = (play / "calls").read_text()
            if handoff.crossing == "export":
                assert (folder / outgoing(handoff)).stat().st_size > 0
                assert f"--context {contexts[handoff.target_cluster]} " not in calls
            else:
                assert f"--context {contexts[handoff.cluster]} " not in calls
                if handoff.target_file:
                    assert (folder / "charts/x" / handoff.target_file).read_text() == "{}"
        for engine in ("flux", "argocd", "helmfile"):
            files = texts(network, plan, Target(engine, store="store"))
            told = files["README.md"]
            for handoff in work.handoffs:
                assert f"{slug(handoff)}.sh" in told
                assert f"{slug(handoff)}.sh" not in files.get("helmfile.yaml", "")
