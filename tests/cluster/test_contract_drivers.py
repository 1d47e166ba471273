"""Contract: every Helm driver against real API servers, with the very tests that run against the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.conftest import Play, Start
from tests.cluster.planes import write_kubeconfig
from tests.helm.conftest import driver, east, namespace, west  # noqa: F401 - fixtures
from tests.helm.test_drivers_contract import *  # noqa: F403 - the tests
from tests.helm.test_drivers_contract import site  # noqa: F401 - a fixture

pytestmark: list[pytest.MarkDecorator] = []


@pytest.fixture(scope="module")
def sandbox_kubeconfig(start_planes: Start, play: Play) -> Iterator[Path]:
    """Two real clusters in the place of the simulated ones; somebody plays their pods."""
    clusters = start_planes("east", "west")
    play(clusters, speed=20.0)
    yield write_kubeconfig(clusters[0].folder / "kubeconfig", clusters)
