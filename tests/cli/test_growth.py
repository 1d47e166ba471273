"""Operations on a running network as their users do them: one sandbox kept up, the same document changed again and
again. What an operation does not concern keeps its resourceVersion."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.connecting import handshakes, leaked, profiles
from tests.cli.operating import Operator, Run, applied, touched, validators, versions

pytestmark = pytest.mark.sandbox

ROOT = Path(__file__).parents[2]


def preset(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "presets" / f"{name}.yaml").read_text())
    return document


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    state = tmp_path_factory.mktemp("state")
    process = subprocess.Popen(
        [sys.executable, "-m", "bevel_tui", "sandbox", "up", "--preset", "besu-two-clusters", "--speed", "100"],
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
    assert process.wait(60) == 0


def test_a_besu_network_grows_and_shrinks(bevel: Run, kubeconfig: str, tmp_path: Path) -> None:
    operator = Operator(bevel, kubeconfig, tmp_path, preset("besu-two-clusters"))
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
    assert ports["path"].startswith("service.ports[tcp-")
    assert ports["observed"] is None
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


def test_a_quorum_network_gets_a_validator(bevel: Run, kubeconfig: str, tmp_path: Path) -> None:
    operator = Operator(bevel, kubeconfig, tmp_path, preset("quorum-two-clusters"))
    operator.deploy()
    operator.document["organizations"][0]["quorum"]["validators"] = 5
    before = versions(kubeconfig)
    events = applied(operator.deploy())
    assert events == {"validator-4": "install", "propose-validator-4": "install", "emissary-ingress": "upgrade"}
    _, changed, gone = touched(before, versions(kubeconfig))
    assert not gone
    assert all(name == "ConfigMap supplychain-quo/quorum-peers" for name in changed), changed
    assert validators(kubeconfig, "validator-0", "istanbul_getValidators") == 5
    assert operator.diff() == {}
    assert operator("destroy", "--yes", "--purge-data").returncode == 0


def test_a_fabric_network_gets_a_peer_and_a_channel(bevel: Run, kubeconfig: str, tmp_path: Path) -> None:
    operator = Operator(bevel, kubeconfig, tmp_path, preset("fabric-two-clusters"))
    operator.deploy()
    assert operator.diff() == {}
    carrier = operator.document["organizations"][1]

    carrier["fabric"]["peers"] = 2
    before = versions(kubeconfig)
    assert applied(operator.deploy()) == {"peer1": "install", "peer1-allchannel": "install"}
    added, changed, gone = touched(before, versions(kubeconfig))
    assert (changed, gone) == (set(), set())
    assert not [name for name in added if "anchorpeer" in name]
    assert operator.diff() == {}

    operator.document["platform"]["channels"].append({"name": "second"})
    before = versions(kubeconfig)
    events = applied(operator.deploy())
    assert set(events) == {"genesis-second", "second", "peer0-second", "peer1-second"}
    added, changed, gone = touched(before, versions(kubeconfig))
    assert (changed, gone) == (set(), set())
    assert "ConfigMap supplychain-net/second-genesis" in added
    assert operator.diff() == {}

    # what an application gets of it: two channels, the new peer, names and CA certificates as the gateways have them
    material = profiles(operator, tmp_path / "connection")
    assert set(material) == {"supplychain", "carrier"}
    assert set(material["carrier"]["channels"]) == {"allchannel", "second"}
    assert len(material["carrier"]["peers"]) == 2
    for profile in material.values():
        nodes = profile["orderers"], profile["peers"], profile["certificateAuthorities"]
        assert len(handshakes(kubeconfig, profile)) == sum(map(len, nodes)) >= 5
    assert leaked(kubeconfig, tmp_path / "connection") == []

    # an organization into both channels, one update after the other in each: it says who it is, two sign, it joins
    operator.document["organizations"].append({"name": "broker", "cluster": "west", "fabric": {"peers": 1}})
    operator.document["platform"]["channels"][0]["participants"].append("broker")
    cause = operator.diff()["west/carrier-net/allchannel-update-1"]["cause"]
    assert cause.endswith("broker joins channel allchannel, signed by supplychain, carrier")
    before = versions(kubeconfig)
    events = operator.deploy()
    installed = [event["release"] for event in events if event["type"] == "release-applied"]
    newcomer = {"broker-ca", "peer0", "definition", "peer0-allchannel", "peer0-second"}
    assert set(installed) == {*newcomer, "allchannel-update-1", "second-update-1"}
    assert installed.count("allchannel-update-1") == 2  # supplychain and carrier are two of two
    added, changed, gone = touched(before, versions(kubeconfig))
    assert (changed, gone) == (set(), set())
    assert not [name for name in added if "anchorpeer" in name]
    assert operator.diff() == {}

    # it leaves again: two of three sign, and its part of the history goes with it
    operator.document["organizations"].pop()
    operator.document["platform"]["channels"][0]["participants"].remove("broker")
    operator.refused("broker", "--allow-destructive broker")
    events = applied(operator.deploy("--allow-destructive", "broker"))
    installed = {name for name, action in events.items() if action == "install"}
    assert installed == {"allchannel-update-2", "second-update-2"}
    assert operator.diff() == {}

    # an orderer joins both channels and follows them, then an update of each makes it one that agrees on blocks
    supplychain = operator.document["organizations"][0]
    supplychain["fabric"]["orderers"] = 4
    before = versions(kubeconfig)
    events = applied(operator.deploy())
    assert events == {
        "orderer4": "install",
        "allchannel": "upgrade",
        "second": "upgrade",
        "allchannel-update-3": "install",
        "second-update-3": "install",
    }
    _, changed, gone = touched(before, versions(kubeconfig))
    assert not [name for name in (*changed, *gone) if "orderer1" in name or "peer" in name]
    assert operator.diff() == {}
    supplychain["fabric"]["orderers"] = 3
    operator.refused("orderer4", "--allow-destructive")
    events = applied(operator.deploy("--allow-destructive", "orderer4"))
    assert {name for name, action in events.items() if action == "install"} == {
        "allchannel-update-4",
        "second-update-4",
    }
    assert operator.diff() == {}
    assert operator("destroy", "--yes", "--purge-data").returncode == 0


def other_network() -> dict[str, Any]:
    """A Besu network that is at home where the first one only has a member."""
    document = preset("besu-two-clusters")
    document["name"] = "other"
    document["organizations"] = [
        {"name": "ledgerco", "cluster": "west", "besu": {"validators": 4, "members": 0}},
        {"name": "delta", "cluster": "east", "besu": {"members": 1}},
    ]
    return document


def test_two_networks_share_the_gateways_of_their_clusters(bevel: Run, kubeconfig: str, tmp_path: Path) -> None:
    one = Operator(bevel, kubeconfig, tmp_path, preset("besu-two-clusters"))
    two = Operator(bevel, kubeconfig, tmp_path, other_network())
    one.deploy()
    before = versions(kubeconfig)
    events = applied(two.deploy())
    assert events["emissary-ingress"] == "upgrade"
    assert "emissary-crds" not in events
    _, changed, gone = touched(before, versions(kubeconfig))
    assert (changed, gone) == (set(), set())
    # both are as their presets say, whoever asks, and both are reached
    assert one.diff() == {}
    assert two.diff() == {}
    assert one("check").returncode == 0
    assert two("check").returncode == 0

    # a third one whose names are taken is told before anything is changed
    third = Operator(bevel, kubeconfig, tmp_path, {**other_network(), "name": "third"})
    third.document["organizations"] = [{"name": "late", "cluster": "east", "besu": {"validators": 4, "members": 0}}]
    third.document["clusters"] = third.document["clusters"][:1]
    third.refused("StorageClass storage-validator-1", "besu-two-clusters")

    # the one that brought the gateways goes: they stay, with the other's routes
    assert one("destroy", "--yes", "--purge-data").returncode == 0
    left = versions(kubeconfig)
    assert ("bevel-east", "Deployment", "ambassador", "emissary-ingress") in left
    assert not [key for key in left if key[2] == "supplychain-bes"]
    assert two("check").returncode == 0
    assert set(two.diff()) == {f"{cluster}/{what}" for cluster in ("east", "west") for what in WHAT}
    two.deploy()
    assert two.diff() == {}
    assert two("check").returncode == 0
    assert two("destroy", "--yes", "--purge-data").returncode == 0
    left = versions(kubeconfig)
    assert not [key for key in left if key[1] == "Deployment" and key[2] == "ambassador"]


#: releases of a gateway; the last network's run takes them over
WHAT = ("crds", "gateway", "ambassador/bevel-gateway-defaults")


def test_a_ledger_is_founded_anew_and_an_organization_moves_only_if_named(
    bevel: Run, kubeconfig: str, tmp_path: Path
) -> None:
    operator = Operator(bevel, kubeconfig, tmp_path, preset("besu-two-clusters"))
    operator.deploy()
    operator.document["organizations"][1]["namespace"] = "carrier-two"
    operator.refused("organizations[1].namespace", "--allow-destructive carrier")
    before = versions(kubeconfig)
    operator.deploy("--allow-destructive", "carrier")
    added, changed, gone = touched(before, versions(kubeconfig))
    assert all("carrier" in name for name in (*added, *changed, *gone)), (added, changed, gone)
    assert operator.diff() == {}

    operator.document["platform"]["chain_id"] = 1338
    operator.document["organizations"][0]["besu"]["validators"] = 5
    operator.refused("chain_id", "--allow-destructive genesis")
    operator.deploy("--allow-destructive", "genesis")
    # five from the beginning: nobody has to be voted in
    assert validators(kubeconfig) == 5
    assert not [key for key in versions(kubeconfig) if "propose" in key[3]]
    assert operator.diff() == {}
    assert operator("check").returncode == 0
    assert operator("destroy", "--yes", "--purge-data").returncode == 0
