"""A Helm process ends with the program that started it, however that one ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STARTER = """
import asyncio, pathlib, sys
from bevel_tui.helm.driver import Operation
from bevel_tui.helm.drivers import choose

async def main():
    driver = await choose(sys.argv[1])
    await driver.run(Operation(verb="uninstall", release="r", namespace="n", kubeconfig=pathlib.Path("k"), context="c"))

asyncio.run(main())
"""
#: says its version; whatever else it is asked, it writes its process id down and works for ever
HELM = """#!/bin/sh
case "$1" in version) echo v4.1.0; exit ;; esac
echo $$ > "$PIDS"
exec sleep 600
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends orphans on Linux only")
def test_no_helm_outlives_a_killed_bevel_tui(tmp_path: Path) -> None:
    helm, pids = tmp_path / "helm", tmp_path / "pid"
    helm.write_text(HELM)
    helm.chmod(0o755)
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(helm)],
        cwd=ROOT,
        env={**os.environ, "PIDS": str(pids), "TMPDIR": str(tmp_path)},
    )
    deadline = time.monotonic() + 30
    while not (pids.exists() and pids.read_text().strip()):
        assert time.monotonic() < deadline
        assert starter.poll() is None
        time.sleep(0.02)
    child = int(pids.read_text())
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    while _runs(child):
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            pytest.fail("Helm went on without us")
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
