"""The probe's script, really run by this machine's shell against servers on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import shutil
import socket
import ssl

import pytest

from bevel_tui.reachability.inside.script import MARK, SCRIPT, Question, Sight, read

needs = [program for program in ("sh", "curl", "openssl", "getent") if shutil.which(program) is None]
runs = pytest.mark.skipif(bool(needs), reason=f"the script's programs are not here: {', '.join(needs)}")


async def run(*questions: Question, timeout: str = "1") -> Sight:
    process = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", SCRIPT, "probe", *(q.argument for q in questions),
        env={"PATH": "/usr/bin:/bin", "PROBE_TIMEOUT": timeout}, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert err == b"", "the log is in our format alone"
    lines = out.decode().splitlines()
    assert all(line.startswith(f"{MARK} ") for line in lines)
    return read(lines)


@runs
async def test_it_tells_names_ports_and_certificates_apart(organization_ca):
    leaf = organization_ca.issue_cert("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        writer.close()

    secure = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=context)
    plain = await asyncio.start_server(greet, "127.0.0.1", 0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
        tls_port, tcp_port = (s.sockets[0].getsockname()[1] for s in (secure, plain))
        seen = await run(
            Question("127.0.0.1", (("tcp", tcp_port), ("tcp", closed), ("tls", tls_port), ("tls", tcp_port))),
            Question("no-such-host.invalid", (("tcp", 80),)),
        )
    secure.close()
    plain.close()
    der = ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())
    assert seen.complete
    assert seen.names == {"127.0.0.1": ("127.0.0.1",), "no-such-host.invalid": ()}
    assert seen.tcp == {
        ("127.0.0.1", tcp_port, "127.0.0.1"): "open",
        ("127.0.0.1", closed, "127.0.0.1"): "refused",
    }
    assert seen.tls == {
        ("127.0.0.1", tls_port, "127.0.0.1"): hashlib.sha256(der).hexdigest(),
        ("127.0.0.1", tcp_port, "127.0.0.1"): None,
    }


@runs
async def test_more_hosts_than_are_asked_at_once_all_get_their_turn():
    seen = await run(*(Question(f"127.0.0.{i}") for i in range(1, 40)))
    assert len(seen.names) == 39
    assert seen.complete


@runs
async def test_a_node_is_asked_for_its_health_and_what_comes_is_told_as_it_is():
    answers = {b"a": b'{"jsonrpc":"2.0",\r\n "result":{"peers":3, "isSyncing":false},"id":1}', b"b": b""}
    asked: list[bytes] = []

    async def serve(which: bytes) -> asyncio.Server:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
            asked.append(await reader.readexactly(length))
            body = answers[which]
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            writer.close()

        return await asyncio.start_server(answer, "127.0.0.1", 0)

    well, empty = await serve(b"a"), await serve(b"b")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
        ports = [server.sockets[0].getsockname()[1] for server in (well, empty)] + [closed]
        seen = await run(Question("127.0.0.1", tuple(("health", port) for port in ports)), timeout="10")
    well.close()
    empty.close()
    assert [json.loads(body)["method"] for body in asked] == ["system_health"] * 2
    told = ['{"jsonrpc":"2.0","result":{"peers":3,"isSyncing":false},"id":1}', "-", "-"]
    assert [seen.health["127.0.0.1", port, "127.0.0.1"] for port in ports] == told
    assert seen.complete and not seen.tcp


def test_a_log_that_is_cut_short_or_not_ours_is_no_sight():
    assert not read(["sh: curl: not found", f"{MARK} name a.test 192.0.2.1"]).complete
    odd = read([f"{MARK} tcp a.test x 192.0.2.1 open -", f"{MARK} tcp a.test 80 192.0.2.1 splendid -", "", MARK])
    assert odd == Sight()


def test_questions_survive_the_way_through_arguments():
    question = Question("a.east.test", (("tcp", 443), ("tls", 443), ("health", 9933)))
    assert Question.parse(question.argument) == question
    with pytest.raises(ValueError, match="nothing to try"):
        Question.parse("a.east.test/udp:53")
