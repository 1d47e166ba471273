"""HTTP to one API server: credentials, retries, errors. What the answers mean is `kube.client`'s.

429 and 503 are repeated as the server asks, lost connections where repeating is harmless, an expired credential is
renewed once for however many requests met it. Every request goes to the context that was named.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bevel_tui.kube.contexts import Kubeconfig
from bevel_tui.kube.credentials import Credentials, load

if TYPE_CHECKING:
    import aiohttp

#: who we are: the field manager of server-side apply and the user agent
FIELD_MANAGER = "bevel-tui"
_TRIES = 4


class ApiError(Exception):
    """The API server's refusal: HTTP `status` (0: no answer came), machine `reason` and `message`."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{message} ({reason or status})")
        self.status = status
        self.reason = reason
        self.message = message


class Transport:
    """The connection pool of one context. Nothing is opened before the first request."""

    def __init__(self, context: str, kubeconfig: Kubeconfig, credentials: Credentials) -> None:
        self.context = context
        self.server = credentials.server
        #: who this client says it is in managedFields (the sandbox's controllers are not bevel-tui)
        self.manager = FIELD_MANAGER
        self._kubeconfig = kubeconfig
        self._credentials = credentials
        self._session: aiohttp.ClientSession | None = None
        self._renewing = asyncio.Lock()
        self._renewals = 0

    async def close(self) -> None:
        """Close all connections; watches end."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        raw: bool = False,
        accept: str | None = None,
    ) -> Any:
        """One request; the answer as JSON (or text when `raw`). Raises ApiError.

        429 and 503 are repeated as the server asks (Retry-After), other 5xx when something is only read (an etcd that
        changes its leader), lost connections where repeating is harmless (everything but POST; a POST only when no
        connection came about), 401 once with new credentials.
        """
        import aiohttp

        renewed = False
        for attempt in range(_TRIES):
            last = attempt == _TRIES - 1
            try:
                async with await self.open(
                    method, path, body=body, query=query, content_type=content_type, accept=accept
                ) as response:
                    if response.status == 401 and self._credentials.renewable and not renewed:
                        renewed = True
                        await self._renew()
                        continue
                    passing = response.status in {429, 503} or (method == "GET" and response.status in {500, 502, 504})
                    if passing and not last:
                        await asyncio.sleep(_retry_after(response.headers.get("Retry-After"), attempt))
                        continue
                    if response.status >= 400:
                        raise await refusal(response)
                    return await response.text() if raw else await response.json(content_type=None)
            except aiohttp.ClientConnectorError as error:
                if last or isinstance(error, aiohttp.ClientConnectorCertificateError):
                    raise ApiError(0, "Unreachable", _words(error)) from None
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                if last or method == "POST":
                    raise ApiError(0, "Unreachable", _words(error)) from None
            await asyncio.sleep(0.1 * 3**attempt)
        raise ApiError(0, "Unreachable", f"{self.server} does not answer")

    async def open(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        timeout: aiohttp.ClientTimeout | None = None,  # noqa: ASYNC109 - aiohttp's own
        accept: str | None = None,
    ) -> aiohttp.ClientResponse:
        """Send one request and return the response, body unread, whatever its status. Raises aiohttp's errors."""
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=self._credentials.tls or True),
                trust_env=True,
                read_bufsize=2**21,  # one watch line can be a whole Secret of a Helm release
            )
        headers = {"Accept": accept or "application/json", "User-Agent": FIELD_MANAGER}
        if self._credentials.authorization:
            headers["Authorization"] = self._credentials.authorization
        data = None
        if body is not None:
            headers["Content-Type"] = content_type
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self._session.request(
            method,
            f"{self.server}{path}",
            params=dict(query or {}),
            data=data,
            headers=headers,
            proxy=self._credentials.proxy,
            server_hostname=self._credentials.server_name,
            timeout=timeout or aiohttp.ClientTimeout(total=60, sock_connect=10),
        )

    async def _renew(self) -> None:
        """New credentials, fetched once however many requests ask for them at the same time."""
        seen = self._renewals
        async with self._renewing:
            if self._renewals != seen:
                return
            self._credentials = await load(self._kubeconfig, self.context)
            self._renewals += 1


def _retry_after(header: str | None, attempt: int) -> float:
    try:
        return min(float(header or ""), 30.0)
    except ValueError:
        return float(0.5 * 2**attempt)


def _words(error: BaseException) -> str:
    import aiohttp

    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        cause = error.certificate_error
        return f"the certificate of {error.host}:{error.port} is not trusted: {getattr(cause, 'verify_message', cause)}"
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.errno is not None:
        number, said = error.os_error.errno, error.os_error.strerror or ""
        # asyncio puts the address where the reason should stand; name look-ups have numbers of their own
        return f"{error.host}:{error.port}: {os.strerror(number) if number > 0 else said}"
    return str(error) or type(error).__name__


async def refusal(response: aiohttp.ClientResponse) -> ApiError:
    """The error that a response of status 400 or more stands for."""
    text = await response.text()
    try:
        status = json.loads(text)
        return ApiError(response.status, status.get("reason", ""), status.get("message", text))
    except (ValueError, AttributeError):
        return ApiError(response.status, response.reason or "", text.strip()[:500] or f"HTTP {response.status}")
