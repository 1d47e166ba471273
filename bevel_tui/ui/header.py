"""The first line of every screen: what it is, where we are, which network, and whether any of it is real."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from bevel_tui.views.words import clean


class Header(Widget):
    """One line. `crumbs` are from the general to the special (cluster, namespace); they give way first."""

    heading: reactive[str] = reactive("")
    crumbs: reactive[tuple[str, ...]] = reactive(())
    network: reactive[str] = reactive("")
    simulated: reactive[bool] = reactive(False)

    def render(self) -> Content:
        """Title, crumbs, network and mark, in the width there is."""
        width = self.size.width
        mark = " simulated " if self.simulated else ""
        network = clean(self.network)
        right = f"{network} " if network else ""
        left = f" bevel-tui  {self.heading}"
        crumbs = "  " + " › ".join(clean(crumb) for crumb in self.crumbs) if self.crumbs else ""
        room = width - cell_len(left) - cell_len(right) - cell_len(mark) - 1
        if cell_len(crumbs) > room:
            crumbs = crumbs[: max(0, room - 1)] + "…" if room > 6 else ""
        gap = max(1, width - cell_len(left) - cell_len(crumbs) - cell_len(right) - cell_len(mark))
        return Content.assemble(
            (" bevel-tui ", "bold $primary"),
            f" {self.heading}",
            (crumbs, "$text-muted"),
            " " * gap,
            (right, "bold"),
            (mark, "bold $background on $warning") if mark else "",
        )
