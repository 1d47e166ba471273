"""Is a signed zone signed rightly? Asked of its authorities, so that nothing is cached and no validator is needed.

The parent's DS record says that validating resolvers (most of the large public ones) demand signatures; then a missing
key, or a signature that has expired, makes every name of the zone a server failure for whoever validates.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from bevel_tui.reachability.answers import Server, Zone
from bevel_tui.reachability.wire import Wire

if TYPE_CHECKING:
    import dns.message
    import dns.name
    import dns.rdtypes.ANY.RRSIG
    import dns.rrset

Fault = Literal["dns-dnssec-key", "dns-dnssec-expired", "dns-dnssec-signature"]


@dataclass(frozen=True, slots=True)
class Signed:
    """What was found: `fault` None means unsigned, or signed rightly (`words` says which)."""

    words: str
    fault: Fault | None = None
    evidence: tuple[str, ...] = ()


UNSIGNED = Signed("not signed")


async def examine(wire: Wire, zone: Zone, *, now: float | None = None) -> Signed:
    """Compare the parent's DS with the zone's keys, and the keys with the signature over the SOA.

    `now` is seconds since the epoch (default: the clock). A zone whose parent cannot be asked counts as unsigned.
    """
    if zone.name is None or not zone.parent or not zone.servers:
        return UNSIGNED
    trusted = await _first(wire, zone.parent, zone.name, "DS")
    if trusted is None:
        return UNSIGNED
    words = tuple(f"DS at the parent: {item}" for item in trusted[0])
    keys = await _first(wire, zone.servers, zone.name, "DNSKEY")
    if keys is None:
        return Signed("the parent has a DS record, and the zone has no key", "dns-dnssec-key", words)
    found = tuple(f"key of the zone: tag {_tag(item)}, flags {item.flags}" for item in keys[0])
    if not _matches(trusted[0], keys[0], zone.name):
        return Signed("the parent's DS record fits none of the zone's keys", "dns-dnssec-key", (*words, *found))
    signed = await _first(wire, zone.servers, zone.name, "SOA")
    for name, pair in (("DNSKEY", keys), ("SOA", signed)):
        wrong = _signature(name, pair, keys[0], time.time() if now is None else now)
        if wrong is not None:
            return Signed(wrong.words, wrong.fault, (*words, *found, *wrong.evidence))
    return Signed("signed, and the signatures are good", None, words)


_Pair = tuple["dns.rrset.RRset", "dns.rrset.RRset | None"]


async def _first(wire: Wire, servers: tuple[Server, ...], zone: str, rdtype: str) -> _Pair | None:
    """(records, their signatures) by the first server that has them."""
    import dns.rdatatype

    wanted = dns.rdatatype.from_text(rdtype)
    for server in servers:
        reply = await wire.query(server, zone, rdtype, signatures=True)
        if reply.message is None:
            continue
        records = next((r for r in reply.message.answer if r.rdtype == wanted), None)
        if records is None:
            continue
        signatures = (r for r in reply.message.answer if r.rdtype == dns.rdatatype.RRSIG and r.covers == wanted)
        return records, next(signatures, None)
    return None


def _tag(key: object) -> int:
    import dns.dnssec

    return dns.dnssec.key_id(key)  # type: ignore[arg-type]


def _matches(trusted: dns.rrset.RRset, keys: dns.rrset.RRset, zone: str) -> bool:
    import dns.dnssec
    import dns.dnssectypes
    import dns.exception
    import dns.name

    name = dns.name.from_text(zone)
    for ds in trusted:
        for key in keys:
            if _tag(key) != ds.key_tag:
                continue
            try:
                made = dns.dnssec.make_ds(name, key, dns.dnssectypes.DSDigest(ds.digest_type), validating=True)
            except (dns.exception.DNSException, ValueError):
                continue
            if made == ds:
                return True
    return False


def _signature(name: str, pair: _Pair | None, keys: dns.rrset.RRset, now: float) -> Signed | None:
    """What is wrong with the signature over a record set; None when one is good."""
    import dns.dnssec
    import dns.exception

    records, signatures = pair if pair is not None else (None, None)
    if records is None or signatures is None:
        return Signed(f"the zone's {name} record is not signed", "dns-dnssec-signature")
    try:
        dns.dnssec.validate(records, signatures, {keys.name: keys}, now=now)
    except dns.exception.ValidationFailure as error:
        ends = [cast("dns.rdtypes.ANY.RRSIG.RRSIG", item) for item in signatures]
        until = tuple(f"signature over {name}: {_time(i.inception)} to {_time(i.expiration)} UTC" for i in ends)
        if all(item.expiration < now for item in ends):
            return Signed(
                f"the signature over the zone's {name} record expired on {_time(max(i.expiration for i in ends))} UTC",
                "dns-dnssec-expired",
                until,
            )
        words = f"the signature over the zone's {name} record does not verify ({error})"
        return Signed(words, "dns-dnssec-signature", until)
    except dns.exception.DNSException as error:
        return Signed(f"the signature over {name} cannot be read ({error})", "dns-dnssec-signature")
    return None


def _time(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(seconds))
