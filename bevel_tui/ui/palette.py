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


class ScreenCommands(Provider):
    """The commands of the active screen, and its visible key bindings."""

    def _commands(self) -> Iterator[Command]:
        offered = getattr(self.screen, "commands", None)
        if offered is not None:
            yield from offered()
        seen = set()
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if not active.enabled or not binding.description or binding.system or binding.action in seen:
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
