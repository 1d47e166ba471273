"""A diagnosed problem: code, object, cause, remedy."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Finding(BaseModel):
    """One problem, said once. `terminal` means that waiting longer cannot heal it (ends a wait early)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    severity: Literal["error", "warning", "info"] = "error"
    cluster: str
    namespace: str | None = None
    kind: str
    name: str
    cause: str
    evidence: tuple[str, ...] = ()
    remedy: str
    terminal: bool = False
