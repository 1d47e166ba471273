"""The command palette: what the screen offers now, and every key action with its key, found by typing a few letters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual.command import DiscoveryHit, Hit, Hits, Provider


@dataclass(frozen=True, slots=True)
class Command:
    """One thing to do on a screen: `BaseScreen.commands` gives them."""

    title: str
    help: str
    run: Callable[[], Awaitable[Any] | Any]


class Commands(Provider):
    """The commands of the active screen, its key bindings, then what is there on every screen.

    One provider, because Textual shows what several offer in the order in which they happen to answer.
    """

    def _commands(self) -> Iterator[Command]:
        titles: set[str] = set()
        for command in (*self._of_the_screen(), *self._of_the_keys(), *self._of_the_app()):
            if command.title not in titles:
                titles.add(command.title)
                yield command

    def _of_the_screen(self) -> Iterator[Command]:
        offered = getattr(self.screen, "commands", None)
        if offered is not None:
            yield from offered()

    def _of_the_app(self) -> Iterator[Command]:
        for title, words, run, _ in self.app.get_system_commands(self.screen):
            yield Command(title, words, run)

    def _of_the_keys(self) -> Iterator[Command]:
        seen = {"app.command_palette", "command_palette"}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            # without an id it is Textual's own: how fields move their cursors, which nobody looks for here
            if not (active.enabled and binding.description and binding.id) or binding.action in seen:
                continue
            seen.add(binding.action)
            key = self.app.get_key_display(binding)
            yield Command(
                binding.description,
                f"{active.tooltip or binding.description} (key: {key})",
                partial(self.app.run_action, binding.action, active.node),
            )

    async def discover(self) -> Hits:
        """All of them."""
        for command in self._commands():
            yield DiscoveryHit(command.title, command.run, help=command.help)

    async def search(self, query: str) -> Hits:
        """Those that match."""
        matcher = self.matcher(query)
        for command in self._commands():
            score = max(matcher.match(command.title), 0.8 * matcher.match(command.help))
            if score > 0:
                yield Hit(score, matcher.highlight(command.title), command.run, help=command.help)
