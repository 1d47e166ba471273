"""An action is chosen, shown with its effect and the command that does the same, confirmed, and carried out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bevel_tui.records.actions import Action
from bevel_tui.ui import dialog
from bevel_tui.ui.dialog import Answer, Dialog
from bevel_tui.views.words import clean

if TYPE_CHECKING:
    from textual.screen import Screen

    from bevel_tui.ui.dashboard.source import Source
    from bevel_tui.ui.session import Session

#: a network's name -> deploy it again, on a screen of its own; None where that is not wired
Retry = Callable[[str], None]

_NAMES = {
    "restart-pod": "Restart the pod",
    "rerun-job": "Run the Job again",
    "retry-release": "Bring the release about again",
    "rollback": "Roll back",
    "rerun-checks": "Ask the checks again",
}

_ANOTHER = """\
No run of this program is going on. One that another process began takes orders from that process only: press x there.

If it has no screen, let it reach its limit; then the same command with more time continues where it ended:
  bevel-tui --preset FILE --timeout 2h"""


def offer(screen: Screen[None], source: Source, actions: Sequence[Action], retry: Retry | None) -> None:
    """Ask which, then whether; then do it. Says so where nothing can be done."""
    if source.readonly:
        screen.notify("Read-only: nothing is changed from here (--readonly).", severity="warning")
        return
    if not actions:
        screen.notify("There is nothing that can be done about this from here; its remedy says what can.")
        return
    letters = iter("123456789")
    answers = tuple(
        Answer(str(number), clean(f"{_NAMES[action.kind]}: {action.name}"), next(letters))
        for number, action in enumerate(actions)
    )

    def chosen(answer: str | None) -> None:
        if answer is not None:
            _confirm(screen, source, actions[int(answer)], retry)

    screen.app.push_screen(Dialog("What shall be done?", "Each is shown and asked before it happens.", answers), chosen)


def _confirm(screen: Screen[None], source: Source, action: Action, retry: Retry | None) -> None:
    async def carry_out() -> None:
        done = await source.act(action)
        screen.notify(clean(done.message), severity="information" if done.ok else "error")

    def answered(answer: str | None) -> None:
        if answer != "do":
            return
        if action.kind == "retry-release":
            if retry is None or action.network is None:
                screen.notify(clean(f"Run it yourself: {action.command}"), severity="warning")
            else:
                retry(action.network)
            return
        screen.run_worker(carry_out(), name=action.kind)

    text = clean(action.effect) + "\n\nThe same by hand:\n  " + clean(action.command)
    screen.app.push_screen(
        Dialog(clean(action.title), text, (Answer("not", "Not now", "n"), Answer("do", "Do it", "d", danger=True))),
        answered,
    )


def more_time(screen: Screen[None], source: Source, runs: Sequence[Session]) -> None:
    """Give a run of this process more time, after asking how much. What another process runs takes no orders from here."""
    if source.readonly:
        screen.notify("Read-only: nothing is changed from here (--readonly).", severity="warning")
        return
    run = next((run for run in reversed(runs) if run.running and run.view.finished is None), None)
    if run is None:
        screen.app.push_screen(Dialog("More time", _ANOTHER, (Answer("close", "Close", "c"),)))
        return

    def answered(answer: str | None) -> None:
        if answer is not None:
            run.control.extend(None, 60.0 * int(answer))
            screen.notify(f"{answer} minutes more for the whole run.")

    what = clean(f"The whole {run.view.command} of {run.network or 'a network'} may take so much longer.")
    screen.app.push_screen(dialog.more_time(f"{what}\n\nFor one step: x on the screen of the run."), answered)
