"""What is out of order in a sandbox right now. Simulated kubelets, provisioners and providers ask before they act.

A trouble says where in a life it strikes and what is said then: the words are those of Kubernetes, containerd, curl and
Bevel's scripts, as the fixtures of diagnosis have them. Taking it away heals: whoever met it tries again by itself.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

At = Literal["pull", "configure", "run", "mount", "sandbox", "schedule", "provision", "balance", "type", "announce"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """`reason` and `message` are an event's or a waiting state's ({image}, {name} and {namespace} are filled in); `lines` what a
    container writes before it ends with `exit_code`. `part`: which containers of a pod it strikes; a pod without init
    containers is struck in its first one. `address`: what a person types instead of the gateway's (empty: nothing)."""

    at: At
    reason: str = ""
    message: str = ""
    lines: tuple[str, ...] = ()
    exit_code: int = 1
    part: Literal["init", "main"] = "main"
    address: str = ""

    def words(self, obj: Mapping[str, Any], image: str = "") -> str:
        """The message for an object."""
        meta = obj["metadata"]
        text = self.message.replace("{image}", image).replace("{name}", str(meta["name"]))
        return text.replace("{namespace}", str(meta.get("namespace") or ""))


@dataclass(slots=True)
class Troubles:
    """Those of one sandbox, by the fault that brought them."""

    active: dict[str, tuple[Trouble, str]] = field(default_factory=dict)
    #: told when one comes or goes
    listeners: list[Callable[[], None]] = field(default_factory=list)

    def strike(self, key: str, trouble: Trouble, target: str) -> None:
        """From now on; `target` is a shell pattern of a name, a namespace, ``namespace/name`` or a cluster."""
        self.active[key] = (trouble, target)
        self._tell()

    def heal(self, key: str) -> None:
        """It is over."""
        self.active.pop(key, None)
        self._tell()

    def _tell(self) -> None:
        for listener in self.listeners:
            listener()

    def unannounced(self, cluster: str) -> bool:
        """Whether nobody acts on the annotations of a cluster's Services."""
        return any(t.at == "announce" and fnmatch.fnmatch(cluster, target) for t, target in self.active.values())

    def at(self, where: At, cluster: str, obj: Mapping[str, Any]) -> Trouble | None:
        """The trouble that an object meets at a point of its life."""
        for trouble, target in self.active.values():
            if trouble.at == where and matches(target, cluster, obj):
                return trouble
        return None

    def typing(self, domain: str) -> Trouble | None:
        """What becomes of records for a domain."""
        for trouble, target in self.active.values():
            if trouble.at == "type" and fnmatch.fnmatch(domain, target):
                return trouble
        return None


def matches(target: str, cluster: str, obj: Mapping[str, Any]) -> bool:
    """Whether a pattern means an object."""
    meta = obj["metadata"]
    name, where = str(meta["name"]), str(meta.get("namespace") or "")
    return any(
        fnmatch.fnmatch(each, target) for each in (name, where, f"{where}/{name}", cluster, f"{cluster}/{where}/{name}")
    )
