"""The wizard's screens by keyboard: every way through them, wrong input, going back, and how they look."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import DataTable, Input, OptionList

from bevel_tui import api
from bevel_tui.network import load
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.ui.contexts import shortened, widths
from bevel_tui.ui.dialog import Dialog
from bevel_tui.ui.screens.files import FileDialog
from bevel_tui.ui.screens.start import StartScreen
from bevel_tui.ui.screens.step import StepScreen
from bevel_tui.ui.setup import Hooks, Setup
from bevel_tui.ui.widgets.choice import ChoiceList
from tests.ui.contrast import legible
from tests.ui.snapshot import SIZES, picture, running, settle
from tests.ui.wizard import CLUSTERS, EAST, WEST, Deployed, ready, row, wizard

Snapshot = Callable[[Pilot[Any], str], None]


async def ready_now(pilot: Pilot[Any]) -> None:
    """Until every key, message and worker has been worked off."""
    await pilot.pause()
    if any(not worker.is_finished for worker in pilot.app.workers):
        await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def press(pilot: Pilot[Any], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await ready_now(pilot)


async def type_text(pilot: Pilot[Any], text: str) -> None:
    focused = pilot.app.focused
    assert isinstance(focused, Input), focused
    focused.value = text
    await ready_now(pilot)


def here(pilot: Pilot[Any]) -> str:
    screen = pilot.app.screen
    assert isinstance(screen, StepScreen), screen
    return screen.section_id


def shows(pilot: Pilot[Any], *words: str) -> None:
    shown = " ".join(picture(pilot.app).split())
    for word in words:
        assert word in shown, picture(pilot.app)


async def two_clusters(pilot: Pilot[Any]) -> None:
    """From the start: a new network on the first two contexts."""
    await ready_now(pilot)
    pilot.app.screen.query_one(OptionList).highlighted = 0
    await press(pilot, "enter")
    assert here(pilot) == "clusters"
    await press(pilot, "space", "down", "space")


@pytest.mark.parametrize("size", SIZES)
async def test_every_screen_at_every_size(
    size: tuple[int, int], snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    app, _setup = wizard(monkeypatch, tmp_path, hooks=Hooks(sandbox=_no_sandbox, deploy=Deployed()))
    async with running(app, size) as pilot:

        async def seen(name: str) -> None:
            snapshot(pilot, name)
            if size == (80, 24):
                await legible(pilot)

        await ready_now(pilot)
        await seen("start")
        await two_clusters(pilot)
        await seen("clusters")
        await press(pilot, "ctrl+n")
        await seen("platform")
        await press(pilot, "down", "ctrl+n")
        await seen("gateway")
        await press(pilot, "ctrl+n")
        await seen("gateway-wrong")
        await type_text(pilot, "east.acme.org")
        await press(pilot, "ctrl+n")
        await seen("organizations")
        await press(pilot, "ctrl+n")
        await seen("services")
        await press(pilot, "ctrl+n")
        await seen("review")
        for number, view in (("2", "plan"), ("3", "needs"), ("4", "command")):
            await press(pilot, number)
            await seen(f"review-{view}")
        await press(pilot, "ctrl+s")
        await seen("save")
        await press(pilot, "escape", "ctrl+n")
        await seen("deploy-asks")


async def _no_sandbox(_contexts: list[str]) -> Any:
    raise BevelError(Code.SANDBOX, "The sandbox did not start.", details=("no memory",))


async def test_from_nothing_to_a_preset_and_a_deployment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deployed = Deployed()
    app, setup = wizard(monkeypatch, tmp_path, hooks=Hooks(deploy=deployed))
    async with running(app, (120, 40)) as pilot:
        await two_clusters(pilot)
        await press(pilot, "tab", "tab")
        await type_text(pilot, "west.acme.org")
        assert setup.draft.get(("clusters", 1, "domain")) == "west.acme.org"
        await press(pilot, "shift+tab")
        await type_text(pilot, "west")
        for section in ("platform", "gateway"):
            await press(pilot, "ctrl+n")
            assert here(pilot) == section
        shows(pilot, "HAProxy Ingress: not possible", "Ports opened at east", "15010")
        for section in ("organizations", "services", "review"):
            await press(pilot, "ctrl+n")
            assert here(pilot) == section
        shows(pilot, "besu-network")
        assert "validators: 4" in str(setup.text())
        await press(pilot, "ctrl+n")
        assert isinstance(app.screen, Dialog)
        await press(pilot, "s")
        assert isinstance(app.screen, FileDialog)
        await press(pilot, "enter")
        path = Path("besu-network.yaml")
        assert path.is_file()
        network = load.load(str(path))
        assert [(n.name, k, s) for n, k, s in deployed.calls] == [("besu-network", None, path)]
        assert deployed.calls[0][0] == network
        assert api.plan(network).id == api.plan(setup.draft.judge().network).id  # type: ignore[arg-type]
        assert network.clusters[0].domain == "east.acme.org"
        assert network.clusters[0].provider == "aws"
        assert not setup.dirty
        await press(pilot, "4")
        shows(pilot, "bevel-tui --preset besu-network.yaml", api.plan(network).id)
        # the next time it is offered first thing
        assert setup.recent is not None and setup.recent.paths() == (path.absolute(),)


async def test_back_loses_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    app, setup = wizard(monkeypatch, tmp_path, (ready("kind-a"), ready("kind-b")))
    setup.rows.clear()
    async with running(app, (80, 24)) as pilot:
        await two_clusters(pilot)
        await press(pilot, "tab", "tab")
        await type_text(pilot, "b.acme.org")
        await press(pilot, "ctrl+n", "down", "ctrl+n", "ctrl+n")
        assert here(pilot) == "organizations"
        before = setup.draft.document()
        for section in ("gateway", "platform", "clusters"):
            await press(pilot, "escape")
            assert here(pilot) == section
            assert setup.draft.document() == before
        await press(pilot, "escape")
        assert isinstance(app.screen, StartScreen)
        await press(pilot, "enter")
        assert here(pilot) == "clusters"
        assert setup.draft.document() == before
        shows(pilot, "[x]", "2 of 2 used")
        await press(pilot, "ctrl+n", "ctrl+n", "ctrl+n", "ctrl+n", "ctrl+n")
        assert here(pilot) == "review"
        assert setup.draft.document() == before


async def test_wrong_input_is_told_at_its_field_and_stops_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    app, setup = wizard(monkeypatch, tmp_path)
    async with running(app, (120, 40)) as pilot:
        await ready_now(pilot)
        pilot.app.screen.query_one(OptionList).highlighted = 0
        await press(pilot, "enter", "ctrl+n")
        assert here(pilot) == "clusters"
        shows(pilot, "Use at least one cluster")
        await press(pilot, "down", "space", "up", "space", "tab")
        await type_text(pilot, "East!")
        shows(pilot, "✗ may hold lower-case letters")
        await press(pilot, "ctrl+n")
        assert here(pilot) == "clusters"
        await type_text(pilot, "east")
        await press(pilot, "tab")
        await type_text(pilot, "https://east")
        shows(pilot, "✗ must be a DNS name")
        await type_text(pilot, "east.acme.org")
        setup.draft.set(("clusters", 0, "domain"), "west.acme.org")
        await press(pilot, "ctrl+n")
        assert here(pilot) == "platform"
        field = app.screen.query_one("#field-platform-version", Input)
        field.focus()
        await ready_now(pilot)
        await type_text(pilot, "a b")
        shows(pilot, "✗ must be an image tag")
        await press(pilot, "ctrl+n")
        assert here(pilot) == "platform" and app.focused is field
        await press(pilot, "ctrl+e", "ctrl+e")
        field = app.screen.query_one("#field-platform-version", Input)
        assert app.focused is field and field.value == "a b"  # more settings and fewer; whoever types goes on typing
        field.value = ""
        await press(pilot, "tab")
        assert field.value == "23.10.2"  # what is left empty is the proposal again
        await press(pilot, "ctrl+n")
        domain = app.screen.query_one("#field-clusters-1-domain", Input)
        before = domain.value
        domain.value = "a_b"  # asked with the clusters too, and right there
        await press(pilot, "ctrl+n")
        assert here(pilot) == "gateway" and app.focused is domain
        domain.value = before
        await press(pilot, "ctrl+n")
        assert here(pilot) == "organizations"
        await press(pilot, "enter")
        app.screen.query_one("#field-organizations-0-besu-validators", Input).focus()
        await ready_now(pilot)
        await type_text(pilot, "many")
        shows(pilot, "✗ must be a whole number")
        await type_text(pilot, "3")
        shows(pilot, "! 3 validators")  # three stand the loss of none: unwise, and allowed
        await press(pilot, "ctrl+n")
        assert here(pilot) == "services"
        assert setup.draft.judge().network is not None


async def test_the_review_leads_back_to_what_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    app, setup = wizard(monkeypatch, tmp_path, hooks=Hooks(deploy=Deployed()))
    async with running(app, (120, 40)) as pilot:
        await two_clusters(pilot)
        await press(pilot, "ctrl+r")
        assert here(pilot) == "review"
        shows(pilot, "Something is wrong", "clusters[0].domain")
        await press(pilot, "ctrl+n")
        assert here(pilot) == "review"
        await press(pilot, "ctrl+s")
        assert here(pilot) == "review"
        answers = app.screen.query_one("#answers", OptionList)
        answers.focus()
        answers.highlighted = 5
        await press(pilot, "enter")
        assert here(pilot) == "gateway"
        assert app.focused is not None and app.focused.id == "field-clusters-0-domain"
        await type_text(pilot, "east.acme.org")
        await press(pilot, "tab", "tab")
        await type_text(pilot, "west.acme.org") if isinstance(app.focused, Input) else None
        setup.draft.set(("clusters", 1, "domain"), "west.acme.org")
        await press(pilot, "ctrl+n")
        assert here(pilot) == "review"
        assert "validators: 4" in str(setup.text())


async def test_organizations_are_a_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    app, setup = wizard(monkeypatch, tmp_path, (ready("kind-a"), ready("kind-b")))
    async with running(app, (120, 40)) as pilot:
        await two_clusters(pilot)
        setup.draft.set(("clusters", 0, "domain"), "a.acme.org")
        await press(pilot, "ctrl+n", "ctrl+n", "ctrl+n")
        table = app.screen.query_one("#organizations", DataTable)
        shows(pilot, "supplychain (founder)", "carrier")
        await press(pilot, "a")
        assert table.row_count == 3 and isinstance(app.focused, Input)
        await type_text(pilot, "bank")
        shows(pilot, "bank")
        table.focus()
        await press(pilot, "shift+up", "shift+up")
        shows(pilot, "bank (founder)")
        assert setup.draft.get(("organizations", 0, "besu", "validators")) == 4
        await press(pilot, "down", "d")
        assert [setup.draft.get(("organizations", i, "name")) for i in range(2)] == ["bank", "carrier"]
        await press(pilot, "up", "d", "d")
        assert table.row_count == 1
        shows(pilot, "one organization at least")


async def test_two_contexts_of_one_cluster_are_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    app, setup = wizard(monkeypatch, tmp_path)
    async with running(app, (120, 40)) as pilot:
        await two_clusters(pilot)
        await press(pilot, "down", "down", "down", "space")
        shows(pilot, "same cluster as west-admin")
        assert len(setup.draft.clusters) == 2
        await press(pilot, "up", "up", "space")
        shows(pilot, "Connection refused")
        assert setup.draft.contexts[2] == "old-lab"
        await press(pilot, "space")
        assert len(setup.draft.clusters) == 2


async def test_only_where_a_person_must_log_in_there_is_a_key_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    app, _setup = wizard(monkeypatch, tmp_path)
    logged: list[str] = []

    async def log_in(context: str, _kubeconfig: str | None = None) -> None:
        logged.append(context)

    monkeypatch.setattr(api, "log_in", log_in)
    async with running(app, (120, 40)) as pilot:
        await two_clusters(pilot)
        await press(pilot, "l")
        assert logged == []
        await press(pilot, "down", "down", "l")
        assert logged == []
        shows(pilot, "no terminal to give away")
        monkeypatch.setattr(app, "suspend", contextlib.nullcontext)
        await press(pilot, "l")
        assert logged == ["gke-prod"]


async def test_secrets_and_charts_are_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    app, setup = wizard(monkeypatch, tmp_path, (ready("kind-a"),))
    monkeypatch.delenv("NO_TOKEN", raising=False)
    monkeypatch.setenv("REGISTRY_USER", "someone")
    async with running(app, (120, 40)) as pilot:
        await ready_now(pilot)
        pilot.app.screen.query_one(OptionList).highlighted = 0
        await press(pilot, "enter", "space", "ctrl+n", "ctrl+n", "ctrl+n", "ctrl+n")
        assert here(pilot) == "services"
        draft = setup.draft
        draft.set(("~", "keys"), "vault")
        draft.set(("~", "images"), "private")
        draft.set(("~", "charts"), "path")
        draft.set(("vault", "address"), "https://vault.example.com")
        draft.set(("vault", "token"), {"env": "NO_TOKEN"})
        draft.set(("registry", "server"), "registry.example.com")
        draft.set(("registry", "username"), {"env": "REGISTRY_USER"})
        draft.set(("registry", "password"), {"file": str(tmp_path / "nothing")})
        draft.set(("charts", "ledger", "path"), str(tmp_path))
        await app.screen.answered(())  # type: ignore[attr-defined]
        await press(pilot, "ctrl+t")
        shows(
            pilot,
            "✗ environment variable NO_TOKEN is not set",
            "✓ it is there",
            "cannot be read: No such file",
            "✗ Chart besu-genesis",
        )
        assert "someone" not in picture(app)


async def test_a_choice_by_key_click_and_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    app, setup = wizard(monkeypatch, tmp_path, (ready("kind-a"),))
    async with running(app, (80, 24)) as pilot:
        await ready_now(pilot)
        pilot.app.screen.query_one(OptionList).highlighted = 0
        await press(pilot, "enter", "space", "ctrl+e")
        provider = app.screen.query_one("#field-clusters-0-provider")
        provider.focus()
        await press(pilot, "enter")
        assert isinstance(app.screen, ChoiceList)
        await press(pilot, "home", "enter")
        assert setup.draft.get(("clusters", 0, "provider")) == "aws"
        await press(pilot, "left")
        assert setup.draft.get(("clusters", 0, "provider")) == "other"
        await press(pilot, "ctrl+n")
        consensus = app.screen.query_one("#field-platform-consensus")
        await pilot.click(consensus, offset=(10, 0))
        await ready_now(pilot)
        assert setup.draft.get(("platform", "consensus")) == "ibft2"


async def test_a_gateway_that_became_impossible_is_proposed_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    app, setup = wizard(monkeypatch, tmp_path, (ready("kind-a"),))
    async with running(app, (80, 24)) as pilot:
        await ready_now(pilot)
        pilot.app.screen.query_one(OptionList).highlighted = 0
        await press(pilot, "enter", "space", "ctrl+n", "ctrl+n")
        shows(pilot, "With one cluster a gateway is optional", "No port is opened")
        await press(pilot, "home")
        assert setup.draft.gateway == "ambassador"
        await press(pilot, "escape", "down", "ctrl+n")
        assert setup.draft.platform == "fabric"
        assert setup.draft.gateway == "none"


async def test_the_sandbox_is_first_without_a_kubeconfig(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stopped: list[str] = []

    class Clusters:
        kubeconfig = tmp_path / "sandbox"

        async def stop(self) -> None:
            stopped.append("stopped")

    async def start(contexts: list[str]) -> Clusters:
        found.extend(ready(name, simulated=True, version="v1.34.2+simulated") for name in contexts)
        return Clusters()

    found: list[Any] = []
    app, setup = wizard(monkeypatch, tmp_path, (), hooks=Hooks(sandbox=start))

    def contexts(_kubeconfig: str | None = None) -> tuple[Any, ...]:
        return tuple(row(r.context) for r in found)

    async def look(_kubeconfig: str | None = None, names: Any = None) -> Any:
        for r in found:
            yield r

    monkeypatch.setattr(api, "contexts", contexts)
    monkeypatch.setattr(api, "look", look)
    async with running(app, (80, 24)) as pilot:
        await ready_now(pilot)
        assert app.screen.query_one(OptionList).get_option_at_index(0).id == "sandbox"
        await press(pilot, "enter")
        assert here(pilot) == "clusters"
        shows(pilot, "simulated", "[x]")
        await press(pilot, "ctrl+r")
        network = setup.draft.judge().network
        assert network is not None
        assert [c.domain for c in network.clusters] == ["east.example.test", "west.example.test"]
        assert setup.kubeconfig == str(Clusters.kubeconfig)
        await press(pilot, "4")
        shows(pilot, "--sandbox")
    assert stopped == ["stopped"]


async def test_a_sandbox_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    app, _setup = wizard(monkeypatch, tmp_path, (), hooks=Hooks(sandbox=_no_sandbox))
    async with running(app, (80, 24)) as pilot:
        await press(pilot, "enter")
        assert isinstance(app.screen, Dialog)
        shows(pilot, "did not start", "no memory")
        await press(pilot, "escape")
        assert isinstance(app.screen, StartScreen)


async def test_presets_are_opened_by_name_by_path_and_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    app, setup = wizard(monkeypatch, tmp_path, (EAST, WEST))
    (tmp_path / "mine.yaml").write_text("nonsense: [")
    async with running(app, (120, 40)) as pilot:
        await ready_now(pilot)
        ways = app.screen.query_one(OptionList)
        ways.highlighted = ways.get_option_index("open")
        await press(pilot, "enter")
        await type_text(pilot, "mine.yaml")
        await press(pilot, "enter")
        assert isinstance(app.screen, Dialog)
        shows(pilot, "mine.yaml at line 2")
        await press(pilot, "escape", "enter")
        await type_text(pilot, "fabric-ch")
        await press(pilot, "tab", "enter")
        assert here(pilot) == "review"
        shows(pilot, "assettransfer")
        assert not setup.dirty
        await press(pilot, "ctrl+s")
        await type_text(pilot, "mine.yaml")
        await press(pilot, "enter")
        shows(pilot, "Enter again replaces it")
        await press(pilot, "enter")
        assert load.load("mine.yaml") == api.load("fabric-chaincode")
        await press(pilot, "escape")
        assert here(pilot) == "clusters"


async def test_quitting_asks_while_answers_are_in_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    app, _setup = wizard(monkeypatch, tmp_path)
    async with running(app, (80, 24)) as pilot:
        await two_clusters(pilot)
        await press(pilot, "ctrl+q")
        assert isinstance(app.screen, Dialog)
        shows(pilot, "not saved")
        await press(pilot, "escape", "ctrl+n")
        assert here(pilot) == "platform"
        await press(pilot, "ctrl+c", "l")
    assert app.return_value == 0


def test_the_table_of_clusters_has_the_columns_that_have_room():
    for room in range(72, 200):
        _check_columns(room)


def _check_columns(room: int) -> None:
    columns = widths(room)
    assert sum(columns.values()) + 2 * len(columns) <= room
    name = "arn:aws:eks:eu-west-1:123456789012:cluster/east"
    short = shortened(name, columns["Context"])
    assert len(short) <= columns["Context"] and short.startswith("arn:aws") and short.endswith("cluster/east")


async def test_two_hundred_contexts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    app, setup = wizard(monkeypatch, tmp_path, [ready(f"cluster-{i:03}") for i in range(200)])
    async with running(app, (80, 24)) as pilot:
        await ready_now(pilot)
        pilot.app.screen.query_one(OptionList).highlighted = 0
        await press(pilot, "enter", "ctrl+end", "space")
        shows(pilot, "cluster-199", "1 of 200 used")
        assert setup.draft.contexts == ("cluster-199",)


async def test_the_first_paint_waits_for_no_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    app, setup = wizard(monkeypatch, tmp_path, CLUSTERS)
    gate = asyncio.Event()

    async def look(_kubeconfig: str | None = None, names: Any = None) -> Any:
        await gate.wait()
        for found in CLUSTERS:
            yield found

    monkeypatch.setattr(api, "look", look)
    async with running(app, (120, 40)) as pilot:
        await settle(pilot)
        pilot.app.screen.query_one(OptionList).highlighted = 0
        await pilot.press("enter")
        await settle(pilot)
        shows(pilot, "old-lab", "· waiting", "0 of 6 used")
        await pilot.press("space")
        await settle(pilot)
        assert setup.draft.contexts == (EAST.context,)
        gate.set()
        await ready_now(pilot)
        shows(pilot, "● ready", "✗ no", "EKS")


def test_only_the_wizard_costs_its_imports() -> None:
    import subprocess
    import sys

    code = (
        "import sys, bevel_tui.ui.screens.start, bevel_tui.ui.app\n"
        "heavy = {'pydantic', 'kubernetes', 'aiohttp', 'yaml', 'questionary', 'dns'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_a_setup_without_answers_has_nothing_to_lose() -> None:
    assert not Setup().dirty
