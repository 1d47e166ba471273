"""Secrets planted in every input are looked for everywhere a run leaves something: none may be found.

The canaries: an account password by environment, a registry password by file, the kubeconfig's token, and the private
keys that the network's own Jobs make. Looked through: stdout, stderr, events, the journal, every argument and every
environment of every process that was started, and every file left behind.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bevel_tui.kube.client import KubeClient

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(sys.platform != "linux", reason="arguments and environments are read from /proc"),
]

ROOT = Path(__file__).parents[2]
ACCOUNT = "canary-account-7b1f0c"
REGISTRY = "canary-registry-9e2d4a"


class Watchers(threading.Thread):
    """Reads the arguments and environments of all descendants of this process, as often as it can."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: set[bytes] = set()
        self.environments: dict[int, bytes] = {}
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.wait(0.02):
            for entry in Path("/proc").iterdir():
                if not entry.name.isdigit() or int(entry.name) == os.getpid():
                    continue
                with contextlib.suppress(OSError):
                    self.seen.add((entry / "cmdline").read_bytes())
                    self.environments[int(entry.name)] = (entry / "environ").read_bytes()


@contextlib.contextmanager
def sandbox(state: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bevel_tui", "sandbox", "up", "--preset", "besu-two-clusters", "--speed", "20"],
        cwd=ROOT,
        env={**os.environ, "XDG_STATE_HOME": str(state)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(60)


async def made_keys(kubeconfig: str) -> set[str]:
    """The private keys that the simulated Jobs wrote: account and node keys of every node."""
    found = set()
    for context in ("bevel-east", "bevel-west"):
        async with await KubeClient.connect(context, kubeconfig) as client:
            for secret in await client.list("v1", "Secret"):
                if secret["metadata"]["name"].endswith("-keys"):
                    for key in ("nodekey", "accountPrivate.key"):
                        value = base64.b64decode(secret["data"].get(key, "")).decode().strip().removeprefix("0x")
                        if value:
                            found.add(value)
    return found


def test_no_secret_is_found_anywhere(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(REGISTRY + "\n")
    document = yaml.safe_load((ROOT / "presets" / "besu-two-clusters.yaml").read_text())
    document["platform"]["account_password"] = {"env": "CANARY_ACCOUNT"}
    document["registry"] = {
        "server": "registry.example.test",
        "username": {"env": "CANARY_USER"},
        "password": {"file": str(tmp_path / "password")},
    }
    preset = tmp_path / "preset.yaml"
    preset.write_text(yaml.safe_dump(document))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    home = tmp_path / "home2"
    environ = {
        **os.environ,
        "HOME": str(home),
        "TMPDIR": str(scratch),
        "CANARY_ACCOUNT": ACCOUNT,
        "CANARY_USER": "somebody",
        **{f"XDG_{name}_HOME": str(home / name.lower()) for name in ("STATE", "CACHE", "CONFIG", "DATA")},
    }
    with sandbox(tmp_path / "state") as kubeconfig:
        token = yaml.safe_load(Path(kubeconfig).read_text())["users"][0]["user"]["token"]
        watchers = Watchers()
        watchers.start()
        outputs = []
        own: set[int] = set()
        for command in (
            ["plan", "--preset", str(preset), "-o", "json"],
            ["--preset", str(preset), "--kubeconfig", kubeconfig, "--yes", "-o", "jsonl"],
            ["--preset", str(preset), "--kubeconfig", kubeconfig, "--yes"],
            ["plan", "--preset", str(preset), "--kubeconfig", kubeconfig, "--diff"],
            ["check", "--preset", str(preset), "--kubeconfig", kubeconfig, "-o", "json"],
            ["destroy", "--preset", str(preset), "--kubeconfig", kubeconfig, "--yes", "-o", "jsonl"],
        ):
            process = subprocess.Popen(
                [sys.executable, "-m", "bevel_tui", *command],
                cwd=ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            own.add(process.pid)
            out, err = process.communicate(timeout=120)
            assert process.returncode == 0, (command, err[-2000:])
            outputs += [out, err]
            time.sleep(0.05)
        watchers.stopping.set()
        watchers.join()
        keys = asyncio.run(made_keys(kubeconfig))
        inventory = asyncio.run(inventories(kubeconfig))

    assert len(keys) >= 8, "the Jobs made no keys: nothing was tested"
    journals = [p for p in home.rglob("*") if p.is_file()]
    assert any("runs" in p.parts for p in journals), "no journal was written: nothing was tested"
    assert any(b"helm" in line for line in watchers.seen), "no Helm process was seen: nothing was tested"
    canaries = {ACCOUNT, REGISTRY, token, *keys}
    canaries |= {base64.b64encode(c.encode()).decode() for c in (ACCOUNT, REGISTRY, token)}
    # our own process was given the environment variable; no child of it may have it
    children = {pid: text for pid, text in watchers.environments.items() if pid not in own}
    places: dict[str, list[bytes]] = {
        "output": outputs,
        "arguments": list(watchers.seen),
        "environments of children": [t for t in children.values() if b"bevel" in t or b"KUBECONFIG" in t],
        "inventories": [inventory.encode()],
        "journal and caches": [p.read_bytes() for p in journals],
    }
    for place, texts in places.items():
        for text in texts:
            for canary in canaries:
                assert canary.encode() not in text, f"{canary[:12]}... in {place}"
    assert [p.name for p in scratch.iterdir()] == []
    for path in journals:
        assert path.stat().st_mode & 0o077 == 0, f"{path} can be read by others"


async def inventories(kubeconfig: str) -> str:
    """What the clusters themselves remember of the network (absent after destroy: then all ConfigMaps and labels)."""
    texts = []
    for context in ("bevel-east", "bevel-west"):
        async with await KubeClient.connect(context, kubeconfig) as client:
            texts += [json.dumps(item) for item in await client.list("v1", "ConfigMap")]
            texts += [json.dumps(item["metadata"]) for item in await client.list("v1", "Secret")]
    return "\n".join(texts)
