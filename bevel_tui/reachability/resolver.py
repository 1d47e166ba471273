"""Questions to name servers, authority first.

A recursive resolver that is asked for a name too early remembers "no such name" for up to the zone's SOA minimum
(RFC 2308), and then everybody behind it waits. So the rule of this module: no recursive resolver is asked for a
name of the network before an authority has it. `Resolver.lookup` asks authorities only; `Resolver.here` asks the
recursive resolvers and takes a successful `Lookup` as its ticket.

Where no authority can be reached from here (outgoing port 53 is closed), `Resolver.wildcard` asks the recursive
resolvers for a fresh random label below the domain: nobody will ever use it, so nothing useful is poisoned, and
the wildcard record answers it once it exists.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bevel_tui.reachability.answers import Answer, Lookup, Outcome, Server, Zone, merge
from bevel_tui.reachability.dialer import Dialer
from bevel_tui.reachability.wire import Wire

#: how many servers of a zone above ours are tried before the walk gives up
_TRIES = 3
#: aliases followed from zone to zone
_CHAIN = 8


@dataclass(slots=True)
class Resolver:
    """Asks name servers through a `Dialer`.

    `authorities`: servers that are the authority for everything asked (the sandbox's DNS server); with these no
    zone is searched. `recursive`: resolvers of this machine and those that the preset lists. `timeout` is seconds
    for one question to one server, tried once more over UDP when nothing comes back.
    """

    dialer: Dialer
    authorities: tuple[Server, ...] = ()
    recursive: tuple[Server, ...] = ()
    timeout: float = 2.0
    _zones: dict[str, Zone] = field(default_factory=dict)
    _walked: dict[str, Zone] = field(default_factory=dict)
    _first: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def choose(
        cls,
        dialer: Dialer,
        *,
        authority: str | None = None,
        resolvers: Sequence[str] = (),
        timeout: float = 2.0,
    ) -> Resolver:
        """The resolver for a run: the sandbox's server (`authority`), else the system's and the preset's."""
        if authority is not None:
            return cls(dialer, authorities=(Server.parse(authority),), timeout=timeout)
        named = tuple(Server.parse(text) for text in resolvers)
        known = {(server.address, server.port) for server in named}
        system = tuple(server for server in system_servers() if (server.address, server.port) not in known)
        return cls(dialer, recursive=(*system, *named), timeout=timeout)

    @property
    def wire(self) -> Wire:
        """Single questions to single servers."""
        return Wire(self.dialer, self.timeout)

    async def lookup(self, name: str, *, _depth: int = 0) -> Lookup:
        """What the authorities say about `name`: all of them are asked, in parallel.

        An alias (CNAME) that leaves the zone is followed at the authorities of its target. Never raises for
        what servers do; the outcome says it.
        """
        zone = await self.zone(name)
        if not zone.servers:
            return Lookup(name, zone, (), "no-authority")
        answers = await self._ask_all(zone.servers, name)
        if any(answer.outcome == "referral" for answer in answers) and not self.authorities:
            # A zone cut appeared since the walk (or a server is lame): look again, once.
            self.forget(name)
            zone = await self.zone(name)
            if zone.servers:
                answers = await self._ask_all(zone.servers, name)
        lookup = merge(name, zone, answers)
        if lookup.outcome == "answer" and not lookup.addresses and lookup.chain:
            if _depth >= _CHAIN:
                return Lookup(name, zone, answers, "servfail", chain=lookup.chain)
            target = await self.lookup(lookup.chain[-1], _depth=_depth + 1)
            return Lookup(
                name,
                zone,
                answers,
                target.outcome,
                addresses=target.addresses,
                chain=(*lookup.chain, *target.chain),
                ttl=min((ttl for ttl in (lookup.ttl, target.ttl) if ttl is not None), default=None),
                negative_ttl=target.negative_ttl,
            )
        return lookup

    async def texts(self, name: str) -> tuple[str, ...]:
        """The TXT records of a name, by the first authority that answers; asked of authorities only."""
        import dns.rdatatype

        for server in (await self.zone(name)).servers:
            reply = await self.wire.query(server, name, "TXT")
            if reply.message is None:
                continue
            found = (r for r in reply.message.answer if r.rdtype == dns.rdatatype.TXT)
            return tuple("".join(part.decode("utf-8", "replace") for part in item.strings) for r in found for item in r)
        return ()

    async def here(self, lookup: Lookup) -> tuple[Answer, ...]:
        """What the recursive resolvers say about a name that an authority has.

        Raises ValueError when the authorities do not have it (asking would poison the resolvers' caches).
        """
        if lookup.outcome != "answer":
            raise ValueError(f"no recursive resolver may be asked for {lookup.name}: {lookup.outcome}")
        return await self._ask_all(self.recursive, lookup.name, recursion=True)

    async def wildcard(self, domain: str) -> tuple[Answer, ...]:
        """What the recursive resolvers say about a random label below `domain` (see the module's docstring)."""
        label = f"bevel-tui-{secrets.token_hex(6)}"
        return await self._ask_all(self.recursive, f"{label}.{domain}", recursion=True)

    async def zone(self, name: str) -> Zone:
        """The zone that holds `name` and its authoritative servers, found by walking down from the TLD.

        Many names of one domain cost one walk: the next begin where the first one ended.
        """
        if self.authorities:
            return Zone(None, self.authorities)
        known = self._zones.get(name)
        if known is not None:
            return known
        if self._nearest(name) is None:
            async with self._first:
                zone = await self._found(name)
        else:
            zone = await self._found(name)
        if zone.servers:
            self._zones[name] = zone
            if zone.name:
                self._walked[zone.name] = zone
        return zone

    def forget(self, name: str) -> None:
        """Walk anew when this name is asked for again."""
        for known in [known for known in self._walked if f".{name}".endswith(f".{known}")]:
            del self._walked[known]
        self._zones.pop(name, None)

    def _nearest(self, name: str) -> Zone | None:
        """The deepest zone above `name` that a walk has found."""
        above = [zone for known, zone in self._walked.items() if f".{name}".endswith(f".{known}")]
        return max(above, key=lambda zone: len(zone.name or ""), default=None)

    async def _found(self, name: str) -> Zone:
        zone = await self._walk(name)
        if zone.servers:
            return zone
        own = await self._authorities_among_resolvers(name)
        return own if own is not None else zone

    async def _ask_all(self, servers: Sequence[Server], name: str, *, recursion: bool = False) -> tuple[Answer, ...]:
        return tuple(await asyncio.gather(*(self.wire.ask(server, name, recursion=recursion) for server in servers)))

    async def _walk(self, name: str) -> Zone:
        """Delegations from the TLD down; only the TLD and name servers' own names go to recursive resolvers."""
        labels = name.rstrip(".").split(".")
        found = self._nearest(name) or Zone(labels[-1], await self._servers_of(labels[-1]))
        if not found.servers:
            return Zone(None, (), f"no resolver names the servers of .{labels[-1]}", "dns-no-resolver")
        zone = found.name or labels[-1]
        for _ in range(len(labels) + 2):
            servers = found.servers
            for server in servers[:_TRIES]:
                said = await self.wire.authority(server, name)
                if said.owner is not None or said.delegation is not None:
                    break
            else:
                words = ", ".join(server.label for server in servers[:_TRIES])
                if found.nameservers:
                    return found  # the delegation is there, and whoever is asked next finds its servers lame or silent
                return Zone(None, (), f"no answer from the servers of {zone} ({words})", "dns-unreachable")
            if said.delegation is None:
                owner = said.owner or zone
                if owner == zone or not owner.endswith(f".{zone}"):
                    return replace(found, name=owner)
                # One server holds parent and child, so it never referred us: it knows the child's servers.
                names = await self.wire.nameservers(server, owner)
                own = await self._addresses_of(names, {})
                return Zone(owner, own or (server,), parent=servers, nameservers=names, unresolved=_without(names, own))
            if not _deeper(said.delegation, zone, name):
                if found.nameservers:
                    return found
                words = f"{server.label} refers {name} to {said.delegation}, which leads nowhere"
                return Zone(None, (), words, "dns-delegation-broken")
            zone = said.delegation
            below = await self._addresses_of(said.nameservers, said.glue)
            found = Zone(
                zone, below, parent=servers, nameservers=said.nameservers, unresolved=_without(said.nameservers, below)
            )
            if not below:
                words = f"no address of the servers of {zone} ({', '.join(said.nameservers)})"
                return replace(found, problem=words, code="dns-nameserver-unresolvable")
        return Zone(None, (), f"the delegations of {name} do not end", "dns-delegation-broken")

    async def _servers_of(self, zone: str) -> tuple[Server, ...]:
        for resolver in self.recursive:
            names = await self.wire.nameservers(resolver, zone, recursion=True)
            if names:
                return await self._addresses_of(names[:_TRIES], {})
        return ()

    async def _addresses_of(self, names: Sequence[str], glue: dict[str, tuple[str, ...]]) -> tuple[Server, ...]:
        """A server for each address of each name server; glue first, else a recursive resolver knows it.

        IPv6 addresses only of those that have no other: many machines cannot reach them, which says nothing.
        """

        async def one(name: str) -> tuple[Server, ...]:
            addresses = glue.get(name, ())
            for resolver in self.recursive if not addresses else ():
                addresses = (await self.wire.ask(resolver, name, recursion=True)).addresses
                if addresses:
                    break
            four = tuple(address for address in addresses if ":" not in address)
            return tuple(Server(address, 53, name) for address in four or addresses)

        found = await asyncio.gather(*(one(name) for name in names))
        return tuple(dict.fromkeys(server for servers in found for server in servers))

    async def _authorities_among_resolvers(self, name: str) -> Zone | None:
        """Company resolvers often hold the company's zones themselves; asked without recursion they say so."""
        found = await asyncio.gather(*(self.wire.authority(server, name) for server in self.recursive))
        own = [(server, reply) for server, reply in zip(self.recursive, found, strict=True) if reply.owner is not None]
        return Zone(own[0][1].owner, tuple(server for server, _ in own)) if own else None


def _without(names: Sequence[str], servers: Sequence[Server]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in {server.name for server in servers})


def _deeper(delegation: str, zone: str, name: str) -> bool:
    return delegation != zone and delegation.endswith(f".{zone}") and (f".{name}").endswith(f".{delegation}")


def system_servers() -> tuple[Server, ...]:
    """The resolvers this machine is configured with (resolv.conf, or the registry on Windows); may be empty."""
    import dns.exception
    import dns.resolver

    try:
        configured = dns.resolver.Resolver(configure=True)
    except (dns.exception.DNSException, OSError):
        return ()
    return tuple(Server(str(address), configured.port) for address in configured.nameservers)


__all__ = ["Answer", "Lookup", "Outcome", "Resolver", "Server", "Zone", "system_servers"]
