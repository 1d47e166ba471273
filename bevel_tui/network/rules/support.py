"""What this version can deploy: all of it. A platform or flow that is not built yet gets a rule here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bevel_tui.network.model import Network
from bevel_tui.network.problem import Problem

RULES: tuple[Callable[[Network], Iterator[Problem]], ...] = ()
