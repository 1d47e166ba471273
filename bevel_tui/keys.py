"""The names of what keys do, and what keys are called: what a keymap may say, known without loading a screen.

A test holds `ACTIONS` against the bindings of all screens.
"""

from __future__ import annotations

import unicodedata

#: ids of the screens' key bindings
ACTIONS: tuple[str, ...] = (
    "back", "check.close", "choice.back", "choice.clear", "choice.next", "choice.open", "choice.previous",
    "clusters.again", "clusters.login", "clusters.use", "copy.close", "copy.save", "dashboard.act",
    "dashboard.checks", "dashboard.events", "dashboard.findings", "dashboard.logs", "dashboard.matrix",
    "dashboard.object", "dashboard.previous", "dashboard.root", "dashboard.shell", "dashboard.tab-checks",
    "dashboard.timeline", "dashboard.yaml", "dialog.back", "dialog.next", "dialog.previous", "file.back",
    "file.complete", "form.toggle", "help", "help.close", "help.down", "help.up", "jump", "jump.stay",
    "organizations.add", "organizations.earlier", "organizations.later", "organizations.remove", "palette",
    "panel.events", "panel.logs", "panel.needs", "panel.step", "quit", "reach.again", "reach.all", "reach.copy",
    "reach.problems", "review.command", "review.document", "review.needs", "review.plan", "run.cancel",
    "run.copy", "run.extend", "run.pause", "run.reach", "run.retry", "services.try", "tree.close", "tree.down",
    "tree.first", "tree.follow", "tree.last", "tree.open", "tree.page-down", "tree.page-up", "tree.toggle",
    "tree.up", "wizard.deploy", "wizard.more", "wizard.next", "wizard.review", "wizard.save",
)  # fmt: skip

_MODIFIERS = {"ctrl", "shift", "alt", "super", "hyper", "meta"}
_KEYS = {
    "up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete", "backspace", "tab", "enter",
    "escape", "space", *(f"f{n}" for n in range(1, 25)),
}  # fmt: skip


def is_key(text: str) -> bool:
    """Whether a terminal can have such a key, by Textual's names: `f5`, `ctrl+x`, `G`, `question_mark`."""
    *modifiers, key = text.strip().split("+") if text.strip() != "+" else ["+"]
    if not set(modifiers) <= _MODIFIERS or not key:
        return False
    if len(key) == 1 or key in _KEYS:
        return key.isprintable()
    try:
        unicodedata.lookup(key.replace("_", " "))
    except KeyError:
        return False
    return True
