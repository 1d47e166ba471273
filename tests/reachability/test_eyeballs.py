"""The race of happy eyeballs, in virtual time: who wins, when who is tried, and that nobody is left running."""

from __future__ import annotations

import asyncio

import looptime  # noqa: F401 - its marker makes time virtual
import pytest

from bevel_tui.reachability.eyeballs import order, race, winner

V4, V4B, V6 = "192.0.2.1", "192.0.2.2", "2001:db8::1"
NEVER = 3600.0


@pytest.mark.looptime(start=0)
@pytest.mark.parametrize(
    ("takes", "wins", "told"),
    [
        ({V4: 0.01}, V4, [(V4, 0, "connected")]),
        # IPv6 begins, and what is quick enough is not overtaken
        ({V4: 0.01, V6: 0.02}, V6, [(V6, 0, "connected")]),
        ({V4: 0.01, V6: 0.2}, V6, [(V6, 0, "connected")]),
        # too slow: IPv4 is tried after 250 ms, and wins
        ({V4: 0.01, V6: 0.3}, V4, [(V6, 0, "overtaken"), (V4, 250, "connected")]),
        # slow, but quicker than the one that was tried meanwhile
        ({V4: 1.0, V6: 0.3}, V6, [(V6, 0, "connected"), (V4, 250, "overtaken")]),
        # a refusal is not waited out
        ({V4: 0.01, V6: -0.03}, V4, [(V6, 0, "failed"), (V4, 30, "connected")]),
        # dropped packets cost 250 ms, and no time-out
        ({V4: 0.01, V6: NEVER}, V4, [(V6, 0, "overtaken"), (V4, 250, "connected")]),
        ({V4: -0.1, V4B: 0.1}, V4B, [(V4, 0, "failed"), (V4B, 100, "connected")]),
        ({V4: -0.1, V6: -0.1}, None, [(V6, 0, "failed"), (V4, 100, "failed")]),
        ({}, None, []),
    ],
)
async def test_who_wins(takes, wins, told):
    """Negative: fails after so many seconds."""

    async def connect(address: str) -> None:
        await asyncio.sleep(abs(takes[address]))
        if takes[address] < 0:
            raise ConnectionRefusedError

    attempts = await race(takes, connect)
    first = winner(attempts)
    assert (first.address if first else None) == wins
    assert [(a.address, round(1000 * a.began), a.outcome) for a in attempts] == told
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.looptime(start=0)
async def test_leaving_the_race_ends_every_attempt():
    async def connect(address: str) -> None:
        await asyncio.sleep(NEVER)

    racing = asyncio.create_task(race([V4, V6], connect))
    await asyncio.sleep(1)
    assert len(asyncio.all_tasks()) == 4
    racing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await racing
    assert len(asyncio.all_tasks()) == 1


def test_families_take_turns():
    assert order([V4, V4B, V6, "2001:db8::2"]) == (V6, V4, "2001:db8::2", V4B)
    assert order(["lb.cloud.test", V6]) == (V6, "lb.cloud.test")
