"""The smallest HTTP/1.1 exchange over a stream that the Dialer opened.

Client libraries open their own connections; ours must go through the Dialer, carry another name than the address
dialed, and be timed by phase. So only the writing of one request is ours: parsing is the standard library's.
"""

from __future__ import annotations

import asyncio
import http.client
import io
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message

from bevel_tui.reachability.streams import ProbeError, Streams, Target

#: no probe's answer is longer; a server that sends more is not what we look for
_LIMIT = 256 * 1024


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response: `headers` are case-insensitive, `body` decoded leniently."""

    status: int
    reason: str
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def first_line(self) -> str:
        """The first line of the body, shortened: evidence, not a page."""
        line = self.text.strip().splitlines()[0].strip() if self.text.strip() else ""
        return line if len(line) <= 120 else f"{line[:117]}..."


async def exchange(
    streams: Streams,
    target: Target,
    phases: dict[str, float],
    *,
    method: str = "GET",
    path: str = "/",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    default_port: int = 80,
) -> Response:
    """Send one request, read one response; ``phases["first-byte"]`` is filled in.

    Raises ProbeError: `timeout`, `closed` (hung up without a word) or `answer` (what came is not HTTP).
    """
    reader, writer = streams
    host = target.host if target.port == default_port else f"{target.host}:{target.port}"
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "User-Agent: bevel-tui", "Accept: */*"]
    given = dict(headers or {})
    if body:
        lines.append(f"Content-Length: {len(body)}")
    if "Connection" not in given:
        given["Connection"] = "close"
    lines += [f"{name}: {value}" for name, value in given.items()]
    started = time.perf_counter()
    data = bytearray()
    try:
        async with asyncio.timeout(target.timeout):
            writer.write("\r\n".join([*lines, "", ""]).encode() + body)
            await writer.drain()
            while True:
                chunk = await reader.read(16384)
                if not data:
                    phases["first-byte"] = time.perf_counter() - started
                data += chunk
                response = _parse(bytes(data), method, ended=not chunk)
                if response is not None:
                    return response
                if not chunk or len(data) > _LIMIT:
                    break
    except TimeoutError as error:
        phases.setdefault("first-byte", time.perf_counter() - started)
        words = f"no HTTP answer within {target.timeout:g} s"
        raise ProbeError("timeout", words, phases=phases) from error
    except OSError as error:
        words = "the connection was closed before an answer came"
        raise ProbeError("closed", words, phases=phases) from error
    except http.client.HTTPException as error:
        start = bytes(data[:40]).decode("ascii", "replace")
        raise ProbeError(
            "answer", "what answered does not speak HTTP", evidence=(f"first bytes: {start!r}",), phases=phases
        ) from error
    if data:
        raise ProbeError("answer", "the HTTP answer was cut short", phases=phases)
    raise ProbeError("closed", "the connection was closed without an answer", phases=phases)


class _Wire:
    """What `http.client` wants of a socket: a file to read."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._data)


def _parse(data: bytes, method: str, *, ended: bool) -> Response | None:
    """The response when `data` holds all of it, else None. Raises http.client.HTTPException for other protocols."""
    if not data:
        return None
    if b"\r\n\r\n" not in data and not ended:
        if not b"HTTP/".startswith(data[:5]) and not data.startswith(b"HTTP/"):
            raise http.client.BadStatusLine(data[:40].decode("ascii", "replace"))
        return None
    response = http.client.HTTPResponse(_Wire(data), method=method)  # type: ignore[arg-type]
    try:
        response.begin()
        if response.length is None and not response.chunked and not ended:
            return None  # the end of the connection is the end of the body
        body = response.read()
    except http.client.IncompleteRead:
        return None
    return Response(response.status, response.reason, response.headers, body)
