"""Reachability: the checks as they are answered, what the clusters see of each other, and the summary to keep."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical

from bevel_tui.ui.base import BaseScreen
from bevel_tui.ui.help import helped
from bevel_tui.ui.palette import Command
from bevel_tui.ui.widgets.lines import Lines
from bevel_tui.views import panels, reach
from bevel_tui.views.calling import call
from bevel_tui.views.canvas import Canvas

if TYPE_CHECKING:
    from bevel_tui.ui.app import BevelApp
    from bevel_tui.ui.session import Session

LOOK_EVERY = 0.2
_CHECKS = (
    "Checks from the gateway's address to the ledger; o shows only problems.\n\nThey stand in the order in which one "
    "would look for a fault: address, DNS, connection, TLS, ledger. What is not well shows how it is known and what to "
    "do. o shows only that, a every single answer; k asks all again."
)
_SUMMARY = "Endpoints, how to call them, files, next steps; y copies.\n\nWhat is reached only inside a cluster says so."
_MATRIX = "What each cluster sees of the others' gateways: the way that the ledger takes.\n\nA pod in each cluster asks. A row is who looked, a column what was looked at; here is this machine."


class ReachScreen(BaseScreen):
    """Shows the checks and the summary of a session."""

    heading = "Reachability"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="back", tooltip="Back to the deployment"),
        Binding("o", "problems", "Problems", id="reach.problems", tooltip="Show only what is not well, or all"),
        Binding("a", "every", "All", id="reach.all", tooltip="A line for every answer, also where many are alike"),
        Binding(
            "k",
            "again",
            "Check again",
            id="reach.again",
            tooltip="Ask every check again, from here and from a pod in every cluster; nothing is changed",
        ),
        Binding("y", "copy", "Copy", id="reach.copy", tooltip="Copy endpoints and the lines that call them"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._again: Session | None = None
        self._problems = self._every = False
        self._drawn: tuple[object, ...] = ()
        self._can: tuple[object, ...] = ()

    def body(self) -> ComposeResult:
        yield Lines(id="progress")
        with Container(id="panels"):
            with Vertical(id="asked"):
                yield helped(Lines(id="checks", classes="panel"), _CHECKS)
                yield helped(Lines(id="matrix", classes="panel"), _MATRIX)
            yield helped(Lines(id="summary", classes="panel"), _SUMMARY)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#progress").can_focus = False
        self.query_one("#checks").border_title = "Checks"
        self.query_one("#matrix").border_title = "Between the clusters"
        self.query_one("#summary").border_title = "Summary"
        self.query_one("#summary").focus()
        self.set_interval(LOOK_EVERY, self.look)
        self.look()

    def on_lines_resized(self) -> None:
        """Lines are made for a width."""
        self._drawn = ()
        self.look()

    @property
    def _asked(self) -> Session:
        return self._again or self.session

    def look(self) -> None:
        """Draw what is known now, if it has changed."""
        if not self.is_current or not self.is_mounted:
            return
        view, now = self._asked.view, cast("BevelApp", self.app).clock()
        state = (view.revision, int(now) if view.finished is None else 0, self._problems, self._every, id(view))
        if state == self._drawn:
            return
        self._drawn = state
        ran = self.session.view
        self.header.network, self.header.simulated = self.session.network, bool(ran.simulated)
        progress = self.query_one("#progress", Lines)
        canvas = Canvas(max(20, progress.size.width - 2))
        progress.show([panels.progress(view, now, canvas)[0], reach.counts(view, canvas)])
        checks, matrix, summary = (self.query_one(f"#{name}", Lines) for name in ("checks", "matrix", "summary"))
        lines = reach.checks(view, Canvas(checks.room), problems=self._problems, every=self._every)
        nothing = "Nothing is wrong." if view.checks else "No check has been answered yet."
        checks.border_title = "Problems" if self._problems else "Checks"
        narrow = self.has_class("-narrow")
        seen = reach.matrix(view, Canvas((checks if narrow else matrix).room))
        matrix.display = bool(seen) and not narrow
        matrix.styles.height = min(len(seen) + 2, 14)
        matrix.show(seen)
        lines = lines or [((nothing, "dim"),)]
        checks.show([*seen, (), *lines] if seen and narrow else lines)
        summary.show(
            reach.summary(ran, Canvas(summary.room), places=tuple(self._places()), steps=tuple(self._next_steps()))
        )
        can = tuple(self.check_action(action, ()) for action in ("again", "copy"))
        if can != self._can:
            self._can = can
            self.refresh_bindings()

    def _places(self) -> Iterable[tuple[str, str]]:
        deployment, report = self.session.deployment, self.session.report
        if deployment is not None and deployment.preset:
            yield "preset", deployment.preset
        if report is not None:
            yield "report", str(report / "report.html")
            yield "the same, and every event, in", str(report)

    def _next_steps(self) -> Iterable[str]:
        deployment, finished = self.session.deployment, self.session.view.finished
        if deployment is None or finished is None:
            return
        preset = deployment.preset
        if not preset:
            yield "Ctrl+S on the review saves the preset: with it all of this is repeated, checked and changed."
            return
        if deployment.clusters is not None:
            yield f"bevel-tui sandbox up --preset {preset}   (simulated clusters to keep, for kubectl and helm)"
            return
        if finished.exit_code == 0:
            yield f"bevel-tui check --preset {preset}   (ask all of this again)"
            yield f"bevel-tui plan --preset {preset} --diff   (see what a changed preset would do)"
        else:
            yield f"bevel-tui --preset {preset}   (go on where this run stopped)"

    # ------------------------------------------------------------ actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that can do nothing now are not shown."""
        if not self.is_mounted:
            return super().check_action(action, parameters)
        if action == "again":
            deployment = self.session.deployment
            idle = self._again is None or not self._again.running
            return deployment is not None and self.session.view.finished is not None and idle
        if action == "copy":
            return bool(self.session.view.endpoints)
        return super().check_action(action, parameters)

    def action_problems(self) -> None:
        """Only what is not well, or all."""
        self._problems = not self._problems
        self.look()

    def action_every(self) -> None:
        """A line for every answer, or one for many that are alike."""
        self._every = not self._every
        self._problems = False
        self.look()

    def action_again(self) -> None:
        """Ask every check again."""
        self._again = self.session.checked_again()
        cast("BevelApp", self.app).sessions.append(self._again)
        self.look()

    def action_copy(self) -> None:
        """Endpoints or calls."""
        from bevel_tui.ui.widgets.copying import CopyDialog

        view = self.session.view
        outside = [endpoint for endpoint in view.endpoints if endpoint.exposed]
        self.app.push_screen(
            CopyDialog(
                [
                    ("Addresses", "", "\n".join(endpoint.url for endpoint in outside)),
                    ("Calls", "", "\n".join(call(endpoint, view.platform) for endpoint in outside)),
                ]
            )
        )

    def commands(self) -> Iterable[Command]:
        """What the palette offers here besides the keys."""
        yield Command("Show the live panels", "The deployment's own screen", lambda: cast("BevelApp", self.app).show_run(self.session))  # fmt: skip
