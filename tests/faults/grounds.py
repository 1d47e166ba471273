"""Where deployments are broken: simulated clusters or real control planes, each behind a tap.

This module and what it uses do not import the engine: it sees what a user sees.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.faults.tap import Tap

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ground:
    """Clusters for one network. Users get `kubeconfig`, whose servers are behind `taps`; `direct` is not cut off.
    `player` is the process that plays what runs in real ones."""

    name: str
    preset: str
    kubeconfig: str
    direct: str
    taps: dict[str, Tap]
    player: int = 0

    @property
    def contexts(self) -> list[str]:
        return list(self.taps)


@contextlib.contextmanager
def tapped(name: str, preset: str, direct: str, folder: Path, player: int = 0) -> Iterator[Ground]:
    """A ground for the clusters of a kubeconfig."""
    document: dict[str, Any] = yaml.safe_load(Path(direct).read_text())
    taps: dict[str, Tap] = {}
    with contextlib.ExitStack() as stack:
        for entry in document["clusters"]:
            address, _, port = entry["cluster"]["server"].rpartition(":")
            tap = Tap(int(port))
            stack.callback(tap.close)
            entry["cluster"]["server"] = f"{address}:{tap.port}"
            taps[entry["name"]] = tap
        by_context = {c["name"]: taps[c["context"]["cluster"]] for c in document["contexts"]}
        path = folder / "tapped.kubeconfig"
        path.touch(0o600)
        path.write_text(json.dumps(document))
        yield Ground(name, preset, str(path), direct, by_context, player)


@contextlib.contextmanager
def simulated(preset: str, speed: float, folder: Path) -> Iterator[Ground]:
    """The product's own sandbox, kept up."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bevel_tui", "sandbox", "up", "--preset", preset, "--speed", str(speed)],
        cwd=ROOT,
        env={**os.environ, "XDG_STATE_HOME": str(folder / "state")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        with tapped("simulated clusters", preset, process.stdout.readline().strip(), folder) as ground:
            yield ground
    finally:
        process.terminate()
        process.wait(60)


@contextlib.contextmanager
def real(preset: str, speed: float, folder: Path) -> Iterator[Ground]:
    """Real control planes, with somebody who plays their nodes, pods, gateways and DNS. LookupError: not built."""
    from tests.cluster import binary, planes
    from tests.cluster.playing import Player

    path = binary.find()
    if path is None:
        raise LookupError(f"real control planes are not built: {binary.HOW}")
    network = yaml.safe_load(Path(preset).read_text())
    clusters = network["clusters"]
    running = planes.start(path, folder / "planes", [cluster["context"] for cluster in clusters])
    try:
        simulator = planes.write_kubeconfig(folder / "simulator.kubeconfig", running, user="simulator")
        domains = [cluster["domain"] for cluster in clusters if "domain" in cluster]
        player = Player(simulator, [plane.name for plane in running], domains=domains, speed=speed)
        try:
            direct = planes.write_kubeconfig(folder / "direct.kubeconfig", running)
            name = f"real control planes (Kubernetes {binary.version()})"
            with tapped(name, preset, str(direct), folder, player.process.pid) as ground:
                yield ground
        finally:
            player.stop()
    finally:
        for plane in running:
            plane.stop()
