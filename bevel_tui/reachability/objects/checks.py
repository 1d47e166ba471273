"""The checks of objects as edges of an endpoint's chain: read anew for every attempt, each told once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from bevel_tui.reachability.objects.judge import Judge
from bevel_tui.reachability.objects.observed import Edge
from bevel_tui.reachability.verdict import Verdict
from bevel_tui.records.steps import Endpoint

#: reads the routes of a cluster as they stand now; None where they may not be read
ReadEdge = Callable[[], Awaitable[Edge | None]]
#: nothing to compare: passes, and is not told
UNKNOWN = Verdict("ok", "")


class Ask(Protocol):
    """Settles a check once for everybody who asks for it."""

    async def __call__(self, check: str, target: str, attempt: Callable[[], Awaitable[Verdict]], /) -> Verdict: ...


@dataclass(frozen=True, slots=True)
class ObjectChecks:
    """`addresses` are the gateway's, `kubectl` begins the commands of remedies."""

    read: ReadEdge | None
    ask: Ask
    addresses: tuple[str, ...]
    kubectl: str

    async def cause(self, endpoint: Endpoint) -> Verdict | None:
        """The object that disagrees with the plan, if one does: what fails behind it is its doing."""
        if self.read is None or await self.read() is None:
            return None
        where = f"{endpoint.host}:{endpoint.port}" if endpoint.protocol == "tcp" else endpoint.host
        route = await self._check("route-object", where, lambda judge: judge.route(endpoint))
        if not route.passed:
            return route
        backend = await self._check("route-backend", endpoint.service, lambda judge: judge.backend(endpoint))
        certificate = await self._certificate(endpoint)
        await self._check("route-address", where, lambda judge: judge.address(endpoint, self.addresses))
        return next((verdict for verdict in (backend, certificate) if not verdict.passed), None)

    async def served(self, endpoint: Endpoint, shaken: Verdict) -> None:
        """Whether the certificate that a handshake showed is the one that the gateway should show."""
        if self.read is not None and "certificate" in shaken.facts:
            shown = shaken.facts["certificate"]
            await self._check("route-certificate", endpoint.host, lambda judge: judge.served(endpoint, shown))

    async def _certificate(self, endpoint: Endpoint) -> Verdict:
        """Only told when it is wrong: whether it is also the one that is served is seen later (`served`)."""
        edge = await self.read() if self.read is not None else None
        verdict = None if edge is None else Judge(edge, self.kubectl).certificate(endpoint)
        if verdict is None or verdict.passed:
            return UNKNOWN
        return await self._check("route-certificate", endpoint.host, lambda judge: judge.certificate(endpoint))

    async def _check(self, check: str, target: str, question: Callable[[Judge], Verdict | None]) -> Verdict:
        async def attempt() -> Verdict:
            edge = await self.read() if self.read is not None else None
            return (None if edge is None else question(Judge(edge, self.kubectl))) or UNKNOWN

        return await self.ask(check, target, attempt)


async def excused(asking: Awaitable[Verdict], cause: Verdict | None) -> Verdict:
    """A failure behind an object that is wrong is that object's: it is told as its consequence."""
    verdict = await asking
    if verdict.passed or cause is None:
        return verdict
    return replace(verdict, status="skipped", words=f"{verdict.words}, because {cause.words}", remedy=None, code=None)
