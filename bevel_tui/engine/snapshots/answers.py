"""What checks said, and whether it still counts.

While a deployment is at work nothing that is asked is promised yet: a failure then says nothing, and neither does one
from before once the deployment has changed what it was about. Both are told as skipped until a later round has asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from bevel_tui.records.checks import CheckResult

_REASON = "A deployment is at work: what is not reachable now may still come."


class Answers:
    """Results by network and cluster, each round with the moment at which it began, and when each network was last
    seen at work. `clock` gives seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rounds: dict[tuple[str, str], tuple[float, tuple[CheckResult, ...]]] = {}
        self._worked: dict[str, float] = {}

    def begin(self) -> float:
        """The moment at which a round begins: `put` wants it."""
        return self._clock()

    def put(self, network: str, cluster: str, began: float, results: tuple[CheckResult, ...]) -> None:
        """The results of a round over one cluster; they take the place of the round before."""
        self._rounds[network, cluster] = (began, results)

    def at_work(self, network: str) -> None:
        """A deployment of the network is seen at work at this moment."""
        self._worked[network] = self._clock()

    def all(self) -> tuple[CheckResult, ...]:
        """All that is known; failures and warnings that do not count as skipped, with the reason."""
        return tuple(
            _void(result) if began <= self._worked.get(network, float("-inf")) else result
            for (network, _), (began, results) in self._rounds.items()
            for result in results
        )


def _void(result: CheckResult) -> CheckResult:
    if result.status in {"ok", "skipped"}:
        return result
    evidence = (result.summary, *result.evidence)
    changed = {"status": "skipped", "summary": _REASON, "evidence": evidence, "remedy": None, "command": None}
    return result.model_copy(update=changed)
