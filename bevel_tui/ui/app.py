"""The application: themes, keymap, palette, quitting; and the runs, which live here and not in the screens.

    app = BevelApp(StartScreen(...), theme=settings.theme, keymap=settings.keymap)
    exit_code = app.run()          # what the last `app.exit(code)` said; None when the user just left

Small on purpose: what a screen needs, it gets from whoever makes it; nothing is looked up here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.screen import Screen

from bevel_tui.records.errors import ExitCode
from bevel_tui.ui import hangup
from bevel_tui.ui.dialog import Answer, Dialog
from bevel_tui.ui.harmless import Harmless
from bevel_tui.ui.palette import Commands
from bevel_tui.ui.themes import THEMES, named_colours

if TYPE_CHECKING:
    from rich.terminal_theme import TerminalTheme

    from bevel_tui.ui.session import Deployment, Session


class BevelApp(App[int]):
    """bevel-tui on a terminal. `first` is the screen to begin with.

    `theme` is one of `themes.THEMES` or a theme of Textual's; `keymap` is binding id -> keys. `clock` gives seconds
    since the epoch (tests freeze it).
    """

    TITLE = "bevel-tui"
    #: styles of screens that are shown first are read with the rest: a screen's own CSS_PATH makes all be read again
    CSS_PATH: ClassVar = ["styles.tcss", "screens/wizard.tcss", "dashboard/dashboard.tcss"]
    COMMANDS: ClassVar = {Commands}
    ENABLE_COMMAND_PALETTE = True
    ESCAPE_TO_MINIMIZE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", id="quit", tooltip="Leave bevel-tui; asks while something runs", priority=True),
        Binding("ctrl+c", "help_quit", show=False, system=True),
        Binding("ctrl+p", "command_palette", "Commands", id="palette", tooltip="Find any command", show=False, priority=True),
    ]  # fmt: skip

    _harmless: Harmless

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, and last the one that lets no control character through."""
        others = tuple(super().get_line_filters())
        if self._harmless.others != others:
            self._harmless = Harmless(others)
        return [self._harmless]

    @property
    def ansi_theme(self) -> TerminalTheme:
        """Named colours as the theme has them: Textual's own are hard to read on a light ground."""
        return named_colours(self.theme) or super().ansi_theme

    def __init__(
        self,
        first: Screen[Any],
        *,
        theme: str | None = None,
        keymap: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._harmless = Harmless(())
        super().__init__()
        self.clock = clock
        #: runs by name, begun by screens; they go on whatever is shown
        self.sessions: list[Session] = []
        self._first = first
        self._complaints: list[str] = []
        self._deaf: Callable[[], None] = lambda: None
        for known in THEMES:
            self.register_theme(known)
        wanted = theme or THEMES[0].name
        if wanted not in self.available_themes:
            self._complaints.append(f"There is no theme {wanted!r}; the palette lists them.")
            wanted = THEMES[0].name
        self._dress(wanted)
        if keymap:
            self.set_keymap({name: keys.replace(" ", "") for name, keys in keymap.items()})

    def _dress(self, wanted: str) -> None:
        """The first theme. Setting it as usual makes Textual read every style twice before the first paint."""
        before, after = self.current_theme, self.available_themes[wanted]
        if (before.dark, before.ansi) != (after.dark, after.ansi):
            self.theme = wanted
            return
        self.set_reactive(App.theme, wanted)
        self.set_class(True, f"-theme-{wanted}", update=False)
        self.stylesheet.set_variables(self.get_css_variables())

    def get_default_screen(self) -> Screen[Any]:
        """The first screen is the bottom of the stack: there is no empty one below it."""
        return self._first

    def on_mount(self) -> None:
        self._deaf = hangup.listen(self._end)
        for complaint in self._complaints:
            self.notify(complaint, severity="warning")

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What is there on every screen."""
        yield SystemCommand("Theme", "Choose the colours", self.action_change_theme)
        yield SystemCommand("Screenshot", "Save a picture (SVG) of this screen", self.deliver_screenshot)
        yield SystemCommand("Quit", "Leave bevel-tui", self.action_quit)
        for session in self.sessions:
            what = f"{session.view.command} of {session.network or 'a network'}"
            yield SystemCommand(
                f"Show the {what}", "Its live panels; it goes on meanwhile", partial(self.show_run, session)
            )

    def show_run(self, session: Session) -> None:
        """The live panels of a run: the screen that shows it already, else a new one."""
        from bevel_tui.ui.screens.deploy import DeployScreen

        for screen in self.screen_stack:
            if isinstance(screen, DeployScreen) and screen.session is session:
                while self.screen is not screen:
                    self.pop_screen()
                return
        self.push_screen(DeployScreen(session))

    def begin(self, deployment: Deployment) -> Session:
        """Start a run that this application keeps."""
        session = deployment.session(self.clock)
        self.sessions.append(session)
        return session

    def _end(self) -> None:
        """Nobody is there any more who could be asked: runs leave within two seconds."""
        self.exit(int(ExitCode.INTERRUPTED))

    async def on_unmount(self) -> None:
        """No run and no simulated cluster outlives the application."""
        self._deaf()
        for session in self.sessions:
            await session.close()

    # ------------------------------------------------------------ leaving

    async def action_help_quit(self) -> None:  # type: ignore[override]
        """Ctrl-C is the same wish as everywhere else."""
        await self.action_quit()

    async def action_quit(self) -> None:
        """Leave at once if nothing is lost by it; else ask."""
        running = [session for session in self.sessions if session.running]
        if running:
            if not any(isinstance(screen, Dialog) for screen in self.screen_stack):
                self._ask_about_runs(running)
            return
        # several screens are about the same answers: what is lost is said once
        lost = list(dict.fromkeys(sentence for screen in self.screen_stack if (sentence := _unsaved(screen))))
        if lost and not any(isinstance(screen, Dialog) for screen in self.screen_stack):
            self._ask_about_answers(lost)
            return
        self._leave()

    def _leave(self) -> None:
        last = next((s.view.finished for s in reversed(self.sessions) if s.view.finished is not None), None)
        self.exit(last.exit_code if last is not None else 0)

    def _ask_about_answers(self, lost: list[str]) -> None:
        def answered(answer: str | None) -> None:
            if answer == "leave":
                self._leave()

        answers = (Answer("stay", "Stay", "s"), Answer("leave", "Leave anyway", "l", danger=True))
        self.push_screen(Dialog("Quit?", "\n".join(lost), answers), answered)

    def _ask_about_runs(self, running: list[Session]) -> None:
        names = ", ".join(f"{s.view.command} of {s.network or 'a network'}" for s in running)

        def answered(answer: str | None) -> None:
            if answer in ("stop", "now"):
                for session in running:
                    session.control.stop()
                    if answer == "now":
                        session.control.stop()
                self.run_worker(self._when_ended(running), name="leaving")

        self.push_screen(
            Dialog(
                "Quit?",
                f"Still running: {names}.\n\nWhat is in the clusters stays there; starting again goes on where this "
                "run stopped.",
                (
                    Answer("stay", "Keep watching", "k"),
                    Answer("stop", "Finish what is in flight, then leave", "f"),
                    Answer("now", "Leave within two seconds", "n", danger=True),
                ),
            ),
            answered,
        )

    async def _when_ended(self, running: list[Session]) -> None:
        for session in running:
            await session.ended()
        self._leave()


def _unsaved(screen: Screen[Any]) -> str | None:
    ask = getattr(screen, "unsaved", None)
    return ask() if ask is not None else None
