"""What a person may do about a problem: one action on one object, with the command that does the same."""

from __future__ import annotations

from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

ActionKind = Literal["restart-pod", "rerun-job", "retry-release", "rollback", "rerun-checks"]


class Subject(Protocol):
    """What an action is about: a finding, or anything else that names an object."""

    @property
    def cluster(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def namespace(self) -> str | None: ...
    @property
    def name(self) -> str: ...


class Action(BaseModel):
    """Nothing happens before somebody has confirmed it. `title` asks the question, `effect` says what will happen,
    `command` is what to type instead. `revision` is the one that a rollback goes to, `uid` the object that was seen: one made
    anew under its name is left alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ActionKind
    title: str
    effect: str
    command: str
    cluster: str
    context: str
    namespace: str | None = None
    name: str
    network: str | None = None
    revision: int | None = None
    uid: str | None = None


class ActionDone(BaseModel):
    """How an action ended, in one sentence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ok: bool
    message: str
