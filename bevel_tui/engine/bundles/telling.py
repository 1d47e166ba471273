"""Telling the user that something is ready for others: once per organization and round, not once per certificate.

What one organization waits for comes in rounds: with Fabric the orderers' CA first, then, when its own certificates
have come back, the channel. A round is ready when everything is that waits for the same bundles from outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bevel_tui.network.model import Network
from bevel_tui.plan.sides import awaited, owed, run_needs, senders
from bevel_tui.records.steps import HandoffStep, Step


class Rounds:
    """What is still to be done before each organization can be told."""

    def __init__(self, open_rounds: Mapping[tuple[str, frozenset[str]], set[str]]) -> None:
        self._open = dict(open_rounds)

    @classmethod
    def of(cls, network: Network, steps: Iterable[Step]) -> Rounds:
        """The rounds of a plan as this side sees it."""
        steps = tuple(steps)
        waits = {s.id for s in steps if isinstance(s, HandoffStep) and s.crossing == "import"} | set(awaited(steps))
        needs = run_needs(steps)
        before: dict[str, frozenset[str]] = {}
        for step in steps:
            found = frozenset().union(*(before[need] for need in needs[step.id]))
            before[step.id] = found | {step.id} if step.id in waits else found
        table: dict[tuple[str, frozenset[str]], set[str]] = {}
        for step in steps:
            if isinstance(step, HandoffStep) and step.crossing == "export":
                for name in step.receivers:
                    table.setdefault((name, before[step.id]), set()).add(step.id)
        for owing, dependants in owed(steps).items():
            for name in {name for dependant in dependants for name in senders(network, dependant)}:
                table.setdefault((name, before[owing]), set()).add(owing)
        return cls(table)

    def finished(self, step: str) -> tuple[str, ...]:
        """A step is done; the organizations for whom a round is complete with it."""
        complete = []
        for key, left in self._open.items():
            if step in left:
                left.discard(step)
                if not left:
                    complete.append(key[0])
        return tuple(sorted(complete))
