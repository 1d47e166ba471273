"""What the wizard's screens share: the answers, what the survey has found so far, and what the caller wires in.

One `Setup` lives as long as the application. Screens come and go; no answer is kept in one.
"""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from bevel_tui.network.model import Network
    from bevel_tui.records.survey import SurveyRow
    from bevel_tui.ui.recent import Recent
    from bevel_tui.wizard.draft import Draft


class Simulated(Protocol):
    """Simulated clusters that were started for us."""

    kubeconfig: Path

    async def stop(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What only the command line can give: screens know neither the sandbox nor each other's neighbours.

    `sandbox` starts simulated clusters with these contexts. `deploy` shows a deployment of the Network (kubeconfig,
    path of the saved preset or None). `dashboard` shows a network's clusters. None: the way is not offered.
    """

    sandbox: Callable[[list[str]], Awaitable[Simulated]] | None = None
    deploy: Callable[[Any, Network, str | None, Path | None], None] | None = None
    dashboard: Callable[[Any, str | None], None] | None = None


#: contexts of the sandbox that the start screen offers
SANDBOX_CONTEXTS = ("bevel-east", "bevel-west")


@dataclass(slots=True)
class Setup:
    """The state of one sitting with the wizard. `output` is where the preset goes when nobody says otherwise."""

    hooks: Hooks = field(default_factory=Hooks)
    kubeconfig: str | None = None
    output: Path | None = None
    recent: Recent | None = None
    rows: dict[str, SurveyRow] = field(default_factory=dict)
    saved: Path | None = None
    simulated: Simulated | None = None
    _draft: Draft | None = None
    _saved_text: str | None = None

    @property
    def draft(self) -> Draft:
        """The answers; begun when first asked for (that costs the models' import)."""
        if self._draft is None:
            from bevel_tui.wizard.draft import Draft

            self._draft = Draft()
        return self._draft

    def begin(self, network: Network | None = None, saved: Path | None = None) -> None:
        """New answers: those that lead to a Network, or none."""
        from bevel_tui.wizard.draft import Draft

        self._draft = Draft() if network is None else Draft.of(network)
        self.saved = saved
        self._saved_text = self.text() if network is not None else None
        for row in self.rows.values():
            self._draft.learn(row)

    def learn(self, row: SurveyRow) -> None:
        """A row of the survey."""
        self.rows[row.context] = row
        self.draft.learn(row)

    def add_unknown(self) -> None:
        """Contexts that a preset names and no kubeconfig file has are rows too, with that as their cause."""
        from bevel_tui.records.survey import SurveyRow

        for context in self.draft.contexts:
            if context not in self.rows:
                remedy = "Name the kubeconfig file that has it, or use another context."
                cause = "the kubeconfig has no context of this name"
                self.learn(
                    SurveyRow(context=context, server="", state="dead", complete=True, cause=cause, remedy=remedy)
                )

    def text(self) -> str | None:
        """The preset, with the schema's words; None while something is wrong."""
        from bevel_tui.network.annotate import annotated

        network = self.draft.judge().network
        return None if network is None else annotated(network, schema_path="preset.schema.json")

    def save(self, path: Path) -> None:
        """Write the preset. Raises OSError; ValueError while something is wrong."""
        text = self.text()
        if text is None:
            raise ValueError("something is wrong with the answers")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.saved, self._saved_text = path, text
        if self.recent is not None:
            self.recent.add(path)

    @property
    def dirty(self) -> bool:
        """Whether there are answers that no file has."""
        if self._draft is None or not self._draft.clusters:
            return False
        return self.text() != self._saved_text or self._saved_text is None

    def unsaved(self) -> str | None:
        """What quitting would lose, in the same words on every screen that has the answers."""
        return "The answers are not saved as a preset: Ctrl+S in the wizard saves them." if self.dirty else None

    @property
    def is_simulated(self) -> bool:
        """Whether every cluster picked is known to be simulated."""
        if self._draft is None or not self._draft.clusters:
            return self.simulated is not None
        return all((row := self.rows.get(context)) and row.simulated for context in self._draft.contexts)

    def default_path(self) -> Path:
        """Where the preset goes when nobody says otherwise."""
        return self.saved or self.output or Path(f"{self.draft.get(('name',))}.yaml")

    def command(self) -> str:
        """The command line that does the same."""
        words = ["bevel-tui", "--preset", str(self.saved or self.default_path())]
        if self.simulated is not None:
            words.append("--sandbox")
        elif self.kubeconfig:
            words += ["--kubeconfig", self.kubeconfig]
        return shlex.join(words)

    async def close(self) -> None:
        """End the simulated clusters, if any."""
        handle, self.simulated = self.simulated, None
        if handle is not None:
            await handle.stop()


def has_contexts(paths: Iterable[Path]) -> bool:
    """Whether any kubeconfig file is there: all that the first paint can afford to ask."""
    return any(path.is_file() for path in paths)
