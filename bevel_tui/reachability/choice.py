"""The answer to `tcp-choice`: the race of a name's addresses, run over real connections."""

from __future__ import annotations

from collections.abc import Sequence

from bevel_tui.reachability import eyeballs
from bevel_tui.reachability.streams import Target, connected
from bevel_tui.reachability.verdict import Verdict


async def choice(targets: Sequence[Target]) -> Verdict:
    """Which of several addresses a client takes; that some are dead, or all, their own checks say."""
    by_address = {target.via: target for target in targets}

    async def connect(address: str) -> None:
        async with connected(by_address[address], {}):
            pass

    attempts = await eyeballs.race(by_address, connect)
    evidence = tuple(f"{number}. {attempt.words}" for number, attempt in enumerate(attempts, start=1))
    first = eyeballs.winner(attempts)
    if first is None:
        return Verdict("skipped", "no address can be used", evidence)
    words = f"a client uses {first.address}, {1000 * first.ended:.0f} ms after it began"
    return Verdict("ok", words, evidence, phases={"connect": first.ended}, addresses=(first.address,))
