"""The records that make a cluster's domain lead to its gateway: what to create, and whether an answer is right.

Pure: the DNS gate shows these, the checks compare with them and name them in their remedies. Bevel asks for
`*.<external_url_suffix>` (facts C.4); a wildcard also covers Fabric's two labels (RFC 4592).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from bevel_tui.records.events import DnsRecord


def is_ip(text: str) -> bool:
    """Whether `text` is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def normal(address: str) -> str:
    """One spelling per address or host name, for comparison."""
    return str(ipaddress.ip_address(address)) if is_ip(address) else address.rstrip(".").lower()


def records(domain: str, addresses: Sequence[str], ttl: int) -> tuple[DnsRecord, ...]:
    """The records to create for `domain`, whose gateway has `addresses` (IPs, or a load balancer's host name).

    The wildcard first: it is what the ledger needs. The bare domain follows for people who type it. A host name
    becomes a CNAME; no address becomes no record.
    """
    made: list[DnsRecord] = []
    hosts = [normal(address) for address in addresses if not is_ip(address)]
    for name in (f"*.{domain}", domain):
        if hosts:
            # one CNAME per name is all that DNS allows
            made.append(DnsRecord(name=name, type="CNAME", value=hosts[0], ttl=ttl))
            continue
        for address in addresses:
            kind = ipaddress.ip_address(address).version
            made.append(DnsRecord(name=name, type="A" if kind == 4 else "AAAA", value=normal(address), ttl=ttl))
    return tuple(made)


def zone_line(record: DnsRecord) -> str:
    """A record as a line of a zone file (RFC 1035)."""
    value = f'"{record.value}"' if record.type == "TXT" else record.value
    return f"{record.name}. {record.ttl} IN {record.type} {value}{'.' if record.type == 'CNAME' else ''}"


def zone_lines(wanted: Sequence[DnsRecord]) -> tuple[str, ...]:
    """Records as zone-file lines; comments say what a CNAME cannot do."""
    lines = [zone_line(record) for record in wanted]
    bare = next((r for r in wanted if r.type == "CNAME" and not r.name.startswith("*.")), None)
    if bare is not None:
        lines.append(
            f"; if {bare.name} is itself a zone, it cannot be a CNAME: make it an ALIAS (ANAME) to {bare.value},"
        )
        lines.append("; or leave it out: the ledger uses names below it only")
    return tuple(lines)


def leads_there(addresses: Sequence[str], chain: Sequence[str], expected: Sequence[str], behind: Sequence[str]) -> bool:
    """Whether an answer leads to the gateway.

    `addresses` and `chain` (aliases on the way) are the answer; `expected` the gateway's IPs or host name, `behind`
    the addresses of that host name. Right when an alias names the load balancer (its addresses change as its
    provider likes), or when every address is the gateway's. One stale address beside the right one is wrong:
    clients take either.
    """
    names = {normal(name) for name in expected if not is_ip(name)}
    if names & {normal(name) for name in chain}:
        return True
    right = {normal(address) for address in (*expected, *behind) if is_ip(address)}
    answered = {normal(address) for address in addresses}
    return bool(answered) and answered <= right
