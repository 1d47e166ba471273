"""What name servers say, as values: one server's answer, and what all authorities of a name say together."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

#: `referral`: the server pointed elsewhere (as an authority it is lame); `invalid`: no DNS message came back;
#: `disagree`: the authorities do not all say the same; `no-authority`: none could be found or asked.
Outcome = Literal[
    "answer",
    "nxdomain",
    "nodata",
    "servfail",
    "refused",
    "timeout",
    "referral",
    "invalid",
    "disagree",
    "no-authority",
]

_WORDS: dict[str, str] = {
    "nxdomain": "no such name",
    "nodata": "the name exists, but has no address",
    "servfail": "server failure",
    "refused": "refused",
    "timeout": "no answer in time",
    "referral": "refers to other servers",
    "invalid": "no valid DNS answer",
    "disagree": "the authoritative servers disagree",
    "no-authority": "no authoritative server can be asked",
}


def words_of(outcome: Outcome) -> str:
    """An outcome in plain words."""
    return _WORDS.get(outcome, outcome)


@dataclass(frozen=True, slots=True)
class Server:
    """A name server; `name` is its host name where it is known."""

    address: str
    port: int = 53
    name: str | None = None

    @classmethod
    def parse(cls, text: str) -> Server:
        """From ``address``, ``address:port``, ``[v6]:port``. Raises ValueError for anything else."""
        host, port = text, 53
        if text.startswith("["):
            host, _, rest = text[1:].partition("]")
            port = int(rest.lstrip(":") or 53)
        elif text.count(":") == 1:
            host, _, rest = text.partition(":")
            port = int(rest)
        if not 0 < port < 65536:
            raise ValueError(f"{text}: no such port")
        return cls(str(ipaddress.ip_address(host)), port)

    @property
    def label(self) -> str:
        """How evidence names it: host name and address, with the port where it is not 53."""
        address = f"[{self.address}]" if ":" in self.address and self.port != 53 else self.address
        where = address if self.port == 53 else f"{address}:{self.port}"
        return f"{self.name} ({where})" if self.name else where


@dataclass(frozen=True, slots=True)
class Answer:
    """One server's answer for a name: A and AAAA together.

    `chain` are the CNAME targets in order; `ttl` and `negative_ttl` seconds (the latter: how long a "no" is
    remembered, RFC 2308); `transport` is tcp when the answer was truncated, and then also when TCP brought none;
    `took` seconds.
    """

    server: Server
    name: str
    outcome: Outcome
    addresses: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    ttl: int | None = None
    negative_ttl: int | None = None
    authoritative: bool = False
    transport: Literal["udp", "tcp"] = "udp"
    took: float = 0.0
    detail: str = ""
    #: what the server says beside its code (RFC 8914): why it could not answer
    extended: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The answer in words, as the DNS gate and the evidence show it."""
        if self.outcome == "answer":
            found = " ".join(self.addresses) or "alias"
            via = f" (via {' -> '.join(self.chain)})" if self.chain else ""
            return f"{found}{via}"
        remembered = (
            f", remembered for {self.negative_ttl} s" if self.negative_ttl and self.outcome == "nxdomain" else ""
        )
        return f"{words_of(self.outcome)}{f' ({self.detail})' if self.detail else ''}{remembered}"


#: why no authoritative server can be asked, as a code of the check `dns-zone`
ZoneProblem = Literal["dns-no-resolver", "dns-unreachable", "dns-nameserver-unresolvable", "dns-delegation-broken"]


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone and its authoritative servers: one for each address of each name server.

    `name` None: given, not searched. `problem`: why none was found, and by which `code`. `parent` are servers of the
    zone above, which delegate it to `nameservers`; of those, `unresolved` have no address.
    """

    name: str | None
    servers: tuple[Server, ...]
    problem: str = ""
    code: ZoneProblem | None = None
    parent: tuple[Server, ...] = ()
    nameservers: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the authorities of a name say together."""

    name: str
    zone: Zone
    answers: tuple[Answer, ...]
    outcome: Outcome
    addresses: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    ttl: int | None = None
    negative_ttl: int | None = None

    @property
    def words(self) -> str:
        """The answer in words."""
        if self.outcome == "answer":
            via = f" (via {' -> '.join(self.chain)})" if self.chain else ""
            return f"{' '.join(self.addresses)}{via}"
        if self.outcome == "no-authority" and self.zone.problem:
            return f"{words_of(self.outcome)}: {self.zone.problem}"
        return words_of(self.outcome)


def merge(name: str, zone: Zone, answers: Sequence[Answer]) -> Lookup:
    """All authorities' answers as one. Servers that did not answer at all do not count against those that did."""
    spoke = [answer for answer in answers if answer.outcome in ("answer", "nxdomain", "nodata")]
    if not spoke:
        outcome = answers[0].outcome if answers else "no-authority"
        chain = next((answer.chain for answer in answers if answer.chain), ())  # a circle, which nobody can answer
        return Lookup(name, zone, tuple(answers), outcome, chain=chain)
    first = spoke[0]
    same = all(
        (a.outcome, sorted(a.addresses), a.chain) == (first.outcome, sorted(first.addresses), first.chain)
        for a in spoke
    )
    addresses = tuple(dict.fromkeys(address for answer in spoke for address in answer.addresses))
    return Lookup(
        name,
        zone,
        tuple(answers),
        first.outcome if same else "disagree",
        addresses=addresses,
        chain=first.chain,
        ttl=min((a.ttl for a in spoke if a.ttl is not None), default=None),
        negative_ttl=max((a.negative_ttl for a in spoke if a.negative_ttl is not None), default=None),
    )
