"""The live deployment: what stands, what runs and waits, what needs a person, and the keys that steer the run.

The run is a `Session` of the application; this screen only looks at it, ten times a second at most, and gives orders.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical

from bevel_tui.ui.base import BaseScreen
from bevel_tui.ui.dialog import Answer, Dialog, more_time
from bevel_tui.ui.help import helped
from bevel_tui.ui.palette import Command
from bevel_tui.ui.widgets.lines import Lines
from bevel_tui.ui.widgets.tree import RunTree
from bevel_tui.views import panels
from bevel_tui.views.canvas import Canvas
from bevel_tui.views.parts import BAD, StepView
from bevel_tui.views.words import Line

if TYPE_CHECKING:
    from bevel_tui.ui.app import BevelApp
    from bevel_tui.ui.session import Deployment, Session

#: seconds between two looks at the run
LOOK_EVERY = 0.1
_TABS = ("step", "events", "logs")
_NEEDS = (
    "What needs you, with cause and remedy; y copies records and remedies.\n\nProblems are shown while the run still "
    "waits, DNS records until they are there, and at last how it ended. y copies the records in a form that your DNS takes, or the remedies. The run goes on by itself when what "
    "it waits for is there. A step that has failed is tried again with t."
)
_DETAIL = (
    "The row that is chosen: 1 its state, 2 what happened to it, 3 its logs.\n\nLogs of "
    "Jobs are kept when their pods are gone. Containers that still run are read every two seconds while 3 is shown."
)


class DeployScreen(BaseScreen):
    """Shows a session; given a `Deployment` it begins one."""

    heading = "Deploy"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False, id="back", tooltip="Back; the run goes on"),
        Binding("ctrl+o", "jump", "Jump", show=False, id="jump", tooltip="Show a letter on every panel"),
        Binding("ctrl+q", "app.quit", "Quit", show=False, id="quit", priority=True),
        Binding("p", "pause", "Pause", id="run.pause", tooltip="Start no further step, or go on"),
        Binding("t", "retry", "Retry", id="run.retry", tooltip="Try the failed step again"),
        Binding("x", "extend", "Time", id="run.extend", tooltip="Give the step, or the run, more time"),
        Binding("c", "cancel", "Cancel", id="run.cancel", tooltip="Stop; keep what is there or take it back"),
        Binding("y", "copy", "Copy", id="run.copy", tooltip="Copy DNS records or remedies"),
        Binding("r", "reach", "Checks", id="run.reach", tooltip="Checks, endpoints, next steps"),
        Binding("u", "tab('needs')", "What needs you", show=False, id="panel.needs"),
        Binding("1", "tab('step')", "The step", show=False, id="panel.step"),
        Binding("2", "tab('events')", "Its events", show=False, id="panel.events"),
        Binding("3", "tab('logs')", "Its logs", show=False, id="panel.logs"),
    ]

    def __init__(self, run: Session | Deployment, *, zone: tzinfo | None = None) -> None:
        """`zone` is the time zone of times of day (None: the machine's)."""
        super().__init__()
        self._run: Session | Deployment = run
        self._zone = zone
        self._tab = "step"
        self._chose_tab = False
        self._drawn: tuple[object, ...] = ()
        self._can: tuple[object, ...] = ()
        self._rest = 0.0

    @property
    def session(self) -> Session:
        """The run."""
        from bevel_tui.ui.session import Deployment

        if isinstance(self._run, Deployment):
            self._run = cast("BevelApp", self.app).begin(self._run)
        return self._run

    def body(self) -> ComposeResult:
        yield Lines(id="progress")
        with Container(id="panels"):
            yield RunTree(id="tree", classes="panel")
            with Vertical(id="side"):
                yield helped(Lines(id="needs", classes="panel"), _NEEDS)
                yield helped(Lines(id="detail", classes="panel"), _DETAIL)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#progress").can_focus = False
        tree = self.query_one(RunTree)
        tree.border_title = "Steps"
        tree.focus()
        self.session  # noqa: B018 - begins the run
        self.set_interval(LOOK_EVERY, self._look_in_time)
        self.look()

    def on_screen_resume(self) -> None:
        """Somebody came back."""
        self._drawn = ()
        self._rest = 0.0
        self.look()

    def on_lines_resized(self) -> None:
        """Lines are made for a width."""
        self._drawn = ()
        self.look()

    # ------------------------------------------------------------ looking

    def _now(self) -> float:
        return cast("BevelApp", self.app).clock()

    def _look_in_time(self) -> None:
        """Look, unless the last look was dear: keys come first, so that panels take a quarter of the time at most."""
        began = monotonic()
        if began < self._rest:
            return
        self.look()
        if self.is_current:
            self._rest = float("inf")
            self.call_after_refresh(self._looked, began)

    def _looked(self, began: float) -> None:
        self._rest = monotonic() + 3 * (monotonic() - began - 0.01)

    def look(self) -> None:
        """Draw the run as it is now, if it has changed or a second has passed."""
        if not self.is_current or not self.is_mounted:
            return
        view, now = self.session.view, self._now()
        tree = self.query_one(RunTree)
        state = (view.revision, int(now) if view.finished is None else 0, self._tab, tree.chosen and tree.chosen.key)
        if state == self._drawn:
            return
        self._drawn = state
        tree.look(view, now)
        header = self.header
        header.network, header.simulated = self.session.network, bool(view.simulated)
        progress = self.query_one("#progress", Lines)
        progress.show(panels.progress(view, now, Canvas(max(20, progress.size.width - 2))))
        self._look_at_needs()
        self._look_at_step()
        can = tuple(self.check_action(action, ()) for action in ("pause", "retry", "copy", "cancel"))
        if can != self._can:  # the footer is made anew for it, and that is dear
            self._can = can
            self.refresh_bindings()

    def _look_at_needs(self) -> None:
        needs = self.query_one("#needs", Lines)
        lines = panels.needs(self.session.view, Canvas(needs.room))
        self.set_class(bool(lines), "-needed")
        in_view = bool(lines) and (self._tab == "needs" or not self._chose_tab)
        self.set_class(in_view, "-needs-first")
        narrow, room = self.has_class("-narrow"), self.query_one("#side").size.height
        needs.styles.height = None if narrow else min(len(lines) + 2, room * 3 // 5)
        many = panels.things(self.session.view)
        title = f"Needs you: {many} things" if many > 1 else "Needs you"
        needs.border_title = "How it ended" if self.session.view.finished is not None else title
        needs.show(lines)

    def _look_at_step(self) -> None:
        detail = self.query_one("#detail", Lines)
        row = self.query_one(RunTree).chosen
        step = row.step if row is not None else None
        crumbs: tuple[str, ...] = ()
        if row is not None:
            namespace = step.namespace if step is not None else None
            crumbs = tuple(filter(None, (row.cluster.name, namespace)))
        self.header.crumbs = crumbs
        tab = self._tab if self._tab in _TABS else "step"
        titles = [f"[{number}] {name}" if name != tab else f"▸{number} {name}" for number, name in enumerate(_TABS, 1)]
        detail.border_title = step.label if step is not None else crumbs[0] if crumbs else ""
        detail.border_subtitle = "  ".join(titles).replace("[", "\\[")
        lines = self._detail(step, tab, Canvas(detail.room, detail.content_region.height))
        detail.show(lines, (row and row.key, tab), tail=tab != "step")
        self.session.control.watched = step.id if step is not None and tab == "logs" else None

    def _detail(self, step: StepView | None, tab: str, canvas: Canvas) -> list[Line]:
        view, now = self.session.view, self._now()
        if step is None:
            row = self.query_one(RunTree).chosen
            return panels.about_cluster(row.cluster, canvas) if row is not None else []
        if tab == "events":
            return panels.history(step, canvas, self._zone) or [(("Nothing has happened yet.", "dim"),)]
        if tab == "logs":
            return panels.logs(step, canvas, self._zone) or [(("It has written nothing yet.", "dim"),)]
        return panels.about(view, step, now, canvas, self._zone, problems=not self.query_one("#needs").region.area)

    def on_run_tree_chosen(self) -> None:
        """Another row."""
        self._look_at_step()

    def action_tab(self, name: str) -> None:
        """Show another side of the step, or what needs a person."""
        self._tab = name
        self._chose_tab = name != "needs"
        self.look()

    # ------------------------------------------------------------ steering

    def _step(self) -> StepView | None:
        row = self.query_one(RunTree).chosen
        return row.step if row is not None else None

    def _failed(self) -> StepView | None:
        """The failed step that `t` means: the chosen one, else the only one."""
        step, view = self._step(), self.session.view
        if step is not None and step.state in BAD:
            return step
        bad = [s for s in view.steps.values() if s.state in BAD]
        return bad[0] if len(bad) == 1 else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that can do nothing now are not shown."""
        view = self.session.view if self.is_mounted else None
        going = view is not None and view.finished is None and self.session.running and not view.interrupted
        if action in ("pause", "extend", "cancel"):
            return going or (action == "cancel" and view is not None and view.finished is None)
        if action == "retry":
            return going and self._failed() is not None
        if action == "copy":
            return view is not None and self._may_copy()
        return super().check_action(action, parameters)

    def action_pause(self) -> None:
        """Pause, or go on."""
        control = self.session.control
        if control.paused:
            control.resume()
        else:
            control.pause()
            self.notify("What runs goes on; nothing new starts until you press p again.", title="Paused")

    def action_retry(self) -> None:
        """Try the failed step again."""
        step = self._failed()
        if step is not None:
            self.session.control.retry(step.id)
            self.notify(f"{step.label} is tried again.")

    def action_extend(self) -> None:
        """Ask how much more time, and for what."""
        step = self._step()
        mine = step is not None and step.state == "running" and step.budget is not None
        who = f"step {step.label}" if step is not None and mine else "the whole run"

        def answered(answer: str | None) -> None:
            if answer is not None:
                self.session.control.extend(step.id if step is not None and mine else None, 60.0 * int(answer))
                self.notify(f"{answer} minutes more for {who}.")

        text = f"More time for {who}."
        if not mine:
            text += "\n\nThe row that is chosen is no running step with a limit; choose one to extend that."
        self.app.push_screen(more_time(text), answered)

    def action_cancel(self) -> None:
        """Ask how to stop."""
        control, view = self.session.control, self.session.view

        def answered(answer: str | None) -> None:
            if answer in ("keep", "back"):
                control.stop(rollback=answer == "back")
            elif answer == "now":
                control.stop()
                control.stop()
            elif answer == "finish":
                control.finish()

        answers = [
            Answer("keep", "Stop and keep what is there; the next start goes on from here", "k"),
            Answer("back", "Stop and remove what this run created", "r", danger=True),
            Answer("now", "Leave within two seconds, as it stands", "n", danger=True),
        ]
        text = "What is in flight is finished first."
        if view.interrupted:
            answers, text = answers[2:], "It is stopping already."
        elif view.held:
            answers.insert(0, Answer("finish", "End the run as failed", "e"))
        self.app.push_screen(Dialog("Cancel the run?", text, answers), answered)

    # ------------------------------------------------------------ copying

    def _may_copy(self) -> bool:
        view = self.session.view
        return any(panels.waiting(view)) or bool(view.open_findings) or any(s.remedy for s in view.steps.values())

    def _copies(self) -> list[tuple[str, str, str]]:
        """(title, help, text) of what may be copied now."""
        from bevel_tui import api

        found = []
        for event in panels.waiting(self.session.view):
            for form in api.dns_forms():
                try:
                    text = api.dns_recipe(event, form)
                except ValueError:  # a form that cannot say these records
                    continue
                found.append((f"{event.domain}: {form}", f"{len(event.records)} records", text))
        remedies = [finding.remedy for _, finding in self.session.view.open_findings]
        remedies += [step.remedy for step in self.session.view.steps.values() if step.state in BAD and step.remedy]
        if remedies:
            found.append(("Remedies", "what to do", "\n".join(dict.fromkeys(remedies))))
        return found

    def action_copy(self) -> None:
        """Copy the only thing, or ask which."""
        from bevel_tui.ui.widgets.copying import CopyDialog

        found = self._copies()
        if found:
            self.app.push_screen(CopyDialog(found))

    def action_reach(self) -> None:
        """Checks and summary."""
        from bevel_tui.ui.screens.reach import ReachScreen

        self.app.push_screen(ReachScreen(self.session))

    def commands(self) -> Iterable[Command]:
        """Every step can be gone to by its name."""
        for step in self.session.view.steps.values():
            yield Command(
                f"Go to {step.cluster}/{step.label}", f"{step.kind}, {step.state}", partial(self._go_to, step)
            )

    def _go_to(self, step: StepView) -> None:
        self.query_one(RunTree).go_to(f"s/{step.id}")
