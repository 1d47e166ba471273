"""Reads the server name out of a TLS ClientHello (RFC 8446 4.1.2, RFC 6066 3) without touching the connection."""

from __future__ import annotations

import asyncio
import socket

_MAX = 16384
_TRIES = 50


class Reader:
    """A cursor over bytes. Raises ValueError where they end too early."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        part = self.data[self.at : self.at + count]
        if len(part) < count:
            raise ValueError("short")
        self.at += count
        return part

    def number(self, size: int) -> int:
        """The next `size` bytes as a big-endian number."""
        return int.from_bytes(self.take(size), "big")


def is_tls(data: bytes) -> bool:
    """Whether a connection begins with a TLS handshake record."""
    return data[:2] == b"\x16\x03"


def server_name(data: bytes) -> str | None:
    """The name in a ClientHello, lower-case; None when it names none. Raises ValueError when more bytes are needed."""
    record = Reader(data)
    if record.number(1) != 22:
        return None
    record.take(2)
    hello = Reader(record.take(record.number(2)))
    if hello.number(1) != 1:
        return None
    body = Reader(hello.take(hello.number(3)))
    body.take(2 + 32)
    body.take(body.number(1))
    body.take(body.number(2))
    body.take(body.number(1))
    if body.at == len(body.data):
        return None
    extensions = Reader(body.take(body.number(2)))
    while extensions.at < len(extensions.data):
        kind = extensions.number(2)
        content = Reader(extensions.take(extensions.number(2)))
        if kind == 0:
            names = Reader(content.take(content.number(2)))
            names.take(1)
            return names.take(names.number(2)).decode("ascii", errors="replace").lower()
    return None


async def peek(sock: socket.socket, timeout: float = 10.0) -> bytes:  # noqa: ASYNC109 - as a proxy's own
    """The first bytes of a connection, left in its buffer. Empty when the client closed or stayed silent."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(sock, readable.set)
    try:
        await asyncio.wait_for(readable.wait(), timeout)
    except TimeoutError:
        return b""
    finally:
        loop.remove_reader(sock)
    data = b""
    for _ in range(_TRIES):
        try:
            data = sock.recv(_MAX, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            data = b""
        except OSError:
            return b""
        if not is_tls(data):
            return data
        try:
            server_name(data)
            return data
        except ValueError:
            await asyncio.sleep(0.01)  # the rest of the ClientHello is on its way
    return data
