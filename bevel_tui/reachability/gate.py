"""The DNS gate: wait until a domain leads to its gateway, and say meanwhile what to create and who says what.

Bevel asks to configure DNS while the playbook runs, otherwise the deployment fails. Here the wait explains
itself, and ends by itself. Authorities are asked until they all agree (see `resolver`), and only then the recursive
resolvers: one that remembers an old answer for a known while is waited for, since what comes next asks it too; others
are shown and hold nobody up.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, Protocol

from bevel_tui.reachability.answers import Answer, Lookup, Server
from bevel_tui.reachability.names.judge import behind_times
from bevel_tui.reachability.wanted import is_ip, leads_there, records, zone_lines
from bevel_tui.records.events import DnsRecord

Mode = Literal["manual", "external-dns", "rfc2136", "skip"]

#: seconds that recursive resolvers get to forget what they learnt before the records were there
PATIENCE = 300.0

#: asked below a domain whose hosts are not known: only the wildcard can answer it
PROBE_LABEL = "bevel-tui-probe"


class Asks(Protocol):
    """What the gate needs of a `Resolver`."""

    @property
    def recursive(self) -> Sequence[Server]:
        """The recursive resolvers, of this machine and of the preset."""
        ...

    async def lookup(self, name: str) -> Lookup:
        """The authorities' word."""
        ...

    async def here(self, lookup: Lookup) -> tuple[Answer, ...]:
        """The recursive resolvers' word about a name that the authorities have. Raises ValueError for another."""
        ...

    async def wildcard(self, domain: str) -> tuple[Answer, ...]:
        """The recursive resolvers' word about a random label."""
        ...


@dataclass(frozen=True, slots=True)
class GateState:
    """What the gate knows after one round. `servers` maps each server asked to its answer in words.

    `addresses` are those that the names lead to once `ready`; `behind` are resolvers that say something else even then.
    `waiting_for` is one line for progress views.
    """

    domain: str
    ready: bool
    records: tuple[DnsRecord, ...] = ()
    zone_lines: tuple[str, ...] = ()
    servers: dict[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    waiting_for: str = ""
    zone: str | None = None
    behind: dict[str, str] = field(default_factory=dict)


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
    patience: float = PATIENCE,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[GateState]:
    """Yield a state at once and whenever it changes; the last one is `ready`.

    `expected` are the gateway's addresses (IPs or a load balancer's host name), `hosts` the names that must lead
    there. Rounds are `first` seconds apart, each half as long again up to `longest`; a change goes back to
    `first`, because a person at work makes the next one soon. Only the caller's budget ends a wait that nobody
    serves. With mode ``skip`` it is ready at once, without a question. `patience` is how many seconds resolvers get
    to forget, from when the authorities first agree; 0 only shows them.
    """
    if mode == "skip":
        yield GateState(domain, True, addresses=tuple(expected), waiting_for="")
        return
    wanted = records(domain, expected, ttl)
    names = tuple(dict.fromkeys(host for host in hosts if not is_ip(host))) or (f"{PROBE_LABEL}.{domain}",)
    last: GateState | None = None
    pause = first
    behind_them = _Followers(resolver, patience)
    while True:
        now = await _round(domain, names, expected, resolver, mode)
        if now.agreed:
            if last is not None and resolver.recursive and not behind_them.asked:
                yield replace(last, servers=now.servers, zone=now.zone, waiting_for="the recursive resolvers to answer")
            now = await behind_them.follow(now)
        state = GateState(
            domain,
            now.ready,
            wanted,
            zone_lines(wanted),
            now.servers,
            now.addresses,
            now.waiting_for,
            now.zone,
            now.behind if now.ready else {},
        )
        if state != last:
            yield state
            if not now.late:  # a resolver's time that runs down is no sign of life
                pause = first
            last = state
        if now.ready:
            return
        await sleep(min(max(now.late, first), longest) if now.late else pause)
        pause = min(pause * 1.5, longest)


class _Round(NamedTuple):
    """What one round of questions found out."""

    ready: bool
    servers: dict[str, str]
    addresses: tuple[str, ...]
    waiting_for: str
    zone: str | None = None
    #: what the authorities say of every name, once they agree
    agreed: tuple[Lookup, ...] = ()
    #: resolvers that say something else
    behind: dict[str, str] = {}  # noqa: RUF012 - a NamedTuple's default, never written to
    #: seconds until the last resolver that is waited for forgets
    late: int = 0


class _Followers:
    """The recursive resolvers, once the authorities agree. A name that all of them have right is not asked again."""

    def __init__(self, resolver: Asks, patience: float) -> None:
        self._resolver = resolver
        self._patience = patience
        self._ends: float | None = None
        self._done: set[str] = set()
        #: resolver -> what it says where it is right, and for each name where it is not
        self._right: dict[str, str] = {}
        self._wrong: dict[str, dict[str, str]] = {}

    @property
    def asked(self) -> bool:
        """Whether they have been asked before."""
        return self._ends is not None

    async def follow(self, agreed: _Round) -> _Round:
        """The round with each resolver's word; not ready while one is behind that is known to forget in time."""
        now = asyncio.get_running_loop().time()
        self._ends = now + self._patience if self._ends is None else self._ends
        # where the authorities' answers differ (an ALIAS that changes), a resolver could still learn that one has none
        open_ends = [lookup for lookup in agreed.agreed if lookup.name not in self._done and lookup.outcome == "answer"]
        late: list[tuple[int, str]] = []
        answers = await asyncio.gather(*(self._resolver.here(lookup) for lookup in open_ends))
        for lookup, found in zip(open_ends, answers, strict=True):
            waits = [one for answer in found if (one := self._note(lookup, answer)) is not None]
            late += [(seconds, who) for seconds, who in waits if now + seconds <= self._ends]
            if all(lookup.name not in self._wrong.get(_who(answer), {}) for answer in found):
                self._done.add(lookup.name)
        behind = {who: next(iter(wrong.values())) for who, wrong in self._wrong.items() if wrong}
        said = {**self._right, **behind}
        seconds, waiting_for = max(late, default=(0, ""))
        return agreed._replace(
            ready=not late,
            servers={**agreed.servers, **said},
            behind=behind,
            waiting_for=waiting_for,
            late=max(seconds, 1) if late else 0,
        )

    def _note(self, lookup: Lookup, answer: Answer) -> tuple[int, str] | None:
        """Keep what a resolver says; (seconds, whom to wait for) where it is behind and it is known for how long."""
        who = _who(answer)
        fault = behind_times(answer, lookup)
        if fault is None:
            self._right[who] = answer.words
            self._wrong.get(who, {}).pop(lookup.name, None)
            return None
        seconds = answer.ttl if answer.outcome == "answer" else answer.negative_ttl
        passes = fault.code in ("dns-negative-cache", "dns-resolver-stale") and seconds is not None
        words = answer.words.partition(", remembered")[0]
        self._right.setdefault(who, "")
        lasts = f", for {seconds} s more" if passes else ""
        self._wrong.setdefault(who, {})[lookup.name] = f"{lookup.name}: {words}{lasts}"
        if not passes or seconds is None:
            return None
        return seconds, f"{who} to forget its old answer for {lookup.name}, in {seconds} s"


def _who(answer: Answer) -> str:
    return f"resolver {answer.server.label}"


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
    return _Round(True, servers, first.addresses, "", first.zone.name, (first, *rest))


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
