"""How long planning takes: 40 organizations in 10 clusters, and how it grows with their number.

    python benchmarks/planning.py

Prints milliseconds (median of several builds), the straight line through networks of 5 to 40 organizations, how far
the largest one is from that line (far above 1: something grows faster than the network), and the ratio to parsing
the same network's preset, which any plan has to do first. The aim is under 300 ms for the largest.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

from bevel_tui.network.load import parse
from bevel_tui.network.model import Network
from bevel_tui.network.save import dump
from bevel_tui.plan.build import build
from bevel_tui.plan.render import to_json

AIM_MS = 300.0
SIZES = (5, 10, 20, 30, 40)
CLUSTERS = 10


def network(platform: str, organizations: int, clusters: int = CLUSTERS) -> Network:
    """A network whose organizations are spread evenly over its clusters; the first one founds it."""
    roles = {
        "besu": ({"validators": 4, "members": 1}, {"members": 1}),
        "fabric": ({"orderers": 3, "peers": 1}, {"peers": 1}),
    }[platform]
    return Network.model_validate(
        {
            "apiVersion": "bevel-tui/v1",
            "kind": "Network",
            "name": "large",
            "platform": {"type": platform},
            "gateway": {"type": "ambassador" if platform == "besu" else "haproxy"},
            "clusters": [
                {"name": f"c{i}", "context": f"context-{i}", "domain": f"c{i}.example.com"} for i in range(clusters)
            ],
            "organizations": [
                {"name": f"org{i:02}x", "cluster": f"c{i % clusters}", platform: roles[0 if i == 0 else 1]}
                for i in range(organizations)
            ],
        }
    )


def milliseconds(work: Callable[[], object], rounds: int = 7) -> float:
    """Median duration of `work`."""
    spent = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        spent.append((time.perf_counter() - start) * 1000)
    return statistics.median(spent)


def main() -> int:
    """Print the figures; 1 if the aim is missed."""
    missed = False
    for platform in ("besu", "fabric"):
        networks = {size: network(platform, size) for size in SIZES}
        times = {size: milliseconds(lambda n=n: build(n)) for size, n in networks.items()}
        plan = build(networks[SIZES[-1]])
        slope, intercept = statistics.linear_regression(list(times), list(times.values()))
        # the line through the small ones, drawn on to the largest
        small = [size for size in SIZES if size < SIZES[-1]]
        line = statistics.linear_regression(small, [times[size] for size in small])
        expected = line.slope * SIZES[-1] + line.intercept
        text = dump(networks[SIZES[-1]])
        parsing = milliseconds(lambda text=text: parse(text, source="benchmark"), 3)
        print(f"{platform}: {len(plan.steps)} steps of {SIZES[-1]} organizations in {CLUSTERS} clusters")
        print("  build   " + "  ".join(f"{size}: {times[size]:.1f} ms" for size in SIZES))
        print(
            f"  fit     {slope:.2f} ms per organization + {intercept:.1f} ms; largest is {times[40] / expected:.2f} of it"
        )
        print(f"  ratio   {times[40] / parsing:.2f} of parsing its preset ({parsing:.1f} ms)")
        print(f"  JSON    {milliseconds(lambda p=plan: to_json(p), 3):.1f} ms, {len(to_json(plan)) / 1024:.0f} KiB")
        missed |= times[40] > AIM_MS
    print(f"aim: under {AIM_MS:.0f} ms - {'missed' if missed else 'met'}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
