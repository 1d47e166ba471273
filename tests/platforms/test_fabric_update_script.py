"""The script of our own chart, run as it is: real shell and jq, what the Fabric tools make of it as recorded.

The files in channel_update/ are what Hyperledger's protolator and the algorithm of ``configtxlator compute_update``
(fabric-config v0.3.0) made of a channel of two organizations; long certificates are shortened.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bevel_tui.platforms.fabric_update_script import script

RECORDED = Path(__file__).parent / "channel_update"
pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")

#: encodes JSON as itself; of a difference it knows the two recorded ones
TRANSLATOR = """#!/bin/sh
for last; do :; done
case "$1 $3" in
  "proto_decode common.Block") cp "$RECORDED/block.json" "$last" ;;
  "proto_decode "*|"proto_encode "*) cp "$5" "$last" ;;
  "compute_update "*) if grep -q orderer4 wanted.pb; then what=orderer-join; elif grep -q brokerMSP wanted.pb; then what=join; else what=leave; fi
    cp "$RECORDED/$what.json" "$last" ;;
esac
"""
PEER = '#!/bin/sh\n[ "$2" = fetch ] && : > "$4"\necho "peer $*" >> "$CALLS"\n'


class Job:
    """A pod's folders, with the tools that the script calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("bin", "work", "definition", "handed", "certificate"):
            (folder / name).mkdir()
        for name, text in (("configtxlator", TRANSLATOR), ("peer", PEER)):
            (folder / "bin" / name).write_text(text)
            (folder / "bin" / name).chmod(0o755)
        shutil.copy(RECORDED / "broker-new-data", folder / "definition")
        (folder / "certificate" / "servercrt").write_text("-----BEGIN CERTIFICATE-----\n")

    def run(
        self, member: str, *, makes: bool, submits: bool, joins: bool, orderer: str = ""
    ) -> subprocess.CompletedProcess[str]:
        text = script(makes=makes, submits=submits, joins=joins, orderer=bool(orderer))
        for name in ("work", "definition", "handed", "certificate"):
            text = re.sub(rf"(?<![\w.]){re.escape('/' + name)}\b", str(self.folder / name), text)
        environment = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "RECORDED": str(RECORDED),
            "CALLS": str(self.folder / "calls"),
            "CHANNEL_NAME": "allchannel",
            "ORDERER_URL": "orderer1.supplychain-net:7050",
            "ORDERER_CA": "/orderer/tls/cacert",
            "CORE_PEER_LOCALMSPID": "supplychainMSP",
            "MEMBER": member,
            "JOINS": str(joins).lower(),
            "DEFINITION": "broker-new-data",
            "ANCHOR_HOST": "peer0.broker-net",
            "ANCHOR_PORT": "7051",
            "ORDERER_HOST": orderer,
            "ORDERER_PORT": "7050",
        }
        return subprocess.run(["sh", "-c", text], env=environment, capture_output=True, text=True, check=False)

    def hand(self, change: Callable[[dict[str, Any]], object] = lambda update: None) -> None:
        """Hand over what was made, after somebody changed it."""
        envelope = json.loads(base64.b64decode((self.folder / "work" / "update.base64").read_text()))
        change(envelope["payload"]["data"]["config_update"])
        (self.folder / "handed" / "update_base64").write_text(base64.b64encode(json.dumps(envelope).encode()).decode())

    @property
    def calls(self) -> list[str]:
        return [line.split()[2] for line in (self.folder / "calls").read_text().splitlines()]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_who_comes_is_in_the_wanted_configuration_with_its_anchor(job: Job) -> None:
    done = job.run("brokerMSP", makes=True, submits=False, joins=True)
    assert done.returncode == 0, done.stdout + done.stderr
    wanted = json.loads((job.folder / "work" / "wanted.json").read_text())
    groups = wanted["channel_group"]["groups"]["Application"]["groups"]
    assert sorted(groups) == ["brokerMSP", "carrierMSP", "supplychainMSP"]
    (anchor,) = groups["brokerMSP"]["values"]["AnchorPeers"]["value"]["anchor_peers"]
    assert anchor == {"host": "peer0.broker-net", "port": 7051}
    assert {"AnchorPeers", "MSP"} == set(groups["brokerMSP"]["values"])
    envelope = json.loads((job.folder / "work" / "envelope.json").read_text())
    assert envelope["payload"]["header"] == {"channel_header": {"channel_id": "allchannel", "type": 2}}
    assert job.calls == ["fetch", "signconfigtx"]


def test_the_last_one_submits_what_was_handed_on(job: Job) -> None:
    job.run("brokerMSP", makes=True, submits=False, joins=True)
    job.hand()
    done = job.run("brokerMSP", makes=False, submits=True, joins=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert job.calls == ["fetch", "signconfigtx", "fetch", "update"]


def test_who_leaves_is_taken_out(job: Job) -> None:
    done = job.run("carrierMSP", makes=True, submits=True, joins=False)
    assert done.returncode == 0, done.stdout + done.stderr
    wanted = json.loads((job.folder / "work" / "wanted.json").read_text())
    assert list(wanted["channel_group"]["groups"]["Application"]["groups"]) == ["supplychainMSP"]


@pytest.mark.parametrize(("member", "joins"), [("carrierMSP", True), ("strangerMSP", False)])
def test_what_is_so_already_is_not_done_again(job: Job, member: str, joins: bool) -> None:
    done = job.run(member, makes=True, submits=True, joins=joins)
    assert (done.returncode, job.calls) == (0, ["fetch"])
    assert "Nothing to do" in done.stdout
    assert (job.folder / "work" / "update.base64").read_text() == "none\n"


def other_channel(update: dict[str, Any]) -> None:
    update["channel_id"] = "second"


def orderers_too(update: dict[str, Any]) -> None:
    update["write_set"]["groups"]["Orderer"] = {"groups": {}}


def a_policy(update: dict[str, Any]) -> None:
    update["write_set"]["groups"]["Application"]["policies"]["Admins"]["policy"] = {"type": 3}


def a_member_changed(update: dict[str, Any]) -> None:
    update["write_set"]["groups"]["Application"]["groups"]["carrierMSP"]["values"] = {"MSP": {}}


def a_member_gone(update: dict[str, Any]) -> None:
    del update["write_set"]["groups"]["Application"]["groups"]["carrierMSP"]


def another_member(update: dict[str, Any]) -> None:
    update["write_set"]["groups"]["Application"]["groups"]["strangerMSP"] = {"groups": {}, "values": {}, "policies": {}}


@pytest.mark.parametrize(
    "change", [other_channel, orderers_too, a_policy, a_member_changed, a_member_gone, another_member]
)
def test_an_update_that_does_something_else_is_not_signed(job: Job, change: Callable[[dict[str, Any]], object]) -> None:
    job.run("brokerMSP", makes=True, submits=False, joins=True)
    (job.folder / "calls").unlink()
    job.hand(change)
    for submits in (False, True):
        done = job.run("brokerMSP", makes=False, submits=submits, joins=True)
        assert done.returncode == 1
        assert "changes something else than brokerMSP: not signed" in done.stdout
    assert set(job.calls) == {"fetch"}


NEW = "orderer4.supplychain-net"


def test_an_orderer_is_a_consenter_and_an_address_of_its_organization(job: Job) -> None:
    done = job.run("supplychainMSP", makes=True, submits=False, joins=True, orderer=NEW)
    assert done.returncode == 0, done.stdout + done.stderr
    wanted = json.loads((job.folder / "work" / "wanted.json").read_text())["channel_group"]["groups"]["Orderer"]
    *_, last = wanted["values"]["ConsensusType"]["value"]["metadata"]["consenters"]
    assert (last["host"], last["port"]) == (NEW, 7050)
    assert base64.b64decode(last["server_tls_cert"]).startswith(b"-----BEGIN CERTIFICATE-----")
    endpoints = wanted["groups"]["supplychainMSP"]["values"]["Endpoints"]["value"]["addresses"]
    assert endpoints == ["orderer1.supplychain-net:7050", f"{NEW}:7050"]
    job.hand()
    done = job.run("supplychainMSP", makes=False, submits=True, joins=True, orderer=NEW)
    assert (done.returncode, job.calls[-1]) == (0, "update")
    other = job.run("supplychainMSP", makes=False, submits=True, joins=True, orderer="orderer5.supplychain-net")
    assert (other.returncode, job.calls[-1]) == (1, "fetch")


def another_consenter(update: dict[str, Any]) -> None:
    value = update["write_set"]["groups"]["Orderer"]["values"]["ConsensusType"]["value"]
    value["metadata"]["consenters"].append({"host": "evil", "port": 7050, "client_tls_cert": "", "server_tls_cert": ""})


def a_consenter_less(update: dict[str, Any]) -> None:
    del update["write_set"]["groups"]["Orderer"]["values"]["ConsensusType"]["value"]["metadata"]["consenters"][0]


def a_certificate_changed(update: dict[str, Any]) -> None:
    value = update["write_set"]["groups"]["Orderer"]["values"]["ConsensusType"]["value"]
    value["metadata"]["consenters"][0]["server_tls_cert"] = "AAAA"


def other_options(update: dict[str, Any]) -> None:
    update["write_set"]["groups"]["Orderer"]["values"]["ConsensusType"]["value"]["state"] = "STATE_MAINTENANCE"


def the_batch_size(update: dict[str, Any]) -> None:
    update["write_set"]["groups"]["Orderer"]["values"]["BatchSize"] = {"value": {"max_message_count": 1}}


def members_too(update: dict[str, Any]) -> None:
    update["write_set"]["groups"]["Application"] = {"groups": {}}


def other_addresses(update: dict[str, Any]) -> None:
    group = update["write_set"]["groups"]["Orderer"]["groups"]["supplychainMSP"]
    group["values"]["Endpoints"]["value"]["addresses"].append("evil:7050")


@pytest.mark.parametrize(
    "change",
    [
        another_consenter,
        a_consenter_less,
        a_certificate_changed,
        other_options,
        the_batch_size,
        members_too,
        other_addresses,
    ],
)
def test_an_update_that_orders_otherwise_is_not_signed(job: Job, change: Callable[[dict[str, Any]], object]) -> None:
    made = job.run("supplychainMSP", makes=True, submits=False, joins=True, orderer=NEW)
    assert made.returncode == 0, made.stdout + made.stderr
    job.hand(change)
    done = job.run("supplychainMSP", makes=False, submits=True, joins=True, orderer=NEW)
    assert done.returncode == 1
    assert f"changes something else than {NEW}:7050: not signed" in done.stdout
    assert "update" not in job.calls
