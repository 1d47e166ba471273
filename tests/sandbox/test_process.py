"""The sandbox as a process: one private kubeconfig while it runs, nothing afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bevel_tui.kube.client import KubeClient
from bevel_tui.records.errors import BevelError
from bevel_tui.sandbox import process


async def gone(path: Path, seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while path.exists():
            await asyncio.sleep(0.02)


async def test_a_child_serves_and_leaves_nothing(tmp_path: Path) -> None:
    handle = await process.start(["one", "two"], speed=20, state_dir=tmp_path / "state", domains=["east.example.com"])
    try:
        assert stat.S_IMODE(handle.kubeconfig.stat().st_mode) == 0o600
        assert stat.S_IMODE(handle.kubeconfig.parent.stat().st_mode) == 0o700
        assert [p.name for p in handle.kubeconfig.parent.iterdir()] == ["kubeconfig"]
        for name in ("one", "two"):
            async with await KubeClient.connect(name, str(handle.kubeconfig)) as client:
                nodes = await client.list("v1", "Node")
                assert [n["metadata"]["name"] for n in nodes] == [f"{name}-node-{i}" for i in (1, 2, 3)]
    finally:
        await handle.stop()
    assert list((tmp_path / "state").iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(handle.pid, 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_signals_end_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "bevel_tui.sandbox", "--contexts", "a,b", "--state", str(tmp_path / "state")]
    child = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    path = Path((await asyncio.wait_for(child.stdout.readline(), 60)).decode().strip())
    assert path.exists()
    child.send_signal(number)
    _, errors = await asyncio.wait_for(child.communicate(), 60)
    assert (child.returncode, errors) == (0, b"")
    assert not path.parent.exists()


async def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    code = (
        "import asyncio, os, sys\n"
        "from bevel_tui.sandbox.process import start\n"
        "async def main():\n"
        f"    handle = await start(['a'], state_dir=__import__('pathlib').Path({str(tmp_path / 'state')!r}))\n"
        "    print(handle.kubeconfig, flush=True)\n"
        "    os._exit(9)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.PIPE)
    output, _ = await asyncio.wait_for(parent.communicate(), 60)
    assert parent.returncode == 9
    await gone(Path(output.decode().strip()).parent)


async def test_a_start_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    with pytest.raises(BevelError) as caught:
        await process.start(["a"], state_dir=tmp_path / "state")
    assert caught.value.details[0].startswith("sandbox: The sandbox cannot start:")


async def test_usage() -> None:
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", "bevel_tui.sandbox", stderr=subprocess.PIPE)
    _, errors = await child.communicate()
    assert child.returncode == 2
    assert b"--contexts" in errors
