"""The one way out: every probe and resolver connection is opened here.

An optional map sends ``host:port`` to ``address:port``, like curl's --connect-to, so that the sandbox, tests on
unprivileged ports and split networks need no special case elsewhere. The map is part of the evidence.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Dialer:
    """Opens TCP connections. `routes` maps ``host:port`` (as the network names it) to ``address:port``."""

    routes: Mapping[str, str] = field(default_factory=dict)

    def route(self, host: str, port: int) -> tuple[str, int]:
        """Where a connection to ``host:port`` really goes."""
        target = self.routes.get(f"{host}:{port}")
        if target is None:
            return host, port
        address, _, mapped = target.rpartition(":")
        return address.strip("[]"), int(mapped)

    async def open(
        self,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        server_name: str | None = None,
        timeout: float = 5.0,  # noqa: ASYNC109 - part of every caller's evidence
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect (and shake hands when `tls` is given). Raises OSError, ssl.SSLError or TimeoutError."""
        address, mapped = self.route(host, port)
        return await asyncio.wait_for(
            asyncio.open_connection(address, mapped, ssl=tls, server_hostname=server_name if tls is not None else None),
            timeout,
        )
