"""The names of what keys do, and what keys are called: what a keymap may say, known without loading a screen.

A test holds `DEFAULTS` against the bindings of all screens.
"""

from __future__ import annotations

import unicodedata

#: ids of the screens' key bindings, and the keys they have when no keymap says otherwise
DEFAULTS: dict[str, str] = {
    "back": "escape", "check.close": "escape,enter,q", "choice.back": "escape", "choice.clear": "backspace,delete",
    "choice.next": "right,space", "choice.open": "enter", "choice.previous": "left", "clusters.again": "ctrl+l",
    "clusters.login": "l", "clusters.use": "space,enter", "copy.close": "escape", "copy.save": "s",
    "dashboard.act": "a", "dashboard.checks": "r", "dashboard.events": "e", "dashboard.findings": "1",
    "dashboard.logs": "l", "dashboard.matrix": "3", "dashboard.object": "o", "dashboard.previous": "p",
    "dashboard.root": "u", "dashboard.shell": "exclamation_mark", "dashboard.tab-checks": "2",
    "dashboard.timeline": "4", "dashboard.yaml": "y", "dialog.back": "escape", "dialog.next": "right,down", "dialog.page-down": "pagedown", "dialog.page-up": "pageup",
    "dialog.previous": "left,up", "file.back": "escape", "file.complete": "tab",
    "form.toggle": "enter,space,left,right", "help": "f1", "help.close": "escape,f1,question_mark,q",
    "help.down": "down,j", "help.up": "up,k", "jump": "ctrl+o", "jump.stay": "escape",
    "organizations.add": "a,insert", "organizations.earlier": "shift+up", "organizations.later": "shift+down",
    "organizations.remove": "d,delete", "palette": "ctrl+p", "panel.events": "2", "panel.logs": "3",
    "panel.needs": "u", "panel.step": "1", "quit": "ctrl+q", "reach.again": "k", "reach.all": "a",
    "reach.copy": "y", "reach.problems": "o", "review.command": "4", "review.document": "1", "review.needs": "3",
    "review.plan": "2", "run.cancel": "c", "run.copy": "y", "run.extend": "x", "run.pause": "p", "run.reach": "r",
    "run.retry": "t", "services.try": "ctrl+t", "tree.close": "left,h", "tree.down": "down,j",
    "tree.first": "home,g", "tree.follow": "f", "tree.last": "end,G", "tree.open": "right,l",
    "tree.page-down": "pagedown", "tree.page-up": "pageup", "tree.toggle": "space,enter", "tree.up": "up,k",
    "wizard.deploy": "ctrl+n", "wizard.more": "ctrl+e", "wizard.next": "ctrl+n", "wizard.review": "ctrl+r",
    "wizard.save": "ctrl+s",
}  # fmt: skip
ACTIONS: tuple[str, ...] = tuple(DEFAULTS)

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


def plain(key: str) -> str:
    """The one name of a key that may be written in two ways: `?` is `question_mark`."""
    *modifiers, last = key.strip().split("+") if key.strip() != "+" else ["+"]
    if len(last) == 1 and not last.isalnum():
        last = unicodedata.name(last, last).lower().replace("-", "_").replace(" ", "_")
    return "+".join((*sorted(modifiers), last))


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
