"""Operations on a running network as their users do them: one sandbox kept up, the same document changed again and
again. What an operation does not concern keeps its resourceVersion."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bevel_tui.kube.client import ApiError, KubeClient

pytestmark = pytest.mark.sandbox

Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).parents[2]
CONTEXTS = ("bevel-east", "bevel-west")
KINDS = [
    ("v1", "Namespace"), ("v1", "ConfigMap"), ("v1", "Secret"), ("v1", "Service"), ("v1", "Pod"),
    ("v1", "PersistentVolumeClaim"), ("apps/v1", "StatefulSet"), ("apps/v1", "Deployment"), ("batch/v1", "Job"),
    ("storage.k8s.io/v1", "StorageClass"), ("getambassador.io/v3alpha1", "Mapping"),
    ("getambassador.io/v3alpha1", "TCPMapping"),
]  # fmt: skip
#: what every change of a network writes: its own inventory
OURS = "bevel-tui"

Versions = dict[tuple[str, str, str, str], str]


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    state = tmp_path_factory.mktemp("state")
    process = subprocess.Popen(
        [sys.executable, "-m", "bevel_tui", "sandbox", "up", "--preset", "besu-two-clusters", "--speed", "25"],
        cwd=ROOT,
        env={**os.environ, "XDG_STATE_HOME": str(state)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0


async def _versions(kubeconfig: str) -> Versions:
    found = {}
    for context in CONTEXTS:
        async with await KubeClient.connect(context, kubeconfig) as client:
            for api_version, kind in KINDS:
                try:
                    listed = await client.list(api_version, kind)
                except ApiError as error:
                    assert error.status == 404
                    continue
                for obj in listed:
                    meta = obj["metadata"]
                    if meta.get("namespace") not in {"kube-system", "kube-node-lease", OURS}:
                        found[context, kind, meta.get("namespace", ""), meta["name"]] = meta["resourceVersion"]
    return found


class Operator:
    """Somebody with a preset and a terminal."""

    def __init__(self, bevel: Run, kubeconfig: str, folder: Path, document: Mapping[str, Any]) -> None:
        self.bevel = bevel
        self.kubeconfig = kubeconfig
        self.document = copy.deepcopy(dict(document))
        self.path = folder / f"{document['name']}.yaml"

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        self.path.write_text(yaml.safe_dump(self.document))
        return self.bevel(*arguments, "--preset", str(self.path), "--kubeconfig", self.kubeconfig)

    def diff(self, *arguments: str) -> dict[str, dict[str, Any]]:
        result = self("plan", "--exit-code", "-o", "json", *arguments)
        assert result.returncode in {0, 2, 6}, result.stderr
        rows = json.loads(result.stdout)["changes"]
        assert (result.returncode == 0) == (not rows)
        return {row["step"]: row for row in rows}

    def deploy(self, *arguments: str) -> list[dict[str, Any]]:
        result = self("--yes", "-o", "jsonl", *arguments)
        assert result.returncode == 0, result.stdout[-3000:] + result.stderr
        return [json.loads(line) for line in result.stdout.splitlines()]

    def refused(self, *words: str, arguments: tuple[str, ...] = ()) -> None:
        """Refused with exit code 2, by the plan and by the run, and nothing is changed."""
        before = versions(self.kubeconfig)
        for command in (("--yes",), ("plan", "--diff")):
            result = self(*command, *arguments)
            assert result.returncode == 2, result.stdout + result.stderr
            for word in words:
                assert word in result.stdout + result.stderr, result.stdout + result.stderr
        assert versions(self.kubeconfig) == before


def versions(kubeconfig: str) -> Versions:
    return asyncio.run(_versions(kubeconfig))


def touched(before: Versions, after: Versions) -> tuple[set[str], set[str], set[str]]:
    """Objects added, changed and gone, as ``kind namespace/name``; the gateway, which gets ports, left out."""

    def words(keys: Any) -> set[str]:
        return {f"{kind} {space}/{name}" for _, kind, space, name in keys if "emissary-ingress" not in name}

    return (
        words(after.keys() - before.keys()),
        words(key for key in before.keys() & after.keys() if before[key] != after[key]),
        words(before.keys() - after.keys()),
    )


def applied(events: list[dict[str, Any]]) -> dict[str, str]:
    return {e["release"]: e["action"] for e in events if e["type"] == "release-applied"}


async def rpc(kubeconfig: str, release: str, method: str) -> Any:
    """What a node of the founder says, asked through the gateway."""
    import aiohttp

    from bevel_tui.records.simulation import CONFIGMAP_KEY, CONFIGMAP_NAME, CONFIGMAP_NAMESPACE, Simulation
    from bevel_tui.records.steps import ObjectRef

    async with await KubeClient.connect("bevel-east", kubeconfig) as client:
        found = await client.get(ObjectRef("v1", "ConfigMap", CONFIGMAP_NAME, CONFIGMAP_NAMESPACE))
        service = await client.get(ObjectRef("v1", "Service", "emissary-ingress", "ambassador"))
    assert found is not None
    assert service is not None
    address = service["status"]["loadBalancer"]["ingress"][0]["ip"]
    simulation = Simulation.model_validate_json(found["data"][CONFIGMAP_KEY])
    target = simulation.dial[f"{address}:80"]
    async with aiohttp.ClientSession() as session:
        body = {"jsonrpc": "2.0", "method": method, "params": ["latest"], "id": 1}
        headers = {"Host": f"{release}rpc.east.example.test"}
        async with session.post(f"http://{target}/", json=body, headers=headers) as answer:
            return (await answer.json())["result"]


def validators(kubeconfig: str) -> int:
    return len(asyncio.run(rpc(kubeconfig, "validator-1", "qbft_getValidatorsByBlockNumber")))


def test_a_besu_network_grows_and_shrinks(bevel: Run, kubeconfig: str, tmp_path: Path) -> None:
    document = yaml.safe_load((ROOT / "presets" / "besu-two-clusters.yaml").read_text())
    operator = Operator(bevel, kubeconfig, tmp_path, document)
    operator.deploy()
    assert operator.diff() == {}
    founder, carrier = operator.document["organizations"]

    # a member: it and its port at the gateway, nothing else; peers' lists are the hook's to write
    founder["besu"]["members"] = 2
    diff = operator.diff()
    assert {(row["group"], name) for name, row in diff.items()} == {
        ("change", "east/gateway"),
        ("add", "east/supplychain-bes/member-supplychain-2"),
    }
    (ports,) = diff["east/gateway"]["differences"]
    assert ports["path"] == "service.ports"
    before = versions(kubeconfig)
    assert applied(operator.deploy()) == {"emissary-ingress": "upgrade", "member-supplychain-2": "install"}
    added, changed, gone = touched(before, versions(kubeconfig))
    assert all("member-supplychain-2" in name for name in added), added
    assert not gone
    assert all(name == "ConfigMap supplychain-bes/besu-peers" for name in changed), changed
    assert operator.diff() == {}

    # an organization: the founder's nodes are not touched at all
    operator.document["organizations"].append({"name": "broker", "cluster": "west", "besu": {"members": 1}})
    before = versions(kubeconfig)
    events = applied(operator.deploy())
    assert events == {"genesis": "install", "member-broker-1": "install", "emissary-ingress": "upgrade"}
    added, changed, gone = touched(before, versions(kubeconfig))
    assert not gone
    assert not changed
    assert all("broker" in name for name in added), added
    assert operator.diff() == {}

    # a validator: with a key of its own, voted in by those that are there
    assert validators(kubeconfig) == 4
    founder["besu"]["validators"] = 5
    diff = operator.diff()
    assert {name for name, row in diff.items() if row["group"] == "add"} == {
        "east/supplychain-bes/validator-5",
        "east/supplychain-bes/propose-validator-5",
    }
    before = versions(kubeconfig)
    operator.deploy()
    _, changed, gone = touched(before, versions(kubeconfig))
    assert not gone
    assert all(name == "ConfigMap supplychain-bes/besu-peers" for name in changed), changed
    assert validators(kubeconfig) == 5
    assert operator.diff() == {}

    # a version: all nodes, in place; genesis and volumes stay
    operator.document["platform"]["version"] = "23.10.3"
    diff = operator.diff()
    nodes = {name for name in diff if "validator" in name or "member" in name}
    assert set(diff) == nodes
    assert {d["path"] for d in diff["east/supplychain-bes/validator-1"]["differences"]} == {"image.besu.tag"}
    before = versions(kubeconfig)
    assert set(applied(operator.deploy()).values()) == {"upgrade"}
    _, changed, gone = touched(before, versions(kubeconfig))
    assert not [
        name for name in (*changed, *gone) if name.startswith(("ConfigMap supplychain-bes/besu-genesis", "Pers"))
    ]
    assert operator.diff() == {}

    # the chain's number: never by accident
    operator.document["platform"]["chain_id"] = 1338
    operator.refused("chain_id", "1337", "1338", "--allow-destructive genesis")
    operator.document["platform"]["chain_id"] = 1337

    # a validator leaves: refused until it is named; voted out before it goes
    founder["besu"]["validators"] = 4
    operator.refused("validator-5", "--allow-destructive")
    diff = operator.diff("--allow-destructive", "validator-5")
    assert diff["east/supplychain-bes/validator-5"]["group"] == "remove"
    assert diff["east/supplychain-bes/propose-validator-5"]["group"] == "change"
    operator.deploy("--allow-destructive", "validator-5")
    assert validators(kubeconfig) == 4
    left = versions(kubeconfig)
    assert not [key for key in left if "besu-node-validator-5" in key[3]]
    assert operator.diff() == {}

    # an organization leaves: its neighbours in the cluster stay as they are
    operator.document["organizations"].pop()
    operator.refused("broker", "member-broker-1")
    before = versions(kubeconfig)
    events = operator.deploy("--allow-destructive", "broker")
    assert applied(events)["member-broker-1"] == "uninstall"
    added, changed, gone = touched(before, versions(kubeconfig))
    assert not added
    assert not changed
    assert all("broker" in name for name in gone), gone
    assert not [key for key in versions(kubeconfig) if "broker" in key[2] or "broker" in key[3]]
    assert operator.diff() == {}
    assert operator("check").returncode == 0

    assert operator("destroy", "--yes", "--purge-data").returncode == 0
    assert carrier["name"] == "carrier"
