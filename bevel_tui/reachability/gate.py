"""The DNS gate: wait until a domain leads to its gateway, and say meanwhile what to create and who says what.

Bevel asks to configure DNS while the playbook runs, otherwise the deployment fails. Here the wait explains
itself, asks authorities only (see `resolver`), and ends by itself when they all agree.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from bevel_tui.reachability.answers import Answer, Lookup
from bevel_tui.reachability.wanted import is_ip, leads_there, records, zone_lines
from bevel_tui.records.events import DnsRecord

Mode = Literal["manual", "external-dns", "rfc2136", "skip"]

#: asked below a domain whose hosts are not known: only the wildcard can answer it
PROBE_LABEL = "bevel-tui-probe"


class Asks(Protocol):
    """What the gate needs of a `Resolver`."""

    async def lookup(self, name: str) -> Lookup:
        """The authorities' word."""
        ...

    async def wildcard(self, domain: str) -> tuple[Answer, ...]:
        """The recursive resolvers' word about a random label."""
        ...


@dataclass(frozen=True, slots=True)
class GateState:
    """What the gate knows after one round. `servers` maps each server asked to its answer in words.

    `addresses` are those that the names lead to once `ready`. `waiting_for` is one line for progress views.
    """

    domain: str
    ready: bool
    records: tuple[DnsRecord, ...] = ()
    zone_lines: tuple[str, ...] = ()
    servers: dict[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    waiting_for: str = ""
    zone: str | None = None


async def gate(
    domain: str,
    hosts: Sequence[str],
    expected: Sequence[str],
    *,
    resolver: Asks,
    mode: Mode = "manual",
    ttl: int = 300,
    first: float = 1.0,
    longest: float = 15.0,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[GateState]:
    """Yield a state at once and whenever it changes; the last one is `ready`.

    `expected` are the gateway's addresses (IPs or a load balancer's host name), `hosts` the names that must lead
    there. Rounds are `first` seconds apart, each half as long again up to `longest`; a change goes back to
    `first`, because a person at work makes the next one soon. Only the caller's budget ends a wait that nobody
    serves. With mode ``skip`` it is ready at once, without a question.
    """
    if mode == "skip":
        yield GateState(domain, True, addresses=tuple(expected), waiting_for="")
        return
    wanted = records(domain, expected, ttl)
    names = tuple(dict.fromkeys(host for host in hosts if not is_ip(host))) or (f"{PROBE_LABEL}.{domain}",)
    last: GateState | None = None
    pause = first
    while True:
        ready, servers, addresses, waiting_for, zone = await _round(domain, names, expected, resolver, mode)
        state = GateState(domain, ready, wanted, zone_lines(wanted), servers, addresses, waiting_for, zone)
        if state != last:
            yield state
            pause = first
            last = state
        if ready:
            return
        await sleep(pause)
        pause = min(pause * 1.5, longest)


class _Round(NamedTuple):
    """What one round of questions found out."""

    ready: bool
    servers: dict[str, str]
    addresses: tuple[str, ...]
    waiting_for: str
    zone: str | None = None


async def _round(domain: str, names: Sequence[str], expected: Sequence[str], resolver: Asks, mode: Mode) -> _Round:
    """One question per name; the first name alone until it is right, so that waiting costs servers little."""
    behind = await _behind(expected, resolver)
    who = {"external-dns": "external-dns to create", "rfc2136": "the server to accept"}.get(mode, "somebody to create")
    first = await resolver.lookup(names[0])
    if first.outcome == "no-authority":
        return await _through_wildcard(domain, expected, behind, first, resolver)
    servers = {answer.server.label: answer.words for answer in first.answers}
    if not _right(first, expected, behind):
        words = f"{who} the records of {domain} ({names[0]}: {_wrong(first, expected)})"
        return _Round(False, servers, (), words, first.zone.name)
    rest = await asyncio.gather(*(resolver.lookup(name) for name in names[1:]))
    for lookup in rest:
        if not _right(lookup, expected, behind):
            servers = {answer.server.label: f"{lookup.name}: {answer.words}" for answer in lookup.answers}
            words = f"{who} the records of {domain} ({lookup.name}: {_wrong(lookup, expected)})"
            return _Round(False, servers, (), words, lookup.zone.name)
    return _Round(True, servers, first.addresses, "", first.zone.name)


async def _through_wildcard(
    domain: str, expected: Sequence[str], behind: Sequence[str], lookup: Lookup, resolver: Asks
) -> _Round:
    """No authority can be asked from here: a random label below the domain shows whether the wildcard is there."""
    answers = await resolver.wildcard(domain)
    # a refusal for one random label is not the same word each time only in its number: keep the words stable
    servers = {answer.server.label: f"*.{domain}: {answer.words}" for answer in answers}
    servers["authority"] = lookup.zone.problem or "not found"
    spoke = [answer for answer in answers if answer.outcome in ("answer", "nxdomain", "nodata")]
    if spoke and all(a.addresses and leads_there(a.addresses, a.chain, expected, behind) for a in spoke):
        return _Round(True, servers, spoke[0].addresses, "")
    return _Round(False, servers, (), f"the wildcard record of {domain} ({lookup.words})")


async def _behind(expected: Sequence[str], resolver: Asks) -> tuple[str, ...]:
    found: list[str] = []
    for name in expected:
        if not is_ip(name):
            found.extend((await resolver.lookup(name)).addresses)
    return tuple(found)


def _right(lookup: Lookup, expected: Sequence[str], behind: Sequence[str]) -> bool:
    """Every authority that answers must lead there, and one at least must answer."""
    if lookup.outcome not in ("answer", "disagree") or not lookup.addresses:
        return False
    spoke = [answer for answer in lookup.answers if answer.outcome in ("answer", "nxdomain", "nodata")]
    for answer in spoke:
        aliased = not answer.addresses and bool(answer.chain)
        addresses = lookup.addresses if aliased else answer.addresses
        chain = (*answer.chain, *lookup.chain) if aliased else answer.chain
        if answer.outcome != "answer" or not leads_there(addresses, chain, expected, behind):
            return False
    return bool(spoke)


def _wrong(lookup: Lookup, expected: Sequence[str]) -> str:
    if lookup.outcome == "answer":
        return f"{lookup.words} instead of {' '.join(expected)}" if lookup.addresses else "leads to no address"
    return lookup.words
