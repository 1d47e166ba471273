"""What was observed in one cluster at one moment: the input of every diagnosis rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Objects by kind (plain JSON as the API server gave them) and the last log lines of failing containers.

    `logs` maps ``namespace/pod/container`` to its last lines. `now` is seconds since the epoch on the
    observer's clock, so that rules about age are testable.
    """

    cluster: str
    now: float
    objects: Mapping[str, tuple[Object, ...]] = field(default_factory=dict)
    logs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, kind: str) -> tuple[Object, ...]:
        """All observed objects of a kind (``Pod``, ``Event``...)."""
        return self.objects.get(kind, ())
