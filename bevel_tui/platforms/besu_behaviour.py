"""What the pods of Bevel's Besu charts do (facts A2): as `ethereum_behaviour` has it."""

from __future__ import annotations

from bevel_tui.platforms.behaviour import ChartBehaviour
from bevel_tui.platforms.ethereum_behaviour import VERSION, charts

__all__ = ["BEHAVIOURS", "VERSION"]

BEHAVIOURS: dict[str, ChartBehaviour] = charts("besu", container=r".+-besu")
