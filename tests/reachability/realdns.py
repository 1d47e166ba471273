"""Real name servers for tests: BIND (named) and Knot (knotd) as ordinary users, on loopback, ports of their own.

Nothing outlives a test: a server is ended by its own process, and its folder is the test's.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rdatatype
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


@dataclass(eq=False)
class RealServer:
    """A running server. `where` is ``address:port``; `log` what it has said."""

    kind: str
    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def where(self) -> str:
        return f"127.0.0.1:{self.port}"

    def ask(self, name: str, kind: str, *, recursion: bool = False) -> dns.message.Message:
        """One question, with whatever comes back."""
        query = dns.message.make_query(name, kind, want_dnssec=True)
        if not recursion:
            query.flags &= ~dns.flags.RD
        return dns.query.tcp(query, "127.0.0.1", timeout=5, port=self.port)

    def serial(self, zone: str) -> int | None:
        """The version of a zone that it serves."""
        found = [r for r in self.ask(zone, "SOA").answer if r.rdtype == dns.rdatatype.SOA]
        return int(found[0][0].serial) if found else None

    def notify(self, zone: str) -> None:
        """Tell a secondary that its zone has changed (RFC 1996)."""
        message = dns.message.make_query(zone, "SOA")
        message.set_opcode(dns.opcode.NOTIFY)
        message.flags = (message.flags & ~dns.flags.RD) | dns.flags.AA
        dns.query.udp(message, "127.0.0.1", timeout=5, port=self.port)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def until(question: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    """Ask a server of another process until it has come round."""
    ends = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < ends, f"not in {seconds} s: {what}"
        time.sleep(0.05)


@dataclass
class RealDns:
    """Starts servers below `folder`; `zones` are origin -> text of the zone file. `port` None: a free one."""

    folder: Path
    servers: list[RealServer] = field(default_factory=list)
    key: str = "c2VjcmV0IG9mIGEgdGVzdCBvbmx5LCAzMiBieXRlcyE="

    def bind(
        self,
        zones: dict[str, str],
        *,
        zone_options: str = "allow-update { key updater; };",
        options: str = "recursion no; dnssec-validation no;",
        more: str = "",
        listen: str = "127.0.0.1;",
        port: int | None = None,
    ) -> RealServer:
        """named, authoritative for `zones`. `more` is text of your own behind them."""
        named, home, port = program("named"), self._home("bind"), port or free_port()
        for origin, text in zones.items():
            (home / f"{origin}.zone").write_text(text)
        declared = "\n".join(
            f'zone "{origin}" {{ type primary; file "{home}/{origin}.zone"; {zone_options} }};' for origin in zones
        )
        (home / "named.conf").write_text(
            f'key "updater" {{ algorithm hmac-sha256; secret "{self.key}"; }};\n'
            f'options {{ directory "{home}"; pid-file "{home}/named.pid"; listen-on port {port} {{ {listen} }}; '
            f'listen-on-v6 {{ none; }}; session-keyfile "{home}/session.key"; {options} }};\n'
            f"controls {{}};\n{declared}\n{more}\n"
        )
        return self._start("bind", home, port, named, "-g", "-c", str(home / "named.conf"), "-n", "1")

    def knot(
        self,
        zones: dict[str, str],
        *,
        zone_options: str = "",
        more: str = "",
        acls: str = "",
        more_zones: str = "",
        port: int | None = None,
    ) -> RealServer:
        """knotd, authoritative for `zones`; the key `updater` may update them. `acls` and `more` are text before the zones."""
        knotd, home, port = program("knotd"), self._home("knot"), port or free_port()
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
            f"acl:\n  - id: update\n    key: updater\n    action: update\n{acls}{more}"
            # what a secondary keeps, too: Debian's default is a folder of the system's
            f"template:\n  - id: default\n    storage: {home}/db\nzone:\n{declared}{more_zones}"
        )
        return self._start("knot", home, port, knotd, "-c", str(home / "knot.conf"))

    def _home(self, kind: str) -> Path:
        home = self.folder / f"{kind}{len(self.servers)}"
        (home / "db").mkdir(parents=True)
        return home

    def _start(self, kind: str, home: Path, port: int, *argv: str) -> RealServer:
        log = home / "log"
        with log.open("wb") as stream:
            process = subprocess.Popen(argv, stdout=stream, stderr=subprocess.STDOUT)
        server = RealServer(kind, home, port, process, log)
        self.servers.append(server)
        query = dns.message.make_query("version.bind", "TXT", "CH")
        for _ in range(400):
            if process.poll() is not None:
                break
            try:
                dns.query.tcp(query, "127.0.0.1", timeout=2, port=port)
                return server
            except (OSError, dns.exception.DNSException, EOFError):
                time.sleep(0.05)
        raise AssertionError(f"{kind} did not start:\n{log.read_text()}")

    def stop(self) -> None:
        for server in self.servers:
            server.stop()
