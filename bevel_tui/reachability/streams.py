"""Connections for probes: opened by the Dialer, timed by phase, failures told apart in words."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from bevel_tui.reachability.dialer import Dialer

#: why a probe did not get through. `closed`: accepted, then hung up; `route`: the gateway knows no such host;
#: `backend`: the gateway has nobody behind the route; `answer`: somebody answered, but not as expected, or that it is ill;
#: `no-peers`, `halted`: a node that is alone, a chain that makes no block.
FailureKind = Literal[
    "refused", "timeout", "unreachable", "closed", "tls", "old-protocol", "other-ca", "wrong-name", "expired", "default-certificate", "trust",
    "route", "backend", "answer", "no-peers", "halted",
]  # fmt: skip


class ProbeError(Exception):
    """A probe's no: kind, one sentence, facts, and the seconds of the phases that were reached."""

    def __init__(
        self,
        kind: FailureKind,
        words: str,
        *,
        evidence: tuple[str, ...] = (),
        phases: dict[str, float] | None = None,
    ) -> None:
        super().__init__(words)
        self.kind = kind
        self.words = words
        self.evidence = evidence
        self.phases = dict(phases or {})


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to ask: `host` goes into SNI and the Host header, `via` (an address, or `host`) is dialed.

    `sockets` bounds the connections that are open at a time; waiting for one's turn is not part of any time measured.
    """

    host: str
    port: int
    via: str
    dialer: Dialer
    timeout: float
    sockets: asyncio.Semaphore | None = None

    @property
    def route(self) -> tuple[str, ...]:
        """A line of evidence when the Dialer's map sends the connection elsewhere."""
        address, port = self.dialer.route(self.via, self.port)
        if (address, port) == (self.via, self.port):
            return ()
        return (f"dialed {address}:{port} for {self.via}:{self.port} (connection map)",)


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def connected(target: Target, phases: dict[str, float]) -> AsyncIterator[Streams]:
    """A TCP connection, closed at the end; ``phases["connect"]`` is filled in. Raises ProbeError."""
    async with target.sockets or contextlib.nullcontext(), _opened(target, phases) as streams:
        yield streams


@contextlib.asynccontextmanager
async def _opened(target: Target, phases: dict[str, float]) -> AsyncIterator[Streams]:
    started = time.perf_counter()
    try:
        reader, writer = await target.dialer.open(target.via, target.port, timeout=target.timeout)
    except (OSError, TimeoutError) as error:
        phases["connect"] = time.perf_counter() - started
        raise _no_connection(error, target, phases) from error
    phases["connect"] = time.perf_counter() - started
    try:
        yield reader, writer
    finally:
        # abort, not close: a TLS peer that does not say goodbye must not cost time
        writer.transport.abort()


@contextlib.asynccontextmanager
async def secured(
    target: Target, context: ssl.SSLContext, phases: dict[str, float], *, sni: str | None = None
) -> AsyncIterator[Streams]:
    """A TLS connection; ``phases`` gets connect and tls. `sni` is sent (None: none).

    Raises ProbeError (`tls`, `closed`, `timeout`...), and ssl.SSLCertVerificationError untouched: only the caller
    knows what to do about a certificate that does not verify.
    """
    async with connected(target, phases) as (reader, writer):
        started = time.perf_counter()
        try:
            # SNI cannot carry an address (RFC 6066); asyncio takes an empty name for "send none"
            await asyncio.wait_for(writer.start_tls(context, server_hostname=sni or ""), target.timeout)
        except ssl.SSLCertVerificationError:
            phases["tls"] = time.perf_counter() - started
            raise
        except TimeoutError as error:
            phases["tls"] = time.perf_counter() - started
            words = f"no TLS handshake within {target.timeout:g} s"
            raise ProbeError("timeout", words, evidence=target.route, phases=phases) from error
        except ssl.SSLError as error:
            phases["tls"] = time.perf_counter() - started
            words = f"the TLS handshake failed: {error.reason or error}".lower().replace("_", " ").replace("tls", "TLS")
            if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"):
                words = "what answers does not speak TLS"
            kind: FailureKind = "tls"
            if error.reason in ("TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE"):
                kind, words = "old-protocol", "what answers speaks no TLS version from 1.2 on"
            evidence = (*target.route, f"TLS: {str(error.reason or error).lower().replace('_', ' ')}")
            raise ProbeError(kind, words, evidence=evidence, phases=phases) from error
        except (OSError, EOFError) as error:
            phases["tls"] = time.perf_counter() - started
            words = "the connection was closed during the TLS handshake"
            raise ProbeError("closed", words, evidence=target.route, phases=phases) from error
        phases["tls"] = time.perf_counter() - started
        yield reader, writer


def _no_connection(error: BaseException, target: Target, phases: dict[str, float]) -> ProbeError:
    where = f"{target.via}:{target.port}"
    if isinstance(error, TimeoutError) and not getattr(error, "errno", None):
        return ProbeError(
            "timeout", f"no answer from {where} within {target.timeout:g} s", evidence=target.route, phases=phases
        )
    if isinstance(error, ConnectionRefusedError):
        return ProbeError("refused", f"{where} refuses the connection", evidence=target.route, phases=phases)
    number = getattr(error, "errno", None)
    words = str(getattr(error, "strerror", None) or error)
    kind: FailureKind = "timeout" if number == errno.ETIMEDOUT else "unreachable"
    return ProbeError(kind, f"{where} cannot be reached: {words}", evidence=target.route, phases=phases)
