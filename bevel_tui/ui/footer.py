"""The line of keys. Textual makes it anew whenever the focus moves, which is the dearest part of showing a screen; this
one only when it would show something else.
"""

from __future__ import annotations

from textual.widgets import Footer


class KeyFooter(Footer):
    """Textual's footer, made anew when a key, its words or whether it works have changed."""

    _shown: tuple[object, ...] | None = None

    async def recompose(self) -> None:
        """Make it anew, unless it would be the same."""
        wanted = self._wanted() if self.is_attached else self._shown
        if wanted != self._shown:
            self._shown = wanted
            await super().recompose()

    def _wanted(self) -> tuple[object, ...]:
        """All that the footer's keys are made of."""
        palette = self.app.COMMAND_PALETTE_BINDING
        return tuple(
            (binding.key, self.app.get_key_display(binding), binding.description, binding.action, enabled, tooltip)
            for key, (_, binding, enabled, tooltip) in self.screen.active_bindings.items()
            if binding.show or key == palette
        )
