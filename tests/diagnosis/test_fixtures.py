"""Every code has a snapshot that must yield exactly it, and near misses that must not. One test, all data.

A fixture names the source of every message in it; the snapshots are read as `bevel-tui diagnose --snapshot` reads them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from bevel_tui.diagnosis.catalogue import BY_CODE, CATALOGUE, GROUPS, page
from bevel_tui.diagnosis.diagnose import diagnose
from bevel_tui.diagnosis.words import WORDS
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshotfile import from_tree, to_tree
from bevel_tui.sandbox.faults.catalogue import FAULTS
from tests.diagnosis.record import comparable, cut

FIXTURES = Path(__file__).parent / "fixtures"
DOCS = Path(__file__).parents[2] / "docs"
FILES = sorted(FIXTURES.glob("*/*.yaml"))


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_fixture(path: Path) -> None:
    fixture = read(path)
    code = path.parent.name.upper()
    assert code in BY_CODE
    assert fixture["source"]
    snapshot = from_tree(fixture["snapshot"])
    assert from_tree(to_tree(snapshot)) == snapshot
    found = diagnose(snapshot)
    if path.stem.startswith("must"):
        following = fixture.get("consequences", [])
        assert [finding.code for finding in found.findings] == [code, *following], [
            f.model_dump() for f in found.findings
        ]
        assert [finding.code for finding in found.roots] == [code]
        finding = found.findings[0]
        assert finding.severity in {BY_CODE[code].severity, "warning"}
        assert finding.cause.endswith((".", ")", "…")) or finding.evidence
        assert "CONTEXT" not in (finding.command or "") + finding.remedy
    else:
        assert [finding.code for finding in found.findings] == fixture.get("yields", [])


def test_commands_of_ours_that_are_named_exist() -> None:
    from bevel_tui.cli import COMMANDS

    said = page() + "".join(finding.remedy + (finding.command or "") for path in FILES for finding in found(path))
    named = set(re.findall(r"bevel-tui ([a-z]+)", said)) - {"deploys", "knows", "get"}
    assert named <= set(COMMANDS), named
    assert {"check", "destroy"} <= named


def _made(meta: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(meta["creationTimestamp"].replace("Z", "+00:00")).timestamp()


def found(path: Path) -> tuple[Finding, ...]:
    return diagnose(from_tree(read(path)["snapshot"])).findings


def test_every_code_has_both_kinds_of_fixture() -> None:
    folders = {path.name.upper(): [p.stem for p in path.glob("*.yaml")] for path in FIXTURES.iterdir()}
    assert set(folders) == set(BY_CODE)
    for code, names in folders.items():
        assert any(name.startswith("must") for name in names), code
        assert any(name.startswith("near") for name in names), code


def test_every_fault_of_the_sandbox_is_recorded() -> None:
    """`python -m tests.diagnosis.record` does so; faults of names need a whole deployment, and have a test of their own."""
    recorded = {
        path.stem.partition("sandbox-")[2]: path.parent.name.upper() for path in FILES if "sandbox-" in path.stem
    }
    assert recorded == {f.name: f.code for f in FAULTS if f.trouble is None or f.trouble.at not in {"type", "announce"}}


def test_a_recording_is_comparable_and_stays_what_it_is() -> None:
    snapshot = from_tree(read(FIXTURES / "quota" / "must-sandbox-quota.yaml")["snapshot"])
    assert cut(snapshot, "east", "quota") == snapshot
    assert diagnose(cut(snapshot, "east", "elsewhere")).findings == ()
    earlier = comparable(dataclasses.replace(snapshot, taken=snapshot.taken - 3600))
    before, moved = (one.clusters[0].of("Namespace")[0]["metadata"] for one in (snapshot, earlier))
    assert _made(moved) == _made(before) + 3600 and moved["uid"] == before["uid"]


def test_the_catalogue_is_whole() -> None:
    assert len(BY_CODE) == len(CATALOGUE) >= 60
    assert {entry.group for entry in CATALOGUE} == set(GROUPS)
    assert {words.code for words in WORDS} == {entry.code for entry in CATALOGUE if entry.log} | {"VLT-SEALED"}, (
        "a log is the signal of those codes only that say so"
    )


def test_the_page_is_made_of_the_catalogue() -> None:
    assert (DOCS / "diagnoses.md").read_text(encoding="utf-8") == page() + "\n"


def test_commands_name_the_kubeconfig_that_was_given() -> None:
    def said(code: str) -> Finding:
        snapshot = from_tree(read(FIXTURES / code / "must.yaml")["snapshot"])
        return diagnose(snapshot, kubeconfig="/my files/config").findings[0]

    file = "--kubeconfig '/my files/config'"
    gone, failed = said("helm-gone").command or "", said("helm-failed").command or ""
    assert gone.startswith(f"kubectl {file} --context east ") and gone.endswith(f"bevel-tui --preset net.yaml {file}")
    assert failed.startswith(f"helm {file} --kube-context ")
