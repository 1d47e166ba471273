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
class _Reply:
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
            self._exchange(server, name, "A", recursion), self._exchange(server, name, "AAAA", recursion)
        )
        answers = (_answer(server, name, four), _answer(server, name, six))
        return replace(_both(*answers), took=time.perf_counter() - started)

    async def authority(self, server: Server, name: str) -> Authority:
        """Who is responsible for `name`, by `server`'s word. Asked without recursion: nothing is cached by it."""
        import dns.flags
        import dns.rcode
        import dns.rdatatype

        reply = await self._exchange(server, name, "SOA", recursion=False)
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
                glue = {
                    _text(extra.name): tuple(str(item) for item in extra)
                    for extra in message.additional
                    if extra.rdtype == dns.rdatatype.A
                }
                names = tuple(sorted(_text(item.target) for item in rrset))
                return Authority(delegation=_text(rrset.name), nameservers=names, glue=glue)
        if message.flags & dns.flags.AA and message.rcode() == dns.rcode.NOERROR and message.answer:
            # an alias at the name itself: no SOA is shown, yet it is the authority that speaks
            return Authority(owner="")
        return Authority()

    async def nameservers(self, server: Server, zone: str, *, recursion: bool = False) -> tuple[str, ...]:
        """Names of a zone's servers as `server` knows them; empty when it does not."""
        import dns.rdatatype

        reply = await self._exchange(server, zone, "NS", recursion)
        if reply.message is None:
            return ()
        found = [rrset for rrset in reply.message.answer if rrset.rdtype == dns.rdatatype.NS]
        return tuple(sorted(_text(item.target) for rrset in found for item in rrset))

    async def _exchange(self, server: Server, name: str, rdtype: str, recursion: bool) -> _Reply:
        import dns.asyncquery
        import dns.exception
        import dns.flags
        import dns.message
        import dns.name

        try:
            query = dns.message.make_query(name, rdtype, use_edns=0, payload=_PAYLOAD)
        except dns.exception.DNSException as error:
            return _Reply(None, "invalid", detail=str(error))
        if not recursion:
            query.flags &= ~dns.flags.RD
        address, port = self.dialer.route(server.address, server.port)
        for attempt in (1, 2):
            try:
                message = await self._udp(query, address, port)
                if not message.flags & dns.flags.TC:
                    return _Reply(message)
                return _Reply(
                    await dns.asyncquery.tcp(query, address, timeout=self.timeout, port=port), transport="tcp"
                )
            except dns.exception.Timeout:
                if attempt == 2:
                    return _Reply(None, "timeout")
            except ConnectionRefusedError:
                return _Reply(None, "refused", detail="connection refused")
            except OSError as error:
                return _Reply(None, "timeout", detail=error.strerror or str(error))
            except (dns.exception.DNSException, EOFError) as error:
                return _Reply(None, "invalid", detail=type(error).__name__)
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


def _answer(server: Server, name: str, reply: _Reply) -> Answer:
    """One reply to an A or AAAA question as an answer."""
    import dns.exception
    import dns.flags
    import dns.message
    import dns.rcode
    import dns.rdatatype

    message = reply.message
    if message is None:
        return Answer(server, name, reply.outcome, detail=reply.detail)
    base = Answer(server, name, "answer", authoritative=bool(message.flags & dns.flags.AA), transport=reply.transport)
    rcode = message.rcode()
    if rcode == dns.rcode.REFUSED:
        return replace(base, outcome="refused", detail="the server does not answer for this name")
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        detail = "" if rcode == dns.rcode.SERVFAIL else dns.rcode.to_text(rcode)
        return replace(base, outcome="servfail", detail=detail)
    if not isinstance(message, dns.message.QueryMessage):
        return replace(base, outcome="invalid", detail="not an answer to a query")
    try:
        chained = message.resolve_chaining()
    except dns.exception.DNSException as error:
        return replace(base, outcome="invalid", detail=type(error).__name__)
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
