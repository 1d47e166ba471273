"""The sandbox as a process: its own, kept in the foreground, or a child of a run.

What it leaves on disk is one kubeconfig in a private folder of the XDG state directory, removed at the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bevel_tui import locations
from bevel_tui.records.errors import BevelError, Code

log = logging.getLogger(__name__)

#: the child has this many seconds to print its kubeconfig's path
START_SECONDS = 30.0
STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """A cluster to simulate: the name of its kubeconfig context."""

    context: str


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that runs in this process. `conductor` is for tests that break things."""

    kubeconfig: Path
    conductor: object = field(repr=False)
    clusters: dict[str, object] = field(repr=False, default_factory=dict)


def state_folder(state_dir: Path | None = None) -> Path:
    """A new private folder for one sandbox. Raises OSError."""
    base = state_dir or locations.sandboxes()
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = base / uuid.uuid4().hex[:12]
    folder.mkdir(mode=0o700)
    return folder


def save_memory() -> None:
    """For a process that is a sandbox and nothing else: small TLS buffers.

    asyncio keeps a buffer of 256 KiB for each end of each TLS connection. A hundred watches, both of whose ends are
    here, would hold 50 MB for lines of a few KiB.
    """
    import asyncio.sslproto

    asyncio.sslproto.SSLProtocol.max_size = 32 * 1024


@asynccontextmanager
async def serve(
    clusters: Sequence[ClusterSpec],
    *,
    speed: float = 1.0,
    state_dir: Path | None = None,
    domains: Sequence[str] = (),
    faults: Sequence[str] = (),
) -> AsyncIterator[Running]:
    """Run simulated clusters and everything around them; all of it ends with the context. `faults` are played from the
    start (`NAME[:TARGET]`).

    Raises BevelError(USAGE) for a fault that there is not, and BevelError(SANDBOX) when it cannot start.
    """
    from bevel_tui.kube.client import KubeClient
    from bevel_tui.sandbox.apiserver import SimulatedCluster, write_kubeconfig
    from bevel_tui.sandbox.conductor import Conductor

    async with AsyncExitStack() as stack:
        try:
            folder = state_folder(state_dir)
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            servers = {spec.context: SimulatedCluster(spec.context) for spec in clusters}
            for server in servers.values():
                stack.push_async_callback(server.stop)
                await server.start()
            # the simulator's own credentials: in the same folder, but nobody is told of them
            inner = write_kubeconfig([s.entry_for(s.simulator) for s in servers.values()], folder / ".simulator")
            clients = {}
            for name in servers:
                clients[name] = await KubeClient.connect(name, str(inner), verify=False)
                stack.push_async_callback(clients[name].close)
            inner.unlink()
            conductor = Conductor(speed=speed)
            stack.push_async_callback(conductor.stop)
            await conductor.start(clients, domains=tuple(domains))
            from bevel_tui.sandbox.faults.play import strike

            for fault in faults:
                await strike(conductor.world, servers, fault)
            kubeconfig = write_kubeconfig(servers.values(), folder / "kubeconfig")
        except OSError as error:
            raise BevelError(Code.SANDBOX, f"The sandbox cannot start: {error}") from error
        yield Running(kubeconfig, conductor, dict(servers))


async def run_foreground(
    contexts: Sequence[str],
    *,
    speed: float = 1.0,
    state_dir: Path | None = None,
    domains: Sequence[str] = (),
    faults: Sequence[str] = (),
    ready: Callable[[Path], None],
    follow_parent: bool = False,
) -> None:
    """Run until SIGINT, SIGTERM or SIGHUP (with `follow_parent`: or until stdin closes). `ready` gets the kubeconfig.

    Raises BevelError(SANDBOX).
    """
    save_memory()
    loop = asyncio.get_running_loop()
    end = asyncio.Event()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None:
            # without loop support for signals (Windows) Ctrl-C cancels this task, which ends as well
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, end.set)
    if follow_parent:
        _follow_stdin(loop, end)
    specs = [ClusterSpec(context) for context in contexts]
    async with serve(specs, speed=speed, state_dir=state_dir, domains=domains, faults=faults) as running:
        ready(running.kubeconfig)
        await end.wait()


def _follow_stdin(loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
    """Set `end` when the other end of stdin is closed: the parent has gone, however it went."""

    def readable() -> None:
        try:
            data = os.read(sys.stdin.fileno(), 4096)
        except OSError:
            data = b""
        if not data:
            loop.remove_reader(sys.stdin.fileno())
            end.set()

    loop.add_reader(sys.stdin.fileno(), readable)


# ---------------------------------------------------------------- as a child


class SandboxHandle:
    """A sandbox in a child process. It ends with `stop`, and by itself when this process does."""

    def __init__(self, kubeconfig: Path, process: asyncio.subprocess.Process) -> None:
        self.kubeconfig = kubeconfig
        self._process = process
        #: what the child says goes into our log; nobody reading would block it in the end
        self._reading = asyncio.create_task(_read(process), name="sandbox output")

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    async def stop(self) -> None:
        """End the child and wait for it; its kubeconfig is gone afterwards."""
        process = self._process
        if process.returncode is None:
            if process.stdin is not None:
                process.stdin.close()
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        await self._reading
        shutil.rmtree(self.kubeconfig.parent, ignore_errors=True)


async def _read(process: asyncio.subprocess.Process) -> None:
    if process.stderr is None:
        return
    async for line in process.stderr:
        log.warning("%s", line.decode(errors="replace").rstrip())


async def start(
    contexts: Sequence[str],
    *,
    speed: float = 1.0,
    state_dir: Path | None = None,
    domains: Sequence[str] = (),
) -> SandboxHandle:
    """Start ``python -m bevel_tui.sandbox`` and wait for its kubeconfig. Raises BevelError(SANDBOX)."""
    command = [sys.executable, "-m", "bevel_tui.sandbox", "--speed", str(speed), "--follow-parent"]
    for context in contexts:
        command += ["--context", context]
    for domain in domains:
        command += ["--domain", domain]
    if state_dir is not None:
        command += ["--state", str(state_dir)]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Ctrl-C goes to the whole group of the terminal: the run ends first, then the sandbox under it
        start_new_session=True,
    )
    line = b""
    with contextlib.suppress(TimeoutError):
        if process.stdout is not None:
            line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
    path = line.decode().strip()
    if not path:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        _, errors = await process.communicate()
        lines = tuple(errors.decode(errors="replace").strip().splitlines()[-5:])
        raise BevelError(Code.SANDBOX, "The sandbox did not start.", details=lines)
    return SandboxHandle(Path(path), process)
