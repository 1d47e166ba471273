"""One check with its evidence: what was asked, what came back, how long each phase took, what to do."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from bevel_tui.records.checks import CheckResult
from bevel_tui.views.words import clean, glyph, word


class CheckScreen(ModalScreen[None]):
    """Over the screen; Esc closes."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q", "dismiss", "Close", id="check.close")]

    def __init__(self, check: CheckResult) -> None:
        super().__init__()
        self.check = check

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog", id="check"):
            yield Static(Content("\n".join(self._lines())))

    def on_mount(self) -> None:
        box = self.query_one("#check")
        box.border_title = clean(f"{self.check.id}: {self.check.target}")
        box.border_subtitle = "Esc closes"

    def _lines(self) -> list[str]:
        check = self.check
        code = f"  ({check.code})" if check.code else ""
        told = [
            f"{glyph(check.status)} {word(check.status)}{code}",
            clean(check.summary),
            "",
            clean(f"about    cluster {check.cluster}, {check.target}"),
            f"asked    {'from here' if check.vantage == 'here' else clean('from inside cluster ' + check.vantage)}",
        ]
        phases = ", ".join(f"{clean(name)} {seconds * 1000:.0f} ms" for name, seconds in check.phases.items())
        if phases:
            told.append(f"took     {phases}")
        if check.evidence:
            told += ["", "Evidence", *(f"  {clean(line)}" for line in check.evidence)]
        if check.remedy:
            told += ["", "What to do", f"  {clean(check.remedy)}"]
        if check.command:
            told.append(f"  $ {clean(check.command)}")
        return told
