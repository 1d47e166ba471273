"""What `bevel-tui doctor` says about this machine, one answer a line."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from bevel_tui.records.checks import CheckStatus


class Answer(BaseModel):
    """One question about this machine with its answer. `topic` groups them, `subject` is what was looked at."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: str
    subject: str
    status: CheckStatus
    summary: str
    remedy: str | None = None
