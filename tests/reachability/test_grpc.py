"""The health call against a real gRPC server (grpcio), over verified TLS: serving, ill, silent about itself, no gRPC at all."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from bevel_tui.reachability import components
from bevel_tui.reachability.dialer import Dialer
from bevel_tui.reachability.found import Found
from bevel_tui.reachability.handshake import Trust
from bevel_tui.reachability.streams import ProbeError, Target

HOST = "peer0.east.test"


@contextlib.contextmanager
def serving(organization_ca, answer: bytes | grpc.StatusCode | None) -> Iterator[int]:
    """A server whose health check answers so; None: it has none."""
    leaf = organization_ca.issue_cert(HOST)
    server = grpc.server(ThreadPoolExecutor(2))

    def check(request: bytes, context: grpc.ServicerContext) -> bytes:
        assert request == b""
        if isinstance(answer, grpc.StatusCode):
            context.abort(answer, "not today")
        return bytes(answer)

    handlers = {"Check": grpc.unary_unary_rpc_method_handler(check)} if answer is not None else {}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("grpc.health.v1.Health", handlers),))
    chain = b"".join(pem.bytes() for pem in leaf.cert_chain_pems)
    credentials = grpc.ssl_server_credentials([(leaf.private_key_pem.bytes(), chain)])
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


async def ask(organization_ca, port: int, patience: float = 30.0) -> Found:
    dialer = Dialer({"192.0.2.10:443": f"127.0.0.1:{port}"})
    target = Target(HOST, 443, "192.0.2.10", dialer, patience)
    return await components.fabric_grpc(target, Trust(organization_ca.cert_pem.bytes().decode()))


@pytest.mark.parametrize(
    ("answer", "words", "fact"),
    [
        (b"\x08\x01", "the component is serving gRPC", "serving"),
        (None, "the component answers gRPC (HTTP/2)", "not implemented"),
        (grpc.StatusCode.UNAUTHENTICATED, "the component answers gRPC (HTTP/2)", "not authenticated"),
    ],
)
async def test_who_serves_the_health_check_says_so_and_others_are_believed_by_http2(
    organization_ca, answer, words, fact
) -> None:
    with serving(organization_ca, answer) as port:
        found = await ask(organization_ca, port)
    assert found.words == words
    assert f"grpc.health.v1: {fact}" in found.evidence
    assert set(found.phases) == {"connect", "tls", "first-byte"}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"\x08\x02", "says of itself: not serving"),
        (b"", "says of itself: unknown"),  # protobuf leaves the zero out
        (grpc.StatusCode.INTERNAL, "the health call failed: not today"),
    ],
)
async def test_a_component_that_says_it_is_ill_is_believed(organization_ca, answer, words) -> None:
    with serving(organization_ca, answer) as port, pytest.raises(ProbeError) as no:
        await ask(organization_ca, port)
    assert no.value.kind == "answer"
    assert words in no.value.words


async def test_a_component_that_greets_and_is_deaf_then_is_told_from_one_without_http2(organization_ca) -> None:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    organization_ca.issue_cert(HOST).configure_cert(context)
    context.set_alpn_protocols(["h2"])
    greets = [True, False]

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if greets.pop(0):
            writer.write(bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)))
        with contextlib.suppress(ConnectionError):
            while await reader.read(1024):
                pass
        writer.close()

    server = await asyncio.start_server(deaf, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        for words in ("does not answer a call", "no HTTP/2 answer"):
            with pytest.raises(ProbeError) as no:
                await ask(organization_ca, port, patience=1.5)
            assert no.value.kind == "timeout"
            assert words in no.value.words
