"""What a change of a running network would destroy, or cannot be: one record per reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: ``found``: the ledger is founded anew, all of it; ``move``: an organization's releases are removed and made anew;
#: ``never``: nothing but another network would do
Kind = Literal["found", "move", "never"]

#: what a user names to have the ledger founded anew
GENESIS = "genesis"


@dataclass(frozen=True, slots=True)
class Consequence:
    """One field whose change would destroy something. `name` is what ``--allow-destructive`` must name."""

    path: str
    before: str
    after: str
    kind: Kind
    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.before} -> {self.after}: {self.reason}"
