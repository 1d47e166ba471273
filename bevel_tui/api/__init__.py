"""bevel-tui for programs: load a Network, plan it, deploy it, ask whether it can be reached, take it away.

The command line and the screens call these and nothing below. Imports are made when they are needed: loading a
preset costs pydantic, planning nothing more, and only what touches a cluster imports the Kubernetes client.

    network = load("presets/besu-two-clusters.yaml")
    async with contextlib.aclosing(deploy(network)) as events:  # leaving early ends the run cleanly
        async for event in events:
            print(event.type)
"""

from __future__ import annotations

from bevel_tui.api.documents import (
    export_network_yaml,
    footprint,
    import_network_yaml,
    load,
    missing_charts,
    plan,
    secret_problem,
)
from bevel_tui.api.machine import contexts, doctor, log_in, look, terminal_taken
from bevel_tui.api.runs import (
    changes,
    check,
    deploy,
    destroy,
    dns_forms,
    dns_recipe,
    domains,
    prepare,
    private_charts,
    published,
)
from bevel_tui.api.sharing import hand_over, open_bundle, take_over
from bevel_tui.api.watching import (
    act,
    actions,
    bundle,
    diagnose,
    load_snapshot,
    save_snapshot,
    snapshot,
    timeline,
    watch,
)

__all__ = [
    "act",
    "actions",
    "bundle",
    "changes",
    "check",
    "contexts",
    "deploy",
    "destroy",
    "diagnose",
    "dns_forms",
    "dns_recipe",
    "doctor",
    "domains",
    "export_network_yaml",
    "footprint",
    "hand_over",
    "import_network_yaml",
    "load",
    "load_snapshot",
    "log_in",
    "look",
    "missing_charts",
    "open_bundle",
    "plan",
    "prepare",
    "private_charts",
    "published",
    "save_snapshot",
    "secret_problem",
    "snapshot",
    "take_over",
    "terminal_taken",
    "timeline",
    "watch",
]
