"""Real control planes for tests. Without the built binary every test that asks for one is skipped, with one line."""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.cluster import binary, contract, planes
from tests.cluster.contract import Asker, Server
from tests.cluster.planes import Plane
from tests.cluster.playing import Player

_ONE = "test_real_control_planes_are_built"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without the binary one skipped test says so, instead of each of many."""
    if binary.find() is not None:
        return
    left_out = [item for item in items if _needs_binary(item)]
    items[:] = [item for item in items if item not in left_out]
    for item in items:
        if item.name == _ONE:
            reason = f"{len(left_out)} tests need real control planes, which are not built: {binary.HOW}"
            item.add_marker(pytest.mark.skip(reason=reason))


def _needs_binary(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function) or item.name == _ONE:
        return False
    real = hasattr(item, "callspec") and item.callspec.params.get("server") == "real"
    return real or "control_plane" in item.fixturenames


Start = Callable[..., list[Plane]]
Play = Callable[..., Player]


@pytest.fixture(scope="session")
def control_plane() -> Path:
    """The multi-call binary of real Kubernetes."""
    path = binary.find()
    assert path is not None, "tests without it are left out when they are collected"
    return path


class Starter:
    """Starts independent clusters, tells how long that took, and ends them."""

    def __init__(self, path: Path, factory: pytest.TempPathFactory, say: Callable[[str], None]) -> None:
        self.path, self.factory, self.say = path, factory, say
        self.running: list[Plane] = []

    def __call__(self, *names: str) -> list[Plane]:
        began = time.monotonic()
        made = planes.start(self.path, self.factory.mktemp("planes"), names)
        self.running += made
        count = f"{len(made)} control plane{'s' if len(made) > 1 else ''}"
        self.say(f"{count} of Kubernetes {binary.version()} up in {time.monotonic() - began:.1f} s")
        return made

    def stop(self) -> None:
        for plane in self.running:
            plane.stop()


@pytest.fixture(scope="module")
def start_planes(
    control_plane: Path, tmp_path_factory: pytest.TempPathFactory, say: Callable[[str], None]
) -> Iterator[Start]:
    """``start_planes("east", "west")``: independent clusters of these names, ended with the module."""
    starter = Starter(control_plane, tmp_path_factory, say)
    yield starter
    starter.stop()


@pytest.fixture(scope="session")
def shared_plane(
    control_plane: Path, tmp_path_factory: pytest.TempPathFactory, say: Callable[[str], None]
) -> Iterator[Plane]:
    """One cluster for all tests that keep to a namespace of their own."""
    starter = Starter(control_plane, tmp_path_factory, say)
    (plane,) = starter("east")
    yield plane
    starter.stop()


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
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Print a line that is seen although pytest captures output."""
    manager = request.config.pluginmanager.getplugin("capturemanager")

    def show(line: str) -> None:
        if manager is None:
            print(line, file=sys.stderr, flush=True)
            return
        with manager.global_and_fixture_disabled():  # stderr: the workers of pytest-xdist have no other way out
            print(f"\n[{line}]", file=sys.stderr, flush=True)

    return show


# ---------------------------------------------------------------- the contract of the API servers


@pytest.fixture(params=["sandbox", "real"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    """Each API server in turn, with the users of `planes.USERS`."""
    if request.param == "real":
        plane: Plane = request.getfixturevalue("shared_plane")
        yield Server(plane.server, plane.ca.decode(), plane.tokens, plane.forget)
        return
    from bevel_tui.sandbox.apiserver import SimulatedCluster

    async with SimulatedCluster("east", bookmark_interval=1.0) as cluster:
        users = {name: cluster.add_user(name, group) for name, group in planes.USERS.items()}
        tokens = {name: user.token for name, user in users.items()}
        yield Server(cluster.url, cluster.authority.pem.decode(), tokens, cluster.store.compact)


_numbers = itertools.count()


@pytest.fixture
async def ask(server: Server) -> AsyncIterator[Asker]:
    """Asks a server and writes the answers down; they are compared when the test's function has returned."""
    async with contract.session(server) as session:
        asker = Asker(server, session, f"t{os.getpid()}-{next(_numbers)}")
        await asker.raw("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", planes.READERS)
        await asker.raw("POST", "/api/v1/namespaces", {"metadata": {"name": "{ns}"}})
        await asker.until("/api/v1/namespaces/{ns}/serviceaccounts/default", lambda status, _: status == 200)
        yield asker
        await asker.raw("DELETE", "/api/v1/namespaces/{ns}")


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """A contract test that went well so far passes if its answers are the recorded ones."""
    result = yield
    asker = pyfuncitem.funcargs.get("ask")
    if isinstance(asker, Asker):
        real = "real" in pyfuncitem.callspec.params.values()
        contract.compare(pyfuncitem.originalname.removeprefix("test_"), asker.transcript, real=real)
    return result
