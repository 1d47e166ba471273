"""Screen 4: what stands at the edge of every cluster. What is impossible is shown, with its reason."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from bevel_tui.network.problem import YamlPath
from bevel_tui.ui.help import helped
from bevel_tui.ui.screens.step import StepScreen
from bevel_tui.ui.setup import Setup
from bevel_tui.ui.widgets.form import Form
from bevel_tui.ui.widgets.options import Entry, Options
from bevel_tui.wizard import platforms

_TYPE: YamlPath = ("gateway", "type")


class GatewayScreen(StepScreen):
    """The four gateways, the ports that will be opened, and what each cluster needs."""

    heading = "Gateway"
    section_id = "gateway"

    def content(self) -> ComposeResult:
        refused = self._refusals()
        if refused.get(self.draft.gateway) is not None:
            self.draft.set(_TYPE, None)  # what the platform made impossible is proposed anew
        options = Options(*self._options(), id="gateways", classes="panel", compact=True)
        options.highlighted = options.get_option_index(self.draft.gateway)
        options.border_title = "Gateway"
        yield helped(
            options,
            "What leads from a cluster's name to its nodes. Arrows choose; what is impossible says why.\n\n"
            "Which gateway serves a platform is decided by the objects that Bevel's charts hold.",
        )
        yield Static("", id="ports")
        yield Form(self.draft, self.section.groups(self.draft), skip=frozenset({_TYPE}))

    def _refusals(self) -> dict[str, str | None]:
        count = len({self.draft.get(("organizations", i, "cluster")) for i in range(len(self.draft.organizations))})
        return dict(platforms.refusals(self.draft.platform, max(count, 1)))

    def _options(self) -> list[Option]:
        made = []
        for name, reason in sorted(self._refusals().items(), key=lambda item: item[1] is not None):
            about = platforms.GATEWAYS[name]
            if reason is None:
                text = Entry(Content.styled(about.title, "bold"), Content.styled(about.sentence, "$text-muted"))
            else:
                words = reason.partition(": ")[2] or reason
                text = Entry(Content(f"{about.title}: not possible"), Content(words))
            made.append(Option(text, id=name, disabled=reason is not None))
        return made

    def on_mount(self) -> None:
        super().on_mount()
        if self._focus is not None and self._focus != _TYPE:
            self.query_one(Form).focus_first(self._focus)
        else:
            self.query_one(OptionList).focus()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The cursor chooses."""
        name = str(event.option_id)
        if name != self.draft.gateway:
            self.draft.set(_TYPE, name)
            self.call_later(self.answered, _TYPE)

    def on_option_list_option_selected(self, _event: OptionList.OptionSelected) -> None:
        """Enter goes on to the fields."""
        self.query_one(Form).focus_first()

    def show_answers(self) -> None:
        """The ports follow the answers."""
        super().show_answers()
        self.query_one("#ports", Static).update(self._ports())

    def _ports(self) -> Content:
        name = self.draft.gateway
        lines = []
        if len(self.draft.clusters) == 1 and name == "none":
            lines.append("With one cluster a gateway is optional: choose one to reach the network from outside.")
        elif len(self.draft.clusters) == 1:
            lines.append("With one cluster a gateway is optional; this one will be installed.")
        network = self.draft.judge().network
        if network is None:
            lines.append(f"Ports opened: {platforms.GATEWAYS[name].needs or 'none'}.")
        else:
            from bevel_tui import api
            from bevel_tui.records.steps import AddressStep

            plan = api.plan(network)
            ports = {step.cluster: step.ports for step in plan.steps if isinstance(step, AddressStep)}
            for cluster, opened in ports.items():
                lines.append(f"Ports opened at {cluster}: {_ranges(opened)}.")
            if not ports and name == "none":
                node = sorted({e.port for e in plan.endpoints if e.node_port})
                lines.append(
                    f"Node ports opened: {_ranges(tuple(node))}." if node else "No port is opened to the outside."
                )
        return Content("\n").join([Content(line) for line in lines])


def _ranges(ports: tuple[int, ...]) -> str:
    runs: list[list[int]] = []
    for port in sorted(ports):
        if runs and port == runs[-1][-1] + 1:
            runs[-1].append(port)
        else:
            runs.append([port])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def screen(setup: Setup, *, editing: bool = False, focus: YamlPath | None = None) -> StepScreen:
    """The screen of this section."""
    return GatewayScreen(setup, editing=editing, focus=focus)
