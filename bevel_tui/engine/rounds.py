"""What the check steps of one run know together: a cluster's answers are compared with every other one's.

Two meetings: when every cluster's checks from here are answered, and when every cluster's pod has looked. Whoever
cannot come (its step failed or was stopped) says so, so that nobody waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from bevel_tui.reachability.inside.paths import Look
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.steps import Endpoint


class Meeting:
    """Everybody comes, or is excused; then all go on."""

    def __init__(self, members: Iterable[str]) -> None:
        self._missing = set(members)
        self._all = asyncio.Event()
        if not self._missing:
            self._all.set()

    def leave(self, member: str) -> None:
        """Said once by everybody, whether they have something to tell or not; again does nothing."""
        self._missing.discard(member)
        if not self._missing:
            self._all.set()

    async def wait(self) -> None:
        """Until everybody was here."""
        await self._all.wait()


class CheckRounds:
    """`results` are the newest answers from here, `looks` those from inside, as far as they are known."""

    def __init__(self, steps: Iterable[str]) -> None:
        members = tuple(steps)
        self.here = Meeting(members)
        self.inside = Meeting(members)
        self._results: dict[tuple[str, str, str], CheckResult] = {}
        self.looks: dict[str, Look] = {}
        #: endpoints by cluster, with the addresses that were found out
        self.endpoints: dict[str, tuple[Endpoint, ...]] = {}

    @property
    def results(self) -> list[CheckResult]:
        """The newest answer to every question from here."""
        return list(self._results.values())

    def answered(self, result: CheckResult) -> None:
        """An answer; it takes the place of an earlier one to the same question."""
        self._results[result.id, result.cluster, result.target] = result

    def forget(self, cluster: str) -> None:
        """A cluster is asked anew from the beginning."""
        self._results = {key: result for key, result in self._results.items() if result.cluster != cluster}

    def leave(self, step: str) -> None:
        """A step ends, however: nobody waits for it any more."""
        self.here.leave(step)
        self.inside.leave(step)
