"""``python tests/cluster/playing.py KUBECONFIG CONTEXT... --speed N``: plays nodes, pods, gateways and DNS of clusters.

A process of its own, so that what runs in the clusters is as foreign to the code under test as anybody's containers,
and so that tests can kill one without the other. It is the sandbox's conductor over real API servers: their own
controllers and scheduler do the rest. Prints one line when everything is in place; ends when stdin is closed.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from bevel_tui.kube.client import KubeClient
from bevel_tui.sandbox.conductor import Conductor
from bevel_tui.sandbox.process import save_memory

ROOT = Path(__file__).parents[2]


async def play(kubeconfig: Path, contexts: Sequence[str], domains: Sequence[str], speed: float) -> None:
    """Play these contexts until stdin ends."""
    loop = asyncio.get_running_loop()
    end = asyncio.Event()

    def readable() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            loop.remove_reader(sys.stdin.fileno())
            end.set()

    async with AsyncExitStack() as stack:
        clients = {}
        for context in contexts:
            clients[context] = await KubeClient.connect(context, str(kubeconfig))
            stack.push_async_callback(clients[context].close)
        conductor = Conductor(speed=speed, controllers=False)
        stack.push_async_callback(conductor.stop)
        await conductor.start(clients, domains=tuple(domains))
        print("playing", flush=True)
        loop.add_reader(sys.stdin.fileno(), readable)
        await end.wait()


class Player:
    """The child process: it ends with its stdin, however this process ends. `log` holds what the simulator complained about."""

    def __init__(self, kubeconfig: Path, contexts: Sequence[str], *, domains: Sequence[str] = (), speed: float) -> None:
        self.log = kubeconfig.with_suffix(".player.log")
        command = [sys.executable, __file__, str(kubeconfig), *contexts, "--speed", str(speed)]
        for domain in domains:
            command += ["--domain", domain]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                start_new_session=True,
            )
        assert self.process.stdout is not None
        if self.process.stdout.readline() != b"playing\n":
            self.stop()
            raise RuntimeError(f"the simulator did not start: {self.log.read_text()[-3000:]}")

    def stop(self) -> None:
        """End it; the clusters' objects stay as they are."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def main() -> None:
    """The command line above."""
    parser = argparse.ArgumentParser(description="Plays what runs in clusters.")
    parser.add_argument("kubeconfig", type=Path)
    parser.add_argument("contexts", nargs="+")
    parser.add_argument("--domain", action="append", default=[])
    parser.add_argument("--speed", type=float, default=1.0)
    options = parser.parse_args()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    # what a server refused a controller, which tries again
    logging.getLogger("bevel_tui.sandbox").setLevel(logging.DEBUG)
    save_memory()
    asyncio.run(play(options.kubeconfig, options.contexts, options.domain, options.speed))


if __name__ == "__main__":
    main()
