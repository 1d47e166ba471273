"""Kill a deployment at seeded moments and start it again, many times: does it always end in the same place?

    .venv/bin/python tests/faults/soak.py --seeds 200 [--preset besu-two-clusters] [--speed 20]

One sandbox serves all seeds; each deploys, is killed (the whole process group: bevel-tui and its Helm workers) at one to
three random events, is started again until it ends by itself, is compared with a run that was not killed, and is
destroyed with its data. This program does not import the engine: it sees what a user sees.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bevel_tui.kube.client import ApiError, KubeClient
from bevel_tui.kube.contexts import read

ROOT = Path(__file__).parents[2]

#: what a deployment makes, kind by kind
KINDS = [
    ("v1", "Namespace"), ("v1", "ConfigMap"), ("v1", "Secret"), ("v1", "Service"), ("v1", "ServiceAccount"),
    ("v1", "PersistentVolumeClaim"), ("apps/v1", "StatefulSet"), ("apps/v1", "Deployment"), ("apps/v1", "DaemonSet"),
    ("batch/v1", "Job"), ("storage.k8s.io/v1", "StorageClass"), ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"), ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("networking.k8s.io/v1", "Ingress"), ("getambassador.io/v3alpha1", "Mapping"),
    ("getambassador.io/v3alpha1", "TCPMapping"), ("getambassador.io/v3alpha1", "Listener"),
    ("getambassador.io/v3alpha1", "Host"), ("coordination.k8s.io/v1", "Lease"),
]  # fmt: skip


@dataclass
class Report:
    """What happened over all seeds."""

    seeds: int = 0
    kills: int = 0
    starts: int = 0
    problems: list[str] = field(default_factory=list)


@contextlib.contextmanager
def sandbox(preset: str, speed: float, state: Path) -> Iterator[str]:
    """A sandbox kept up; gives its kubeconfig."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bevel_tui", "sandbox", "up", "--preset", preset, "--speed", str(speed)],
        cwd=ROOT,
        env={**os.environ, "XDG_STATE_HOME": str(state)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(15)


def command(*arguments: str, scratch: Path) -> subprocess.Popen[str]:
    """A bevel-tui process in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "bevel_tui", *arguments],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def deploy(
    preset: str, kubeconfig: str, scratch: Path, kill_after: int | None
) -> tuple[int | None, list[dict[str, Any]]]:
    """Deploy; SIGKILL everything after that many events. Exit code (None: killed) and events."""
    process = command("--preset", preset, "--kubeconfig", kubeconfig, "--yes", "-o", "jsonl", scratch=scratch)
    assert process.stdout is not None
    events = []
    for line in process.stdout:
        with contextlib.suppress(ValueError):
            events.append(json.loads(line))
        if kill_after is not None and len(events) >= kill_after:
            kill_tree(process.pid)
            process.wait()
            return None, events
    return process.wait(), events


def kill_tree(pid: int) -> None:
    """SIGKILL a process and all its descendants (Helm workers have sessions of their own), by their ids."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    doomed = [pid]
    for one in doomed:
        doomed += children.get(one, [])
    for one in doomed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


async def dump(kubeconfig: str) -> dict[str, Any]:
    """All objects of all clusters without what differs from run to run: uids, times, versions, key material."""
    found: dict[str, Any] = {}
    for context in [c.name for c in read(kubeconfig).contexts]:
        async with await KubeClient.connect(context, kubeconfig) as client:
            for api_version, kind in KINDS:
                try:
                    items = await client.list(api_version, kind)
                except ApiError as error:
                    if error.status != 404:
                        raise
                    continue
                for obj in items:
                    meta = obj["metadata"]
                    name = meta["name"]
                    if meta.get("namespace") in {"kube-system", "kube-node-lease", "kube-public"}:
                        continue
                    if name.startswith("sh.helm.release."):
                        # how many attempts it took is history; that the newest stands as deployed is the state
                        labels = meta["labels"]
                        key = f"{context} release {meta['namespace']}/{labels['name']}"
                        known = found.get(key, {"version": 0})
                        if int(labels["version"]) > known["version"]:
                            found[key] = {"version": int(labels["version"]), "status": labels["status"]}
                        continue
                    found[f"{context} {kind} {meta.get('namespace', '')}/{name}"] = shape(obj)
    for value in found.values():
        if isinstance(value, dict):
            value.pop("version", None)
    return found


def shape(obj: dict[str, Any]) -> Any:
    """The part of an object that two runs must agree on."""
    if obj["kind"] == "Secret":
        return sorted(obj.get("data") or {})
    if obj["kind"] == "ConfigMap":
        return sorted(obj.get("data") or {})
    if obj["kind"] in {"Job", "Lease", "PersistentVolumeClaim", "Namespace", "Service"}:
        return True  # their specs hold generated names and addresses
    return obj.get("spec") or obj.get("rules") or True


def one_seed(
    seed: int, preset: str, kubeconfig: str, scratch: Path, wanted: dict[str, Any], events: int, report: Report
) -> None:
    """Deploy with kills, compare, destroy."""
    chance = random.Random(seed)
    report.seeds += 1
    installed: dict[str, int] = {}
    for _ in range(chance.randint(1, 3)):
        code, seen = deploy(preset, kubeconfig, scratch, chance.randint(2, events))
        report.starts += 1
        note(seen, installed)
        if code is not None:
            break
        report.kills += 1
    code, seen = deploy(preset, kubeconfig, scratch, None)
    report.starts += 1
    note(seen, installed)
    if code != 0:
        report.problems.append(f"seed {seed}: the last start ended with {code}: {seen[-1] if seen else 'no event'}")
    state = asyncio.run(dump(kubeconfig))
    for key in sorted(wanted.keys() | state.keys()):
        if wanted.get(key) != state.get(key):
            report.problems.append(f"seed {seed}: {key} is {state.get(key)!r}, not {wanted.get(key)!r}")
    twice = [name for name, times in installed.items() if times > 1]
    if twice:
        report.problems.append(f"seed {seed}: installed twice: {', '.join(twice)}")
    left = [path.name for path in scratch.iterdir()]
    if left:
        report.problems.append(f"seed {seed}: temporary folders left: {', '.join(left)}")
    clear(preset, kubeconfig, scratch, report, seed)


def note(events: list[dict[str, Any]], installed: dict[str, int]) -> None:
    """Count finished installations by release: none may be finished twice."""
    for event in events:
        if event["type"] == "release-applied" and event["action"] == "install":
            name = f"{event['cluster']}/{event['namespace']}/{event['release']}"
            installed[name] = installed.get(name, 0) + 1


def clear(preset: str, kubeconfig: str, scratch: Path, report: Report, seed: int) -> None:
    """Take everything away, data included."""
    process = command(
        "destroy",
        "--preset",
        preset,
        "--kubeconfig",
        kubeconfig,
        "--yes",
        "--purge-data",
        "-o",
        "jsonl",
        scratch=scratch,
    )
    output, _ = process.communicate()
    if process.returncode:
        report.problems.append(f"seed {seed}: destroy ended with {process.returncode}: {output.splitlines()[-1:]}")


def soak(preset: str, seeds: range, speed: float) -> Report:
    """All seeds against one sandbox."""
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder) / "scratch"
        scratch.mkdir()
        with sandbox(preset, speed, Path(folder) / "state") as kubeconfig:
            code, events = deploy(preset, kubeconfig, scratch, None)
            if code != 0:
                report.problems.append(f"the run without kills ended with {code}")
                return report
            wanted = asyncio.run(dump(kubeconfig))
            clear(preset, kubeconfig, scratch, report, -1)
            for seed in seeds:
                one_seed(seed, preset, kubeconfig, scratch, wanted, len(events) - 1, report)
                print(f"seed {seed}: {report.kills} kills so far, {len(report.problems)} problems", file=sys.stderr)
    return report


def main() -> int:
    """Run the soak and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--preset", default="besu-two-clusters")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--speed", type=float, default=20.0)
    options = parser.parse_args()
    began = time.monotonic()
    report = soak(options.preset, range(options.first, options.first + options.seeds), options.speed)
    print(
        f"{options.preset}: {report.seeds} seeds, {report.kills} kills, {report.starts} starts, "
        f"{len(report.problems)} problems, {time.monotonic() - began:.0f} s"
    )
    for problem in report.problems:
        print(f"  {problem}")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
