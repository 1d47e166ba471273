"""HTTP to one API server: credentials, retries, errors. What the answers mean is `kube.client`'s.

429 and 503 are repeated as the server asks, lost connections where repeating is harmless, an expired credential is
renewed once for however many requests met it: from its plugin, its token file, or the kubeconfig as it is by then.
Every request goes to the context that was named.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bevel_tui.kube import plugins
from bevel_tui.kube.contexts import Kubeconfig, read
from bevel_tui.kube.credentials import Credentials, load, plugin_of
from bevel_tui.records.errors import BevelError

if TYPE_CHECKING:
    import aiohttp

#: who we are: the field manager of server-side apply and the user agent
FIELD_MANAGER = "bevel-tui"
_TRIES = 4
#: seconds for an answer; a list of everything in a large cluster takes its time
ANSWER = 60.0
#: seconds for the first answer, which says whether there is anybody at all; it is asked for twice
FIRST_ANSWER = 10.0
#: seconds for which credentials that were renewed in vain are not renewed again: a plugin is not called per request
VAIN = 30.0


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
        #: how often credentials were renewed; a request that was sent before the last time needs no further one
        self.renewals = 0
        self._vain: float | None = None
        self._former: list[aiohttp.ClientSession] = []

    async def close(self) -> None:
        """Close all connections; watches end."""
        sessions = [*self._former, *([self._session] if self._session is not None else [])]
        self._former, self._session = [], None
        for session in sessions:
            await session.close()

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
        seconds: float | None = None,
    ) -> Any:
        """One request; the answer as JSON (or text when `raw`). Raises ApiError. `seconds` are for one attempt.

        429 and 503 are repeated as the server asks (Retry-After), other 5xx when something is only read (an etcd that
        changes its leader), lost connections where repeating is harmless (everything but POST; a POST only when no
        connection came about), 401 with new credentials. Silence is waited for twice at most: who hangs, hangs.
        """
        import aiohttp

        silent = 0
        timeout = aiohttp.ClientTimeout(total=seconds or ANSWER, sock_connect=min(seconds or ANSWER, 10))
        for attempt in range(_TRIES):
            last = attempt == _TRIES - 1
            sent = self.renewals
            try:
                async with await self.open(
                    method, path, body=body, query=query, content_type=content_type, accept=accept, timeout=timeout
                ) as response:
                    if response.status == 401 and not last and await self.renew(sent):
                        continue
                    passing = response.status in {429, 503} or (method == "GET" and response.status in {500, 502, 504})
                    if passing and not last:
                        await asyncio.sleep(retry_after(response.headers.get("Retry-After"), attempt))
                        continue
                    if response.status >= 400:
                        raise await refusal(response)
                    return await response.text() if raw else await response.json(content_type=None)
            except aiohttp.ClientConnectorError as error:
                if last or isinstance(error, aiohttp.ClientConnectorCertificateError):
                    raise ApiError(0, "Unreachable", _words(error)) from None
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                silent += isinstance(error, TimeoutError)
                if last or method == "POST" or silent > 1:
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
            headers=(*headers.items(), *self._credentials.acting),
            proxy=self._credentials.proxy,
            server_hostname=self._credentials.server_name,
            timeout=timeout or aiohttp.ClientTimeout(total=ANSWER, sock_connect=10),
        )

    async def renew(self, sent: int) -> bool:
        """After a 401 to a request that was sent when `renewals` was `sent`: whether it is worth asking again.

        New credentials are fetched once however many requests ask for them at the same time. When those are refused
        as well, or there are none, nobody asks for others for `VAIN` seconds. Raises ApiError (401) when there are none.
        """
        loop = asyncio.get_running_loop()
        async with self._renewing:
            if self.renewals != sent:
                return True
            if self._vain is not None and loop.time() < self._vain:
                return False
            self._vain = loop.time() + VAIN
            try:
                if len(self._kubeconfig.files) == 1:  # what stands in it may have been rotated
                    self._kubeconfig = read(str(self._kubeconfig.files[0]))
                plugin = plugin_of(self._kubeconfig, self.context)
                if plugin is not None:
                    plugins.forget(plugin)
                self._credentials = await load(self._kubeconfig, self.context)
            except BevelError as error:
                raise ApiError(401, "Unauthorized", " ".join((error.message, *error.details))) from None
            self.renewals += 1
            if self._credentials.certificate and self._session is not None:
                # Its connections were made with the old certificate; what runs over them goes on.
                self._former.append(self._session)
                self._session = None
            return True


def retry_after(header: str | None, attempt: int) -> float:
    """Seconds until the server may be asked again: what its header says (30 at most), else more from time to time."""
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
