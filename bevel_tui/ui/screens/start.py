"""The first screen: what shall it be. Nothing heavy is imported before it is painted.

Whether there is a kubeconfig at all is the only question that it asks at once; the sandbox is offered first without.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from bevel_tui.records.errors import BevelError
from bevel_tui.ui.base import BaseScreen
from bevel_tui.ui.setup import SANDBOX_CONTEXTS, Setup
from bevel_tui.ui.widgets.options import Entry, Options
from bevel_tui.wizard.ways import WAYS

_WELCOME = (
    "Deploys Hyperledger Bevel ledger networks over your Kubernetes clusters and proves that they can be reached."
)


def _entry(*title: tuple[str, str], words: str) -> Entry:
    return Entry(Content.assemble(*title), Content.styled(words, "$text-muted"))


class StartScreen(BaseScreen):
    """Offers the ways in. `clusters` says whether a kubeconfig file was found."""

    heading = "Start"
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, setup: Setup, *, clusters: bool) -> None:
        super().__init__()
        self.setup = setup
        self._clusters = clusters
        self._recent: tuple[Path, ...] = ()

    def body(self) -> ComposeResult:
        yield Static(Content(_WELCOME), id="welcome")
        yield Options(*self._options(), id="ways")

    def _ways(self) -> list[str]:
        ways = ["new", "open", "import"]
        if self.setup.hooks.sandbox is not None:
            ways.insert(1 if self._clusters else 0, "sandbox")
        if self.setup.hooks.dashboard is not None:
            ways.append("dashboard")
        return ways

    def _options(self) -> list[Option]:
        made = []
        for way in self._ways():
            title, words = WAYS[way]
            if way == "new" and not self._clusters:
                words = "No kubeconfig was found: set KUBECONFIG, or try the sandbox first."
            made.append(Option(_entry((title, "bold"), words=words), id=way))
        for number, path in enumerate(self._recent):
            entry = _entry(("Recent: ", "$text-muted"), (path.name, "bold"), words=str(path.parent))
            made.append(Option(entry, id=f"recent-{number}"))
        return made

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(OptionList).focus()
        self.call_after_refresh(self._later)

    def _later(self) -> None:
        """What need not be there for the first paint: recent presets, and the modules of the next screen."""
        if self.setup.recent is not None:
            self._recent = self.setup.recent.paths()
            if self._recent:
                self.query_one(OptionList).add_options(self._options()[-len(self._recent) :])
        self.run_worker(_warm, thread=True, name="warm up", group="warm")

    async def on_unmount(self) -> None:
        """No simulated cluster outlives the application."""
        await self.setup.close()

    def unsaved(self) -> str | None:
        """Answers that no file has."""
        return self.setup.unsaved()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go there."""
        way = event.option.id or ""
        if way.startswith("recent-"):
            self._open(self._recent[int(way.removeprefix("recent-"))])
            return
        actions: dict[str, Callable[[], Any]] = {
            "new": self._new,
            "sandbox": self._sandbox,
            "open": self._ask_preset,
            "import": self._ask_import,
            "dashboard": self._dashboard,
        }
        actions[way]()

    # ------------------------------------------------------------ the ways

    def _new(self) -> None:
        self._go()

    def _go(self) -> None:
        from bevel_tui.ui.screens.step import screen_of

        self.app.push_screen(screen_of("clusters", self.setup))

    def _sandbox(self) -> None:
        if self.setup.simulated is not None:
            self._go()
            return
        self.query_one("#welcome", Static).update(Content("Starting two simulated clusters: a few seconds."))
        self.query_one(OptionList).loading = True
        self.run_worker(self._start_sandbox(), name="sandbox", exclusive=True)

    async def _start_sandbox(self) -> None:
        start = self.setup.hooks.sandbox
        assert start is not None  # noqa: S101 - it was offered
        try:
            handle = await start(list(SANDBOX_CONTEXTS))
        except BevelError as error:
            self.complain(error)
            return
        finally:
            self.query_one("#welcome", Static).update(Content(_WELCOME))
            self.query_one(OptionList).loading = False
            self.query_one(OptionList).focus()
        self.setup.simulated = handle
        self.setup.kubeconfig = str(handle.kubeconfig)
        self.setup.rows.clear()
        self.setup.begin()
        self.setup.draft.pick(SANDBOX_CONTEXTS)
        self.header.simulated = True
        self._go()

    def _ask_preset(self) -> None:
        from bevel_tui.network.shipped import names
        from bevel_tui.ui.screens.files import FileDialog

        self.app.push_screen(FileDialog("Open a preset", "", saving=False, names=names()), self._open)

    def _open(self, path: Path | None) -> None:
        from bevel_tui import api
        from bevel_tui.ui.screens.step import screen_of

        if path is None:
            return
        try:
            network = api.load(str(path))
        except BevelError as error:
            self.complain(error)
            return
        self.setup.begin(network, path if path.is_file() else None)
        if path.is_file() and self.setup.recent is not None:
            self.setup.recent.add(path)
        self.app.push_screen(screen_of("clusters", self.setup))
        self.app.push_screen(screen_of("review", self.setup))

    def _ask_import(self) -> None:
        from bevel_tui.ui.screens.files import FileDialog

        self.app.push_screen(FileDialog("Import network.yaml", "network.yaml", saving=False), self._import)

    def _import(self, path: Path | None) -> None:
        from bevel_tui import api
        from bevel_tui.ui.screens.step import screen_of

        if path is None:
            return
        try:
            imported = api.import_network_yaml(path)
        except BevelError as error:
            self.complain(error)
            return
        self.setup.begin(imported.network)
        self.app.push_screen(screen_of("clusters", self.setup))
        self.app.push_screen(screen_of("review", self.setup))
        if imported.notes:
            from bevel_tui.ui.dialog import Answer, Dialog

            words = "\n".join(str(note) for note in imported.notes)
            self.app.push_screen(Dialog("What to know of the import", words, (Answer("ok", "Go on", "g"),)))

    def _dashboard(self) -> None:
        show = self.setup.hooks.dashboard
        if show is not None:
            show(self.app, self.setup.kubeconfig)

    def complain(self, error: BevelError) -> None:
        """What went wrong, and what to do."""
        from bevel_tui.ui.dialog import Answer, Dialog

        lines = (error.message, *error.details, "", error.remedy)
        self.app.push_screen(Dialog("That did not work", "\n".join(lines), (Answer("ok", "Go on", "g"),)))


def _warm() -> None:
    """Import what the next screens need while the person reads."""
    from importlib import import_module

    import_module("bevel_tui.network.schema").at(("platform",))
    for name in ("clusters", "platform", "gateway", "organizations", "services", "review"):
        import_module(f"bevel_tui.ui.screens.{name}")
    import_module("bevel_tui.plan.build")
