"""Real control planes for tests. Without the built binary every test that asks for one is skipped, with one line."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.cluster import binary, planes
from tests.cluster.planes import Plane
from tests.cluster.playing import Player

Start = Callable[..., list[Plane]]
Play = Callable[..., Player]


@pytest.fixture(scope="session")
def control_plane() -> Path:
    """The multi-call binary of real Kubernetes."""
    path = binary.find()
    if path is None:
        pytest.skip(f"real control planes are not built: {binary.HOW}")
    return path


@pytest.fixture(scope="module")
def start_planes(
    control_plane: Path, tmp_path_factory: pytest.TempPathFactory, capsys_disabled_print: Callable[[str], None]
) -> Iterator[Start]:
    """``start_planes("east", "west")``: independent clusters of these names, ended with the module."""
    running: list[Plane] = []

    def start(*names: str) -> list[Plane]:
        began = time.monotonic()
        made = planes.start(control_plane, tmp_path_factory.mktemp("planes"), names)
        running.extend(made)
        count = f"{len(made)} control plane{'s' if len(made) > 1 else ''}"
        capsys_disabled_print(f"{count} of Kubernetes {binary.version()} up in {time.monotonic() - began:.1f} s")
        return made

    yield start
    for plane in running:
        plane.stop()


@pytest.fixture(scope="module")
def play() -> Iterator[Play]:
    """``play(planes, domains=..., speed=...)``: somebody plays their nodes and pods, ended with the module."""
    running: list[Player] = []
    numbers = itertools.count()

    def begin(clusters: Sequence[Plane], *, domains: Sequence[str] = (), speed: float = 10.0) -> Player:
        path = clusters[0].folder / f"simulator-{next(numbers)}.kubeconfig"
        kubeconfig = planes.write_kubeconfig(path, list(clusters), user="simulator")
        running.append(Player(kubeconfig, [plane.name for plane in clusters], domains=domains, speed=speed))
        return running[-1]

    yield begin
    for player in running:
        player.stop()


@pytest.fixture(scope="session")
def capsys_disabled_print(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Print a line that is seen although pytest captures output."""
    manager = request.config.pluginmanager.getplugin("capturemanager")

    def say(line: str) -> None:
        if manager is None:
            print(line, flush=True)
            return
        with manager.global_and_fixture_disabled():
            print(f"\n[{line}]", flush=True)

    return say
