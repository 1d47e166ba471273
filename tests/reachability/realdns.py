"""Real name servers for tests: BIND (named) and Knot (knotd) as ordinary users, on loopback, ports of their own.

Nothing outlives a test: a server is ended by its own process, and its folder is the test's.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import dns.asyncquery
import dns.exception
import dns.message
import pytest

#: Debian keeps these outside an ordinary user's PATH
_PLACES = "/usr/sbin:/usr/local/sbin:/sbin"


def program(name: str) -> str:
    """The path of a program; without it the test is left out, and says why."""
    found = shutil.which(name) or shutil.which(name, path=_PLACES)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: bind9, bind9-utils, knot)")
    return found


def free_port() -> int:
    """A port that is free on TCP and UDP."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            with contextlib.suppress(OSError):
                udp.bind(tcp.getsockname())
                return int(tcp.getsockname()[1])


@dataclass
class RealServer:
    """A running server. `where` is ``address:port``; `log` what it has said."""

    kind: str
    folder: Path
    port: int
    process: asyncio.subprocess.Process
    log: Path

    @property
    def where(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), 10)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()


@dataclass
class RealDns:
    """Starts servers below `folder`; `zones` are origin -> text of the zone file."""

    folder: Path
    servers: list[RealServer] = field(default_factory=list)
    key: str = "c2VjcmV0IG9mIGEgdGVzdCBvbmx5LCAzMiBieXRlcyE="

    async def bind(
        self,
        zones: dict[str, str],
        *,
        zone_options: str = "allow-update { key updater; };",
        options: str = "recursion no;",
        views: str = "",
    ) -> RealServer:
        """named, authoritative for `zones`. `views` replaces the zones by text of your own."""
        named, home, port = program("named"), self._home("bind"), free_port()
        for origin, text in zones.items():
            (home / f"{origin}.zone").write_text(text)
        declared = views or "\n".join(
            f'zone "{origin}" {{ type primary; file "{home}/{origin}.zone"; {zone_options} }};' for origin in zones
        )
        (home / "named.conf").write_text(
            f'key "updater" {{ algorithm hmac-sha256; secret "{self.key}"; }};\n'
            f'options {{ directory "{home}"; pid-file "{home}/named.pid"; listen-on port {port} {{ 127.0.0.1; }}; '
            f'listen-on-v6 {{ none; }}; session-keyfile "{home}/session.key"; dnssec-validation no; {options} }};\n'
            f"controls {{}};\n{declared}\n"
        )
        return await self._start("bind", home, port, named, "-g", "-c", str(home / "named.conf"), "-n", "1")

    async def knot(self, zones: dict[str, str], *, zone_options: str = "", more: str = "") -> RealServer:
        """knotd, authoritative for `zones`; the key `updater` may update them."""
        knotd, home, port = program("knotd"), self._home("knot"), free_port()
        for origin, text in zones.items():
            (home / f"{origin}.zone").write_text(text)
        declared = "".join(
            f"  - domain: {origin}\n    file: {home}/{origin}.zone\n    acl: update\n{zone_options}" for origin in zones
        )
        (home / "knot.conf").write_text(
            f"server:\n  rundir: {home}\n  listen: 127.0.0.1@{port}\n  udp-workers: 1\n  tcp-workers: 1\n"
            f"  background-workers: 1\n"
            f"database:\n  storage: {home}/db\nlog:\n  - target: stderr\n    any: info\n"
            f"key:\n  - id: updater\n    algorithm: hmac-sha256\n    secret: {self.key}\n"
            f"acl:\n  - id: update\n    key: updater\n    action: update\n{more}zone:\n{declared}"
        )
        return await self._start("knot", home, port, knotd, "-c", str(home / "knot.conf"))

    def _home(self, kind: str) -> Path:
        home = self.folder / f"{kind}{len(self.servers)}"
        (home / "db").mkdir(parents=True)
        return home

    async def _start(self, kind: str, home: Path, port: int, *argv: str) -> RealServer:
        log = home / "log"
        with log.open("wb") as stream:
            process = await asyncio.create_subprocess_exec(*argv, stdout=stream, stderr=subprocess.STDOUT)
        server = RealServer(kind, home, port, process, log)
        self.servers.append(server)
        query = dns.message.make_query("version.bind", "TXT", "CH")
        for _ in range(400):
            if process.returncode is not None:
                break
            try:
                await dns.asyncquery.tcp(query, "127.0.0.1", timeout=2, port=port)
                return server
            except (OSError, dns.exception.DNSException, EOFError):
                await asyncio.sleep(0.05)
        raise AssertionError(f"{kind} did not start:\n{log.read_text()}")

    async def stop(self) -> None:
        for server in self.servers:
            await server.stop()
