"""helmfile itself brings a network of two clusters about from an export: order, handoffs, secrets; on simulated clusters."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bevel_tui.export.folder import Target, texts, write
from bevel_tui.export.work import FILL_IN, Work, place
from bevel_tui.helm.charts import ReleaseCharts
from bevel_tui.network.load import load, parse
from bevel_tui.network.model import Network
from bevel_tui.network.save import dump
from bevel_tui.plan.build import build
from bevel_tui.plan.manifests import manifests
from tests.export.helmfile import binary
from tests.tools import binaries

pytestmark = [pytest.mark.sandbox, pytest.mark.usefixtures("kubectl_cache")]
SECRET = "correct-horse-battery"


def network() -> Network:
    """Besu over two clusters, with a password, and storage said so that nothing is left to fill in."""
    document = load("besu-two-clusters").model_dump(mode="json", by_alias=True, exclude_defaults=True)
    document["platform"]["account_password"] = {"env": "ACCOUNT_PASSWORD"}
    for cluster in document["clusters"]:
        cluster["storage"] = {"provisioner": "csi.example.com"}
    document["organizations"][0]["besu"] = {"validators": 1, "members": 1}
    return parse(dump(Network.model_validate(document)))


@pytest.fixture
def clusters(tmp_path: Path) -> Iterator[Path]:
    """Two simulated clusters; their kubeconfig."""
    program = [sys.executable, "-m", "bevel_tui.sandbox", "--contexts=bevel-east,bevel-west", "--speed=50"]
    process = subprocess.Popen(
        [*program, "--follow-parent", "--state", str(tmp_path / "state")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield Path(process.stdout.readline().strip())
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_helmfile_brings_it_about(clusters: Path, tmp_path: Path) -> None:
    program = binary.find()
    if program is None:
        pytest.skip(f"helmfile is not built: {binary.HOW}")
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed, which the handoffs' scripts need")
    try:
        tools = [binaries.helm("4").parent, binaries.kubectl().parent]
    except binaries.BinaryMissingError as missing:
        pytest.skip(str(missing))
    wanted = network()
    plan = build(wanted)
    work = Work(wanted, plan)
    charts = ReleaseCharts(manifests=manifests, simulated=dict.fromkeys(work.clusters(), True))
    trees = {f"charts/{place(s)}": asyncio.run(charts.tree(s)) for s in work.releases}
    folder = tmp_path / "deploy"
    files = texts(wanted, plan, Target("helmfile"))
    assert FILL_IN not in "".join(text for path, text in files.items() if path.startswith("values/"))
    write(folder, files, trees)

    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    environ = {
        **os.environ,
        "PATH": os.pathsep.join([*map(str, tools), os.environ["PATH"]]),
        "KUBECONFIG": str(clusters),
        "ACCOUNT_PASSWORD": SECRET,
        "HOME": str(home),
        **{f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA", "STATE")},
    }

    def helmfile(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(program), *arguments],
            cwd=folder,
            env={**environ, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )

    listed = helmfile("list", "--output", "json")
    assert listed.returncode == 0, listed.stderr
    assert len(json.loads(listed.stdout)) == len(work.releases)
    unset = {name: value for name, value in environ.items() if name != "ACCOUNT_PASSWORD"}
    refused = subprocess.run(
        [str(program), "template"], cwd=folder, env=unset, capture_output=True, text=True, check=False, timeout=150
    )
    assert refused.returncode != 0
    assert "ACCOUNT_PASSWORD" in refused.stderr

    done = helmfile("sync")
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"

    def kubectl(*arguments: str) -> str:
        found = subprocess.run(
            [str(binaries.kubectl()), *arguments], env=environ, capture_output=True, text=True, check=True, timeout=60
        )
        return found.stdout

    for step in work.releases:
        releases = kubectl(
            "--context",
            work.context(step.cluster),
            "-n",
            str(step.namespace),
            "get",
            "secrets",
            "-l",
            "owner=helm",
            "-o",
            "json",
        )
        deployed = [
            item["metadata"]["labels"]["name"]
            for item in json.loads(releases)["items"]
            if item["metadata"]["labels"]["status"] == "deployed"
        ]
        assert step.release in deployed
    genesis = folder / "charts/west/carrier-bes/genesis/files/genesis.json"
    there = kubectl(
        "--context", "bevel-east", "-n", "supplychain-bes", "get", "configmap", "besu-genesis", "-o", "json"
    )
    assert genesis.read_text() == json.loads(there)["data"]["genesis.json"]
    written = [path for path in folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert written == []
