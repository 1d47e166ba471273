"""A part of a plan, for tests that need no more of a network than what one of its steps stands on."""

from __future__ import annotations

from dataclasses import replace

from bevel_tui.plan.graph import Plan


def up_to(plan: Plan, *ids: str) -> Plan:
    """The plan with these steps and all that they need, directly or not."""
    steps = {step.id: step for step in plan.steps}
    wanted: set[str] = set()
    queue = list(ids)
    while queue:
        name = queue.pop()
        wanted.add(name)
        queue += [need for need in steps[name].needs if need not in wanted]
    return replace(plan, steps=tuple(step for step in plan.steps if step.id in wanted))
