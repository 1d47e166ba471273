"""`bevel-tui check` as its users run it, over a network that stands in a sandbox: from inside, broken, watched, killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from bevel_tui.kube.client import KubeClient
from bevel_tui.records.steps import ObjectRef

pytestmark = pytest.mark.sandbox

Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).parents[2]
PRESET = "besu-two-clusters"
EAST, WEST = "bevel-east", "bevel-west"
SPACES = {EAST: "supplychain-bes", WEST: "carrier-bes"}
FAULTS = ObjectRef("v1", "ConfigMap", "bevel-tui-sandbox-inside", "kube-system")


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A sandbox with the network deployed in it."""
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path_factory.mktemp("state"))}
    bevel = [sys.executable, "-m", "bevel_tui"]
    process = subprocess.Popen(
        [*bevel, "sandbox", "up", "--preset", PRESET, "--speed", "20"],
        cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    path = process.stdout.readline().strip()
    subprocess.run([*bevel, "--preset", PRESET, "--kubeconfig", path, "--yes"], cwd=ROOT, env=env, check=True)
    yield path
    process.send_signal(signal.SIGINT)
    process.wait(60)


@contextlib.asynccontextmanager
async def clients(kubeconfig: str):
    async with await KubeClient.connect(EAST, kubeconfig) as east, await KubeClient.connect(WEST, kubeconfig) as west:
        yield {EAST: east, WEST: west}


@contextlib.contextmanager
def there(kubeconfig: str, context: str, obj: dict[str, Any]) -> Iterator[None]:
    """An object that is there for a while."""

    async def create() -> None:
        async with clients(kubeconfig) as opened:
            await opened[context].create(obj)

    async def delete() -> None:
        meta = obj["metadata"]
        async with clients(kubeconfig) as opened:
            await opened[context].delete(ObjectRef(obj["apiVersion"], obj["kind"], meta["name"], meta["namespace"]))

    asyncio.run(create())
    try:
        yield
    finally:
        asyncio.run(delete())


def inside(**data: str) -> dict[str, Any]:
    meta = {"name": FAULTS.name, "namespace": FAULTS.namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


async def probes(kubeconfig: str) -> list[str]:
    async with clients(kubeconfig) as opened:
        return [
            obj["metadata"]["name"]
            for context, client in opened.items()
            for kind, version in (("Job", "batch/v1"), ("Pod", "v1"))
            for obj in await client.list(version, kind, SPACES[context], labels="bevel-tui.dev/role=probe")
        ]


async def gone(kubeconfig: str) -> None:
    """Until no probe is left, by the cluster's own doing if it must be; the test's timeout bounds it."""
    while await probes(kubeconfig):
        await asyncio.sleep(0.2)


def bad(document: dict[str, Any]) -> dict[str, str]:
    return {r["target"]: r["code"] for r in document["results"] if r["status"] in ("failed", "warning")}


def check(bevel: Run, kubeconfig: str, *more: str, preset: str = PRESET) -> tuple[int, dict[str, Any]]:
    done = bevel("check", "--preset", preset, "--kubeconfig", kubeconfig, "-o", "json", *more)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_clusters_look_at_each_other_and_leave_nothing(bevel: Run, kubeconfig: str) -> None:
    code, document = check(bevel, kubeconfig)
    assert (code, bad(document)) == (0, {})
    row = {"east": "ok", "west": "ok"}
    assert document["matrix"] == {"here": row, "east": row, "west": row}
    assert {r["id"] for r in document["results"]} >= {
        "ledger-agrees",
        "ledger-mesh",
        "ledger-peers",
        "ledger-grows",
        "cluster-pod",
    }
    asyncio.run(gone(kubeconfig))
    # one vantage alone
    code, document = check(bevel, kubeconfig, "--from", "clusters")
    assert code == 0
    assert {r["id"] for r in document["results"]} == {"cluster-pod", "cluster-path"}
    code, document = check(bevel, kubeconfig, "--from", "here")
    assert document["matrix"] == {}


def test_what_only_the_inside_of_a_cluster_sees(bevel: Run, kubeconfig: str) -> None:
    with (
        there(kubeconfig, EAST, inside(paths="127.101.1.1:* timeout", names="*.west.example.test")),
        there(kubeconfig, WEST, inside(paths="127.101.1.1:80 refused")),
    ):
        code, document = check(bevel, kubeconfig)
        text = bevel("check", "--preset", PRESET, "--kubeconfig", kubeconfig).stdout
        junit = bevel("check", "--preset", PRESET, "--kubeconfig", kubeconfig, "-o", "junit").stdout
    assert code == 5
    assert bad(document) == {
        "east -> east": "path-inside",  # west has the same trouble at port 80: no hairpin then
        "east -> west": "path-inside",
        "west -> east": "path-inside",
    }
    assert document["matrix"]["here"] == {"east": "ok", "west": "ok"}
    assert document["matrix"]["east"] == {"east": "failed", "west": "failed"}
    rows = [line.split()[::2] for line in text.splitlines() if line.startswith(("  here", "  east ", "  west "))]
    assert [row[0] for row in rows] == ["here", "east", "west"]
    assert len(ElementTree.fromstring(junit).findall(".//failure[@type='path-inside']")) == 3
    with there(kubeconfig, EAST, inside(paths="127.101.1.1:* timeout")):
        _, document = check(bevel, kubeconfig)
    assert bad(document) == {"east -> east": "path-hairpin"}


def test_where_pods_are_not_allowed_the_look_is_skipped_in_the_clusters_words(bevel: Run, kubeconfig: str) -> None:
    meta = {"name": "none", "namespace": SPACES[EAST]}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": {"hard": {"count/pods": "1"}}}
    with there(kubeconfig, EAST, quota):
        code, document = check(bevel, kubeconfig)
    assert code == 0, "nothing is wrong with the network"
    (pod,) = [r for r in document["results"] if r["id"] == "cluster-pod" and r["vantage"] == "east"]
    assert pod["status"] == "skipped"
    assert "exceeded quota: none" in pod["summary"]
    assert "--from here" in pod["remedy"]
    assert document["matrix"]["east"] == {"east": "skipped", "west": "skipped"}
    assert document["matrix"]["west"] == {"east": "ok", "west": "ok"}
    asyncio.run(gone(kubeconfig))


def test_a_cluster_that_cannot_be_read_keeps_no_other_from_being_checked(
    bevel: Run, kubeconfig: str, tmp_path: Path
) -> None:
    document = yaml.safe_load(Path(kubeconfig).read_text())
    west = next(c["context"]["cluster"] for c in document["contexts"] if c["name"] == WEST)
    for cluster in document["clusters"]:
        if cluster["name"] == west:
            cluster["cluster"]["server"] = "https://127.0.0.1:9"
    one, none = tmp_path / "one", tmp_path / "none"
    one.write_text(yaml.safe_dump(document))
    for cluster in document["clusters"]:
        cluster["cluster"]["server"] = "https://127.0.0.1:9"
    none.write_text(yaml.safe_dump(document))
    code, found = check(bevel, str(one), "--from", "here")
    assert code == 5
    assert bad(found) == {f"context {WEST}": "cluster-cluster-unreachable"}
    assert {r["cluster"] for r in found["results"] if r["status"] == "ok"} == {"east", "west"}, "names are public"
    done = bevel("check", "--preset", PRESET, "--kubeconfig", str(none))
    assert done.returncode == 3


@pytest.fixture
def slow(tmp_path: Path) -> str:
    """A preset whose probe waits long for every answer."""
    document = yaml.safe_load((ROOT / "presets" / f"{PRESET}.yaml").read_text())
    document["probe"] = {"timeout": 300}
    path = tmp_path / "slow.yaml"
    path.write_text(yaml.safe_dump(document))
    return str(path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_look_that_is_cut_off_leaves_no_pod(kubeconfig: str, slow: str, number: signal.Signals) -> None:
    """After Ctrl-C we take the Job away; after a kill the cluster does, when its time is over."""
    with there(kubeconfig, EAST, inside(paths="127.101.1.1:80 timeout")):
        command = [sys.executable, "-m", "bevel_tui", "check", "--preset", slow, "--kubeconfig", kubeconfig]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        async def started() -> None:
            while not await probes(kubeconfig):
                assert process.poll() is None
                await asyncio.sleep(0.1)

        asyncio.run(started())
        process.send_signal(number)
        assert process.wait(60) == (130 if number == signal.SIGINT else -number)
        if number == signal.SIGINT:
            began = time.monotonic()
            asyncio.run(gone(kubeconfig))
            print(f"gone after {time.monotonic() - began:.1f} s")
    asyncio.run(gone(kubeconfig))


def test_watching_tells_what_changes_until_ctrl_c(kubeconfig: str) -> None:
    command = [sys.executable, "-m", "bevel_tui", "check", "--preset", PRESET, "--kubeconfig", kubeconfig]
    process = subprocess.Popen(
        [*command, "--watch", "--interval", "1s"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    while not process.stdout.readline().startswith("Checks:"):
        assert process.poll() is None
    with there(kubeconfig, EAST, inside(paths="127.101.2.1:80 refused")):
        line = process.stdout.readline()
        assert "ok -> failed  west from east  cluster-path" in line
        while "Checks:" not in process.stdout.readline():
            pass
    assert "failed -> ok  west from east  cluster-path" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
