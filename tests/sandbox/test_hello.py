"""ClientHellos as Python's own TLS stack writes them."""

from __future__ import annotations

import ssl

import pytest

from bevel_tui.sandbox.gateway.hello import is_tls, server_name


def hello(name: str | None) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    outgoing = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def test_the_name_is_found() -> None:
    data = hello("Peer0.Org-Net.example.com")
    assert is_tls(data)
    assert server_name(data) == "peer0.org-net.example.com"


def test_no_name() -> None:
    assert server_name(hello(None)) is None


def test_every_shorter_piece_asks_for_more() -> None:
    data = hello("a.example.com")
    for size in range(len(data)):
        with pytest.raises(ValueError, match="short"):
            server_name(data[:size])


def test_http_is_no_tls() -> None:
    assert not is_tls(b"GET / HTTP/1.1\r\n")
