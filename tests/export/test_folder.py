"""An export as files: real charts where they are at hand, nothing overwritten, scripts that can be run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from bevel_tui.cli import cli
from bevel_tui.export.folder import Target, left_to_do, texts, write
from bevel_tui.network.load import load
from bevel_tui.plan.build import build
from bevel_tui.records.errors import BevelError, Code


def test_nothing_is_written_over_unasked(tmp_path: Path) -> None:
    network = load("besu-two-clusters")
    files = texts(network, build(network), Target("flux"))
    charts = {"charts/x": {"Chart.yaml": b"name: x\n"}}
    assert write(tmp_path / "out", files, charts) == len(files) + 1
    script = next((tmp_path / "out" / "handoffs").iterdir())
    assert os.access(script, os.X_OK)
    with pytest.raises(BevelError) as error:
        write(tmp_path / "out", files, charts)
    assert error.value.code is Code.USAGE
    write(tmp_path / "out", files, charts, force=True)


def test_what_is_left_to_do_is_told() -> None:
    network = load("besu-two-clusters")
    told = left_to_do(network, build(network), Target("flux"))
    assert any("--repository" in line for line in told)
    assert any("2 handoffs are carried by hand" in line for line in told)
    assert not any("handoffs" in line for line in left_to_do(network, build(network), Target("helmfile")))


@pytest.mark.bevel_charts
def test_real_charts_are_in_the_folder(tmp_path: Path) -> None:
    root = os.environ.get("BEVEL_CHARTS")
    if not root:
        pytest.skip("BEVEL_CHARTS is not set")
    found = CliRunner().invoke(
        cli,
        ["export", "--preset", "quorum-one-cluster", "--format", "flux", "-o", str(tmp_path / "o"), "--charts", root],
    )
    assert found.exit_code == 0, found.output
    for path in (tmp_path / "o" / "clusters").rglob("releases/*.yaml"):
        chart = yaml.safe_load(path.read_text())["spec"]["chart"]["spec"]["chart"]
        assert (tmp_path / "o" / chart / "Chart.yaml").is_file()


def test_an_engine_needs_a_folder() -> None:
    found = CliRunner().invoke(cli, ["export", "--preset", "besu-one-cluster", "--format", "flux"])
    assert found.exit_code == 2
    assert "--output is missing" in found.output
