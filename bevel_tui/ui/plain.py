"""The wizard without a screen: the same questions from the same declarations, asked line by line.

For screen readers, terminals that can do little, and people who prefer it. Everything that asks goes through `Ask`; the
real one is questionary, tests bring their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from bevel_tui import api
from bevel_tui.network.problem import where
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.survey import SurveyRow
from bevel_tui.ui.setup import SANDBOX_CONTEXTS, Setup
from bevel_tui.wizard import platforms, sections
from bevel_tui.wizard.draft import Judgement, place
from bevel_tui.wizard.fields import Field
from bevel_tui.wizard.ways import WAYS

#: a choice: value, what is shown, and why it cannot be taken (None: it can)
Choice = tuple[str, str, str | None]
Validate = Callable[[str], bool | str]
Way = Literal["deploy", "saved", "left"]


class Ask(Protocol):
    """Asks a person, and says things. Every question raises KeyboardInterrupt when it is refused."""

    def say(self, text: str = "") -> None: ...
    def choice(self, question: str, choices: Sequence[Choice], default: str) -> str: ...
    def several(self, question: str, choices: Sequence[tuple[str, str, bool]]) -> list[str]: ...
    def text(self, question: str, default: str, validate: Validate) -> str: ...
    def confirm(self, question: str, default: bool) -> bool: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended: with a saved preset (`path`), perhaps to be deployed, on simulated clusters or not."""

    way: Way
    path: Path | None = None
    sandbox: bool = False


class Questionary:
    """Questions on the terminal."""

    def say(self, text: str = "") -> None:
        """A line."""
        import sys

        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def choice(self, question: str, choices: Sequence[Choice], default: str) -> str:
        """One of several."""
        import questionary

        made = [questionary.Choice(title, value=value, disabled=reason) for value, title, reason in choices]
        known = {value for value, _, reason in choices if reason is None}
        return str(
            questionary.select(question, made, default=default if default in known else None).unsafe_ask(
                patch_stdout=False
            )
        )

    def several(self, question: str, choices: Sequence[tuple[str, str, bool]]) -> list[str]:
        """Any number, one at least."""
        import questionary

        made = [questionary.Choice(title, value=value, checked=checked) for value, title, checked in choices]
        found = questionary.checkbox(
            question, made, validate=lambda picked: True if picked else "Choose one at least: Space does."
        ).unsafe_ask()
        return [str(item) for item in found]

    def text(self, question: str, default: str, validate: Validate) -> str:
        """A line of text."""
        import questionary

        return str(questionary.text(question, default=default, validate=validate).unsafe_ask())

    def confirm(self, question: str, default: bool) -> bool:
        """Yes or no."""
        import questionary

        return bool(questionary.confirm(question, default=default).unsafe_ask())


def run(setup: Setup, ask: Ask, *, sandbox: bool) -> Outcome:
    """Ask everything, save, and say what shall happen next. `sandbox`: simulated clusters may be offered.

    Raises BevelError when no cluster can be chosen, KeyboardInterrupt when the person leaves.
    """
    return Plain(setup, ask, sandbox=sandbox).run()


class Plain:
    """One sitting."""

    def __init__(self, setup: Setup, ask: Ask, *, sandbox: bool) -> None:
        self.setup = setup
        self.ask = ask
        self._offer = sandbox
        self._sandbox = False
        self._opened = False

    def run(self) -> Outcome:
        """From the start to the end."""
        self._start()
        if not self._opened:
            for section in sections.SECTIONS[:-1]:
                self.chapter(section)
        while True:
            way = self._review()
            if way is not None:
                return way

    # ------------------------------------------------------------ start

    def _start(self) -> None:
        try:
            contexts = api.contexts(self.setup.kubeconfig)
        except BevelError as error:
            self.ask.say(f"! {error.message}")
            contexts = ()
        ways = ["new", "open", "import"]
        if self._offer:
            ways.insert(1 if contexts else 0, "sandbox")
        choices: list[Choice] = [(way, ": ".join(WAYS[way]), None) for way in ways]
        if not contexts:
            at = ways.index("new")
            choices[at] = ("new", WAYS["new"][0], "no kubeconfig context was found")
        way = self.ask.choice("What shall it be?", choices, next(v for v, _, reason in choices if reason is None))
        if way == "open":
            self._open()
        elif way == "import":
            self._import()
        elif way == "sandbox":
            self._sandbox = True
            self.setup.kubeconfig = None
            for context in SANDBOX_CONTEXTS:
                self.setup.learn(
                    SurveyRow(context=context, server="", simulated=True, state="reachable", complete=True)
                )
            self.setup.draft.pick(SANDBOX_CONTEXTS)

    def _open(self) -> None:
        def validate(text: str) -> bool | str:
            try:
                api.load(text)
            except BevelError as error:
                return " ".join((error.message, *error.details[:2]))
            return True

        name = self.ask.text("Preset (a file, or the name of one that comes with bevel-tui)", "", validate)
        path = Path(name)
        self.setup.begin(api.load(name), path if path.is_file() else None)
        self._opened = True

    def _import(self) -> None:
        def validate(text: str) -> bool | str:
            try:
                api.import_network_yaml(Path(text.strip()).expanduser())
            except BevelError as error:
                return " ".join((error.message, *error.details[:2]))
            return True

        name = self.ask.text("Bevel's network.yaml (a file)", "network.yaml", validate)
        imported = api.import_network_yaml(Path(name.strip()).expanduser())
        self.setup.begin(imported.network)
        self._opened = True
        for note in imported.notes:
            self.ask.say(f"note: {note}")

    # ------------------------------------------------------------ a section

    def chapter(self, section: sections.Section) -> None:
        """Ask the questions of a section; those with good defaults only on demand."""
        number = next(i for i, s in enumerate(sections.SECTIONS, start=1) if s.id == section.id)
        self.ask.say(f"\n{number}/{len(sections.SECTIONS)} {section.title}: {section.sentence}")
        if section.id == "clusters" and not self._sandbox:
            self._pick()
        if section.id == "organizations":
            self._count()
        asked: set[Any] = set()
        self._fields(section, asked, advanced=False)
        rare = [f for g in section.groups(self.setup.draft) for f in g.fields if f.advanced]
        if rare and self.ask.confirm(f"Change settings that have good defaults ({len(rare)})?", False):
            self._fields(section, asked, advanced=True)

    def _fields(self, section: sections.Section, asked: set[Any], *, advanced: bool) -> None:
        title = ""
        while True:
            found = [
                (group, field)
                for group in section.groups(self.setup.draft)
                for field in group.fields
                if field.path not in asked and (advanced or not field.advanced)
            ]
            if not found:
                return
            group, field = found[0]
            if group.title != title:
                title = group.title
                self.ask.say(f"{title}{f' ({group.note})' if group.note else ''}")
            asked.add(field.path)
            self._field(section, field)

    def _field(self, section: sections.Section, field: Field) -> None:
        draft = self.setup.draft
        value = draft.get(field.path)
        shown = field.show(field.default if value is None else value)
        label = f"  {field.label}"
        if field.kind == "flag":
            draft.set(field.path, self.ask.confirm(f"{label}: {field.help}", shown == "yes"))
        elif field.kind == "choice":
            choices = self._choices(field)
            if field.default is None and value is None and not any(v == shown for v, _, _ in choices):
                choices = [("", "(nothing)", None), *choices]
            draft.set(field.path, self.ask.choice(label, choices, shown) or None)
        else:
            hint = {"secret": " (env:NAME or file:/path)", "list": " (commas between)"}.get(field.kind, "")
            self.ask.text(f"{label}{hint}", shown, lambda text: self._judged(section, field, shown, text))

    def _judged(self, section: sections.Section, field: Field, shown: str, text: str) -> bool | str:
        """Put it into the answers; what is wrong with it, in words, or True."""
        draft = self.setup.draft
        if text.strip() != shown or draft.said(field.path) is not None:
            draft.set(field.path, field.read(text))
        found = self._errors(draft.judge(), section, field)
        return found[0] if found else True

    def _errors(self, judgement: Judgement, section: sections.Section, field: Field) -> list[str]:
        return [
            problem.message
            for problem in judgement.errors
            if place(problem)[: len(field.path)] == field.path
            and sections.section_of(problem, self.setup.draft).id == section.id
        ]

    def _choices(self, field: Field) -> list[Choice]:
        draft = self.setup.draft
        if field.path == ("platform", "type"):
            words = platforms.PLATFORMS
            return [(name, f"{words[name].title}: {words[name].sentence}", None) for name in platforms.platform_names()]
        if field.path == ("gateway", "type"):
            refused = platforms.refusals(draft.platform, len(draft.clusters))
            return [
                (name, f"{platforms.GATEWAYS[name].title}: {platforms.GATEWAYS[name].sentence}", reason)
                for name, reason in refused.items()
            ]
        return [(choice, choice, None) for choice in field.choices]

    # ------------------------------------------------------------ clusters and organizations

    def _pick(self) -> None:
        rows = asyncio.run(self._look())
        if not rows:
            raise BevelError(Code.KUBECONFIG, "No kubeconfig context was found.")
        picked = self.setup.draft.contexts
        choices = [(row.context, _line(row), row.context in picked) for row in rows]
        self.setup.draft.pick(self.ask.several("Which clusters? (Space chooses, Enter goes on)", choices))

    async def _look(self) -> list[SurveyRow]:
        found: dict[str, SurveyRow] = {row.context: row for row in api.contexts(self.setup.kubeconfig)}
        self.ask.say(f"Asking {len(found)} contexts...")
        async with aclosing(api.look(self.setup.kubeconfig)) as rows:
            async for row in rows:
                found[row.context] = row
                self.setup.learn(row)
        self.setup.add_unknown()
        found |= {name: self.setup.rows[name] for name in self.setup.draft.contexts}
        return list(found.values())

    def _count(self) -> None:
        draft = self.setup.draft

        def validate(text: str) -> bool | str:
            return True if text.isdecimal() and 1 <= int(text) <= 100 else "A number from 1 to 100."

        wanted = int(self.ask.text("How many organizations?", str(len(draft.organizations)), validate))
        while len(draft.organizations) < wanted:
            draft.add_organization()
        while len(draft.organizations) > wanted:
            draft.remove_organization(len(draft.organizations) - 1)

    # ------------------------------------------------------------ review

    def _review(self) -> Outcome | None:
        setup = self.setup
        judgement = setup.draft.judge()
        self.ask.say(f"\n6/6 {sections.SECTIONS[-1].title}")
        if judgement.network is not None:
            self.ask.say(setup.text() or "")
            plan = api.plan(judgement.network)
            self.ask.say(f"Plan {plan.id}: {len(plan.steps)} steps in {', '.join(plan.clusters)}.")
        kept = sections.unasked(setup.draft)
        if kept:
            self.ask.say(f"Kept as it is, changed in the file: {', '.join(kept)}")
        for problem in judgement.problems:
            word = "wrong" if problem.severity == "error" else "note"
            self.ask.say(f"{word}: {where(place(problem))}: {problem.message}")
        choices: list[Choice] = []
        if judgement.network is not None:
            choices += [("deploy", "Save the preset and deploy", None), ("save", "Save the preset", None)]
        choices += [(s.id, f"Change: {s.title}", None) for s in sections.SECTIONS[:-1]]
        choices.append(("leave", "Leave without saving", None))
        way = self.ask.choice("What next?", choices, choices[0][0])
        if way == "leave":
            return Outcome("left")
        if way not in ("deploy", "save"):
            self.chapter(next(s for s in sections.SECTIONS if s.id == way))
            return None
        path = self._save()
        command = setup.command() + (" --sandbox" if self._sandbox else "")
        self.ask.say(f"Saved {path}. The same again: {command}")
        return Outcome("deploy" if way == "deploy" else "saved", path, self._sandbox)

    def _save(self) -> Path:
        def validate(text: str) -> bool | str:
            path = Path(text.strip()).expanduser()
            if not text.strip() or path.is_dir():
                return "Type the path of a file."
            return True

        while True:
            default = str(self.setup.default_path())
            path = Path(self.ask.text("Preset file", default, validate).strip()).expanduser()
            other = path.exists() and path != self.setup.saved
            if other and not self.ask.confirm(f"{path} is there already. Replace it?", False):
                continue
            try:
                self.setup.save(path)
            except OSError as error:
                self.ask.say(f"! {path} cannot be written: {error.strerror}")
                continue
            return path


def _line(row: SurveyRow) -> str:
    """A context in one line."""
    if row.state != "reachable":
        return f"{row.context}: {row.cause or row.state}"
    words = [row.version, "simulated" if row.simulated else row.provider or ""]
    if row.nodes is not None:
        words.append(f"{row.ready_nodes} of {row.nodes} nodes ready")
    if row.storage_classes is not None and row.storage_class is None:
        words.append("no default StorageClass")
    if row.load_balancer is False:
        words.append("no load balancer")
    if row.missing_rights:
        words.append(f"{len(row.missing_rights)} rights missing")
    if row.same_as:
        words.append(f"same cluster as {', '.join(row.same_as)}")
    return f"{row.context}: {', '.join(word for word in words if word)}"
