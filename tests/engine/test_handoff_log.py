"""A word that stands nowhere but in a container's log is handed on as well, once, and only where it is one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from bevel_tui.engine.context import RunContext
from bevel_tui.engine.decide import NOTHING
from bevel_tui.engine.steps import handoff
from bevel_tui.records.errors import BevelError
from bevel_tui.records.steps import ContainerLog, HandoffStep, ObjectRef
from tests.engine.conftest import MemoryCluster

ID = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp"
TARGET = ObjectRef("v1", "ConfigMap", "boot", "beta")
STEP = HandoffStep(
    id="handoff/peer-id/a->b",
    cluster="east",
    source=ObjectRef("v1", "Pod", "ipfs-0", "alpha"),
    key="peer_id",
    log=ContainerLog("init", r"peer_id: (12D3KooW[1-9A-Za-z]{44})"),
    target_cluster="west",
    target_object=TARGET,
    policy="frozen",
)


class Context:
    """As much of a run as a handoff needs."""

    def __init__(self) -> None:
        self.east, self.west = MemoryCluster("east"), MemoryCluster("west")
        self.clusters = {"east": SimpleNamespace(client=self.east), "west": SimpleNamespace(client=self.west)}
        self.decisions: dict[str, Any] = {}
        self.changed: set[str] = set()
        self.plan = SimpleNamespace(network_name="net")
        self.events: list[Any] = []
        self.emit = self.events.append
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "beta"}}
        self.namespace = namespace

    def access(self, step: HandoffStep) -> Any:
        return SimpleNamespace(client=self.east, context="c-east")

    def producer(self, *_: Any) -> None:
        return None

    def private_keys(self, *_: Any) -> tuple[str, ...]:
        return ()

    async def perform(self) -> str:
        return (await handoff.perform(cast("RunContext", self), STEP)).outcome


async def test_the_last_word_is_handed_on_once() -> None:
    run = Context()
    await run.west.create(run.namespace)
    run.east.log["alpha/ipfs-0/init"] = ("installing jq", "peer_id: old", f"peer_id: {ID}", "done")
    assert await run.perform() == "ok"
    written = await run.west.get(TARGET)
    assert written is not None
    assert written["data"] == {"peer_id": ID}
    assert [event.source for event in run.events] == ["log of east/alpha/ipfs-0"]
    # the log is rotated away later: what is there stays
    run.east.log.clear()
    run.decisions[STEP.id] = NOTHING
    assert await run.perform() == "unchanged"


@pytest.mark.parametrize(
    "line", ["", "peer_id: null", f"peer_id: {ID}; curl", f"+ echo peer_id: {ID}", "peer_id: " + "ab" * 32]
)
async def test_nothing_else_is_taken_from_it(line: str) -> None:
    run = Context()
    await run.west.create(run.namespace)
    run.east.log["alpha/ipfs-0/init"] = (line,) if line else ()
    with pytest.raises(BevelError, match="Container init of pod alpha/ipfs-0 has not written") as raised:
        await run.perform()
    assert ("empty or gone" in raised.value.message) is (line == "")
    assert await run.west.get(TARGET) is None
