"""`kubectl bevel`: kubectl's own flags mean here what they mean there, wherever they stand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bevel_tui import api
from bevel_tui.cli import behind
from bevel_tui.network.sides import ours
from bevel_tui.records.errors import BevelError

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("--context east diagnose", "diagnose --context east"),
        ("-n a --kubeconfig=k --context east handoff import f", "handoff import f -n a --kubeconfig=k --context east"),
        ("--preset p --context east", "--preset p --context east"),
        ("--context east --yes plan", "--context east --yes plan"),
        ("diagnose -n a", "diagnose -n a"),
        ("--context", "--context"),
        ("", ""),
    ],
)
def test_flags_before_a_command_go_behind_it(typed: str, meant: str) -> None:
    assert behind(typed.split()) == meant.split()


def test_a_namespace_names_the_organizations_that_live_there() -> None:
    network = api.load("besu-two-clusters", namespaces=["carrier-bes"])
    assert ours(network) == ("carrier",)
    both = api.load("besu-two-clusters", own=["supplychain"], namespaces=["carrier-bes"])
    assert ours(both) == ("supplychain", "carrier")
    with pytest.raises(BevelError, match="lives in namespace nowhere") as caught:
        api.load("besu-two-clusters", namespaces=["nowhere"])
    assert "supplychain-bes, carrier-bes" in str(caught.value.remedy)


@pytest.fixture
def plugin() -> Path:
    found = Path(sys.executable).parent / "kubectl-bevel"
    if not found.exists():
        pytest.skip("the console scripts of this environment are from elsewhere")
    return found


def test_kubectl_finds_the_plugin(plugin: Path, tmp_path: Path) -> None:
    """Through kubectl where there is one: it runs the program of that name on PATH, with the arguments as they are."""
    kubectl = shutil.which("kubectl")
    start = [kubectl, "bevel"] if kubectl else [str(plugin)]
    path = f"{plugin.parent}{os.pathsep}{os.environ['PATH']}"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*start, *arguments],
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    assert run("plan", "--help").stdout.startswith("Usage: kubectl bevel plan ")
    told = run("--context", "east=mine", "-n", "carrier-bes", "plan", "--preset", "besu-two-clusters")
    assert told.returncode == 0, told.stderr
    assert "waits for a bundle from supplychain" in told.stdout
    missing = str(tmp_path / "absent")
    for flags in (["--kubeconfig", missing, "diagnose"], ["diagnose", "--kubeconfig", missing]):
        refused = run(*flags)
        assert refused.returncode == 3 and missing in refused.stderr, refused
    refused = run("diagnose", "-n", "nowhere", "--preset", "besu-two-clusters")
    assert refused.returncode == 2 and "lives in namespace nowhere" in refused.stderr
