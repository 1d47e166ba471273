"""TLS-*: certificates of routes, by the public facts that a snapshot holds of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from bevel_tui.diagnosis.evidence import age, name, namespace
from bevel_tui.diagnosis.rule import Pending, may_come
from bevel_tui.diagnosis.say import kubectl, say
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import ClusterSnapshot, Object

#: seconds before the end at which a certificate is worth a word; how long a Secret may be missing
SOON, _ROUTE = 14 * 86400.0, 120.0


def certificates(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """TLS-EXPIRED, TLS-EXPIRING."""
    for fact in snapshot.certificates:
        left = fact.not_after - snapshot.now
        if left >= SOON:
            continue
        ended = datetime.fromtimestamp(fact.not_after, UTC).strftime("%Y-%m-%d %H:%M UTC")
        yield say(
            "TLS-EXPIRED" if left <= 0 else "TLS-EXPIRING", snapshot, fact.kind, fact.name,
            f"The certificate in {fact.kind} {fact.name} {'expired' if left <= 0 else 'expires'} on {ended}.",
            "Delete the Secret and run the Job that made it again.", where=fact.namespace,
            command=kubectl(fact.namespace, f"get secret {fact.name}"),
            evidence=(f"{fact.key}: {fact.subject}, issued by {fact.issuer}",),
        )  # fmt: skip


def routes(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """TLS-MISSING, TLS-NAMES."""
    facts = {(fact.namespace, fact.name): fact for fact in snapshot.certificates}
    for kind, route, secret, hosts in _tls(snapshot):
        where = namespace(route) or ""
        if snapshot.knows("Secret") and snapshot.find("Secret", where, secret) is None:
            old = age(snapshot, route["metadata"].get("creationTimestamp"))
            if old >= _ROUTE and not may_come(pending, "Secret", secret, where):
                yield say(
                    "TLS-MISSING", snapshot, kind, route,
                    f"{kind} {name(route)} wants the certificate in Secret {secret}, which does not exist.",
                    "Run the release that makes it again.", command=kubectl(where, "get secrets"),
                    blames=(f"Secret/{where}/{secret}",),
                )  # fmt: skip
            continue
        fact = facts.get((where, secret))
        if fact is None or not fact.names:
            continue
        bad = [host for host in hosts if host and not any(covers(pattern, host) for pattern in fact.names)]
        if bad:
            yield say(
                "TLS-NAMES", snapshot, kind, route,
                f"{kind} {name(route)} serves {bad[0]} with a certificate for {', '.join(fact.names[:3])}.",
                "Delete the Secret and run the Job that made it again, with the cluster's domain as it is now.",
                command=kubectl(where, f"get secret {secret}"), evidence=(f"Secret {secret}, key {fact.key}",),
            )  # fmt: skip


def _tls(snapshot: ClusterSnapshot) -> Iterator[tuple[str, Object, str, tuple[str, ...]]]:
    for route in snapshot.of("Ingress"):
        spec = route.get("spec") or {}
        ruled = tuple(str(rule.get("host") or "") for rule in spec.get("rules") or ())
        for entry in spec.get("tls") or ():
            if entry.get("secretName"):
                yield "Ingress", route, str(entry["secretName"]), tuple(entry.get("hosts") or ()) or ruled
    for route in snapshot.of("Host"):
        spec = route.get("spec") or {}
        secret = (spec.get("tlsSecret") or {}).get("name")
        if secret:
            host = str(spec.get("hostname") or "")
            yield "Host", route, str(secret), (host,) if "*" not in host else ()


def covers(pattern: str, host: str) -> bool:
    """Whether a name of a certificate covers a host (RFC 6125: a wildcard is one whole left-most label)."""
    pattern, host = pattern.lower().rstrip("."), host.lower().rstrip(".")
    if pattern.startswith("*."):
        return host.partition(".")[2] == pattern[2:] or host == pattern
    return pattern == host
