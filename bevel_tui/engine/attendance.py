"""What a run does about the orders of a `RunControl`, besides what the executor does: its books and its events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bevel_tui.engine.control import Budget
from bevel_tui.engine.executor import Task
from bevel_tui.records.events import BudgetExtended, RunHeld, RunPaused, StepRequeued

if TYPE_CHECKING:
    from bevel_tui.engine.runner import Run


class Attended:
    """The executor's `Attendance` for a run. While it is paused or held its budget stands still."""

    def __init__(self, run: Run, budget: Budget) -> None:
        self._run = run
        self._budget = budget
        self._paused = self._held = False

    def paused(self, paused: bool) -> None:
        """Nothing new starts from now on, or it does again."""
        self._paused = paused
        self._run.emit(RunPaused(paused=paused))
        self._clock()

    def held(self, failed: tuple[str, ...]) -> None:
        """Nothing is left to do but to try these again; empty: the run goes on."""
        self._held = bool(failed)
        self._run.emit(RunHeld(steps=failed))
        self._clock()

    def requeued(self, task: Task) -> None:
        """What had ended has not ended."""
        self._run.finished.discard(task.id)
        self._run.results.pop(task.id, None)
        self._run.emit(StepRequeued(step=task.id, cluster=self._run.steps[task.id].cluster))

    def extended(self, task: Task | None, seconds: float, budget: float | None) -> None:
        """A running step, or the whole run, has more time."""
        if task is None and not self._budget.add(seconds):
            return
        self._run.emit(BudgetExtended(step=task.id if task is not None else None, seconds=seconds, budget=budget))

    def _clock(self) -> None:
        if self._paused or self._held:
            self._budget.stand()
        else:
            self._budget.go()
