"""`bevel-tui check --watch`: all results once, then only what has become different, with the time of day."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from bevel_tui.output import checks
from bevel_tui.output.console import results as paper_of_results
from bevel_tui.output.paper import Paper
from bevel_tui.records.checks import CheckResult
from bevel_tui.views.checks import about, ordered
from bevel_tui.views.words import style, time_of_day, word

Key = tuple[str, str, str, str]


class Watching:
    """Keeps the last round's results. Works on terminals and in pipes alike: it only ever appends lines."""

    def __init__(
        self,
        colour: str = "auto",
        *,
        wide: bool = False,
        paper: Paper | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._paper = paper or paper_of_results(colour=colour)
        self._wide = wide
        self._now = now
        self._known: dict[Key, CheckResult] | None = None
        self._trouble = ""

    def round(self, results: Sequence[CheckResult], *, simulated: Sequence[str] = ()) -> None:
        """Tell a round's results: all of the first one, later those whose status or words about a failure changed."""
        found = {(r.id, r.cluster, r.target, r.vantage): r for r in results}
        before, self._known, self._trouble = self._known, found, ""
        if before is None:
            checks.text(self._paper, results, simulated=simulated, wide=self._wide)
            return
        changed = [result for key, result in found.items() if _differs(before.get(key), result)]
        gone = [result for key, result in before.items() if key not in found]
        for result in ordered(changed):
            was = before.get((result.id, result.cluster, result.target, result.vantage))
            self._line(result, f"{word(was.status)} -> {word(result.status)}" if was else f"new, {word(result.status)}")
            if result.status in ("failed", "warning"):
                for fact in result.evidence:
                    self._paper.line((f"      {fact}", "dim"))
                if result.remedy:
                    self._paper.line(f"      remedy: {result.remedy}")
        for result in ordered(gone):
            self._line(result, "no longer asked")
        if changed or gone:
            self._paper.line(f"{self._time()}  Checks: {checks.counts_in_words(results)}")

    def trouble(self, words: str) -> None:
        """Tell once that the clusters could not be read, and why."""
        if words != self._trouble:
            self._trouble = words
            self._paper.line((f"{self._time()}  {words}", style("failed")))

    def _line(self, result: CheckResult, what: str) -> None:
        seen = "" if result.vantage == "here" else f" from {result.vantage}"
        self._paper.line(
            f"{self._time()}  ",
            (what, style(result.status)),
            f"  {result.cluster}{seen}  {result.id}  {about(result)}",
        )

    def _time(self) -> str:
        return time_of_day(self._now(), None)


def _differs(before: CheckResult | None, now: CheckResult) -> bool:
    if before is None or before.status != now.status:
        return True
    # what is well says other numbers each time (blocks, milliseconds): no news
    return now.status == "failed" and (before.code, before.summary) != (now.code, now.summary)
