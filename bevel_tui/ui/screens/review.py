"""Screen 7: everything as one document, the plan, what it needs, the same as a command; back to any answer."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from bevel_tui import api
from bevel_tui.network.problem import Problem, YamlPath, where
from bevel_tui.ui import planview
from bevel_tui.ui.dialog import Answer, Dialog
from bevel_tui.ui.help import helped
from bevel_tui.ui.screens.step import StepScreen, screen_of
from bevel_tui.ui.setup import Setup
from bevel_tui.ui.widgets.options import Options
from bevel_tui.wizard import sections
from bevel_tui.wizard.draft import place
from bevel_tui.wizard.platforms import GATEWAYS, PLATFORMS

View = Literal["document", "plan", "needs", "command"]
_VIEWS: tuple[tuple[View, str], ...] = (
    ("document", "Document"),
    ("plan", "Plan"),
    ("needs", "Needs"),
    ("command", "Command"),
)


class ReviewScreen(StepScreen):
    """Answers on the left, what comes of them on the right."""

    heading = "Review"
    section_id = "review"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n", "next", "Deploy", id="wizard.deploy", tooltip="Deploy the network"),
        Binding("ctrl+e", "more", show=False, id="wizard.more"),
        Binding("ctrl+r", "review", show=False, id="wizard.review"),
        *(
            # the title of the view names them with their keys
            Binding(
                str(number),
                f"view('{view}')",
                title,
                show=False,
                id=f"review.{view}",
                tooltip=f"Show: {title.lower()}",
            )
            for number, (view, title) in enumerate(_VIEWS, start=1)
        ),
    ]

    def __init__(self, setup: Setup, *, editing: bool = False, focus: YamlPath | None = None) -> None:
        super().__init__(setup, editing=editing, focus=focus)
        self._view: View = "document"
        self._problems: tuple[Problem, ...] = ()

    def content(self) -> ComposeResult:
        with Vertical(id="split"):
            answers = Options(id="answers", classes="panel", compact=True)
            answers.border_title = "Answers"
            yield helped(answers, "Enter goes back to an answer, or to what is wrong; Next or Esc returns here.")
            with VerticalScroll(id="views", classes="panel"):
                yield Static("", id="view")

    def on_mount(self) -> None:
        helped(
            self.query_one("#views"),
            "1 the preset, 2 the plan by cluster and stage, 3 what clusters must offer, 4 the same as a command. "
            "Ctrl+S saves the preset, Ctrl+N deploys.",
        )
        super().on_mount()
        self.query_one("#answers").focus()

    async def answered(self, path: YamlPath) -> None:
        """Everything anew."""
        self.show_answers()

    def show_answers(self) -> None:
        """The summary, what is wrong, and the view."""
        super().show_answers()
        self._problems = self.draft.judge().problems
        answers = self.query_one("#answers", OptionList)
        at = answers.highlighted
        answers.clear_options()
        answers.add_options(self._options())
        answers.highlighted = min(at or 0, answers.option_count - 1)
        self._show_view()

    # ------------------------------------------------------------ answers

    def _options(self) -> list[Option]:
        made = [
            Option(Content.assemble((f"{section.title}  ", "bold"), (summary, "$text-muted")), id=section.id)
            for section in sections.SECTIONS
            if (summary := self._summary(section.id))
        ]
        kept = ", ".join(sections.unasked(self.draft))
        if kept:
            words = Content.assemble(("Kept as it is  ", "bold"), (f"{kept}: changed in the file", "$text-muted"))
            made.append(Option(words, disabled=True))
        for number, problem in enumerate(sorted(self._problems, key=lambda p: p.severity != "error")):
            error = problem.severity == "error"
            text = f"{'✗' if error else '!'} {where(place(problem))}: {problem.message}"
            made.append(Option(Content.styled(text, "$error" if error else "$warning"), id=f"problem-{number}"))
        return made

    def _summary(self, section: str) -> str:
        draft = self.draft
        match section:
            case "clusters":
                names = [str(draft.get(("clusters", i, "name"))) for i in range(len(draft.clusters))]
                return ", ".join(names) or "none"
            case "platform":
                version = draft.get(("platform", "version"))
                return f"{PLATFORMS[draft.platform].title}{f' {version}' if version else ''}"
            case "gateway":
                return GATEWAYS[draft.gateway].title if draft.gateway in GATEWAYS else draft.gateway
            case "organizations":
                names = [str(draft.get(("organizations", i, "name"))) for i in range(len(draft.organizations))]
                return ", ".join(names)
            case "services":
                mode = draft.get(("dns", "mode")) or "manual"
                dns = "no DNS" if draft.gateway == "none" or draft.platform == "indy" else f"DNS {mode}"
                return f"{dns}, keys in {draft.get(('~', 'keys'))}, {draft.get(('~', 'images'))} images"
        return ""

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Back to that answer."""
        name = event.option.id or ""
        focus: YamlPath | None = None
        if name.startswith("problem-"):
            ordered = sorted(self._problems, key=lambda p: p.severity != "error")
            problem = ordered[int(name.removeprefix("problem-"))]
            name, focus = sections.section_of(problem, self.draft).id, place(problem)
            if name == "review":
                return
        self.app.push_screen(screen_of(name, self.setup, editing=True, focus=focus))

    # ------------------------------------------------------------ views

    def action_view(self, view: View) -> None:
        """Another view."""
        self._view = view
        self._show_view()
        self.query_one("#views", VerticalScroll).scroll_home(animate=False)

    def _show_view(self) -> None:
        box = self.query_one("#views")
        box.border_title = Content("  ").join(
            [
                Content.styled(f" {n} {title} ", "reverse" if view == self._view else "$text-muted")
                for n, (view, title) in enumerate(_VIEWS, start=1)
            ]
        )
        view = self.query_one("#view", Static)
        view.set_class(self._view == "document", "-whole-lines")
        view.update(self._content())

    def on_resize(self) -> None:
        """The plan is folded to the width there is."""
        if self._view == "plan":
            self._show_view()

    def _content(self) -> Content:
        network = self.draft.judge().network
        if network is None:
            return Content.assemble(
                ("Something is wrong with the answers.\n\n", "bold"),
                "Choose it in the list of answers to put it right.",
            )
        if self._view == "document":
            return yaml_content(self.setup.text() or "")
        if self._view == "command":
            saved = self.setup.saved
            where_ = f"The preset is {saved}." if saved else "Ctrl+S saves the preset that it names."
            return Content.assemble(
                ("The same without a screen\n\n", "bold"),
                f"  {self.setup.command()}\n\n",
                (f"{where_} The same preset gives the same plan ({api.plan(network).id}) anywhere.", "$text-muted"),
            )
        plan = api.plan(network)
        if self._view == "plan":
            box = self.query_one("#views")
            bar = 0 if box.show_vertical_scrollbar else box.scrollbar_size_vertical  # it comes with what is drawn
            return planview.graph(plan, box.scrollable_content_region.width - bar)
        rows = {
            str(self.draft.get(("clusters", i, "name"))): self.draft.facts(i) for i in range(len(self.draft.clusters))
        }
        return planview.needs(plan, api.footprint(plan), rows, simulated=self.setup.is_simulated)

    # ------------------------------------------------------------ deploying

    def action_next(self) -> None:
        """Deploy, once nothing is wrong."""
        errors = self.draft.judge().errors
        if errors:
            self.notify(errors[0].message, title="Not yet", severity="error")
            return
        if self.setup.hooks.deploy is None:
            self.notify(f"Save the preset and run: {self.setup.command()}", title="Deploy")
            return
        if not self.setup.dirty:
            self._deploy()
            return

        def answered(answer: str | None) -> None:
            if answer == "save":
                self.save(self._deploy)
            elif answer == "go":
                self._deploy()

        self.app.push_screen(
            Dialog(
                "Deploy",
                "The answers are not saved as a preset yet. With it the same deployment can be continued, repeated and "
                "changed later.",
                (
                    Answer("save", "Save it, then deploy", "s"),
                    Answer("go", "Deploy without saving", "d"),
                    Answer("back", "Back to the review", "b"),
                ),
            ),
            answered,
        )

    def _deploy(self) -> None:
        network = self.draft.judge().network
        deploy = self.setup.hooks.deploy
        if network is not None and deploy is not None:
            deploy(self.app, network, self.setup.kubeconfig, self.setup.saved)


def yaml_content(text: str) -> Content:
    """A preset with its keys and comments told apart."""
    lines = []
    for line in text.splitlines():
        body, mark, comment = (line, "", "") if " # " not in line and not line.startswith("#") else _comment(line)
        key, colon, value = body.partition(":")
        parts = ((key, "bold"), colon, value) if colon else (body,)
        lines.append(Content.assemble(*parts, (mark + comment, "$text-muted")))
    return Content("\n").join(lines)


def _comment(line: str) -> tuple[str, str, str]:
    return ("", "", line) if line.startswith("#") else line.partition("# ")


def screen(setup: Setup, *, editing: bool = False, focus: YamlPath | None = None) -> StepScreen:
    """The screen of this section."""
    return ReviewScreen(setup, editing=editing, focus=focus)
