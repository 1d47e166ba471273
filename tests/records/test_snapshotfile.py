"""A snapshot as a file: what is saved is read back, and what does not fit is named by its path."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bevel_tui.records.checks import CheckResult
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.snapshot import Access, ClusterSnapshot, LedgerFigures, NetworkFacts, PlannedStep, Snapshot
from bevel_tui.records.snapshotfile import VERSION, from_tree, load, save, to_tree

words = st.text(st.characters(blacklist_categories=("Cs",)), max_size=8)
times = st.floats(0, 4e9)
objects = st.dictionaries(
    words, st.lists(st.dictionaries(words, st.none() | words | st.integers() | st.lists(words)), max_size=2).map(tuple)
)
clusters = st.builds(
    ClusterSnapshot,
    cluster=words,
    now=times,
    objects=objects,
    logs=st.dictionaries(words, st.lists(words, max_size=2).map(tuple), max_size=2),
    access=st.builds(Access, latency=st.none() | times, skew=st.none() | times),
)
snapshots = st.builds(
    Snapshot,
    taken=times,
    clusters=st.lists(clusters, max_size=2).map(tuple),
    networks=st.just(()) | st.just((NetworkFacts("n", steps=(PlannedStep("s", "release", "east", needs=("a",)),)),)),
    ledgers=st.just(()) | st.builds(lambda h: (LedgerFigures("east", "o", "n", height=h),), st.none() | st.integers()),
)


@given(snapshots)
def test_what_is_saved_is_read_back(snapshot: Snapshot) -> None:
    assert from_tree(to_tree(snapshot)) == snapshot


@pytest.mark.parametrize("name", ["s.json", "s.json.gz"])
def test_a_file_is_its_owners_alone(tmp_path: Path, name: str) -> None:
    check = CheckResult(
        id="dns", cluster="east", target="a.example.test", vantage="here", status="ok", summary="leads there", duration=0.1
    )  # fmt: skip
    snapshot = Snapshot(5.0, (ClusterSnapshot("east", 4.0, {"Pod": ({"metadata": {"name": "p"}},)}),), checks=(check,))
    snapshot.clusters[0].find("Pod", None, "p")  # what is derived is not saved
    save(snapshot, tmp_path / name)
    assert load(tmp_path / name) == snapshot
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


CLUSTER = {"cluster": "east", "now": 1}


@pytest.mark.parametrize(
    ("tree", "where"),
    [
        ({}, "taken: field required"),
        ({"taken": "noon"}, "taken: input should be a valid number"),
        ({"taken": 1, "clusters": 3}, "clusters: input should be a valid tuple"),
        ({"taken": 1, "clusters": [{**CLUSTER, "bla": 3}]}, "clusters.0.bla: "),
        ({"taken": 1, "clusters": [{**CLUSTER, "memo": {}}]}, "clusters.0.memo: "),
        ({"taken": 1, "clusters": [{**CLUSTER, "access": {"state": "hm"}}]}, "clusters.0.access.state: "),
        ({"taken": 1, "checks": [{"id": "dns"}]}, "checks.0.cluster: "),
        ({"taken": 1, "version": 2}, "version 2 is not 1"),
    ],
)
def test_what_does_not_fit_is_named_by_its_path(tmp_path: Path, tree: dict[str, Any], where: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(yaml.safe_dump({"version": VERSION, **tree}))
    with pytest.raises(BevelError) as refused:
        load(path)
    assert refused.value.code is Code.SNAPSHOT
    assert where in refused.value.message


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\x1f\x8b\x00", "\u00e9".encode("latin-1")])
def test_a_file_that_is_none_is_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "s.json"
    path.write_bytes(raw)
    with pytest.raises(BevelError) as refused:
        load(path)
    assert refused.value.code is Code.SNAPSHOT


def test_a_file_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    """In a process of its own: how deep Python goes is a setting that other tests change."""
    path = tmp_path / "s.json"
    path.write_bytes(b"[" * 100_000)
    command = [sys.executable, "-m", "bevel_tui", "diagnose", "--snapshot", str(path)]
    told = subprocess.run(command, check=False, capture_output=True, text=True)
    assert told.returncode == 2
    assert "is not a snapshot" in told.stderr
    assert "Traceback" not in told.stderr
