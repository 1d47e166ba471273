"""Which of a name's addresses a client ends up with: happy eyeballs (RFC 8305), reckoned from the times measured.

Every address is probed by itself, so nothing is raced here: the race is worked out. Pure.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from itertools import chain, zip_longest

from bevel_tui.reachability.wanted import is_ip

#: seconds between two attempts (RFC 8305 5, recommended)
DELAY = 0.25


def order(addresses: Iterable[str]) -> tuple[str, ...]:
    """The order of attempts: families take turns, IPv6 begins (RFC 8305 4); host names stand where IPv4 does."""
    known = list(addresses)
    six = [a for a in known if is_ip(a) and ipaddress.ip_address(a).version == 6]
    others = [a for a in known if a not in six]
    return tuple(a for a in chain.from_iterable(zip_longest(six, others)) if a is not None)


def times(took: Mapping[str, float | None]) -> dict[str, float | None]:
    """When each address would have been connected, in seconds from the start of the race; None: never."""
    return {
        address: None if (seconds := took[address]) is None else position * DELAY + seconds
        for position, address in enumerate(order(took))
    }


def first(took: Mapping[str, float | None]) -> str | None:
    """The address that wins; `took` are seconds to connect by address, None where it failed."""
    done = {address: when for address, when in times(took).items() if when is not None}
    return min(done, key=lambda address: done[address], default=None)


def order_in_words(took: Mapping[str, float | None]) -> tuple[str, ...]:
    """A line per address, in the order of attempts."""
    return tuple(
        f"{number}. {address}: {'no connection' if when is None else f'connected after {1000 * when:.0f} ms'}"
        for number, (address, when) in enumerate(times(took).items(), start=1)
    )
