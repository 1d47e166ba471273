"""Deploy a network from a CI job: what would change, the deployment, whether it can be reached, and a report to keep.

    python examples/pipeline.py my-network.yaml report.html

The exit code is that of `bevel-tui` (docs/exit-codes.md): 0 done, 5 deployed but not reachable, ... Contexts come from
$KUBECONFIG, secrets from the variables that the preset names. Nothing asks a question.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

from bevel_tui import api
from bevel_tui.engine.options import RunOptions
from bevel_tui.records.errors import BevelError
from bevel_tui.records.events import RunFinished, StepFinished
from bevel_tui.views.report import facts, page
from bevel_tui.views.state import RunView


async def pipeline(preset: str, report: Path) -> int:
    """Deploy and write the report; the exit code."""
    network = api.load(preset)  # BevelError: what is wrong with the preset, all of it, with lines
    options = RunOptions(timeout=3600)
    changes = await api.changes(network, options)
    if not changes:
        print("nothing to change")
    for change in changes:
        print(f"will change: {change}")

    view, code = RunView(), 1
    async with contextlib.aclosing(api.deploy(network, options)) as events:
        async for event in events:
            view.apply(event)
            if isinstance(event, StepFinished) and event.outcome not in ("ok", "unchanged"):
                print(f"{event.step} {event.outcome}: {event.reason}", file=sys.stderr)
            if isinstance(event, RunFinished):
                code = event.exit_code
    report.write_text(page.render(facts.of(view)), encoding="utf-8")
    print(f"{network.name}: {view.finished.outcome if view.finished else 'broken off'}, report in {report}")
    return code


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(pipeline(sys.argv[1], Path(sys.argv[2]))))
    except BevelError as error:
        print(f"{error.code}: {error.message}", *error.details, error.remedy, sep="\n", file=sys.stderr)
        sys.exit(int(error.exit_code))
