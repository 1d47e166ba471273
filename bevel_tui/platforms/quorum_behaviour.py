"""What the pods of Bevel's GoQuorum charts do (facts A3): as `ethereum_behaviour` has it, with a node that refuses
to start without an account."""

from __future__ import annotations

from bevel_tui.platforms.behaviour import ChartBehaviour
from bevel_tui.platforms.ethereum_behaviour import VERSION, charts

__all__ = ["BEHAVIOURS", "VERSION"]

BEHAVIOURS: dict[str, ChartBehaviour] = charts("quorum", container=r"quorum-node-.+-quorum", node_player="quorum-node")
