"""Requests that a pod sends: to a Service of its cluster, or by a DNS name through a gateway, as curl and Java do."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from bevel_tui.reachability.dialer import Dialer
from bevel_tui.reachability.streams import ProbeError, Target, connected, secured
from bevel_tui.reachability.web import exchange
from bevel_tui.sandbox.components import Component, Unreachable, in_cluster
from bevel_tui.sandbox.players.context import PodContext

_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Reply:
    """Status and body of an answer."""

    status: int
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")


async def request(
    context: PodContext, method: str, url: str, body: bytes = b"", *, trust: bytes | None = None
) -> Reply:
    """Ask a URL. `trust` (PEM) verifies an https server; None: any certificate will do (curl -k).

    Raises Unreachable with what a client would say.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    path = parts.path or "/"
    component = in_cluster(context.world, context.site, host, port, context.namespace)
    if component is not None:
        return _direct(context, component, method, path, body, secure=parts.scheme == "https")
    addresses = context.world.names.addresses(host)
    if not addresses:
        raise Unreachable(f"Could not resolve host: {host}")
    if f"{addresses[0]}:{port}" not in context.world.dial:
        raise Unreachable(f"Failed to connect to {host} port {port}: Connection refused")
    target = Target(host, port, addresses[0], Dialer(routes=context.world.dial), _TIMEOUT)
    try:
        return await _through(target, method, path, body, trust, secure=parts.scheme == "https")
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(f"PKIX path building failed: {error.verify_message}") from None
    except ProbeError as no:
        raise Unreachable(no.words) from None


def _direct(context: PodContext, component: Component, method: str, path: str, body: bytes, *, secure: bool) -> Reply:
    from bevel_tui.sandbox.corda import answer

    if component.serves.protocol not in {"doorman", "network-map"} or component.tls != secure:
        raise Unreachable("Empty reply from server")
    found = answer(context.world, component, method, path, body)
    return Reply(found.status, found.body)


async def _through(target: Target, method: str, path: str, body: bytes, trust: bytes | None, *, secure: bool) -> Reply:
    if not secure:
        async with connected(target, {}) as streams:
            response = await exchange(streams, target, {}, method=method, path=path, body=body)
        return Reply(response.status, response.body)
    tls = ssl.create_default_context(cadata=trust.decode() if trust else None)
    tls.verify_flags = (tls.verify_flags & ~ssl.VERIFY_X509_STRICT) | ssl.VERIFY_X509_PARTIAL_CHAIN
    if trust is None:
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    async with secured(target, tls, {}, sni=target.host) as streams:
        response = await exchange(streams, target, {}, method=method, path=path, body=body, default_port=443)
    return Reply(response.status, response.body)
