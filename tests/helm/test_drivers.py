"""Which Helm serves, and what its processes get to see."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bevel_tui.helm import cli
from bevel_tui.helm.cli import HelmCli
from bevel_tui.helm.driver import Operation
from bevel_tui.helm.drivers import choose
from bevel_tui.helm.process import child_environment, stop
from bevel_tui.helm.worker import HelmWorker, available
from bevel_tui.records.errors import BevelError, Code


def binary(folder: Path, answer: str, code: int = 0) -> Path:
    """A program called helm that answers one thing."""
    folder.mkdir(exist_ok=True)
    path = folder / "helm"
    path.write_text(f"#!/bin/sh\necho '{answer}'\nexit {code}\n")
    path.chmod(0o755)
    return path


async def test_the_cli_on_path_comes_first(tmp_path: Path) -> None:
    path = binary(tmp_path / "bin", "v3.14.0")
    driver = await choose(environ={"PATH": str(path.parent)})
    assert isinstance(driver, HelmCli)
    assert driver.name == f"helm 3.14.0 ({path})"


@pytest.mark.skipif(not available(), reason="helm-python-sdk is not installed")
@pytest.mark.parametrize("answer", [None, "v3.13.9", "v2.17.0", "an editor", "bad"])
async def test_the_wheel_serves_where_no_helm_will_do(tmp_path: Path, answer: str | None) -> None:
    (tmp_path / "bin").mkdir()
    if answer is not None:
        binary(tmp_path / "bin", answer, 1 if answer == "bad" else 0)
    driver = await choose(environ={"PATH": str(tmp_path / "bin")})
    assert isinstance(driver, HelmWorker)
    assert driver.name == "helm-python-sdk 0.2.2 (Helm 4.2.3)"


@pytest.mark.parametrize(
    ("answer", "words"),
    [("v3.13.9", "Helm 3.13.9; 4, or 3 from 3.14"), ("an editor", "no Helm"), (None, "no helm on PATH")],
)
async def test_what_is_asked_for_is_what_is_used(tmp_path: Path, answer: str | None, words: str) -> None:
    (tmp_path / "bin").mkdir()
    if answer is not None:
        binary(tmp_path / "bin", answer)
    with pytest.raises(BevelError) as caught:
        await choose(environ={"PATH": str(tmp_path / "bin"), "BEVEL_TUI_HELM": "cli"})
    assert caught.value.code is Code.HELM_MISSING
    assert words in caught.value.message


async def test_by_path_and_by_variable(tmp_path: Path) -> None:
    path = binary(tmp_path / "elsewhere", "v4.0.0")
    assert (await choose(str(path), environ={"PATH": ""})).name == f"helm 4.0.0 ({path})"
    assert (await choose(environ={"PATH": "", "BEVEL_TUI_HELM": str(path)})).name == f"helm 4.0.0 ({path})"
    with pytest.raises(BevelError) as caught:
        await choose(str(tmp_path / "nothing"), environ={"PATH": ""})
    assert caught.value.code is Code.HELM_MISSING


async def test_no_helm_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "helm_python" else real(name, *a))
    for prefer in (None, "sdk"):
        with pytest.raises(BevelError) as caught:
            await choose(prefer, environ={"PATH": str(tmp_path)})
        assert caught.value.code is Code.HELM_MISSING
        assert "helm-python-sdk" in caught.value.remedy


def test_choosing_does_not_load_the_library() -> None:
    code = (
        "import asyncio, sys\n"
        "from bevel_tui.helm.drivers import choose\n"
        "asyncio.run(choose('sdk'))\n"
        "print('helm_python' in sys.modules, 'kubernetes' in sys.modules)\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["False", "False"]


def test_the_environment_of_children(tmp_path: Path) -> None:
    given = {
        "PATH": "/bin",
        "HOME": "/home/x",
        "HTTPS_PROXY": "http://proxy:3128",
        "AWS_PROFILE": "prod",
        "HELM_DRIVER": "configmap",
        "HELM_NAMESPACE": "elsewhere",
        "HELM_KUBECONTEXT": "elsewhere",
        "KUBECONFIG": "/elsewhere",
    }
    kept = child_environment(given, tmp_path)
    assert {name: kept[name] for name in ("PATH", "HOME", "HTTPS_PROXY", "AWS_PROFILE")} == {
        name: given[name] for name in ("PATH", "HOME", "HTTPS_PROXY", "AWS_PROFILE")
    }
    assert not {"HELM_DRIVER", "HELM_NAMESPACE", "HELM_KUBECONTEXT", "KUBECONFIG"} & set(kept)
    assert kept["HELM_CACHE_HOME"].startswith(str(tmp_path))


async def test_a_helm_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ignores SIGTERM, and a program it started keeps the pipes open."""

    monkeypatch.setattr(cli, "stop", lambda process: stop(process, grace=0.3))
    ready = tmp_path / "ready"
    script = f"""#!/bin/sh
if [ "$1" = version ]; then echo v4.0.0; exit; fi
trap '' TERM
sleep 30 &
echo $! > {ready}
wait
sleep 30
"""
    path = binary(tmp_path / "bin", "")
    path.write_text(script)
    driver = await HelmCli.open(path, environ={"PATH": "/usr/bin:/bin"})
    cancel = asyncio.Event()
    operation: Any = Operation(
        verb="uninstall", release="r", namespace="n", kubeconfig=tmp_path / "k", context="c", hook_timeout=5
    )
    running = asyncio.create_task(driver.run(operation, cancel=cancel))
    async with asyncio.timeout(60):
        while not ready.exists() or not ready.read_text().strip():
            await asyncio.sleep(0.02)
        cancel.set()
        outcome = await running
    assert (outcome.ok, outcome.reason) == (False, "cancelled")
    # gone, or dead and not yet collected by the system's first process
    with contextlib.suppress(OSError):
        state = Path(f"/proc/{ready.read_text().strip()}/stat").read_text().rpartition(")")[2].split()[0]
        assert state == "Z"


async def test_a_wheel_that_does_not_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On an old glibc pip installs it, and loading fails (engineering notes 1.1)."""
    monkeypatch.setenv("HELM_C_LIB", str(binary(tmp_path / "bin", "no library")))
    operation = Operation(verb="uninstall", release="r", namespace="n", kubeconfig=tmp_path / "k", context="c")
    driver = await choose("sdk", environ=os.environ)
    with pytest.raises(BevelError) as caught:
        await driver.run(operation)
    assert caught.value.code is Code.HELM_MISSING
    assert "cannot be loaded" in caught.value.message
