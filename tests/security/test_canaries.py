"""Secrets planted in every input are looked for everywhere a run leaves something: none may be found.

The canaries: an account password by environment, the passwords of registry and Vault by file, the kubeconfig's tokens and
client key, and the private keys that the network's own Jobs make, those in whose midst something is handed over to another
cluster too. Looked through: stdout, stderr, events, the journal, every argument and every
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
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
import yaml

from bevel_tui.engine.labels import is_ours
from bevel_tui.kube.client import KubeClient

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(sys.platform != "linux", reason="arguments and environments are read from /proc"),
]

ROOT = Path(__file__).parents[2]
ACCOUNT = "canary-account-7b1f0c"
REGISTRY = "canary-registry-9e2d4a"
VAULT = "canary-vault-51c3e8"
CONTEXTS = ("bevel-east", "bevel-west")


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
def sandbox(preset: str, state: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bevel_tui", "sandbox", "up", "--preset", preset, "--speed", "20"],
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
        process.wait(10)


def with_certificate(kubeconfig: str, path: Path) -> set[str]:
    """Write a kubeconfig whose users have a client certificate besides their token -> its tokens and the key's lines."""
    document = yaml.safe_load(Path(kubeconfig).read_text())
    made = trustme.CA().issue_cert("somebody@example.test")
    certificate = b"".join(pem.bytes() for pem in made.cert_chain_pems)
    key = made.private_key_pem.bytes()
    found = set()
    for user in document["users"]:
        user["user"]["client-certificate-data"] = base64.b64encode(certificate).decode()
        user["user"]["client-key-data"] = base64.b64encode(key).decode()
        found |= {user["user"]["token"], user["user"]["client-key-data"][100:160]}
    path.touch(0o600)
    path.write_text(yaml.safe_dump(document))
    return found | {line for line in key.decode().splitlines() if len(line) > 40 and "-----" not in line}


async def made_keys(kubeconfig: str) -> dict[str, set[str]]:
    """The private keys that the simulated Jobs wrote into Secrets, by the cluster's context."""
    found: dict[str, set[str]] = {}
    for context in CONTEXTS:
        found[context] = set()
        async with await KubeClient.connect(context, kubeconfig) as client:
            for secret in await client.list("v1", "Secret"):
                if not secret["metadata"]["name"].endswith("-keys"):
                    continue
                for key, value in (secret.get("data") or {}).items():
                    text = base64.b64decode(value).decode().strip()
                    if key in {"nodekey", "accountPrivate.key"}:
                        found[context].add(text.removeprefix("0x"))
                    elif key == "substrate-node-keys":
                        found[context] |= set(private_fields(json.loads(text)["data"]))
    return found


def private_fields(fields: dict[str, str]) -> Iterator[str]:
    """What of a Substrate node's keys may be told nobody: all but addresses and the node's name."""
    for name, value in fields.items():
        if not name.endswith(("_addr", "_id", "_file")) and len(value) >= 20:
            yield value.removeprefix("0x")


async def kept(kubeconfig: str) -> dict[str, list[str]]:
    """What stands in the clusters of ours, by context: what is remembered of the network, and what was handed there."""
    texts: dict[str, list[str]] = {}
    for context in CONTEXTS:
        async with await KubeClient.connect(context, kubeconfig) as client:
            maps = await client.list("v1", "ConfigMap")
            secrets = await client.list("v1", "Secret")
        texts[f"memory of {context}"] = [json.dumps(m) for m in maps if m["metadata"]["namespace"] == "bevel-tui"]
        texts[f"memory of {context}"] += [json.dumps(secret["metadata"]) for secret in secrets]
        handed = [obj for obj in (*maps, *secrets) if is_ours(obj)]
        data = [
            base64.b64decode(v) if o["kind"] == "Secret" else v.encode()
            for o in handed
            for v in (o.get("data") or {}).values()
        ]
        texts[context] = [json.dumps(m.get("data")) for m in maps] + [text.decode(errors="replace") for text in data]
    return texts


#: every command that reads or tells something, for a network whose keys stay where they are; and for one in which what
#: is handed over stands in the midst of private keys
COMMANDS = {
    "besu-two-clusters": (
        ("plan", "-o", "json"),
        ("--yes", "-o", "jsonl"),
        ("--yes",),
        ("plan", "--diff"),
        ("check", "-o", "json"),
        ("destroy", "--yes", "-o", "jsonl"),
    ),
    "substrate-two-clusters": (("--yes", "-o", "jsonl"), ("destroy", "--yes", "-o", "jsonl")),
}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("preset", sorted(COMMANDS))
def test_no_secret_is_found_anywhere(preset: str, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(REGISTRY + "\n")
    (tmp_path / "vault").write_text(VAULT + "\n")
    document = yaml.safe_load((ROOT / "presets" / f"{preset}.yaml").read_text())
    if preset.startswith("besu"):
        document["platform"]["account_password"] = {"env": "CANARY_ACCOUNT"}
        document["vault"] = {"address": "https://vault.example.test:8200", "token": {"file": str(tmp_path / "vault")}}
    document["registry"] = {
        "server": "registry.example.test",
        "username": {"env": "CANARY_USER"},
        "password": {"file": str(tmp_path / "password")},
    }
    written = tmp_path / "preset.yaml"
    written.write_text(yaml.safe_dump(document))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    home = tmp_path / "home2"
    environ = {
        **os.environ,
        "HOME": str(home),
        "TMPDIR": str(scratch),
        **({"CANARY_ACCOUNT": ACCOUNT} if preset.startswith("besu") else {}),
        "CANARY_USER": "somebody",
        **{f"XDG_{name}_HOME": str(home / name.lower()) for name in ("STATE", "CACHE", "CONFIG", "DATA")},
    }
    with sandbox(preset, tmp_path / "state") as direct:
        kubeconfig = str(tmp_path / "kubeconfig")
        access = with_certificate(direct, Path(kubeconfig))
        watchers = Watchers()
        watchers.start()
        outputs = []
        own: set[int] = set()
        standing: dict[str, list[str]] = {}
        for words in COMMANDS[preset]:
            if words[0] == "destroy":
                standing = asyncio.run(kept(kubeconfig))
            process = subprocess.Popen(
                [sys.executable, "-m", "bevel_tui", *words, "--preset", str(written), "--kubeconfig", kubeconfig],
                cwd=ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            own.add(process.pid)
            out, err = process.communicate(timeout=300)
            assert process.returncode == 0, (words, err[-2000:], out[-2000:])
            outputs += [out, err]
        watchers.stopping.set()
        watchers.join()
        keys = asyncio.run(made_keys(kubeconfig))

    assert all(len(found) >= 2 for found in keys.values()), "the Jobs made no keys: nothing was tested"
    journals = [p for p in home.rglob("*") if p.is_file()]
    assert any("runs" in p.parts for p in journals), "no journal was written: nothing was tested"
    assert any(b"helm" in line for line in watchers.seen), "no Helm process was seen: nothing was tested"
    given = {ACCOUNT, REGISTRY, VAULT, *access}
    given |= {base64.b64encode(c.encode()).decode() for c in given}
    canaries = given.union(*keys.values())
    # our own process was given the environment variable; no child of it may have it
    children = {pid: text for pid, text in watchers.environments.items() if pid not in own}
    places: dict[str, list[bytes]] = {
        "output": outputs,
        "arguments": list(watchers.seen),
        "environments of children": [t for t in children.values() if b"bevel" in t or b"KUBECONFIG" in t],
        "journal and caches": [p.read_bytes() for p in journals],
        **{place: [text.encode() for text in texts] for place, texts in standing.items() if place not in CONTEXTS},
    }
    for place, texts in places.items():
        for text in texts:
            for canary in canaries:
                assert canary.encode() not in text, f"{canary[:12]}... in {place}"
    for (
        here
    ) in CONTEXTS:  # what a cluster's own charts put into its own objects is theirs; what came from another is ours
        for text in standing[here]:
            for canary in set().union(*(found for there, found in keys.items() if there != here)):
                assert canary not in text, f"{canary[:12]}... was handed to {here}"
    assert [p.name for p in scratch.iterdir()] == []
    for path in journals:
        assert path.stat().st_mode & 0o077 == 0, f"{path} can be read by others"
    for folder in (
        p
        for p in home.rglob("*")
        if p.is_dir() and "state" in p.parts[len(home.parts) :] and "bevel-tui" in p.parts[len(home.parts) :]
    ):
        assert folder.stat().st_mode & 0o077 == 0, f"{folder} can be read by others"
