"""The main job as its users do it, over a sandbox kept up: deploy, look, deploy again, check, destroy; every exit code."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bevel_tui.kube.client import ApiError, KubeClient
from bevel_tui.kube.contexts import read
from bevel_tui.records.steps import ObjectRef

pytestmark = pytest.mark.sandbox

Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).parents[2]
PRESET = "besu-two-clusters"
CONTEXTS = ("bevel-east", "bevel-west")


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A sandbox kept up by the command that users type; ended by Ctrl-C, after which nothing of it is left."""
    state = tmp_path_factory.mktemp("state")
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "bevel_tui", "sandbox", "up", "--preset", PRESET, "--speed", "10"],
        cwd=ROOT,
        env={**os.environ, "XDG_STATE_HOME": str(state)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    path = process.stdout.readline().strip()
    print(f"sandbox up after {time.monotonic() - began:.1f} s")
    assert Path(path).stat().st_mode & 0o777 == 0o600
    yield path
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert not Path(path).exists()


def rows(result: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


async def objects(kubeconfig: str) -> dict[tuple[str, ...], str]:
    """resourceVersion of every object of the kinds that anything of ours makes, in all clusters."""
    kinds = [
        ("v1", "Namespace"), ("v1", "ConfigMap"), ("v1", "Secret"), ("v1", "Service"), ("v1", "Pod"),
        ("v1", "ServiceAccount"), ("v1", "PersistentVolumeClaim"), ("apps/v1", "StatefulSet"), ("batch/v1", "Job"),
        ("apps/v1", "Deployment"), ("storage.k8s.io/v1", "StorageClass"), ("coordination.k8s.io/v1", "Lease"),
        ("getambassador.io/v3alpha1", "Mapping"), ("getambassador.io/v3alpha1", "Host"),
    ]  # fmt: skip
    found = {}
    for context in CONTEXTS:
        async with await KubeClient.connect(context, kubeconfig) as client:
            for api_version, kind in kinds:
                try:
                    listed = await client.list(api_version, kind)
                except ApiError as error:
                    assert error.status == 404
                    continue
                for obj in listed:
                    meta = obj["metadata"]
                    if meta.get("namespace") in {"kube-system", "kube-node-lease"}:
                        continue  # the clusters' own
                    key = (context, kind, meta.get("namespace", ""), meta["name"])
                    found[key] = meta["resourceVersion"]
    return found


async def writes(kubeconfig: str) -> int:
    """Mutating requests of our user, counted at the servers; access reviews aside."""
    total = 0
    for context in CONTEXTS:
        async with await KubeClient.connect(context, kubeconfig) as client:
            metrics = await client.request("GET", "/bevel-tui/metrics")
            for line in metrics["requests"]:
                if line["user"] == "admin" and line["verb"] not in {"get", "list", "watch"}:
                    total += line["count"] if "review" not in line["resource"] else 0
    return total


def test_the_whole_life_of_a_network(bevel: Run, kubeconfig: str, tmp_path: Path) -> None:
    before = (Path(kubeconfig).read_bytes(), Path(kubeconfig).stat().st_mtime_ns)

    # deployed and reachable, told as JSON lines only
    assert bevel("plan", "--preset", PRESET, "--kubeconfig", kubeconfig, "--exit-code").returncode == 6
    first = bevel("--preset", PRESET, "--kubeconfig", kubeconfig, "--yes", "-o", "jsonl")
    assert first.returncode == 0, first.stdout[-3000:] + first.stderr
    events = rows(first)
    assert (events[0]["type"], events[-1]["type"]) == ("run-started", "run-finished")
    assert events[-1]["exit_code"] == 0
    assert events[0]["simulated"] == ["east", "west"]
    applied = [event for event in events if event["type"] == "release-applied"]
    assert len(applied) == 14
    assert all(event["chart_source"] and event["chart_digest"].startswith("sha256:") for event in applied)
    checks = [event["result"] for event in events if event["type"] == "check-done"]
    assert {check["status"] for check in checks} == {"ok"}
    assert {check["cluster"] for check in checks} == {"east", "west"}

    # again: nothing moves
    state = asyncio.run(objects(kubeconfig))
    counted = asyncio.run(writes(kubeconfig))
    again = bevel("--preset", PRESET, "--kubeconfig", kubeconfig, "--yes")
    assert again.returncode == 0, again.stderr
    assert asyncio.run(objects(kubeconfig)) == state
    assert asyncio.run(writes(kubeconfig)) == counted
    assert bevel("plan", "--preset", PRESET, "--kubeconfig", kubeconfig, "--exit-code").returncode == 0

    # checked by itself, as text and as JSON
    table = bevel("check", "--preset", PRESET, "--kubeconfig", kubeconfig)
    assert table.returncode == 0, table.stdout + table.stderr
    answer = json.loads(bevel("check", "--preset", PRESET, "--kubeconfig", kubeconfig, "-o", "json").stdout)
    assert answer["exit_code"] == 0
    assert answer["simulated"] == ["east", "west"]

    # one route taken away: deployed, not reachable
    route = ObjectRef("getambassador.io/v3alpha1", "Mapping", "besu-node-validator-2-json-rpc", "supplychain-bes")
    taken = asyncio.run(take_away(kubeconfig, route))
    broken = bevel("check", "--preset", PRESET, "--kubeconfig", kubeconfig, "-o", "json")
    assert broken.returncode == 5, broken.stdout
    results = json.loads(broken.stdout)["results"]
    failed = [r for r in results if r["status"] == "failed"]
    assert {(r["id"], r["code"], "validator-2rpc" in r["target"]) for r in failed} == {
        ("route-object", "route-missing", True)
    }
    (behind,) = [r for r in results if r["id"] == "protocol" and r["status"] == "skipped"]
    assert "(HTTP 404), because no Mapping names validator-2rpc" in behind["summary"]
    asyncio.run(put_back(kubeconfig, taken))

    # what changed in the preset, and only that, is what a plan shows and a run does
    changed = tmp_path / "changed.yaml"
    text = (ROOT / "presets" / f"{PRESET}.yaml").read_text()
    document = yaml.safe_load(text)
    document["organizations"][1]["besu"]["members"] = 2
    changed.write_text(yaml.safe_dump(document))
    diff = bevel("plan", "--preset", str(changed), "--kubeconfig", kubeconfig, "--exit-code", "-o", "json")
    assert diff.returncode == 6, diff.stderr
    steps = {change["step"] for change in json.loads(diff.stdout)["changes"]}
    assert "west/carrier-bes/member-carrier-2" in steps
    assert not any("supplychain" in step for step in steps), steps

    # taken away: ledger data stays, then goes
    gone = bevel("destroy", "--preset", PRESET, "--kubeconfig", kubeconfig, "--yes", "-o", "jsonl")
    assert gone.returncode == 0, gone.stdout[-3000:] + gone.stderr
    left = asyncio.run(objects(kubeconfig))
    assert not [key for key in left if key[1] in {"StatefulSet", "Deployment", "Mapping"}]
    assert [key for key in left if key[1] == "PersistentVolumeClaim"]
    assert ("bevel-east", "Secret", "supplychain-bes", "besu-node-validator-1-keys") in left
    purged = bevel("destroy", "--preset", PRESET, "--kubeconfig", kubeconfig, "--yes", "--purge-data")
    assert purged.returncode == 0, purged.stderr
    left = asyncio.run(objects(kubeconfig))
    assert not [key for key in left if key[2] in {"supplychain-bes", "carrier-bes"}], left

    assert before == (Path(kubeconfig).read_bytes(), Path(kubeconfig).stat().st_mtime_ns)


async def take_away(kubeconfig: str, ref: ObjectRef) -> dict[str, Any]:
    async with await KubeClient.connect("bevel-east", kubeconfig) as client:
        obj = await client.get(ref)
        assert obj is not None
        await client.delete(ref)
        return obj


async def put_back(kubeconfig: str, obj: dict[str, Any]) -> None:
    for key in ("resourceVersion", "uid", "creationTimestamp", "managedFields", "generation"):
        obj["metadata"].pop(key, None)
    async with await KubeClient.connect("bevel-east", kubeconfig) as client:
        await client.create(obj)


def test_a_budget_that_is_too_small_exits_4(bevel: Run, kubeconfig: str) -> None:
    result = bevel("--preset", PRESET, "--kubeconfig", kubeconfig, "--yes", "--timeout", "2s")
    assert result.returncode == 4, result.stderr
    assert "time budget" in result.stdout + result.stderr


def test_ctrl_c_finishes_what_is_in_flight_and_the_next_run_continues(kubeconfig: str, bevel: Run) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bevel_tui", "--preset", PRESET, "--kubeconfig", kubeconfig, "--yes", "-o", "jsonl"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["type"] == "step-started" and event["release"] == "validator-2":
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
            break
    output, errors = process.communicate(timeout=60)
    last = json.loads(output.splitlines()[-1])
    assert process.returncode == 130, errors
    assert (last["type"], last["exit_code"]) == ("run-finished", 130)
    assert "Traceback" not in errors
    status = asyncio.run(release_states(kubeconfig))
    assert not [name for name, state in status.items() if state.startswith("pending")], status
    again = bevel("--preset", PRESET, "--kubeconfig", kubeconfig, "--yes", "-o", "jsonl")
    assert again.returncode == 0, again.stdout[-2000:]
    installed = [e["release"] for e in rows(again) if e["type"] == "release-applied" and e["cluster"] == "east"]
    assert "genesis" not in installed
    assert "validator-1" not in installed
    assert "validator-3" in installed


async def release_states(kubeconfig: str) -> dict[str, str]:
    async with await KubeClient.connect("bevel-east", kubeconfig) as client:
        found = await client.list("v1", "Secret", labels="owner=helm")
        return {s["metadata"]["labels"]["name"]: s["metadata"]["labels"]["status"] for s in found}


def test_a_release_that_belongs_to_somebody_else_fails_with_1(bevel: Run, kubeconfig: str, tmp_path: Path) -> None:
    async def occupy() -> None:
        async with await KubeClient.connect("bevel-west", kubeconfig) as client:
            await client.create(
                {
                    "apiVersion": "storage.k8s.io/v1",
                    "kind": "StorageClass",
                    "metadata": {"name": "storage-member-carrier-9"},
                    "provisioner": "somebody.else",
                }
            )

    asyncio.run(occupy())
    document = yaml.safe_load((ROOT / "presets" / f"{PRESET}.yaml").read_text())
    document["organizations"][1]["besu"]["members"] = 9
    path = tmp_path / "nine.yaml"
    path.write_text(yaml.safe_dump(document))
    result = bevel("--preset", str(path), "--kubeconfig", kubeconfig, "--yes")
    assert result.returncode == 1, result.stderr[-2000:]
    assert "storage-member-carrier-9" in result.stdout


def test_kubeconfig_contexts_are_named_as_the_preset_names_them(kubeconfig: str) -> None:
    assert sorted(c.name for c in read(kubeconfig).contexts) == sorted(CONTEXTS)


def test_sandbox_flag_needs_nothing_and_leaves_nothing(bevel: Run, tmp_path: Path) -> None:
    state = tmp_path / "state"
    result = bevel("--preset", "besu-one-cluster", "--sandbox", "--speed", "10", XDG_STATE_HOME=str(state))
    assert result.returncode == 0, result.stderr
    assert "simulated" in result.stdout
    assert not list((state / "bevel-tui" / "sandbox").glob("*"))
