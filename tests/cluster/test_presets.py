"""Every shipped preset deploys on real control planes: strict validation, real RBAC, real controllers, real Helm.

Only nodes, kubelets, gateways and DNS are played. Stand-in charts always; Bevel's own where BEVEL_CHARTS is set.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bevel_tui.network.load import load
from tests.cluster.planes import Plane, write_kubeconfig
from tests.cluster.playing import Player

ROOT = Path(__file__).parents[2]
PRESETS = sorted(path.stem for path in (ROOT / "presets").glob("*.yaml"))
SPEED = 20.0
#: for one run: what hangs on a real control plane shall be explained, not waited for
BUDGET = "240s"


def bevel(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bevel_tui", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


def events(result: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def told(result: subprocess.CompletedProcess[str], player: Player) -> str:
    """What a failure leaves behind that explains it."""
    steps = [e for e in events(result) if e["type"] in {"step-failed", "run-finished", "finding"}]
    quiet = [{k: v for k, v in e.items() if k != "endpoints"} for e in steps[-12:]]
    return "\n".join(json.dumps(e)[:800] for e in quiet) + result.stderr[-1500:] + player.log.read_text()[-1500:]


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "charts",
    [
        "stand-in",
        pytest.param(
            "bevel",
            marks=[
                pytest.mark.bevel_charts,
                pytest.mark.skipif("BEVEL_CHARTS" not in os.environ, reason="BEVEL_CHARTS is not set"),
            ],
        ),
    ],
)
@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_deploys_is_reachable_and_stays_as_it_is(
    preset: str,
    charts: str,
    start_planes: Callable[..., list[Plane]],
    play: Callable[..., Player],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    network = load(preset)
    clusters = start_planes(*dict.fromkeys(cluster.context for cluster in network.clusters))
    player = play(clusters, domains=[c.domain for c in network.clusters if c.domain], speed=SPEED)
    try:
        kubeconfig = str(write_kubeconfig(tmp_path / "kubeconfig", clusters))
        common = ["--preset", preset, "--kubeconfig", kubeconfig]
        if charts == "bevel":
            common += ["--charts", os.environ["BEVEL_CHARTS"]]

        first = bevel(*common, "--yes", "-o", "jsonl", "--timeout", BUDGET)
        assert first.returncode == 0, told(first, player)
        found = events(first)
        checks = [e["result"]["status"] for e in found if e["type"] == "check-done"]
        assert set(checks) <= {"ok", "skipped"}, told(first, player)
        assert "ok" in checks or network.gateway.type == "none", "a network behind gateways answers from outside"
        assert found[0]["simulated"] == sorted(cluster.name for cluster in network.clusters)

        before = [plane.mutations() for plane in clusters]
        assert all(before), "requests are counted"
        again = bevel(*common, "--yes", "-o", "jsonl", "--timeout", BUDGET)
        assert again.returncode == 0, told(again, player)
        changed = [dict(plane.mutations() - was) for plane, was in zip(clusters, before, strict=True)]
        assert not any(changed), changed
        record_property("preset", preset)
        record_property("charts", charts)
        record_property("clusters", len(clusters))
        record_property("releases", sum(e["type"] == "release-applied" for e in found))
        record_property("seconds", round(found[-1]["duration"]))
        record_property("first", sum(sum(counted.values()) for counted in before))
        record_property("second", sum(sum(counted.values()) for counted in changed))
    finally:
        player.stop()
        for plane in clusters:
            plane.stop()
