"""Screen 6: DNS, keys, images and charts. Secrets only as references; a key tries whether they and the charts are there."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from bevel_tui import api
from bevel_tui.network.basics import SecretRef
from bevel_tui.network.problem import YamlPath
from bevel_tui.ui.screens.step import StepScreen
from bevel_tui.ui.setup import Setup
from bevel_tui.ui.widgets.form import Form
from bevel_tui.wizard.draft import Draft
from bevel_tui.wizard.fields import Field


class ServicesScreen(StepScreen):
    """One form."""

    heading = "DNS and secrets"
    section_id = "services"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t", "try", "Try", id="services.try", tooltip="Try whether secrets and chart sources are there"),
    ]

    def content(self) -> ComposeResult:
        yield Form(self.draft, self.section.groups(self.draft))

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(Form).focus_first(self._focus)

    @work(exclusive=True, group="try")
    async def action_try(self) -> None:
        """Look up every reference and every chart that the sources named here must have."""
        form = self.query_one(Form)
        found = [field for group in self.section.groups(self.draft) for field in group.fields]
        tried = secrets(self.draft, found)
        for path, words in tried.items():
            form.note(path, words is None, words or "it is there")
        form.judge()
        charts = [field for field in found if field.path[0] == "charts"]
        network = self.draft.judge().network
        if charts and network is not None:
            missing = await api.missing_charts(network)
            for field in charts:
                form.note(field.path, not missing, missing[0] if missing else "every chart of the plan is there")
            form.judge()
        if not tried and not charts:
            self.notify("Nothing here refers to a secret or names a chart source.")


def secrets(draft: Draft, found: list[Field]) -> dict[YamlPath, str | None]:
    """Every secret reference among these fields: why it leads nowhere, or None."""
    tried: dict[YamlPath, str | None] = {}
    for field in found:
        value: Any = draft.get(field.path)
        if field.kind == "secret" and isinstance(value, dict):
            try:
                tried[field.path] = api.secret_problem(SecretRef.model_validate(value))
            except ValueError:
                continue  # what is wrong with it is shown already
    return tried


def screen(setup: Setup, *, editing: bool = False, focus: YamlPath | None = None) -> StepScreen:
    """The screen of this section."""
    return ServicesScreen(setup, editing=editing, focus=focus)
