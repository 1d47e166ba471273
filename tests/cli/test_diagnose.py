"""`bevel-tui diagnose`, `bundle` and `sandbox faults` as their users start them, without any cluster."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
import yaml

FIXTURES = Path(__file__).parents[1] / "diagnosis" / "fixtures"


@pytest.fixture
def saved(tmp_path: Path):
    """Writes the snapshot of a fixture to a file; its path."""

    def write(name: str) -> str:
        fixture = yaml.safe_load((FIXTURES / f"{name}.yaml").read_text(encoding="utf-8"))
        path = tmp_path / "snapshot.json"
        path.write_text(json.dumps(fixture["snapshot"]))
        return str(path)

    return write


def test_a_problem_is_told_with_its_remedy_and_ends_with_seven(bevel, saved) -> None:
    done = bevel("diagnose", "--snapshot", saved("pod-crash/must"), NO_COLOR="1")
    assert done.returncode == 7, done.stderr
    assert "1. ✗ error POD-CRASH  east/org Pod node-0" in done.stdout
    assert "$ kubectl --context east -n org logs node-0 -c main --previous" in done.stdout
    assert "docs/diagnoses.md#pod-crash" in done.stdout
    assert "\x1b[" not in done.stdout


def test_warnings_alone_and_nothing_at_all_end_with_zero(bevel, saved) -> None:
    warned = bevel("diagnose", "--snapshot", saved("node-pressure/must"))
    assert warned.returncode == 0 and "0 root problems, 1 warning" in warned.stdout
    well = bevel("diagnose", "--snapshot", saved("node-pressure/near"))
    assert well.returncode == 0 and well.stdout.startswith("Nothing is wrong.")


@pytest.mark.parametrize(
    ("owner", "said"), [(None, True), ("other", True), ("demo", False)], ids=["nothing", "a-neighbour", "its-own"]
)
def test_of_a_network_that_was_never_deployed_only_that_is_said(
    bevel, tmp_path: Path, owner: str | None, said: bool
) -> None:
    step = {"id": "east/gate", "kind": "release", "cluster": "east", "namespace": "gate", "release": "haproxy"}
    endpoint = {
        "id": "node.org",
        "cluster": "east",
        "organization": "org",
        "release": "node",
        "host": "node.east.example.test",
        "port": 443,
        "service": "node.org:8545",
    }
    check = {
        "id": "protocol",
        "cluster": "east",
        "target": "https://node.east.example.test",
        "status": "failed",
        "summary": "nobody answers",
        "vantage": "here",
    }
    release = {"namespace": "gate", "name": "haproxy", "revision": 1, "status": "deployed", "network": owner}
    cluster = {
        "cluster": "east",
        "now": 1767225600.0,
        "objects": {"Secret": []},
        "releases": [release] if owner else [],
    }
    taken = {
        "version": 1,
        "taken": 1767225600.0,
        "clusters": [cluster],
        "networks": [{"name": "demo", "steps": [step], "endpoints": [endpoint]}],
        "checks": [check],
    }
    (tmp_path / "snapshot.json").write_text(json.dumps(taken))
    done = bevel("diagnose", "--snapshot", str(tmp_path / "snapshot.json"))
    assert ("Nothing of network demo is installed" in done.stdout) is said, done.stdout + done.stderr
    assert ("NET-ANSWER" in done.stdout) is not said
    assert done.returncode == (0 if said else 7)


def test_programs_get_json_and_a_snapshot_can_be_kept(bevel, saved, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json.gz"
    done = bevel("diagnose", "--snapshot", saved("vlt-sealed/must-2"), "-o", "json", "--save", str(kept))
    document = json.loads(done.stdout)
    assert document["roots"] == ["VLT-SEALED/east/org/Pod/node-0"]
    assert document["findings"][0]["doc"] == "docs/diagnoses.md#vlt-sealed"
    assert kept.stat().st_mode & 0o077 == 0
    again = bevel("diagnose", "--snapshot", str(kept), "-o", "json")
    assert json.loads(again.stdout) == document


def test_no_cluster_that_answers_ends_with_three(bevel, saved) -> None:
    done = bevel("diagnose", "--snapshot", saved("api-down/must"))
    assert done.returncode == 3 and "API-DOWN" in done.stdout


@pytest.mark.parametrize("text", ["", "[1, 2]", '{"version": 2}', '{"version": 1, "taken": "x"}', "\x00\x01"])
def test_what_is_no_snapshot_is_said_in_one_sentence(bevel, tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    done = bevel("diagnose", "--snapshot", str(path))
    assert done.returncode == 2
    assert "snapshot-unreadable" in done.stderr and "Traceback" not in done.stderr


def test_a_bundle_of_a_saved_snapshot(bevel, saved, tmp_path: Path) -> None:
    target = tmp_path / "b.tar.gz"
    done = bevel("bundle", "--snapshot", saved("pod-crash/must"), "--to", str(target))
    assert done.returncode == 0 and done.stdout.strip() == str(target)
    with tarfile.open(target) as archive:
        assert "bevel-tui-bundle/clusters/east/logs/org_node-0_main.log" in archive.getnames()


def test_faults_are_listed_and_a_wrong_one_is_said_before_anything_starts(bevel) -> None:
    listed = bevel("sandbox", "faults")
    assert listed.returncode == 0 and len(listed.stdout.splitlines()) >= 30
    assert "image-missing" in listed.stdout and "POD-IMG-NOTFOUND" in listed.stdout
    wrong = bevel("sandbox", "up", "--fault", "nonsense")
    assert wrong.returncode == 2 and "no fault 'nonsense'" in wrong.stderr
