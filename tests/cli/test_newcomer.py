"""Somebody with a cluster of their own comes to a Fabric network that runs: a bundle tells them its past, the members
sign them in, their peer joins. No kubeconfig is shared."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.test_handoff import Operator, Run, carry, operators

__all__ = ["operators"]
pytestmark = pytest.mark.sandbox

ROOT = Path(__file__).parents[2]


def document(*names: str) -> str:
    found = yaml.safe_load((ROOT / "presets" / "fabric-two-clusters.yaml").read_text())
    founder, carrier = found["organizations"]
    founder["fabric"] = {"orderers": 1, "peers": 1}
    found["organizations"] = [o for o in (founder, carrier) if o["name"] in names]
    found["platform"]["channels"][0]["participants"] = list(names)
    return yaml.safe_dump(found)


@pytest.fixture
def preset(tmp_path: Path) -> str:
    path = tmp_path / "network.yaml"
    path.write_text(document("supplychain", "carrier"))
    return str(path)


def test_a_newcomer_with_a_cluster_of_its_own(
    bevel: Run, preset: str, operators: tuple[Operator, ...], tmp_path: Path
) -> None:
    founder, newcomer = operators
    alone = tmp_path / "alone.yaml"
    alone.write_text(document("supplychain"))
    mine = [*founder.as_flags, "--kubeconfig", str(founder.kubeconfig)]
    deployed = bevel("--preset", str(alone), *mine, "--yes", "-o", "jsonl")
    assert deployed.returncode == 0, deployed.stdout[-2000:] + deployed.stderr

    founder.start(preset, tmp_path / "founder")
    sent: dict[str, Any] = {}
    bundle = tmp_path / "bundle.yaml"
    deadline = time.monotonic() + 60
    while not sent and time.monotonic() < deadline:
        carry(bevel, preset, founder, newcomer, bundle, sent)
    told = yaml.safe_load(bundle.read_text())["memory"]
    assert json.loads(told["updates.json"])[0]["signers"] == ["supplychain"]
    newcomer.start(preset, tmp_path / "newcomer")
    while (founder.runs or newcomer.runs) and time.monotonic() < deadline + 60:
        for sender, receiver in ((founder, newcomer), (newcomer, founder)):
            if receiver.runs and receiver.waits:
                carry(bevel, preset, sender, receiver, bundle, sent)
        time.sleep(0.1)
    for operator in operators:
        assert operator.process is not None
        assert operator.process.wait(60) == 0, operator.events[-1:]
    installed = [e["release"] for o in operators for e in o.events if e["type"] == "release-applied"]
    assert installed.count("allchannel-update-1") == 1
    assert {"definition", "peer0-allchannel"} <= set(installed)
    assert "genesis" not in installed
    for operator in operators:
        flags = ["--preset", preset, *operator.as_flags, "--kubeconfig", str(operator.kubeconfig)]
        again = bevel("plan", *flags, "--exit-code")
        assert again.returncode == 0, again.stdout + again.stderr
