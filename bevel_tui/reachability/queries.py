"""One HTTP request over a verified connection of ours, and what an answer says about the gateway in between."""

from __future__ import annotations

import contextlib
import json
import ssl
from collections.abc import AsyncIterator
from typing import Any

from bevel_tui.reachability.handshake import Trust, carries, context, refused, served
from bevel_tui.reachability.streams import ProbeError, Streams, Target, connected, secured
from bevel_tui.reachability.web import Response, exchange


async def http(
    target: Target, trust: Trust | None, over_tls: bool, phases: dict[str, float], **request: Any
) -> Response:
    port = 443 if over_tls else 80
    async with _streams(target, trust, over_tls, phases) as streams:
        return await exchange(streams, target, phases, default_port=port, **request)


@contextlib.asynccontextmanager
async def _streams(
    target: Target, trust: Trust | None, over_tls: bool, phases: dict[str, float]
) -> AsyncIterator[Streams]:
    if not over_tls:
        async with connected(target, phases) as streams:
            yield streams
        return
    try:
        async with secured(target, context(trust, ("http/1.1",)), phases, sni=target.host) as streams:
            if trust is not None and trust.names:
                found = served(streams[1])
                if found is None or not carries(found, (target.host, *trust.names)):
                    raise ProbeError("wrong-name", f"the certificate is not for {target.host}", phases=phases)
            yield streams
    except ssl.SSLCertVerificationError as error:
        raise await refused(target, error, phases) from error


def said(response: Response, target: Target) -> tuple[str, ...]:
    server = response.headers.get("server")
    lines = [*target.route, f"HTTP {response.status} {response.reason}"]
    lines += [f"server: {server}"] if server else []
    lines += [f"body: {response.first_line}"] if response.first_line else []
    return tuple(lines)


def must_be_served(response: Response, target: Target, phases: dict[str, float]) -> None:
    """404 is a gateway without a route, 502 to 504 a route without a backend (HAProxy and Envoy alike).

    Envoy says with a header of its own that somebody behind it gave the answer.
    """
    if response.status == 404 and "x-envoy-upstream-service-time" not in response.headers:
        words = f"the gateway has no route for {target.host} (HTTP 404)"
        raise ProbeError("route", words, evidence=said(response, target), phases=phases)
    if response.status in (502, 503, 504) and not as_json(response):
        words = f"the gateway has a route for {target.host}, but nobody answers behind it (HTTP {response.status})"
        raise ProbeError("backend", words, evidence=said(response, target), phases=phases)


def as_json(response: Response) -> dict[str, Any]:
    try:
        parsed = json.loads(response.body)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
