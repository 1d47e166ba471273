"""On a real terminal: from a broken network to its repair, with keys only."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import cast

import pytest

from bevel_tui import api
from bevel_tui.engine.options import RunOptions
from bevel_tui.sandbox.conductor import Conductor
from bevel_tui.sandbox.process import ClusterSpec, serve
from tests.ui.terminal import terminal

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
    pytest.mark.timeout(400),
]

FAULT = "crash:*genesis*"


async def test_a_broken_network_is_mended_from_the_dashboard(tmp_path: Path) -> None:
    network = api.load("besu-one-cluster")
    context = network.clusters[0].context
    async with serve([ClusterSpec(context)], speed=30, state_dir=tmp_path / "state", faults=[FAULT]) as running:
        kubeconfig = str(running.kubeconfig)
        async for event in api.deploy(network, RunOptions(kubeconfig=kubeconfig, journal=False)):
            last = event
        assert last.outcome == "failed"  # type: ignore[union-attr]

        loop = asyncio.get_running_loop()

        def mend() -> None:
            with terminal(tmp_path, "dashboard", "--kubeconfig", kubeconfig, size=(100, 30)) as person:
                person.wait("JOB-BACKOFF", "simulated", "besu-one-cluster")
                person.keys("1")
                person.wait("What is wrong, roots on top")
                person.keys("Enter")
                person.wait("a acts, o shows the object", "BackoffLimitExceeded")  # not the preview: the screen
                person.keys("a")
                person.wait("What shall be done?", "Run the Job again")
                person.keys("1")
                person.wait(
                    "The same by hand", "kubectl --kubeconfig"
                )  # the whole of it is typed in tests/engine/test_actions.py
                # a thread of its own types; the sandbox belongs to the loop
                loop.call_soon_threadsafe(cast("Conductor", running.conductor).world.troubles.heal, FAULT)
                person.keys("d")
                person.wait("over: it is not seen any more")
                person.keys("Escape")
                person.wait("HELM-MISSING", "5 of 6 releases")
                person.keys("C-q")
                person.wait("left with 0")

        await asyncio.to_thread(mend)
        async for event in api.deploy(network, RunOptions(kubeconfig=kubeconfig, journal=False)):
            last = event
        assert last.outcome == "ok"  # type: ignore[union-attr]
