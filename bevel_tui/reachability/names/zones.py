"""A zone as a whole: is it delegated, does each of its servers serve it, do they hold the same version, is it signed
rightly? Every server is asked the same small questions, without recursion."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bevel_tui.reachability.answers import Server, Zone, words_of
from bevel_tui.reachability.names.dnssec import UNSIGNED, Signed, examine
from bevel_tui.reachability.verdict import Verdict
from bevel_tui.reachability.wire import Wire

State = Literal["serves", "lame", "silent"]


@dataclass(frozen=True, slots=True)
class Served:
    """One server's word about a zone. `minimum` is for how many seconds it lets others remember that a name is missing
    (RFC 2308: the smaller of the SOA's TTL and its last field)."""

    server: Server
    state: State
    words: str
    serial: int | None = None
    minimum: int | None = None
    nameservers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ZoneFacts:
    """A zone and what was found about it."""

    zone: Zone
    served: tuple[Served, ...] = ()
    signed: Signed = UNSIGNED

    @property
    def serials(self) -> dict[str, int]:
        """The version that each server holds, by its label."""
        return {one.server.label: one.serial for one in self.served if one.serial is not None}

    @property
    def evidence(self) -> tuple[str, ...]:
        """One line a server, and what the signatures say."""
        lines = [f"{one.server.label}: {one.words}" for one in self.served]
        if self.signed is not UNSIGNED:
            lines.append(f"DNSSEC: {self.signed.words}")
        return (*lines, *self.signed.evidence)


async def survey(wire: Wire, zone: Zone) -> ZoneFacts:
    """Ask every server of `zone`, in parallel. Never raises for what servers do."""
    if zone.name is None or not zone.servers:
        return ZoneFacts(zone)
    signed = asyncio.create_task(examine(wire, zone))
    served = await asyncio.gather(*(_ask(wire, server, zone.name) for server in zone.servers))
    return ZoneFacts(zone, tuple(served), await signed)


async def _ask(wire: Wire, server: Server, zone: str) -> Served:
    import dns.flags
    import dns.rcode
    import dns.rdatatype

    reply = await wire.query(server, zone, "SOA")
    message = reply.message
    if message is None:
        state: State = "lame" if reply.outcome == "refused" else "silent"
        return Served(server, state, f"{words_of(reply.outcome)}{f' ({reply.detail})' if reply.detail else ''}")
    soa = next((r for r in message.answer if r.rdtype == dns.rdatatype.SOA), None)
    if soa is None or not message.flags & dns.flags.AA:
        rcode = message.rcode()
        if rcode != dns.rcode.NOERROR:
            words = f"does not serve the zone ({dns.rcode.to_text(rcode)})"
        elif soa is not None:
            words = "answers for the zone, but not as an authority"
        else:
            words = "refers to other servers instead of serving the zone"
        return Served(server, "lame", words)
    record = soa[0]
    minimum = min(soa.ttl, record.minimum)
    names = await wire.nameservers(server, zone)
    return Served(
        server,
        "serves",
        f"serves the zone, serial {record.serial}, a missing name is remembered for {minimum} s",
        record.serial,
        minimum,
        names,
    )


def judge(facts: ZoneFacts) -> Verdict:
    """One verdict: what breaks names comes before what only weakens them."""
    zone = facts.zone
    if not zone.servers:
        status: Literal["failed", "warning"] = (
            "failed" if zone.code in ("dns-nameserver-unresolvable", "dns-delegation-broken") else "warning"
        )
        remedy = _NO_SERVERS[zone.code or "dns-unreachable"]
        return Verdict(status, zone.problem or "no authoritative server was found", (), remedy, code=zone.code)
    evidence = facts.evidence
    lame = [one for one in facts.served if one.state == "lame"]
    silent = [one for one in facts.served if one.state == "silent"]
    serving = [one for one in facts.served if one.state == "serves"]
    if not serving and lame:
        words = f"no server of {zone.name} serves it: {lame[0].server.label} {lame[0].words}"
        return Verdict("failed", words, evidence, _lame(zone, lame), code="dns-lame-delegation")
    if not serving:
        words = f"no server of {zone.name} answers ({', '.join(one.server.label for one in silent)})"
        return Verdict("warning", words, evidence, _NO_SERVERS["dns-unreachable"], code="dns-unreachable")
    if facts.signed.fault is not None:
        words = f"{zone.name}: {facts.signed.words}; resolvers that validate will answer nothing at all"
        return Verdict("failed", words, evidence, _DNSSEC[facts.signed.fault], code=facts.signed.fault)
    if lame:
        words = (
            f"{_labels(lame)} of {zone.name} does not serve it"
            if len(lame) == 1
            else (f"{len(lame)} of {len(facts.served)} servers of {zone.name} do not serve it ({_labels(lame)})")
        )
        return Verdict("warning", words, evidence, _lame(zone, lame), code="dns-lame-delegation")
    if silent:
        words = f"{len(silent)} of {len(facts.served)} servers of {zone.name} do not answer ({_labels(silent)})"
        remedy = f"See whether {silent[0].server.label} runs and port 53 (UDP and TCP) is open; else take it out of the NS records."
        return Verdict("warning", words, evidence, remedy, code="dns-server-silent")
    if zone.unresolved:
        words = f"{zone.name} is delegated to {', '.join(zone.unresolved)}, which has no address"
        remedy = "Correct that name in the NS records at the parent and in the zone, or give it an address."
        return Verdict("warning", words, evidence, remedy, code="dns-nameserver-unresolvable")
    own = {name for one in serving for name in one.nameservers}
    if zone.nameservers and own and own != set(zone.nameservers):
        above, below = ", ".join(sorted(zone.nameservers)), ", ".join(sorted(own))
        words = f"the parent delegates {zone.name} to {above}, the zone itself says {below}"
        remedy = "Make the NS records at the parent (the registrar) and in the zone the same."
        return Verdict("warning", words, evidence, remedy, code="dns-delegation-differs")
    count = len({one.server.name or one.server.label for one in serving})
    return Verdict("ok", f"{zone.name} is served by {count} server{'s' if count > 1 else ''}", evidence)


_NO_SERVERS = {
    "dns-no-resolver": "Give this machine a resolver (/etc/resolv.conf), or list one in dns.resolvers of the preset.",
    "dns-unreachable": "Open outgoing DNS (port 53, UDP and TCP) to the zone's name servers, or list a server that holds "
    "the zone in dns.resolvers of the preset.",
    "dns-nameserver-unresolvable": "Give the zone's name servers addresses (glue records at the registrar), or name others in "
    "its NS records.",
    "dns-delegation-broken": "Correct the NS records of the zone at its parent: they lead away from it.",
}

_DNSSEC = {
    "dns-dnssec-key": "Put the DS record of the zone's present key at the registrar, or remove the DS record there.",
    "dns-dnssec-expired": "Sign the zone again (the signer has stopped), or remove the DS record at the registrar.",
    "dns-dnssec-signature": "Sign the zone with the key that its DS record names, or remove the DS record at the registrar.",
}


def _labels(served: Sequence[Served]) -> str:
    return ", ".join(one.server.label for one in served)


def _lame(zone: Zone, lame: Sequence[Served]) -> str:
    return (
        f"Load the zone {zone.name} on {lame[0].server.label} (is it expired, or its transfer refused?), or take that "
        "server out of the zone's NS records at the parent."
    )
