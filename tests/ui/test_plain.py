"""The wizard line by line, asked by a person who answers what a test says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bevel_tui import api
from bevel_tui.network import load
from bevel_tui.ui import plain
from bevel_tui.ui.setup import Setup
from tests.ui.wizard import CLUSTERS, wizard


class Person:
    """Answers by what the question contains, in order; everything else is left as proposed."""

    def __init__(self, *answers: tuple[str, Any]) -> None:
        self.answers = list(answers)
        self.heard: list[str] = []
        self.asked: list[str] = []
        self.refused: list[str] = []

    def _answer(self, question: str, default: Any) -> Any:
        self.asked.append(question.strip())
        for i, (words, answer) in enumerate(self.answers):
            if words in question:
                del self.answers[i]
                return answer
        return default

    def say(self, text: str = "") -> None:
        self.heard.append(text)

    def choice(self, question: str, choices: Sequence[plain.Choice], default: str) -> str:
        answer = self._answer(question, default)
        possible = [value for value, _, reason in choices if reason is None]
        assert answer in possible, (question, answer, choices)
        return str(answer)

    def several(self, question: str, choices: Sequence[tuple[str, str, bool]]) -> list[str]:
        self.heard += [title for _, title, _ in choices]
        return list(self._answer(question, [value for value, _, checked in choices if checked]))

    def text(self, question: str, default: str, validate: plain.Validate) -> str:
        while True:
            answer = str(self._answer(question, default))
            said = validate(answer)
            if said is True:
                return answer
            self.refused.append(str(said))
            assert answer != default, (question, said)

    def confirm(self, question: str, default: bool) -> bool:
        return bool(self._answer(question, default))


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Setup:
    """Contexts that answer, presets written into the test's folder."""
    return wizard(monkeypatch, tmp_path, CLUSTERS)[1]


def test_the_same_questions_lead_to_the_same_preset(setup: Setup) -> None:
    person = Person(
        ("Which clusters", [CLUSTERS[0].context, "west-admin"]),
        ("Domain", "east"),
        ("Domain", "east.acme.org"),
        ("Platform", "fabric"),
        ("How many", "no"),
        ("How many", "3"),
        ("Orderers", "many"),
        ("Orderers", "5"),
        ("Keys in", "vault"),
        ("Vault address", "http://localhost:8200"),
        ("Token", "hunter2"),
        ("Token", "env:VAULT_TOKEN"),
        ("What next?", "services"),
        ("Vault address", "https://vault.acme.org:8200"),
        ("What next?", "save"),
    )
    outcome = plain.run(setup, person, sandbox=True)
    assert outcome == plain.Outcome("saved", Path("fabric-network.yaml"))
    network = load.load("fabric-network.yaml")
    assert network.platform.type == "fabric" and network.gateway.type == "haproxy"
    assert [c.domain for c in network.clusters] == ["east.acme.org", "west-admin.acme.org"]
    assert len(network.organizations) == 3
    assert network.organizations[0].fabric is not None and network.organizations[0].fabric.orderers == 5
    assert network.vault is not None
    heard = "\n".join(person.heard)
    assert "old-lab: old-lab.example.com:6443: Connection refused" in heard
    assert "same cluster as west-admin" in heard
    assert "hunter2" not in heard + "\n".join(person.refused)
    assert f"Plan {api.plan(network).id}" in heard
    assert "localhost means the pod itself" in heard  # only the whole shows it
    assert len(person.refused) == 4
    assert not person.answers


def test_settings_with_good_defaults_are_asked_on_demand(setup: Setup) -> None:
    person = Person(("Which clusters", ["kind-lab"]), ("Change settings", True), ("What next?", "leave"))
    assert plain.run(setup, person, sandbox=False) == plain.Outcome("left")
    assert "Provider" in person.asked and "StorageClass" in person.asked
    assert "Chain id" not in person.asked
    assert setup.draft.judge().network is not None


def test_a_preset_is_opened_changed_and_deployed(setup: Setup, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("nonsense")
    person = Person(
        ("What shall it be?", "open"),
        ("Preset (", "mine.yaml"),
        ("Preset (", "indy-one-cluster"),
        ("What next?", "platform"),
        ("Network", "other"),
        ("What next?", "deploy"),
        ("Preset file", "mine.yaml"),
        ("Replace", False),
        ("Preset file", "new/other.yaml"),
    )
    setup.saved = Path("indy-one-cluster.yaml")
    outcome = plain.run(setup, person, sandbox=True)
    assert outcome.way == "deploy" and outcome.path == Path("new/other.yaml") and not outcome.sandbox
    assert load.load("new/other.yaml").name == "other"
    assert (tmp_path / "mine.yaml").read_text() == "nonsense"


def test_a_network_yaml_is_imported(setup: Setup, tmp_path: Path) -> None:
    (tmp_path / "network.yaml").write_text(api.export_network_yaml(api.load("besu-two-clusters")).text)
    (tmp_path / "broken.yaml").write_text("network: [")
    person = Person(
        ("What shall it be?", "import"),
        ("network.yaml (a file)", "broken.yaml"),
        ("network.yaml (a file)", "missing.yaml"),
        ("What next?", "save"),
        ("Preset file", "imported.yaml"),
    )
    assert plain.run(setup, person, sandbox=True) == plain.Outcome("saved", Path("imported.yaml"))
    imported = api.import_network_yaml(Path("network.yaml"))
    assert load.load("imported.yaml") == imported.network
    heard = "\n".join(person.heard)
    assert imported.notes and all(f"note: {note}" in heard for note in imported.notes)
    assert ["broken.yaml" in person.refused[0], "missing.yaml" in person.refused[1]] == [True, True]


def test_without_a_context_there_is_the_sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    setup = wizard(monkeypatch, tmp_path, ())[1]
    outcome = plain.run(setup, Person(("What next?", "deploy")), sandbox=True)
    assert outcome.sandbox and outcome.way == "deploy"
    assert [c.context for c in load.load(str(outcome.path)).clusters] == ["bevel-east", "bevel-west"]
