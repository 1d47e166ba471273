"""The records of a domain, said in the form in which its owner's DNS takes them: a table, a zone file, commands.

Pure: records in, text out. The DNS gate, `bevel-tui dns` and the screens show these through `api.dns_recipe`. What we
cannot know (a resource group, a hosted zone's id) stands as a shell variable, so that a pasted command fails loudly
instead of changing something else.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from bevel_tui.reachability.wanted import zone_lines
from bevel_tui.records.events import DnsRecord

Form = Literal["table", "zone", "route53", "azure", "gcp", "digitalocean", "external-dns", "nsupdate"]
FORMS: tuple[Form, ...] = get_args(Form)

#: annotation that external-dns reads on Services, names joined by commas (facts C.4)
_ANNOTATION = "external-dns.alpha.kubernetes.io/hostname"


@dataclass(frozen=True, slots=True)
class Recipe:
    """The records of one domain. `zone` is where they belong, None while nobody has found it.

    `service` (``namespace/name``) and `context` are the gateway's, for the annotation; `server` the primary that takes
    dynamic updates (``host`` or ``host:port``).
    """

    domain: str
    records: tuple[DnsRecord, ...]
    zone: str | None = None
    service: str | None = None
    context: str | None = None
    server: str | None = None

    @property
    def origin(self) -> str:
        """The zone, or the parent of the domain where it is not known: what people most often have."""
        if self.zone is not None:
            return self.zone
        parent = self.domain.partition(".")[2]
        return parent if "." in parent else self.domain

    @property
    def usable(self) -> tuple[DnsRecord, ...]:
        """Without a CNAME at the zone's own name, which DNS forbids (RFC 1034, 3.6.2)."""
        return tuple(r for r in self.records if not (r.type == "CNAME" and r.name == self.origin))

    def relative(self, name: str) -> str:
        """A record's name within the zone; ``@`` for the zone itself."""
        return "@" if name == self.origin else name.removesuffix(f".{self.origin}")


def render(recipe: Recipe, form: Form) -> str:
    """The records in one form, without a final line end. A domain without an address has nothing to create."""
    return _FORMS[form](recipe)


def _grouped(records: Sequence[DnsRecord]) -> list[tuple[str, str, int, list[str]]]:
    """Record sets: (name, type, ttl, values), in the order of the records."""
    sets: dict[tuple[str, str], tuple[int, list[str]]] = {}
    for record in records:
        sets.setdefault((record.name, record.type), (record.ttl, []))[1].append(record.value)
    return [(name, kind, ttl, values) for (name, kind), (ttl, values) in sets.items()]


def _table(recipe: Recipe) -> str:
    rows = [("NAME", "TYPE", "TTL", "VALUE"), *((r.name, r.type, str(r.ttl), r.value) for r in recipe.records)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) for row in rows
    )


def _zone(recipe: Recipe) -> str:
    return "\n".join(zone_lines(recipe.records))


def _route53(recipe: Recipe) -> str:
    changes = [
        {
            "Action": "UPSERT",
            "ResourceRecordSet": {
                "Name": f"{name}.",
                "Type": kind,
                "TTL": ttl,
                "ResourceRecords": [{"Value": f"{v}." if kind == "CNAME" else v} for v in values],
            },
        }
        for name, kind, ttl, values in _grouped(recipe.usable)
    ]
    return json.dumps({"Comment": f"{recipe.domain} leads to its gateway", "Changes": changes}, indent=2)


def _azure(recipe: Recipe) -> str:
    where = f'--resource-group "$RESOURCE_GROUP" --zone-name {recipe.origin}'
    lines = []
    for name, kind, ttl, values in _grouped(recipe.usable):
        base, label = f"az network dns record-set {kind.lower()}", shlex.quote(recipe.relative(name))
        lines.append(f"{base} create {where} --name {label} --ttl {ttl}")
        for value in values:
            if kind == "CNAME":
                lines.append(f"{base} set-record {where} --record-set-name {label} --cname {value}")
            else:
                option = "--ipv4-address" if kind == "A" else "--ipv6-address"
                lines.append(f"{base} add-record {where} --record-set-name {label} {option} {value}")
    return "\n".join(lines)


def _gcp(recipe: Recipe) -> str:
    return "\n".join(
        f'gcloud dns record-sets create {shlex.quote(f"{name}.")} --zone="$MANAGED_ZONE" --type={kind} --ttl={ttl} '
        f"--rrdatas={','.join(f'{v}.' if kind == 'CNAME' else v for v in values)}"
        for name, kind, ttl, values in _grouped(recipe.usable)
    )


def _digitalocean(recipe: Recipe) -> str:
    return "\n".join(
        f"doctl compute domain records create {recipe.origin} --record-type {r.type} "
        f"--record-name {shlex.quote(recipe.relative(r.name))} "
        f"--record-data {r.value}{'.' if r.type == 'CNAME' else ''} --record-ttl {r.ttl}"
        for r in recipe.usable
    )


def _external_dns(recipe: Recipe) -> str:
    names = ",".join(dict.fromkeys(f"{record.name}." for record in recipe.usable))
    namespace, _, name = (recipe.service or '"$NAMESPACE"/"$GATEWAY_SERVICE"').rpartition("/")
    context = f"--context {shlex.quote(recipe.context)} " if recipe.context else ""
    return (
        f"kubectl {context}-n {namespace} annotate service {name} --overwrite {shlex.quote(f'{_ANNOTATION}={names}')}"
    )


def _nsupdate(recipe: Recipe) -> str:
    """For nsupdate (BIND) or knsupdate: nobody's record is overwritten, the prerequisites refuse that."""
    host, _, port = (recipe.server or "").partition(":")
    lines = [f"server {host} {port}".rstrip()] if host else []
    lines.append(f"zone {recipe.origin}.")
    for name, kind, ttl, values in _grouped(recipe.usable):
        lines.append(f"prereq nxrrset {name}. {kind}")
        lines += [f"update add {name}. {ttl} {kind} {v}{'.' if kind == 'CNAME' else ''}" for v in values]
    return "\n".join([*lines, "send"])


_FORMS: dict[Form, Callable[[Recipe], str]] = {
    "table": _table,
    "zone": _zone,
    "route53": _route53,
    "azure": _azure,
    "gcp": _gcp,
    "digitalocean": _digitalocean,
    "external-dns": _external_dns,
    "nsupdate": _nsupdate,
}
