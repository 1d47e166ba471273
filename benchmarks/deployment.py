"""How close a run comes to its critical path, and what Bevel's documented order would have cost.

Deploys a six-cluster Besu network in the sandbox and prints: run time over the longest path through the plan with
each step's own recorded duration (aim: at most 1.10), the sum of all release durations (Bevel's documented order
installs one release after the other), their ratio, and this process's peak memory (aim: at most 200 MB; the
sandbox and the Helm workers are processes of their own).

    .venv/bin/python benchmarks/deployment.py [--clusters 6] [--speed 1.0]
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
from typing import Any

from bevel_tui import api
from bevel_tui.engine.options import RunOptions
from bevel_tui.network.model import Network
from bevel_tui.plan.graph import longest_path
from bevel_tui.sandbox.process import start


def network(clusters: int) -> Network:
    """One founder with four validators and a member per further cluster."""
    names = [f"c{number + 1}" for number in range(clusters)]
    document: dict[str, Any] = {
        "apiVersion": "bevel-tui/v1",
        "kind": "Network",
        "name": "benchmark",
        "platform": {"type": "besu"},
        "gateway": {"type": "ambassador"},
        "clusters": [
            {"name": name, "context": name, "domain": f"{name}.example.test", "provider": "other"} for name in names
        ],
        "organizations": [
            {"name": f"org{name}", "cluster": name, "besu": {"validators": 0 if number else 4, "members": 1}}
            for number, name in enumerate(names)
        ],
    }
    return Network.model_validate(document)


async def measure(clusters: int, speed: float) -> int:
    """Run once and print the figures; the run's exit code."""
    wanted = network(clusters)
    handle = await start([c.context for c in wanted.clusters], speed=speed)
    durations: dict[str, float] = {}
    releases: dict[str, float] = {}
    try:
        async for event in api.deploy(wanted, RunOptions(kubeconfig=str(handle.kubeconfig), journal=False)):
            if event.type == "step-finished":
                durations[event.step] = event.duration
                if event.kind == "release":
                    releases[event.step] = event.duration
    finally:
        await handle.stop()
    path = sum(durations.get(name, 0.0) for name in longest_path(api.plan(wanted).steps, durations))
    serial = sum(releases.values())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    print(f"clusters            {clusters}, {len(releases)} releases, speed {speed:g}")
    print(f"run                 {event.duration:6.1f} s")
    print(f"critical path       {path:6.1f} s   run / critical path = {event.duration / path:.2f}")
    print(f"one after the other {serial:6.1f} s   documented order / run = {serial / event.duration:.2f}")
    print(f"peak memory         {memory:6.0f} MB")
    return event.exit_code


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clusters", type=int, default=6)
    parser.add_argument("--speed", type=float, default=1.0)
    options = parser.parse_args()
    sys.exit(asyncio.run(measure(options.clusters, options.speed)))
