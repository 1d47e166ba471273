"""Every shipped preset, carried out with plain API calls: players, DNS, gateways and handoffs fit together."""

from __future__ import annotations

from typing import Any

import pytest

Rehearse = Any


@pytest.mark.parametrize(
    "preset",
    [
        "besu-one-cluster",
        "besu-two-clusters",
        "corda-enterprise-one-cluster",
        "corda-enterprise-two-clusters",
        "corda-one-cluster",
        "corda-two-clusters",
        "fabric-one-cluster",
        "fabric-two-clusters",
        "indy-one-cluster",
        "indy-two-clusters",
        "quorum-one-cluster",
        "quorum-two-clusters",
    ],
)
async def test_presets(rehearse: Rehearse, preset: str) -> None:
    async with rehearse(preset) as run:
        await run.run()
        assert run.done == {step.id for step in run.plan.steps}
