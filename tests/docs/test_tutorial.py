"""The tutorial is typed as it stands, in a folder and a home of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(900)]


def test_the_tutorial(tmp_path: Path) -> None:
    environ = {
        **os.environ,
        "HOME": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PYTHONPATH": str(ROOT),
    }
    path, background, ran = "PATH", [], 0
    try:
        for block in blocks(ROOT / "docs" / "tutorial.md"):
            if block.mark == "background":
                process = subprocess.Popen(
                    ["bash", "-c", f"exec {block.body}"], cwd=tmp_path, env=environ, stdout=subprocess.PIPE, text=True
                )
                background.append(process)
                assert process.stdout is not None
                path = process.stdout.readline().strip()
                assert Path(path).is_file()
            elif block.mark == "run":
                done = subprocess.run(
                    ["bash", "-euo", "pipefail", "-c", block.body.replace("PATH", path)],
                    cwd=tmp_path,
                    env=environ,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                assert done.returncode == 0, f"{block.name}\n{block.body}\n{done.stdout}\n{done.stderr}"
                ran += 1
    finally:
        for process in background:
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
    assert ran >= 7
    assert "members: 2" in (tmp_path / "my-network.yaml").read_text()
