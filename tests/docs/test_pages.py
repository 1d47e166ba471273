"""What the documentation says can be typed, and what it points to is there.

Calls that need no cluster of the reader's are run: those of the tutorial in `test_tutorial`, plans here. The others are
taken apart by the command line itself, so that no page shows an option that is not there.
"""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from bevel_tui import api
from bevel_tui.cli import cli
from bevel_tui.network import shipped
from tests.docs.commands import PAGES, ROOT, calls

CALLS = [(place, arguments) for page in PAGES for place, arguments in calls(page)]


def parsed(arguments: list[str]) -> dict[str, object]:
    """The options of the innermost command. Raises click's errors as a user would see them."""
    context = cli.make_context("bevel-tui", list(arguments))
    while isinstance(context.command, click.Group) and (rest := [*context._protected_args, *context.args]):
        name, command, rest = context.command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, rest, parent=context)
    return context.params


@pytest.mark.parametrize(("place", "arguments"), CALLS, ids=[f"{place} {' '.join(a)}"[:100] for place, a in CALLS])
def test_calls_of_ours_are_understood(
    place: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    try:
        options = parsed(arguments)
    except click.exceptions.Exit:  # --help, --version
        return
    except click.UsageError as error:
        pytest.fail(f"{place}: {error.format_message()}")
    preset = options.get("preset")
    if isinstance(preset, str) and "/" not in preset and "." not in preset and preset != "FILE":
        assert preset in shipped.names(), place
        api.plan(api.load(preset))


def test_there_are_calls() -> None:
    assert len(CALLS) > 20


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path) if path else page
        assert there.exists(), f"{page.name}: {target}"
        if anchor and there.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), flags=re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            explicit = set(re.findall(r'<a (?:id|name)="([^"]+)"', there.read_text(encoding="utf-8")))
            assert anchor in anchors | explicit, f"{page.name}: {target}"


def test_the_readme_leads_to_every_page() -> None:
    """By itself or by a page that it leads to."""
    seen: set[Path] = set()
    todo = [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        for target in re.findall(r"\]\(([^)\s#]+)", page.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:", target) and (page.parent / target).exists():
                todo.append((page.parent / target).resolve())
    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in seen] == []
