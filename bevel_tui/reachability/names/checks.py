"""Does a host resolve, and does it lead to the gateway: the attempts that `reachability.checks` makes about names.

What is asked, and in which order, is here; what the answers mean is in `zones` and `judge`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bevel_tui.reachability.answers import Answer, Lookup, Zone
from bevel_tui.reachability.names import judge, zones
from bevel_tui.reachability.names.judge import Fault, Way
from bevel_tui.reachability.names.zones import ZoneFacts
from bevel_tui.reachability.remedies import Remedies
from bevel_tui.reachability.resolver import Resolver
from bevel_tui.reachability.verdict import Verdict
from bevel_tui.reachability.wanted import is_ip, normal
from bevel_tui.records.steps import Endpoint

#: asked of authorities only, to see which wildcard answers; nobody has such a host
_PROBE = "bevel-tui-probe"


@dataclass(slots=True)
class NameChecks:
    """One cluster's names. `addresses` are what its gateway's Service has; `others` what is known of the gateways of
    other clusters: address -> cluster."""

    domain: str | None
    addresses: tuple[str, ...]
    resolver: Resolver
    remedies: Remedies
    others: Mapping[str, str] = field(default_factory=dict)
    _lookups: dict[str, Lookup] = field(default_factory=dict)
    _zones: dict[str, ZoneFacts] = field(default_factory=dict)

    async def zone_of(self, host: str) -> Zone | None:
        """The zone of a host; None where the authorities were given, so that there is no delegation to look at."""
        return None if self.resolver.authorities else await self.resolver.zone(host)

    async def zone(self, host: str) -> Verdict:
        """Is the host's zone delegated, served, signed as it should be?"""
        zone = await self.resolver.zone(host)
        facts = await zones.survey(self.resolver.wire, zone)
        verdict = zones.judge(facts)
        if zone.name is not None:
            self._zones[zone.name] = facts
        if not verdict.passed:
            self.resolver.forget(host)  # the next attempt finds out anew what was mended
        return verdict

    async def resolves(self, host: str) -> Verdict:
        """Do the authorities know the host, and do the recursive resolvers follow them?"""
        lookup = await self.resolver.lookup(host)
        evidence = [f"{answer.server.label}: {answer.words}{_ttl(answer.ttl)}" for answer in lookup.answers]
        phases = {"resolve": max((answer.took for answer in lookup.answers), default=0.0)}
        if lookup.outcome == "no-authority":
            lookup = await self._by_wildcard(host, lookup, evidence)
        if lookup.outcome == "answer" and lookup.addresses:
            self._lookups[host] = lookup  # the next edge's first attempt need not ask again
            found = Verdict(
                "ok", f"{host} is {lookup.words}", tuple(evidence), None, phases, addresses=lookup.addresses
            )
            late = await self._recursive(lookup, evidence)
            if late is None:
                return replace(found, evidence=tuple(evidence))
            return replace(
                found,
                status="warning",
                words=late.words,
                evidence=tuple(evidence),
                remedy=late.remedy,
                code=late.code,
            )
        blocker = await self._blocker(host, lookup, evidence)
        fault = judge.missing(host, lookup, self._serials(lookup), blocker, self.remedies)
        return Verdict("failed", fault.words, tuple(evidence), fault.remedy, phases, code=fault.code)

    def _serials(self, lookup: Lookup) -> dict[str, int]:
        facts = self._zones.get(lookup.zone.name or "")
        return facts.serials if facts is not None else {}

    async def _blocker(self, host: str, lookup: Lookup, evidence: list[str]) -> str | None:
        """The name that keeps the domain's wildcard from answering for a host, where there is such a wildcard.

        Asked of authorities only. A name exists when it has records of another type, or anything below it.
        """
        domain = self.domain
        if (
            lookup.outcome not in ("nxdomain", "nodata")
            or lookup.chain
            or not domain
            or not host.endswith(f".{domain}")
        ):
            return None
        if not (await self.resolver.lookup(f"{_PROBE}.{domain}")).addresses:
            return None
        evidence.append(f"*.{domain} answers other names")
        if lookup.outcome == "nodata":
            return host
        name = host.partition(".")[2]
        while name != domain:
            if (await self.resolver.lookup(name)).outcome != "nxdomain":
                return name
            name = name.partition(".")[2]
        return domain

    async def _by_wildcard(self, host: str, lookup: Lookup, evidence: list[str]) -> Lookup:
        """No authority can be asked: a wildcard that answers a random label shows that there is one that knows."""
        domain = self.domain or host.partition(".")[2]
        answers = await self.resolver.wildcard(domain)
        evidence.append(f"authority: {lookup.zone.problem}")
        evidence += [f"{answer.server.label}: *.{domain}: {answer.words}" for answer in answers]
        found = next((answer for answer in answers if answer.addresses), None)
        if found is None:
            return lookup
        return replace(lookup, outcome="answer", addresses=found.addresses, chain=found.chain, ttl=found.ttl)

    async def _recursive(self, lookup: Lookup, evidence: list[str]) -> Fault | None:
        """The first thing in which a recursive resolver does not follow the authorities."""
        faults: list[Fault] = []
        for answer in await self.resolver.here(lookup):
            lasts = answer.ttl if answer.outcome == "answer" else answer.negative_ttl
            evidence.append(f"resolver {answer.server.label}: {answer.words}{_ttl(lasts)}")
            evidence += [f"resolver {answer.server.label} adds: {text}" for text in answer.extended]
            unchecked = answer.outcome == "servfail" and await self._answers_unchecked(answer)
            if unchecked:
                evidence.append(f"resolver {answer.server.label} answers when told not to validate")
            fault = judge.behind_times(answer, lookup, unchecked=unchecked)
            if fault is not None:
                faults.append(fault)
        return faults[0] if faults else None

    async def _answers_unchecked(self, answer: Answer) -> bool:
        replies = await asyncio.gather(
            *(
                self.resolver.wire.query(answer.server, answer.name, kind, recursion=True, unchecked=True)
                for kind in ("A", "AAAA")
            )
        )
        return any(reply.message is not None and bool(reply.message.answer) for reply in replies)

    async def leads(self, host: str, known: Verdict) -> Verdict:
        """Does the host lead to this gateway?"""
        lookup = self._lookups.pop(host, None) or await self.resolver.lookup(host)
        answered = lookup.addresses or known.addresses
        behind = await self._behind()
        evidence: tuple[str, ...] = (f"answer: {' '.join(answered)}", f"gateway: {' '.join(self.addresses)}")
        if behind:
            evidence = (*evidence, f"behind its name: {' '.join(behind)}")
        if lookup.chain:
            evidence = (*evidence, f"aliases: {' -> '.join(lookup.chain)}")
        way = Way(host, answered, lookup.chain, self.addresses, behind, lookup.ttl, self.others)
        fault = judge.astray(way, self.remedies)
        if fault is not None and fault.code in ("dns-wrong-address", "dns-internal-address", "dns-alias-elsewhere"):
            above = await self._above()
            fault = judge.astray(replace(way, above=above), self.remedies)
        if fault is None:
            return Verdict("ok", f"{host} leads to the gateway", evidence, addresses=answered)
        status = "failed" if fault.heavy else "warning"
        return Verdict(status, fault.words, evidence, fault.remedy, addresses=answered, code=fault.code)  # type: ignore[arg-type]

    async def _behind(self) -> tuple[str, ...]:
        """The addresses of the gateway's own host names."""
        names = [name for name in self.addresses if not is_ip(name)]
        found = await asyncio.gather(*(self.resolver.lookup(name) for name in names))
        return tuple(address for lookup in found for address in lookup.addresses)

    async def _above(self) -> tuple[str, ...]:
        """What a random label beside the domain answers: the addresses of a wildcard further up."""
        parent = (self.domain or "").partition(".")[2]
        if "." not in parent:
            return ()
        return (await self.resolver.lookup(f"{_PROBE}.{parent}")).addresses

    async def literal(self, endpoint: Endpoint) -> Verdict:
        """Is an address that the ledger has written down still the gateway's (facts A4.3, I03)?"""
        host = endpoint.host
        behind = await self._behind()
        evidence: tuple[str, ...] = (f"gateway: {' '.join(self.addresses)}",)
        if behind:
            evidence = (*evidence, f"behind its name: {' '.join(behind)}")
        if normal(host) in {normal(address) for address in (*self.addresses, *behind)}:
            return Verdict("ok", f"{host} is the gateway's address", evidence, addresses=(host,))
        words = f"{host} is not an address of the gateway ({' '.join((*self.addresses, *behind))})"
        if endpoint.address is None:
            words = f"{words}; the preset says that it leads there"
            return Verdict(
                "warning", words, evidence, self.remedies.stated(host), addresses=(host,), code="address-stated"
            )
        return Verdict("failed", words, evidence, self.remedies.recorded(host), code="address-recorded")


def _ttl(seconds: int | None) -> str:
    return f", TTL {seconds} s" if seconds is not None else ""
