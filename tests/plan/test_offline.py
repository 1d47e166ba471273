"""Planning is pure: the same in every process, without a kubeconfig, without secrets, without heavy imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CASES = Path(__file__).parent / "cases"

PLAN = """
import sys
from bevel_tui.network.load import load
from bevel_tui.plan.build import build
from bevel_tui.plan.render import mermaid, text, to_json
for name in sys.argv[1:]:
    plan = build(load(name))
    sys.stdout.write(text(plan) + to_json(plan) + mermaid(plan))
"""

#: of these, none may be loaded for a plan: they cost start-up, or could reach for a cluster
HEAVY = ("kubernetes", "textual", "aiohttp", "rich", "dns", "cryptography", "helm_python", "asyncio", "ssl")


def run(code: str, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def presets() -> list[str]:
    return [str(path) for path in sorted(CASES.glob("*.yaml"))]


def test_two_processes_with_different_hash_seeds_print_the_same_bytes() -> None:
    first, second = (run(PLAN, *presets(), PYTHONHASHSEED=seed) for seed in ("1", "271828"))
    assert first == second
    assert "validator-1" in first


def test_no_kubeconfig_is_read_and_no_reference_resolved(tmp_path: Path) -> None:
    """KUBECONFIG is a pipe that nobody writes to: whoever opens it hangs. The references are set nowhere."""
    pipe = tmp_path / "kubeconfig"
    os.mkfifo(pipe)
    preset = (CASES / "fabric-two-two.yaml").read_text()
    assert "{env: VAULT_TOKEN}" in preset
    trap = tmp_path / "ca.pem"
    os.mkfifo(trap)
    copy = tmp_path / "preset.yaml"
    copy.write_text(
        preset.replace("/etc/vault/ca.pem", str(trap)).replace(
            "context: c-east,", f"context: c-east, kubeconfig: {pipe},"
        )
    )
    assert str(trap) in copy.read_text()
    assert str(pipe) in copy.read_text()
    shown = run(PLAN, str(copy), KUBECONFIG=str(pipe))
    assert "<env:VAULT_TOKEN>" in shown
    assert f"<file:{trap}>" in shown


def test_a_value_that_is_set_changes_nothing() -> None:
    case = str(CASES / "besu-three-clusters-vault.yaml")
    assert run(PLAN, case) == run(PLAN, case, VAULT_TOKEN="hunter2", REGISTRY_PASSWORD="hunter2")


def test_planning_loads_nothing_heavy() -> None:
    loaded = run(f"{PLAN}\nsys.stdout.write(chr(10) + 'LOADED ' + ' '.join(sys.modules))", *presets())
    names = {name.partition(".")[0] for name in loaded.rpartition("LOADED ")[2].split()}
    assert names & set(HEAVY) == set()
    assert "bevel_tui" in names


def test_importing_the_planner_loads_no_platform_and_no_gateway() -> None:
    shown = run("import sys, bevel_tui.plan.build; print(*sys.modules)").split()
    assert [name for name in shown if name in {"bevel_tui.platforms.besu", "bevel_tui.gateways.ambassador"}] == []
