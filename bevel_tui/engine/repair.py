"""What to do with a release in the state it was found in: a table, without any I/O. docs/repair.md explains it.

Two rules stand behind it. A release is never uninstalled with its hooks: pre-delete hooks of Bevel's charts delete
keys (facts G). And an install hook that has not run must run: ``helm upgrade`` does not run it, so a first
installation that failed is installed again, over what is there (Helm adopts objects that carry its annotations).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from bevel_tui.records.steps import Expected

Situation = Literal[
    "absent",
    "same",
    "damaged",
    "different",
    "foreign",
    "failed-first",
    "failed-later",
    "pending-install",
    "pending-upgrade",
    "pending-rollback",
    "uninstalling",
    "uninstalled",
    "superseded",
    "unknown",
]
Hooks = Literal["none", "install", "delete", "both"]
Word = Literal["unchanged", "install", "upgrade", "adopt", "repair", "refuse"]
Forget = Literal["none", "all", "newest"]

#: seconds after which a pending operation of somebody else counts as dead (Helm's default timeout is 5 minutes)
FOREIGN_PENDING = 600.0


@dataclass(frozen=True, slots=True)
class Record:
    """One revision of a release as its Secret's labels tell. `modified` is seconds since the epoch."""

    revision: int
    status: str
    secret: str
    digest: str | None = None
    network: str | None = None
    modified: float | None = None


@dataclass(frozen=True, slots=True)
class Repair:
    """`word` is what views show. `verb` is Helm's operation; `forget` the release records removed before it
    (records only: no object is touched); `uninstall` removes the release's objects first, without hooks."""

    word: Word
    cause: str
    verb: Literal["install", "upgrade"] | None = None
    forget: Forget = "none"
    uninstall: bool = False


def hooks_of(expects: Iterable[Expected]) -> Hooks:
    """Which hooks a chart has that matter here."""
    kinds = {part.strip() for item in expects if item.hook for part in item.hook.split(",")}
    install = bool(kinds & {"pre-install", "post-install"})
    delete = bool(kinds & {"pre-delete", "post-delete"})
    return "both" if install and delete else "install" if install else "delete" if delete else "none"


def situation(
    records: Sequence[Record], *, digest: str | None, network: str, now: float, damaged: bool = False
) -> Situation:
    """Name the state that a release is in. `records` are all its revisions; `digest` what we would install (None:
    not known yet, then a deployed release of ours counts as different); `damaged`: objects are missing or a Job
    has failed though Helm calls the release deployed."""
    if not records:
        return "absent"
    newest = max(records, key=lambda r: r.revision)
    earlier = [r for r in records if r is not newest]
    if newest.status.startswith("pending-") and newest.network != network:
        age = now - newest.modified if newest.modified is not None else FOREIGN_PENDING
        if age < FOREIGN_PENDING:
            return "unknown"
    if newest.status == "deployed":
        if newest.network != network or newest.digest is None:
            return "foreign"
        if newest.digest != digest:
            return "different"
        return "damaged" if damaged else "same"
    if newest.status == "failed":
        return "failed-later" if any(r.status in {"deployed", "superseded"} for r in earlier) else "failed-first"
    if newest.status == "pending-install":
        return "pending-install"
    if newest.status == "pending-upgrade":
        return "pending-upgrade"
    if newest.status == "pending-rollback":
        return "pending-rollback"
    if newest.status == "uninstalling":
        return "uninstalling"
    if newest.status == "uninstalled":
        return "uninstalled"
    if newest.status == "superseded":
        return "superseded"
    return "unknown"


_ANY: tuple[Hooks, ...] = ("none", "install", "delete", "both")

_SAME_FOR_ALL: dict[Situation, Repair] = {
    "absent": Repair("install", "it is not installed", "install"),
    "same": Repair("unchanged", "it is installed as planned"),
    "damaged": Repair("repair", "it is installed, but objects are missing or a Job has failed", "upgrade"),
    "different": Repair("upgrade", "its chart, values or handed-off files differ from what is installed", "upgrade"),
    "foreign": Repair("adopt", "it was installed by someone else", "upgrade"),
    "failed-later": Repair("repair", "its last upgrade failed", "upgrade"),
    "pending-install": Repair("repair", "its installation was cut off", "install", forget="all"),
    "pending-upgrade": Repair("repair", "its upgrade was cut off", "upgrade", forget="newest"),
    "pending-rollback": Repair("repair", "its rollback was cut off", "upgrade", forget="newest"),
    "uninstalling": Repair("repair", "its removal was cut off", "install", uninstall=True),
    "uninstalled": Repair("install", "it was removed; Helm kept its history", "install", forget="all"),
    "superseded": Repair("repair", "Helm has lost track of its deployed revision", "upgrade"),
    "unknown": Repair("refuse", "another Helm operation is working on it, or its state is not known to us"),
}
_FAILED_FIRST: dict[Hooks, Repair] = {
    "none": Repair("repair", "its installation failed", "upgrade"),
    "delete": Repair("repair", "its installation failed", "upgrade"),
    "install": Repair("repair", "its installation failed; its install hooks must run", "install", forget="all"),
    "both": Repair("repair", "its installation failed; its install hooks must run", "install", forget="all"),
}

#: the whole table: every situation with every combination of hooks
TABLE: dict[tuple[Situation, Hooks], Repair] = {
    **{(found, hooks): repair for found, repair in _SAME_FOR_ALL.items() for hooks in _ANY},
    **{("failed-first", hooks): repair for hooks, repair in _FAILED_FIRST.items()},
}


def to_forget(records: Sequence[Record], forget: Forget) -> tuple[Record, ...]:
    """The records that an action removes: all of them, or the newest (the pending one) only."""
    if forget == "none" or not records:
        return ()
    if forget == "all":
        return tuple(records)
    return (max(records, key=lambda r: r.revision),)
