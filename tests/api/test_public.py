"""bevel_tui.api is what programs may use: the page lists all of it, and its example runs as it stands."""

from __future__ import annotations

import asyncio
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bevel_tui import api
from bevel_tui.sandbox.process import ClusterSpec, serve

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "automation.md").read_text(encoding="utf-8")


def test_the_page_lists_every_function() -> None:
    table = "".join(line for line in PAGE.splitlines() if line.startswith("| "))
    listed = set(re.findall(r"`(\w+)", table)) - {"views"}
    assert listed == set(api.__all__) | {"run"}  # `run-finished` is an event


@pytest.mark.parametrize("name", api.__all__)
def test_every_function_is_described_and_typed(name: str) -> None:
    function = getattr(api, name)
    assert inspect.getdoc(function)
    signature = inspect.signature(function)
    assert signature.return_annotation is not inspect.Signature.empty
    assert all(p.annotation is not inspect.Parameter.empty for p in signature.parameters.values())


def test_importing_it_costs_next_to_nothing() -> None:
    heavy = ("textual", "kubernetes", "aiohttp", "dns", "pydantic", "cryptography")
    code = f"import sys; from bevel_tui import api; print([m for m in {heavy} if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.sandbox
@pytest.mark.timeout(180)
async def test_the_example_of_the_page_runs_as_it_stands(tmp_path: Path) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    script = tmp_path / "program.py"
    script.write_text(program)
    async with serve([ClusterSpec("bevel-east")], speed=60, state_dir=tmp_path / "state") as running:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(script),
            str(ROOT / "tests" / "faults" / "tiny.yaml"),
            env={**os.environ, "KUBECONFIG": str(running.kubeconfig), "HOME": str(tmp_path)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
    assert (process.returncode, output.decode()) == (0, "")
