"""DNS-*, NET-*, TLS-SERVED, SVC-PORT, LEDGER-*: what reachability checks and the ledgers themselves have answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bevel_tui.diagnosis.pending import begun
from bevel_tui.diagnosis.say import ours, say
from bevel_tui.diagnosis.things import is_address
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.findings import Finding, Severity
from bevel_tui.records.snapshot import LedgerFigures, NetworkFacts, Snapshot

#: id of a check -> code; `lb-address` is judged by the Service itself
_CODES = {
    "port-on-service": "SVC-PORT",
    "dns-resolves": "DNS-RECORD",
    "dns-address": "DNS-WRONG",
    "tcp-connect": "NET-CLOSED",
    "tls-handshake": "TLS-SERVED",
    "protocol": "NET-ANSWER",
    "route-object": "NET-ANSWER",
    "ledger-peers": "NET-ANSWER",
    "ledger-grows": "NET-ANSWER",
}
#: what nodes say of their ledger, by the code of the check's answer
_LEDGER = {"ledger-no-peers": "LEDGER-PEERS", "ledger-halted": "LEDGER-HEIGHT"}
#: answers about names that tell more than that a name is missing, by their own code
_NAMES = {
    **dict.fromkeys(("external-dns-not-owner", "external-dns-unowned"), "DNS-OWNER"),
    **dict.fromkeys(("dns-secondary-behind", "dns-servers-disagree", "dns-split-horizon"), "DNS-SPLIT"),
    **dict.fromkeys(("dns-rebind-protection", "dns-resolver-fails"), "DNS-SPLIT"),
    **dict.fromkeys(("dns-dnssec-bogus", "dns-lame-delegation", "dns-not-delegated", "dns-servfail"), "DNS-ZONE"),
}
#: id of a check about names -> code of all its other failures
_ABOUT_NAMES = {"dns-zone": "DNS-ZONE", "external-dns": "DNS-EXTERNAL"}
#: judged elsewhere with more knowledge: the access to clusters, their objects, genesis blocks beside each other
_ELSEWHERE = {"cluster-api", "lb-address", "ledger-agrees"}
#: and what is seen from the clusters' own objects: that no external-dns runs, that two have one owner id
_SEEN_ELSEWHERE = {"external-dns-absent", "external-dns-owner-shared"}
#: seconds without a block after which a chain that makes blocks by itself stands still; blocks that are far behind
_STILL, _BEHIND = 120.0, 50
#: platforms that make blocks without transactions (besu and quorum: block period; substrate: Aura)
_STEADY = {"besu", "quorum", "substrate"}


def checks(snapshot: Snapshot) -> Iterator[Finding]:
    """A finding per thing that a check found broken; what was skipped has its cause among the failed ones.

    Names below one domain mostly have one record, a wildcard: what is wrong with it is said once. Of a cluster in which
    all networks are still to be deployed, nothing that does not answer is told.
    """
    networks = [(begun(snapshot, network), {e.cluster for e in network.endpoints}) for network in snapshot.networks]
    waiting = {name for is_begun, names in networks if not is_begun for name in names}
    waiting -= {name for is_begun, names in networks if is_begun for name in names}
    things: dict[tuple[str, str, str, str | None, str], list[CheckResult]] = {}
    for result in snapshot.checks:
        code = _code(result)
        if code is not None and result.cluster not in waiting:
            things.setdefault((code, result.cluster, *_about(snapshot, result, code)), []).append(result)
    for (code, cluster, kind, where, name), results in things.items():
        first = results[0]
        names = tuple(dict.fromkeys(result.target for result in results))
        cause = f"{first.target}: {first.summary}.".replace("..", ".")
        if kind == "Domain" and len(names) > 1:
            cause = f"{len(names)} names below {name}: {first.summary}.".replace("..", ".")
        more = [f"names: {', '.join(names[:6])}{' ...' if len(names) > 6 else ''}"] if len(names) > 1 else []
        yield say(
            code, cluster, kind, name, cause, first.remedy or "Read the evidence.", where=where, command=first.command,
            evidence=(*first.evidence, *more), severity=_gravity(results),
        )  # fmt: skip


def _gravity(results: Iterable[CheckResult]) -> Severity | None:
    """What is a warning as an answer is one as a finding."""
    return None if any(result.status == "failed" for result in results) else "warning"


def _code(result: CheckResult) -> str | None:
    if result.id in _ELSEWHERE:
        return None
    if result.category == "objects" and result.code != "route-missing":
        return None  # what is there is judged by its own rules; that nothing is there, only a plan can tell
    code = result.code or ""
    if code in _SEEN_ELSEWHERE or result.status not in {"failed", "warning"}:
        return None
    if code in _NAMES:
        return _NAMES[code]
    if result.status == "warning":
        return "DNS-STALE" if result.id == "dns-resolves" else None
    return _LEDGER.get(code) or _ABOUT_NAMES.get(result.id) or _CODES.get(result.id) or _by_category(result)


def _by_category(result: CheckResult) -> str | None:
    return {
        "dns": "DNS-RECORD",
        "connection": "NET-CLOSED",
        "tls": "TLS-SERVED",
        "clusters": "NET-CLOSED",
    }.get(result.category)


def _about(snapshot: Snapshot, result: CheckResult, code: str) -> tuple[str, str | None, str]:
    """The thing that a check asked about, as links know it."""
    if code == "SVC-PORT":
        for network in snapshot.networks:
            for endpoint in network.endpoints:
                if endpoint.cluster == result.cluster and endpoint.gateway:
                    where, _, called = endpoint.gateway.partition("/")
                    return "Service", where, called
    host, port = host_of(result.target)
    if code.startswith("LEDGER-"):
        for network in snapshot.networks:
            for endpoint in network.endpoints:
                if endpoint.cluster == result.cluster and endpoint.host == host:
                    return "Ledger", None, endpoint.release
    if code.startswith("DNS-"):
        for network in snapshot.networks:
            domain = network.domains.get(result.cluster)
            if domain and (host == domain or host.endswith(f".{domain}")):
                return "Domain", None, domain
    named = [
        endpoint.host
        for network in snapshot.networks
        for endpoint in network.endpoints
        if endpoint.cluster == result.cluster
        and (endpoint.host == host or (is_address(host) and endpoint.port == port))
    ]
    if host in named or len(set(named)) != 1:
        return "Host", None, host if not is_address(host) or port is None else f"{host}:{port}"
    return "Host", None, named[0]


def host_of(target: str) -> tuple[str, int | None]:
    """Host and port of what a check asked about: a URL, ``host:port`` or a host."""
    rest = target.partition("://")[2] or target
    host, _, port = rest.partition("/")[0].partition(":")
    return host, int(port) if port.isdigit() else None


def ledgers(snapshot: Snapshot) -> Iterator[Finding]:
    """LEDGER-*: nodes of one network beside each other."""
    by_network: dict[str, list[LedgerFigures]] = {}
    for one in snapshot.ledgers:
        by_network.setdefault(one.network, []).append(one)
    for name, nodes in by_network.items():
        network = next((n for n in snapshot.networks if n.name == name), None)
        yield from _peers(nodes)
        yield from _genesis(name, nodes)
        yield from _channels(nodes)
        yield from _heights(network, nodes)


def _peers(nodes: list[LedgerFigures]) -> Iterator[Finding]:
    for node in nodes:
        if node.peers == 0 and len(nodes) > 1:
            yield say(
                "LEDGER-PEERS", node.cluster, "Ledger", node.node,
                f"Node {node.node} of {node.organization} has no peers.",
                "Look at the checks of its p2p address and of its peers'.", command=ours(node.network, "check "),
                evidence=(f"peers 0, height {node.height}",),
            )  # fmt: skip


def _genesis(network: str, nodes: list[LedgerFigures]) -> Iterator[Finding]:
    groups: dict[str, list[LedgerFigures]] = {}
    for node in nodes:
        if node.genesis:
            groups.setdefault(node.genesis, []).append(node)
    if len(groups) < 2:
        return
    most = max(groups.values(), key=len)
    for genesis, several in groups.items():
        for node in several if several is not most else ():
            yield say(
                "LEDGER-GENESIS", node.cluster, "Ledger", node.node,
                f"Node {node.node} of {node.organization} has another genesis block than {most[0].node}.",
                "Purge its data, then deploy again with the genesis of the others.",
                evidence=(f"{node.node}: {genesis}", f"{most[0].node}: {most[0].genesis}"),
            )  # fmt: skip


def _channels(nodes: list[LedgerFigures]) -> Iterator[Finding]:
    for node in nodes:
        if node.channels is None:
            continue
        missing = [channel for channel in node.expected_channels if channel not in node.channels]
        if missing:
            yield say(
                "LEDGER-CHANNEL", node.cluster, "Ledger", node.node,
                f"Peer {node.node} of {node.organization} has not joined {', '.join(missing)}.",
                "Run its join Job again, or deploy again.",
                evidence=(f"joined: {', '.join(node.channels) or 'none'}",),
            )  # fmt: skip


def _heights(network: NetworkFacts | None, nodes: list[LedgerFigures]) -> Iterator[Finding]:
    known = [node for node in nodes if node.height is not None]
    if not known:
        return
    highest = max(known, key=lambda node: node.height or 0)
    if network is not None and network.platform in _STEADY and all(node.since >= _STILL for node in known):
        yield say(
            "LEDGER-HEIGHT", highest.cluster, "Ledger", highest.node,
            f"No block was made for {min(node.since for node in known):.0f} s: the highest is {highest.height}.",
            "Look at the validators: more than two thirds of them must run and see each other.",
            evidence=[f"{node.node}: height {node.height}" for node in known][:5],
        )  # fmt: skip
        return
    for node in known:
        behind = (highest.height or 0) - (node.height or 0)
        if behind > _BEHIND:
            yield say(
                "LEDGER-BEHIND", node.cluster, "Ledger", node.node,
                f"Node {node.node} of {node.organization} is {behind} blocks behind {highest.node}.",
                "Wait if it has just started; else look at its peers.",
                evidence=(f"height {node.height}, {highest.node}: {highest.height}",),
            )  # fmt: skip
