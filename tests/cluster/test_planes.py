"""The control planes themselves: independent, private, and gone with whoever started them."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
import time
import urllib.error
from collections.abc import Callable
from pathlib import Path

import pytest

from bevel_tui.kube.client import ApiError, KubeClient
from tests.cluster import binary
from tests.cluster.planes import Plane, write_kubeconfig

ROOT = Path(__file__).parents[2]
STARTER = """
import sys, pathlib, time
from tests.cluster import binary, planes
(plane,) = planes.start(binary.find(), pathlib.Path(sys.argv[1]), ["orphan"])
print(*(process.pid for process in plane.processes.values()), flush=True)
time.sleep(600)
"""


def test_real_control_planes_are_built(control_plane: Path) -> None:
    out = subprocess.run([control_plane, "kube-apiserver", "--version"], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == f"Kubernetes v{binary.version()}"


async def test_two_clusters_are_two(start_planes: Callable[..., list[Plane]], tmp_path: Path) -> None:
    east, west = start_planes("east", "west")
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", [east, west])
    assert stat.S_IMODE(kubeconfig.stat().st_mode) == 0o600
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "only-here"}}
    async with await KubeClient.connect("east", str(kubeconfig)) as client:
        await client.create(space)
        assert east.mutations() == {"create namespaces/only-here": 1}
    async with await KubeClient.connect("west", str(kubeconfig)) as client:
        assert "only-here" not in {o["metadata"]["name"] for o in await client.list("v1", "Namespace")}
        assert not west.mutations()
    reader = write_kubeconfig(tmp_path / "reader", [east], user="reader")
    async with await KubeClient.connect("east", str(reader)) as client:
        with pytest.raises(ApiError, match="forbidden"):
            await client.create(space)
    with pytest.raises(urllib.error.HTTPError):
        Plane.request(Plane("x", east.folder, east.binary, west.port, west.ca, east.tokens), "GET", "/version")


async def test_an_api_server_comes_back_with_all_it_held(start_planes: Callable[..., list[Plane]]) -> None:
    (plane,) = start_planes("again")
    plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": "kept"}})
    plane.stop("kube-apiserver")
    with pytest.raises(OSError):
        plane.request("GET", "/version")
    plane.spawn_apiserver()
    await asyncio.to_thread(plane.wait_ready)
    assert plane.request("GET", "/api/v1/namespaces/kept")["status"]["phase"] == "Active"


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends orphans on Linux only")
def test_nothing_outlives_a_killed_starter(control_plane: Path, tmp_path: Path) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path / "planes")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout is not None
    pids = [int(word) for word in starter.stdout.readline().split()]
    assert len(pids) == 4
    starter.send_signal(signal.SIGKILL)
    starter.communicate()
    deadline = time.monotonic() + 10
    while any(_runs(pid) for pid in pids):
        assert time.monotonic() < deadline, [pid for pid in pids if _runs(pid)]
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
