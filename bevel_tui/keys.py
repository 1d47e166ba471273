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

#: what works side by side on one screen, by the first word of the name; the empty word has what every screen has. A
#: dialog or a field that has the focus takes keys from the screen, so those are only held against their own kind.
_SCREENS: tuple[frozenset[str], ...] = (
    frozenset({"", "run", "panel", "tree"}),
    frozenset({"", "reach"}),
    frozenset({"", "dashboard"}),
    *(frozenset({"", "wizard", step}) for step in ("clusters", "organizations", "review", "services")),
)
_EVERYWHERE = frozenset({"quit", "palette"})
#: the last step has the one where the others have the other
_INSTEAD = frozenset({"wizard.next", "wizard.deploy"})


def collide(one: str, other: str) -> bool:
    """Whether two different actions can be wanted at the same time, so that one key cannot be both."""
    if {one, other} == _INSTEAD:
        return False
    if one in _EVERYWHERE or other in _EVERYWHERE:
        return True
    groups = {name.rpartition(".")[0] for name in (one, other)}
    return len(groups) == 1 or any(groups <= screen for screen in _SCREENS)


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
