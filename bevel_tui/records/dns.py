"""How a cluster's domain stands now: what must be in DNS, and what name servers say."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from bevel_tui.records.events import DnsRecord


class DomainState(BaseModel):
    """One domain of a Network. `records` are what its zone must hold; empty while the gateway has no address.

    `addresses` are the gateway's, `servers` each name server's present answer in words; `zone` None: not found, or not
    asked (mode skip). `problem` says in one line what is missing; empty when `ready`. `hindrance` says why the external-dns
    that is waited for will not make it, and what to do; empty when it should.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cluster: str
    domain: str
    mode: str
    ready: bool = False
    addresses: tuple[str, ...] = ()
    records: tuple[DnsRecord, ...] = ()
    servers: dict[str, str] = {}
    zone: str | None = None
    service: str | None = None
    context: str | None = None
    problem: str = ""
    hindrance: str = ""
