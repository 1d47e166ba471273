"""One question to one name server: dnspython's messages over the Dialer's map, failures as outcomes.

dnspython is imported inside: it costs a fifth of a second and `--version` must not pay for it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from bevel_tui.reachability.answers import Answer, Outcome, Server
from bevel_tui.reachability.dialer import Dialer

if TYPE_CHECKING:
    import dns.message

#: EDNS payload that crosses every path unfragmented (DNS flag day 2020)
_PAYLOAD = 1232


@dataclass(frozen=True, slots=True)
class Authority:
    """What a server, asked without recursion, says about who is responsible for a name.

    `owner`: it is itself an authority, for this zone. `delegation`: it refers to this zone's `nameservers`.
    Both None: neither (refused, silent, broken).
    """

    owner: str | None = None
    delegation: str | None = None
    nameservers: tuple[str, ...] = ()
    glue: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one question: a message, or why there is none (`outcome`, `detail`)."""

    message: dns.message.Message | None
    outcome: Outcome = "answer"
    transport: Literal["udp", "tcp"] = "udp"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Wire:
    """`timeout` is seconds for one exchange; UDP is tried twice, TCP once where the answer was truncated."""

    dialer: Dialer
    timeout: float = 2.0

    async def ask(self, server: Server, name: str, *, recursion: bool = False) -> Answer:
        """A and AAAA of `name` at `server`, as one answer."""
        started = time.perf_counter()
        four, six = await asyncio.gather(
            self.query(server, name, "A", recursion=recursion), self.query(server, name, "AAAA", recursion=recursion)
        )
        answers = (_answer(server, name, four), _answer(server, name, six))
        return replace(_both(*answers), took=time.perf_counter() - started)

    async def authority(self, server: Server, name: str) -> Authority:
        """Who is responsible for `name`, by `server`'s word. Asked without recursion: nothing is cached by it."""
        import dns.flags
        import dns.rcode
        import dns.rdatatype

        reply = await self.query(server, name, "SOA")
        message = reply.message
        if message is None:
            return Authority()
        for section in (message.answer, message.authority):
            for rrset in section:
                owner = _text(rrset.name)
                holds = f".{name}".endswith(f".{owner}")  # not the SOA of an alias's target
                if rrset.rdtype == dns.rdatatype.SOA and message.flags & dns.flags.AA and holds:
                    return Authority(owner=owner)
        for rrset in message.authority:
            if rrset.rdtype == dns.rdatatype.NS and not message.flags & dns.flags.AA:
                glue: dict[str, tuple[str, ...]] = {}
                for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
                    for extra in message.additional:
                        if extra.rdtype == kind:
                            glue[_text(extra.name)] = (*glue.get(_text(extra.name), ()), *map(str, extra))
                names = tuple(sorted(_text(item.target) for item in rrset))
                return Authority(delegation=_text(rrset.name), nameservers=names, glue=glue)
        if message.flags & dns.flags.AA and message.rcode() == dns.rcode.NOERROR and message.answer:
            # an alias at the name itself: no SOA is shown, yet it is the authority that speaks
            return Authority(owner="")
        return Authority()

    async def nameservers(self, server: Server, zone: str, *, recursion: bool = False) -> tuple[str, ...]:
        """Names of a zone's servers as `server` knows them; empty when it does not."""
        import dns.rdatatype

        reply = await self.query(server, zone, "NS", recursion=recursion)
        if reply.message is None:
            return ()
        found = [rrset for rrset in reply.message.answer if rrset.rdtype == dns.rdatatype.NS]
        return tuple(sorted(_text(item.target) for rrset in found for item in rrset))

    async def query(
        self,
        server: Server,
        name: str,
        rdtype: str,
        *,
        recursion: bool = False,
        signatures: bool = False,
        unchecked: bool = False,
    ) -> Reply:
        """One question as it is. `signatures` asks for DNSSEC's records too; `unchecked` tells a validating resolver
        to answer what it would refuse (RFC 4035, 3.2.2)."""
        import dns.asyncquery
        import dns.exception
        import dns.flags
        import dns.message
        import dns.name

        try:
            query = dns.message.make_query(name, rdtype, use_edns=0, payload=_PAYLOAD, want_dnssec=signatures)
        except dns.exception.DNSException as error:
            return Reply(None, "invalid", detail=str(error))
        if not recursion:
            query.flags &= ~dns.flags.RD
        if unchecked:
            query.flags |= dns.flags.CD
        address, port = self.dialer.route(server.address, server.port)
        transport: Literal["udp", "tcp"] = "udp"
        for attempt in (1, 2):
            try:
                message = await self._udp(query, address, port)
                if not message.flags & dns.flags.TC:
                    return Reply(message)
                transport = "tcp"
                return Reply(
                    await dns.asyncquery.tcp(query, address, timeout=self.timeout, port=port), transport=transport
                )
            except dns.exception.Timeout:
                if attempt == 2 or transport == "tcp":
                    return Reply(None, "timeout", transport, _cut_short(transport, "does not answer"))
            except ConnectionRefusedError:
                words = _cut_short(transport, "is refused") or "connection refused"
                return Reply(None, "refused", transport, words)
            except OSError as error:
                words = error.strerror or str(error)
                return Reply(None, "timeout", transport, _cut_short(transport, words) or words)
            except (dns.exception.DNSException, EOFError) as error:
                name_of = type(error).__name__
                return Reply(None, "invalid", transport, _cut_short(transport, name_of) or name_of)
        raise AssertionError("unreachable")

    async def _udp(self, query: dns.message.Message, address: str, port: int) -> dns.message.Message:
        """Over a connected socket: only that hears of a closed port (ICMP), instead of waiting the time-out."""
        import socket

        import dns.asyncbackend
        import dns.asyncquery
        import dns.inet

        backend = dns.asyncbackend.get_backend("asyncio")
        family = dns.inet.af_for_address(address)
        async with await backend.make_socket(family, socket.SOCK_DGRAM, 0, None, (address, port)) as sock:  # type: ignore[no-untyped-call]
            return await dns.asyncquery.udp(
                query, address, timeout=self.timeout, port=port, sock=sock, ignore_errors=False
            )


def _text(name: object) -> str:
    return str(name).rstrip(".").lower()


def _cut_short(transport: str, words: str) -> str:
    return f"the answer was cut short, and TCP {words}" if transport == "tcp" else ""


def _extended(message: dns.message.Message) -> tuple[str, ...]:
    """The extended errors of a message (RFC 8914) in words: name of the code, and what the server adds."""
    found = []
    for error in message.extended_errors():
        code = getattr(error.code, "name", str(error.code)).replace("_", " ").lower()
        found.append(f"{code}: {error.text}" if error.text else code)
    return tuple(found)


def _answer(server: Server, name: str, reply: Reply) -> Answer:
    """One reply to an A or AAAA question as an answer."""
    import dns.exception
    import dns.flags
    import dns.message
    import dns.rcode
    import dns.rdatatype

    message = reply.message
    if message is None:
        return Answer(server, name, reply.outcome, detail=reply.detail, transport=reply.transport)
    base = Answer(
        server,
        name,
        "answer",
        authoritative=bool(message.flags & dns.flags.AA),
        transport=reply.transport,
        extended=_extended(message),
    )
    rcode = message.rcode()
    if rcode == dns.rcode.REFUSED:
        return replace(base, outcome="refused", detail="the server does not answer for this name")
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        detail = "" if rcode == dns.rcode.SERVFAIL else dns.rcode.to_text(rcode)
        return replace(base, outcome="servfail", detail=detail, chain=_circle(message))
    if not isinstance(message, dns.message.QueryMessage):
        return replace(base, outcome="invalid", detail="not an answer to a query")
    try:
        chained = message.resolve_chaining()
    except dns.exception.DNSException as error:
        return replace(base, outcome="invalid", detail=type(error).__name__, chain=_circle(message))
    chain = tuple(_text(item.target) for rrset in chained.cnames for item in rrset)
    if chained.answer is not None:
        addresses = tuple(sorted(str(item) for item in chained.answer))
        return replace(base, addresses=addresses, chain=chain, ttl=chained.minimum_ttl)
    soa = any(rrset.rdtype == dns.rdatatype.SOA for rrset in message.authority)
    negative = chained.minimum_ttl if soa else None
    if rcode == dns.rcode.NXDOMAIN:
        return replace(base, outcome="nxdomain", chain=chain, negative_ttl=negative)
    if chain:
        return replace(base, chain=chain, ttl=min(rrset.ttl for rrset in chained.cnames), negative_ttl=negative)
    referral = not base.authoritative and any(rrset.rdtype == dns.rdatatype.NS for rrset in message.authority)
    return replace(base, outcome="referral" if referral else "nodata", negative_ttl=negative)


def _circle(message: dns.message.Message) -> tuple[str, ...]:
    """The aliases of an answer that go in a circle; empty for all others. Knot shows it as it is, BIND with SERVFAIL."""
    import dns.rdatatype

    aliases = {_text(r.name): _text(r[0].target) for r in message.answer if r.rdtype == dns.rdatatype.CNAME}
    name, seen = next(iter(aliases), ""), []
    while name in aliases and aliases[name] not in seen:
        name = aliases[name]
        seen.append(name)
    return tuple(seen) if name in aliases else ()


def _both(four: Answer, six: Answer) -> Answer:
    """IPv4 and IPv6 as one answer: addresses win, then an alias, then the worse of the two silences."""
    addresses = (*four.addresses, *six.addresses)
    known = [answer for answer in (four, six) if answer.addresses] or [a for a in (four, six) if a.chain]
    if known:
        ttls = [answer.ttl for answer in known if answer.ttl is not None]
        outcome: Outcome = "answer" if addresses else known[0].outcome
        return replace(known[0], outcome=outcome, addresses=addresses, ttl=min(ttls, default=None))
    order: tuple[Outcome, ...] = ("servfail", "timeout", "refused", "invalid", "referral", "nxdomain", "nodata")
    return min((four, six), key=lambda answer: order.index(answer.outcome))
