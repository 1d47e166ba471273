"""One gRPC call over a connection that is there already: grpc.health.v1.Health/Check (gRPC health checking protocol).

Fabric's peers and orderers serve it. HTTP/2 is library `h2`'s, imported lazily; what is ours are five bytes of framing and
one number. A gRPC client library would dial by itself, past the Dialer and the verified handshake.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Literal

from bevel_tui.reachability.streams import ProbeError, Streams, Target

PATH = "/grpc.health.v1.Health/Check"
#: health.proto's ServingStatus
_STATUS: dict[int, Literal["unknown", "serving", "not serving", "service unknown"]] = {
    0: "unknown",
    1: "serving",
    2: "not serving",
    3: "service unknown",
}
#: gRPC status codes that a server without the service answers with, or one that wants to know who asks
_SILENT = {"12": "not implemented", "7": "not permitted", "16": "not authenticated"}


@dataclass(frozen=True, slots=True)
class Health:
    """What a component says of itself: `serving` None where it does not tell, `words` in which words."""

    serving: bool | None
    words: str


async def health(streams: Streams, target: Target, phases: dict[str, float]) -> Health:
    """Ask; ``phases["first-byte"]`` is filled in.

    Raises ProbeError: `timeout`, `closed` (before a word of HTTP/2 came), `answer` (not HTTP/2, or no gRPC answer). A server
    that hangs up later, as one does that wants a client's certificate, only does not tell.
    """
    from h2.exceptions import ProtocolError

    started = time.perf_counter()
    call = _Call(target)
    try:
        async with asyncio.timeout(target.timeout):
            return await _ask(call, streams, phases, started)
    except TimeoutError as error:
        words = f"no HTTP/2 answer within {target.timeout:g} s"
        if call.greeted:
            words = f"the component speaks HTTP/2, but does not answer a call within {target.timeout:g} s"
        raise ProbeError("timeout", words, evidence=target.route, phases=phases) from error
    except ProtocolError as error:
        evidence = (*target.route, f"first bytes: {call.first[:40]!r}")
        raise ProbeError("answer", "what answers does not speak HTTP/2", evidence=evidence, phases=phases) from error


async def _ask(call: _Call, streams: Streams, phases: dict[str, float], started: float) -> Health:
    reader, writer = streams
    writer.write(call.begin())
    while not call.ended:
        data = await reader.read(16384)
        phases.setdefault("first-byte", time.perf_counter() - started)
        if not data:
            if not call.greeted:
                raise ProbeError("closed", "the component hung up after the handshake", phases=phases)
            return Health(None, "the connection was closed")
        writer.write(call.take(data))
    return call.answer(phases)


class _Call:
    """The client's side of one call, without a socket."""

    def __init__(self, target: Target) -> None:
        from h2.config import H2Configuration
        from h2.connection import H2Connection

        self._target = target
        self._connection = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self.first = b""
        #: whether the server's SETTINGS came: it speaks HTTP/2
        self.greeted = False
        self.ended = False

    def begin(self) -> bytes:
        """Preface, and the call: an empty HealthCheckRequest, about the server as a whole."""
        host = self._target.host if self._target.port == 443 else f"{self._target.host}:{self._target.port}"
        self._connection.initiate_connection()
        self._connection.send_headers(
            1,
            [
                (":method", "POST"),
                (":scheme", "https"),
                (":path", PATH),
                (":authority", host),
                ("te", "trailers"),
                ("content-type", "application/grpc"),
                ("user-agent", "bevel-tui"),
            ],
        )
        self._connection.send_data(1, bytes(5), end_stream=True)
        return self._connection.data_to_send()

    def take(self, data: bytes) -> bytes:
        """What came; returns what must be sent for it. Raises h2's ProtocolError."""
        from h2 import events
        from h2.exceptions import ProtocolError

        self.first = self.first if self.greeted else (self.first + data)[:40]
        # a server's first frame is SETTINGS, type 4 in the fourth byte (RFC 9113 3.4); h2 would wait for its end first
        if not self.greeted and len(self.first) > 3 and self.first[3] != 4:
            raise ProtocolError("the first frame is no SETTINGS")
        for event in self._connection.receive_data(data):
            match event:
                case events.RemoteSettingsChanged():
                    self.greeted = True
                case events.ResponseReceived() | events.TrailersReceived():
                    self._headers.update({str(name): str(value) for name, value in event.headers or ()})
                case events.DataReceived():
                    self._body += event.data or b""
                    self._connection.acknowledge_received_data(event.flow_controlled_length or 0, 1)
                case events.StreamEnded() | events.StreamReset() | events.ConnectionTerminated():
                    self.ended = True
        return self._connection.data_to_send()

    def answer(self, phases: dict[str, float]) -> Health:
        """What the call brought. Raises ProbeError."""
        code = self._headers.get("grpc-status")
        if code == "0":
            word = _STATUS.get(_number(bytes(self._body)), "unknown")
            return Health(word == "serving", word)
        if code in _SILENT:
            return Health(None, _SILENT[code])
        said = self._headers.get("grpc-message") or (f"gRPC status {code}" if code else "no gRPC answer")
        evidence = (*self._target.route, f"HTTP {self._headers.get(':status', 'none')}, grpc-status {code or 'none'}")
        raise ProbeError("answer", f"the health call failed: {said}", evidence=evidence, phases=phases)


def _number(body: bytes) -> int:
    """`status` of a HealthCheckResponse behind gRPC's five bytes; protobuf leaves a zero out."""
    message = body[5:]
    return message[1] if len(message) >= 2 and message[0] == 0x08 else 0
