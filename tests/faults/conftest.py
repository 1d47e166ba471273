"""The ground for faults that are injected in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bevel_tui import api
from bevel_tui.sandbox.process import ClusterSpec, serve
from tests.faults.scene import Scene

SPEED = 25.0


@pytest.fixture
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    """The preset named by the test's parameter (besu-one-cluster when there is none), undeployed."""
    network = api.load(getattr(request, "param", "besu-one-cluster"))
    specs = [ClusterSpec(cluster.context) for cluster in network.clusters]
    domains = [cluster.domain for cluster in network.clusters if cluster.domain]
    async with serve(specs, speed=SPEED, state_dir=tmp_path / "state", domains=domains) as running:
        yield Scene(network, running)
