"""What the dashboard's screens share: they look at the source a few times a second and draw what is new."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType

from bevel_tui.ui.base import BaseScreen
from bevel_tui.ui.dashboard.acting import Retry, more_time
from bevel_tui.ui.dashboard.source import LOOK, Source
from bevel_tui.ui.palette import Command

if TYPE_CHECKING:
    from bevel_tui.records.snapshot import Snapshot
    from bevel_tui.ui.app import BevelApp


class SourceScreen(BaseScreen):
    """Subclasses give `draw`, which is called with the newest snapshot whenever there is one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "checks", "Check now", id="dashboard.checks", tooltip="Ask names, gateways and nodes again"),
        Binding("exclamation_mark", "shell", "Shell", id="dashboard.shell", tooltip="A shell, with the kubectl line"),
    ]

    def __init__(self, source: Source, *, retry: Retry | None = None) -> None:
        super().__init__()
        self.source = source
        self.retry = retry
        self._seen = -1

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(LOOK, self.look)
        self.look()

    def on_screen_resume(self) -> None:
        self.look()

    def look(self) -> None:
        """Draw if there is something new and somebody sees it."""
        if not self.is_current and self._seen >= 0:
            return
        if self.source.revision == self._seen or self.source.snapshot is None:
            return
        self._seen = self.source.revision
        known = self.source.overview
        if known is not None:
            self.header.network = ", ".join(known.networks)
            self.header.simulated = known.simulated
        self.draw(self.source.snapshot)

    def draw(self, snapshot: Snapshot) -> None:
        """Show this snapshot."""

    def where(self) -> tuple[str, str | None] | None:
        """Cluster and namespace that the screen is about, for the shell."""
        return None

    def commands(self) -> Iterable[Command]:
        """In the palette besides the keys."""
        yield Command("Check now", "Ask every name, gateway and node again", self.action_checks)
        yield Command("More time for a run", "Extend the wait of a run of this program", self.more_time)

    def more_time(self) -> None:
        """Ask how much longer the run that was begun here may take."""
        more_time(self, self.source, cast("BevelApp", self.app).sessions)

    def action_checks(self) -> None:
        """Ask the reachability checks of all networks again; answers come in one by one."""
        watch = self.source.watch
        if watch is None:
            return
        self.notify("Names, gateways and nodes are asked again.")
        self.run_worker(watch.probe(), name="checks", exclusive=True, group="checks")

    def action_shell(self) -> None:
        """A shell of the user's own, told how kubectl reaches this place."""
        from bevel_tui.ui.dashboard.shell import open_shell

        place = self.where()
        snapshot = self.source.snapshot
        cluster = snapshot.cluster(place[0]) if snapshot is not None and place is not None else None
        open_shell(self.app, context=cluster.context if cluster else None, namespace=place[1] if place else None)
