"""Does a host resolve, and does it lead to the gateway: the attempts that `reachability.checks` makes about names."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bevel_tui.reachability.answers import Lookup, Server
from bevel_tui.reachability.remedies import Remedies
from bevel_tui.reachability.resolver import Resolver
from bevel_tui.reachability.verdict import Verdict
from bevel_tui.reachability.wanted import is_ip, leads_there, normal
from bevel_tui.records.steps import Endpoint


@dataclass(slots=True)
class NameChecks:
    """One cluster's names. `addresses` are what its gateway's Service has."""

    domain: str | None
    addresses: tuple[str, ...]
    resolver: Resolver
    remedies: Remedies
    _lookups: dict[str, Lookup] = field(default_factory=dict)

    async def resolves(self, host: str) -> Verdict:
        lookup = await self.resolver.lookup(host)
        evidence = [f"{answer.server.label}: {answer.words}{_ttl(answer.ttl)}" for answer in lookup.answers]
        phases = {"resolve": max((answer.took for answer in lookup.answers), default=0.0)}
        if lookup.outcome == "no-authority":
            lookup = await self._by_wildcard(host, lookup, evidence)
        if lookup.outcome == "answer" and lookup.addresses:
            self._lookups[host] = lookup  # the next edge's first attempt need not ask again
            stale = await self._stale(lookup, evidence)
            found = Verdict(
                "ok", f"{host} is {lookup.words}", tuple(evidence), None, phases, addresses=lookup.addresses
            )
            if not stale:
                return found
            words = f"{host} is {lookup.words}, but {stale[0]} does not say so yet"
            remedy = "Wait until that resolver forgets its old answer (see the evidence), or flush its cache."
            return replace(found, status="warning", words=words, remedy=remedy)
        remedy = {
            "disagree": self.remedies.disagree(),
            "no-authority": self.remedies.no_authority(),
        }.get(lookup.outcome) or self.remedies.create(host)
        return Verdict("failed", f"{host} does not resolve: {lookup.words}", tuple(evidence), remedy, phases)

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

    async def _stale(self, lookup: Lookup, evidence: list[str]) -> tuple[str, ...]:
        """Recursive resolvers that say something else than the authorities."""
        wanted = {normal(address) for address in lookup.addresses}
        behind: list[Server] = []
        for answer in await self.resolver.here(lookup):
            lasts = answer.ttl if answer.outcome == "answer" else answer.negative_ttl
            evidence.append(f"resolver {answer.server.label}: {answer.words}{_ttl(lasts)}")
            aliased = bool(set(answer.chain) & set(lookup.chain))
            if not aliased and not (answer.addresses and {normal(a) for a in answer.addresses} <= wanted):
                behind.append(answer.server)
        return tuple(f"resolver {server.label}" for server in behind)

    async def leads(self, host: str, known: Verdict) -> Verdict:
        lookup = self._lookups.pop(host, None) or await self.resolver.lookup(host)
        answered = lookup.addresses or known.addresses
        behind: list[str] = []
        for name in self.addresses:
            if not is_ip(name):
                behind.extend((await self.resolver.lookup(name)).addresses)
        evidence: tuple[str, ...] = (f"answer: {' '.join(answered)}", f"gateway: {' '.join(self.addresses)}")
        if behind:
            evidence = (*evidence, f"behind its name: {' '.join(behind)}")
        if leads_there(answered, lookup.chain, self.addresses, behind):
            return Verdict("ok", f"{host} leads to the gateway", evidence, addresses=answered)
        words = f"{host} leads to {' '.join(answered)}, but the gateway is {' '.join(self.addresses)}"
        return Verdict("failed", words, evidence, self.remedies.replace(host, answered))

    async def literal(self, endpoint: Endpoint) -> Verdict:
        """Is an address that the ledger has written down still the gateway's (facts A4.3, I03)?"""
        host = endpoint.host
        behind: list[str] = []
        for name in self.addresses:
            if not is_ip(name):
                behind.extend((await self.resolver.lookup(name)).addresses)
        evidence: tuple[str, ...] = (f"gateway: {' '.join(self.addresses)}",)
        if behind:
            evidence = (*evidence, f"behind its name: {' '.join(behind)}")
        if normal(host) in {normal(address) for address in (*self.addresses, *behind)}:
            return Verdict("ok", f"{host} is the gateway's address", evidence, addresses=(host,))
        words = f"{host} is not an address of the gateway ({' '.join((*self.addresses, *behind))})"
        if endpoint.address is None:
            words = f"{words}; the preset says that it leads there"
            return Verdict("warning", words, evidence, self.remedies.stated(host), addresses=(host,))
        return Verdict("failed", words, evidence, self.remedies.recorded(host))


def _ttl(seconds: int | None) -> str:
    return f", TTL {seconds} s" if seconds is not None else ""
