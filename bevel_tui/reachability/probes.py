"""The probes: TCP, TLS with SNI, and one question in the language of each component (facts A1.5, A2.3, B).

Each returns what it found, or raises `ProbeError`, which says what kind of no it was: no listener, no route, no
backend, the wrong certificate, the wrong answer.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bevel_tui.reachability import certificates
from bevel_tui.reachability.certificates import Certificate
from bevel_tui.reachability.grpc import health
from bevel_tui.reachability.streams import FailureKind, ProbeError, Streams, Target, connected, secured
from bevel_tui.reachability.web import Response, exchange

#: OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH, X509_V_ERR_CERT_HAS_EXPIRED
_NAME_MISMATCH, _ADDRESS_MISMATCH, _EXPIRED = 62, 64, 10
#: days before expiry from which a certificate is worth a warning
EXPIRY_WARNING = 30
#: how long a raw TCP connection must stay open to count: a gateway without a backend hangs up at once
_STAYS = 0.5


@dataclass(frozen=True, slots=True)
class Trust:
    """What a served certificate must satisfy: chain to `pem`, carry the host or one of `names` (facts A1.5)."""

    pem: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A yes: one sentence, evidence, seconds by phase; `warning` when it is a yes with a but, which `code` then names.

    `facts` are what is compared with other clusters' answers (chain id, genesis, certificate).
    """

    words: str
    evidence: tuple[str, ...] = ()
    phases: dict[str, float] = field(default_factory=dict)
    warning: bool = False
    facts: dict[str, str] = field(default_factory=dict)
    code: str | None = None


async def tcp(target: Target) -> Found:
    """Connect and hang up."""
    phases: dict[str, float] = {}
    async with connected(target, phases):
        pass
    return Found(f"{target.via}:{target.port} accepts connections", target.route, phases)


async def stays_open(target: Target) -> Found:
    """Connect and see whether the other side hangs up: all that raw TCP (RLPx, ZMQ) tells without its protocol."""
    phases: dict[str, float] = {}
    async with connected(target, phases) as (reader, _):
        try:
            first = await asyncio.wait_for(reader.read(1), min(_STAYS, target.timeout))
        except TimeoutError:
            first = b"\0"
        except OSError:
            first = b""
    if not first:
        words = f"port {target.port} accepts a connection and hangs up at once"
        raise ProbeError("backend", words, evidence=target.route, phases=phases)
    return Found(f"port {target.port} accepts a connection and keeps it", target.route, phases)


async def tls(target: Target, trust: Trust | None, *, alpn: tuple[str, ...] = ()) -> Found:
    """Shake hands with SNI; verify against `trust`, or only describe the certificate when there is none.

    When verification fails, a second handshake, unverified, looks at what was served, and a third without SNI
    tells whether it is the gateway's default certificate.
    """
    phases: dict[str, float] = {}
    context = _context(trust, alpn)
    try:
        async with secured(target, context, phases, sni=target.host) as (_, writer):
            found = _served(writer)
            protocol = writer.get_extra_info("ssl_object").selected_alpn_protocol()
            version = writer.get_extra_info("ssl_object").version()
    except ssl.SSLCertVerificationError as error:
        raise await _refused(target, error, phases) from error
    evidence = (*target.route, f"{version}, ALPN {protocol or 'none'}", *(found.evidence() if found else ()))
    facts = {"certificate": found.fingerprint} if found else {}
    if trust is None:
        words = "the TLS handshake is completed (no trust anchor known: not verified)"
        return Found(words, evidence, phases, facts=facts)
    if found and trust.names and not _carries(found, (target.host, *trust.names)):
        words = f"the certificate is not for {target.host}: it names {', '.join(found.names) or 'nobody'}"
        raise ProbeError("wrong-name", words, evidence=evidence, phases=phases)
    left = certificates.days_left(found) if found else None
    if left is not None and left < EXPIRY_WARNING:
        words = f"verified, but the certificate expires in {left:.0f} days"
        return Found(words, evidence, phases, warning=True, facts=facts, code="tls-expires-soon")
    return Found("the certificate is verified against the organization's CA", evidence, phases, facts=facts)


async def json_rpc(target: Target, trust: Trust | None, *, over_tls: bool) -> Found:
    """An Ethereum node: `eth_chainId`, `eth_blockNumber`, and the genesis block's hash where the node tells it."""
    phases: dict[str, float] = {}
    chain = _quantity(await _call(target, trust, over_tls, "eth_chainId", phases), "eth_chainId")
    block = _quantity(await _call(target, trust, over_tls, "eth_blockNumber", phases), "eth_blockNumber")
    facts = {"chain-id": str(chain), "block": str(block)}
    with contextlib.suppress(ProbeError):  # an API that is not enabled is no reason to call the node broken
        first = await _call(target, trust, over_tls, "eth_getBlockByNumber", {}, ["0x0", False])
        if isinstance(first, dict) and first.get("hash"):
            facts["genesis"] = str(first["hash"])
    evidence = [*target.route, f"eth_chainId {chain}", f"eth_blockNumber {block}"]
    evidence += [f"genesis block {facts['genesis']}"] if "genesis" in facts else []
    return Found(f"the node answers: block {block} of chain {chain}", tuple(evidence), phases, facts=facts)


async def peers(target: Target, trust: Trust | None, *, over_tls: bool, others: int) -> Found:
    """`net_peerCount`, the node's own word for whom it reaches; `others` nodes of the network there are to reach."""
    phases: dict[str, float] = {}
    count = _quantity(await _call(target, trust, over_tls, "net_peerCount", phases), "net_peerCount")
    evidence = (*target.route, f"net_peerCount {count}", f"other nodes of the network: {others}")
    if count == 0 and others:
        raise ProbeError("no-peers", "the node has no peer: it is alone", evidence=evidence, phases=phases)
    if count < others:
        words = f"the node has {count} of {others} peers"
        return Found(words, evidence, phases, warning=True, code="ledger-few-peers")
    return Found(f"the node has {count} peer{'' if count == 1 else 's'}", evidence, phases)


async def grows(target: Target, trust: Trust | None, *, over_tls: bool, period: float) -> Found:
    """`eth_blockNumber` until it is higher than at first; at most two block `period`s (seconds) and a second."""
    phases: dict[str, float] = {}
    patience = 2 * period + 1
    first = _quantity(await _call(target, trust, over_tls, "eth_blockNumber", phases), "eth_blockNumber")
    started, block = time.perf_counter(), first
    while block <= first and (waited := time.perf_counter() - started) < patience:
        await asyncio.sleep(min(max(period / 10, 0.1), patience - waited))
        block = _quantity(await _call(target, trust, over_tls, "eth_blockNumber", {}), "eth_blockNumber")
    took = time.perf_counter() - started
    evidence = (*target.route, f"eth_blockNumber {first}, after {took:.1f} s {block}", f"block period: {period:g} s")
    if block <= first:
        words = f"no new block within {patience:g} s: the chain stands at block {first}"
        raise ProbeError("halted", words, evidence=evidence, phases=phases)
    return Found(f"blocks are made: {first}, then {block}", evidence, phases)


async def websocket(target: Target, trust: Trust | None, *, over_tls: bool) -> Found:
    """The upgrade to WebSocket (RFC 6455): 101 is all we want."""
    phases: dict[str, float] = {}
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
    }
    response = await _http(target, trust, over_tls, phases, headers=headers)
    if response.status != 101:
        _must_be_served(response, target, phases)
        words = f"no upgrade to WebSocket: HTTP {response.status} {response.reason}"
        raise ProbeError("answer", words, evidence=_said(response, target), phases=phases)
    return Found("the node accepts WebSocket connections", (*target.route, "HTTP 101"), phases)


async def fabric_operations(target: Target) -> Found:
    """GET /healthz of a Fabric component's operations service (plain HTTP, facts A1.5)."""
    phases: dict[str, float] = {}
    response = await _http(target, None, False, phases, path="/healthz")
    _must_be_served(response, target, phases)
    status = _json(response).get("status")
    if response.status != 200 or status != "OK":
        failed = [f"{c.get('component')}: {c.get('reason')}" for c in _json(response).get("failed_checks") or []]
        words = f"the component is not healthy: {status or f'HTTP {response.status}'}"
        raise ProbeError("answer", words, evidence=(*_said(response, target), *failed), phases=phases)
    return Found("the component says that it is healthy", (*target.route, "/healthz: OK"), phases)


async def fabric_ca(target: Target, trust: Trust | None) -> Found:
    """GET /cainfo of a Fabric CA, over TLS that is verified."""
    phases: dict[str, float] = {}
    response = await _http(target, trust, True, phases, path="/cainfo")
    _must_be_served(response, target, phases)
    result = _json(response).get("result")
    name = result.get("CAName") if isinstance(result, dict) else None
    if response.status != 200 or not isinstance(result, dict):
        words = f"/cainfo is not answered as a Fabric CA does: HTTP {response.status}"
        raise ProbeError("answer", words, evidence=_said(response, target), phases=phases)
    version = result.get("Version", "unknown")
    return Found(
        f"the CA answers as {name or 'unnamed'}",
        (*target.route, f"CAName {name or '(empty)'}, version {version}"),
        phases,
    )


async def network_map(target: Target, trust: Trust | None, *, over_tls: bool) -> Found:
    """GET /network-map of a Corda network map: it is given out, or only to those who are in it (facts A5)."""
    phases: dict[str, float] = {}
    response = await _http(target, trust, over_tls, phases, path="/network-map")
    _must_be_served(response, target, phases)
    if response.status not in (200, 401):
        words = f"/network-map is not answered as a network map does: HTTP {response.status}"
        raise ProbeError("answer", words, evidence=_said(response, target), phases=phases)
    return Found("the network map answers", (*target.route, f"/network-map: HTTP {response.status}"), phases)


async def doorman(target: Target, trust: Trust | None, *, over_tls: bool) -> Found:
    """Any answer of a Corda doorman (identity manager): what its root says differs between versions (facts A5)."""
    phases: dict[str, float] = {}
    response = await _http(target, trust, over_tls, phases, path="/")
    _must_be_served(response, target, phases)
    if response.status >= 500:
        words = f"the doorman answers with an error: HTTP {response.status}"
        raise ProbeError("answer", words, evidence=_said(response, target), phases=phases)
    return Found("the doorman answers", (*target.route, f"/: HTTP {response.status}"), phases)


async def tessera(target: Target, trust: Trust | None, *, over_tls: bool) -> Found:
    """GET /upcheck of a transaction manager's port for peers ("I'm up!").

    With strict TLS it wants a client's certificate, which only its peers have: asking for one is its answer then.
    """
    phases: dict[str, float] = {}
    try:
        response = await _http(target, trust, over_tls, phases, path="/upcheck")
    except ProbeError as error:
        if isinstance(error.__cause__, ssl.SSLError) and "CERTIFICATE_REQUIRED" in str(error.__cause__.reason):
            evidence = (*target.route, "TLS alert: certificate required")
            return Found("the transaction manager answers peers with a certificate", evidence, phases)
        raise
    _must_be_served(response, target, phases)
    if response.status != 200 or "up" not in response.text.lower():
        words = f"/upcheck is not answered as Tessera does: HTTP {response.status}"
        raise ProbeError("answer", words, evidence=_said(response, target), phases=phases)
    return Found("the transaction manager is up", (*target.route, f"/upcheck: {response.first_line}"), phases)


async def fabric_grpc(target: Target, trust: Trust | None) -> Found:
    """TLS with ALPN h2, which gRPC clients insist on, and the health call; where a component does not serve that, that it
    speaks HTTP/2 is all there is to know without a Fabric client's keys."""
    phases: dict[str, float] = {}
    try:
        async with secured(target, _context(trust, ("h2",)), phases, sni=target.host) as streams:
            protocol = streams[1].get_extra_info("ssl_object").selected_alpn_protocol()
            if protocol != "h2":
                words = "the TLS server does not offer HTTP/2 (ALPN h2), which gRPC needs"
                raise ProbeError("answer", words, evidence=(*target.route, f"ALPN {protocol or 'none'}"), phases=phases)
            told = await health(streams, target, phases)
    except ssl.SSLCertVerificationError as error:
        raise await _refused(target, error, phases) from error
    except ssl.SSLError as error:
        if "CERTIFICATE_REQUIRED" not in str(error.reason):
            raise ProbeError("closed", "the component hung up after the handshake", phases=phases) from error
        return Found("the component offers gRPC to clients with a certificate", (*target.route, "ALPN h2"), phases)
    except OSError as error:
        raise ProbeError("closed", "the component hung up after the handshake", phases=phases) from error
    evidence = (*target.route, "ALPN h2", f"grpc.health.v1: {told.words}")
    if told.serving is False:
        words = f"the component answers gRPC, but says of itself: {told.words}"
        raise ProbeError("answer", words, evidence=evidence, phases=phases)
    return Found(
        "the component is serving gRPC" if told.serving else "the component answers gRPC (HTTP/2)", evidence, phases
    )


# ---------------------------------------------------------------- TLS


def _context(trust: Trust | None, alpn: tuple[str, ...]) -> ssl.SSLContext:
    if trust is None:
        return certificates.looking(alpn)
    try:
        return certificates.trusting(trust.pem, check_name=not trust.names, alpn=alpn)
    except (ssl.SSLError, ValueError) as error:
        raise ProbeError("trust", "the CA certificate to verify against is not a PEM certificate") from error


def _served(writer: asyncio.StreamWriter) -> Certificate | None:
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return certificates.read(der) if der else None


async def _look(target: Target, sni: str | None) -> Certificate | None:
    with contextlib.suppress(ProbeError, ssl.SSLError):
        async with secured(target, certificates.looking(), {}, sni=sni) as (_, writer):
            return _served(writer)
    return None


async def _refused(target: Target, error: ssl.SSLCertVerificationError, phases: dict[str, float]) -> ProbeError:
    """What was served instead of the right certificate."""
    found, anonymous = await asyncio.gather(_look(target, target.host), _look(target, None))
    evidence = (*target.route, f"verification: {error.verify_message}", *(found.evidence() if found else ()))
    misses = found is not None and not _carries(found, (target.host,))
    default = found is not None and (
        found.known_default or (misses and anonymous is not None and anonymous.fingerprint == found.fingerprint)
    )
    if default:
        words = f"the gateway's default certificate came: no route matches {target.host}"
        return ProbeError("default-certificate", words, evidence=evidence, phases=phases)
    kind: FailureKind = "other-ca"
    if error.verify_code in (_NAME_MISMATCH, _ADDRESS_MISMATCH):
        kind = "wrong-name"
        named = ", ".join(found.names) if found and found.names else "nobody"
        words = f"the certificate is not for {target.host}: it names {named}"
    elif error.verify_code == _EXPIRED:
        kind = "expired"
        when = f" on {found.expires:%Y-%m-%d}" if found and found.expires else ""
        words = f"the certificate expired{when}"
    else:
        issuer = f" ({found.issuer})" if found else ""
        words = f"the certificate was not issued by the organization's CA{issuer}"
    return ProbeError(kind, words, evidence=evidence, phases=phases)


def _carries(certificate: Certificate, hosts: tuple[str, ...]) -> bool:
    """Whether one of the names is among the certificate's; one label may be a wildcard (RFC 6125)."""
    names = {name.lower() for name in certificate.names}
    return any(host in names or f"*.{host.partition('.')[2]}" in names for host in (h.lower() for h in hosts))


# ---------------------------------------------------------------- HTTP


@contextlib.asynccontextmanager
async def _streams(
    target: Target, trust: Trust | None, over_tls: bool, phases: dict[str, float]
) -> AsyncIterator[Streams]:
    if not over_tls:
        async with connected(target, phases) as streams:
            yield streams
        return
    try:
        async with secured(target, _context(trust, ("http/1.1",)), phases, sni=target.host) as streams:
            if trust is not None and trust.names:
                found = _served(streams[1])
                if found is None or not _carries(found, (target.host, *trust.names)):
                    raise ProbeError("wrong-name", f"the certificate is not for {target.host}", phases=phases)
            yield streams
    except ssl.SSLCertVerificationError as error:
        raise await _refused(target, error, phases) from error


async def _http(
    target: Target, trust: Trust | None, over_tls: bool, phases: dict[str, float], **request: Any
) -> Response:
    port = 443 if over_tls else 80
    async with _streams(target, trust, over_tls, phases) as streams:
        return await exchange(streams, target, phases, default_port=port, **request)


def _said(response: Response, target: Target) -> tuple[str, ...]:
    server = response.headers.get("server")
    lines = [*target.route, f"HTTP {response.status} {response.reason}"]
    lines += [f"server: {server}"] if server else []
    lines += [f"body: {response.first_line}"] if response.first_line else []
    return tuple(lines)


def _must_be_served(response: Response, target: Target, phases: dict[str, float]) -> None:
    """404 is a gateway without a route, 502 to 504 a route without a backend (HAProxy and Envoy alike).

    Envoy says with a header of its own that somebody behind it gave the answer.
    """
    if response.status == 404 and "x-envoy-upstream-service-time" not in response.headers:
        words = f"the gateway has no route for {target.host} (HTTP 404)"
        raise ProbeError("route", words, evidence=_said(response, target), phases=phases)
    if response.status in (502, 503, 504) and not _json(response):
        words = f"the gateway has a route for {target.host}, but nobody answers behind it (HTTP {response.status})"
        raise ProbeError("backend", words, evidence=_said(response, target), phases=phases)


def _json(response: Response) -> dict[str, Any]:
    try:
        parsed = json.loads(response.body)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


async def _call(
    target: Target,
    trust: Trust | None,
    over_tls: bool,
    method: str,
    phases: dict[str, float],
    params: Sequence[object] = (),
) -> object:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode()
    headers = {"Content-Type": "application/json"}
    response = await _http(target, trust, over_tls, phases, method="POST", headers=headers, body=body)
    _must_be_served(response, target, phases)
    parsed = _json(response)
    if response.status == 403:
        words = f"the node refuses the host name {target.host} (HTTP 403)"
        raise ProbeError("answer", words, evidence=_said(response, target), phases=phases)
    if "result" not in parsed:
        error = parsed.get("error")
        words = str(error.get("message")) if isinstance(error, dict) else f"HTTP {response.status}, no JSON-RPC result"
        raise ProbeError("answer", f"{method}: {words}", evidence=_said(response, target), phases=phases)
    return parsed["result"]


def _quantity(value: object, method: str) -> int:
    """A JSON-RPC quantity ("0x1a")."""
    try:
        return int(str(value), 16)
    except ValueError:
        raise ProbeError("answer", f"{method} answered {value!r}, which is no number") from None
