"""What clusters say is text on the screens too: no cell holds a control character, no word of theirs is markup or a link."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.app import App

from bevel_tui.records.snapshot import ClusterSnapshot, Snapshot
from bevel_tui.ui.dashboard.finding import FindingScreen
from tests.security.test_terminal import FORBIDDEN, POISON, poisoned
from tests.stories import done, failed
from tests.ui.dashboard.recorded import Played, image_gone
from tests.ui.dashboard.test_dashboard import dashboard
from tests.ui.snapshot import settle
from tests.ui.test_deploy import Shown
from tests.ui.wizard import DEAD, WEST, ready, wizard

#: keys of objects whose values are anybody's words
WORDS = {"message", "image", "description", "note", "server"}


def harmless(app: App[Any], *, poison: bool = True) -> None:
    """Every cell of the screen that is shown: no control character, and no style or action that poison asks for."""
    shown = ""
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            assert not FORBIDDEN.search(segment.text), repr(segment.text)
            style = segment.style
            assert style is None or style.link is None
            if "owned" in segment.text or "evil" in segment.text:
                assert "app.quit" not in str(style.meta if style is not None else ""), segment
            shown += segment.text
    assert not poison or "owned" in shown, "the poison was not shown at all"
    assert "[bold red]" in shown or not poison or "evil" not in shown, "its markup was taken for markup"


@pytest.mark.parametrize("story", [done, failed], ids=["done", "failed"])
async def test_deployment_and_reachability(story: Any) -> None:
    events = [poisoned(event) for event in story()]
    async with Shown(events, (200, 60)) as shown:
        harmless(shown.app)
        for keys in (("down",), ("down", "down", "enter"), ("escape",), ("tab", "enter"), ("escape",)):
            await shown.press(*keys)
            harmless(shown.app, poison=False)


def spoiled(node: Any, key: str = "") -> Any:
    """An object with poison in every text that may be anything."""
    if isinstance(node, Mapping):
        return {name: spoiled(value, name) for name, value in node.items()}
    if isinstance(node, list | tuple):
        return [spoiled(value, key) for value in node]
    return f"{node} {POISON}" if isinstance(node, str) and key in WORDS else node


def hostile() -> Snapshot:
    """A network with a finding whose words, and all words around it, are poison."""
    snapshot = image_gone()
    clusters = []
    for cluster in snapshot.clusters:
        assert isinstance(cluster, ClusterSnapshot)
        objects = {
            kind: tuple(spoiled(copy.deepcopy(dict(obj))) for obj in found) for kind, found in cluster.objects.items()
        }
        clusters.append(replace(cluster, objects=objects))
    return replace(snapshot, clusters=tuple(clusters))


@pytest.mark.parametrize("size", [(120, 40), (200, 60)])
async def test_the_dashboard(size: tuple[int, int]) -> None:
    async with dashboard(Played(hostile()), size) as (pilot, _):
        harmless(pilot.app, poison=False)
        await pilot.press("1", "enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, FindingScreen)
        harmless(pilot.app)
        for keys in (("o",), ("e",), ("l",), ("escape", "escape", "down", "enter")):
            await pilot.press(*keys)
            await settle(pilot)
            harmless(pilot.app, poison=False)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_wizards_clusters(size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of contexts come from a kubeconfig that somebody sent, everything else from clusters."""
    gateway = replace(WEST.gateways[0], service=POISON, address=POISON) if WEST.gateways else None
    rows = (
        ready(POISON, version=POISON, storage_class=POISON, storage_classes=(POISON,), load_balancer_why=POISON),
        ready("evil-west", gateways=(gateway,), missing_rights=(POISON,), networks=(POISON,), unread=(POISON,)),
        replace(DEAD, context="dead", cause=POISON, remedy=POISON),
    )
    app, _ = wizard(monkeypatch, tmp_path, rows)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("enter")
        seen = ""
        for keys in ((), ("space",), ("down",), ("space",), ("down",), ("ctrl+n",)):
            await pilot.press(*keys)
            await settle(pilot)
            harmless(pilot.app, poison=False)
            for strip in app.screen._compositor.render_strips():
                seen += "".join(segment.text for segment in strip)
        assert "evil" in seen
