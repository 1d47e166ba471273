"""Every sample network.yaml of Bevel becomes a Network that can be planned, or is refused with reasons and lines.

The samples are no part of the project: they are looked for in BEVEL_SAMPLES or beside the project's folder.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bevel_tui.network import load
from bevel_tui.network.bevel.importing import Imported, read
from bevel_tui.network.bevel.reading import Options
from bevel_tui.network.save import dump
from bevel_tui.plan.build import build
from bevel_tui.records.errors import BevelError, Code

ROOT = Path(__file__).parents[3]
FOLDER = Path(os.environ.get("BEVEL_SAMPLES") or ROOT.parent / "shared" / "bevel" / "samples")
SAMPLES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.yaml")) if FOLDER.is_dir() else []
pytestmark = pytest.mark.skipif(
    not SAMPLES, reason=f"no samples: set BEVEL_SAMPLES to their folder (looked in {FOLDER})"
)

#: sample -> how many releases of each chart its plan must install
PLANNED = {
    "hyperledger-besu/network-besu.yaml": {"besu-node": 9},
    "hyperledger-besu/network-proxy-none.yaml": {"besu-node": 8},
    "hyperledger-fabric/network-fabricv2.yaml": {
        "fabric-ca-server": 5,
        "fabric-orderernode": 3,
        "fabric-peernode": 6,
        "fabric-channel-join": 6,
        "fabric-operations-console": 2,
    },
    "hyperledger-fabric/network-fabricv2-external-chaincode.yaml": {"fabric-peernode": 4},
    "hyperledger-fabric/network-proxy-none.yaml": {"fabric-orderernode": 1, "fabric-peernode": 2},
    "hyperledger-indy/network-indyv3.yaml": {"indy-node": 4, "indy-register-identity": 3},
    "hyperledger-indy/network-indyv3-aries.yaml": {"indy-node": 4},
    "hyperledger-indy/network-minikube.yaml": {"indy-node": 4},
    "hyperledger-indy/network-minikube-aries.yaml": {"indy-node": 4},
    "quorum/network-quorum.yaml": {"quorum-node": 8},
    "quorum/network-quorum-tessera.yaml": {"quorum-node": 8},
    "r3-corda/network-cordav2.yaml": {"corda-node": 5},
    "r3-corda/network-minikube.yaml": {"corda-node": 2},
    "r3-corda-ent/network-cordaent.yaml": {"enterprise-node": 2, "cenm": 1},
    "substrate/network-substrate.yaml": {"substrate-node": 9},
    "substrate/network-sample.yaml": {"substrate-node": 8, "dscp-ipfs-node": 1},
    "substrate/substrate-network-config.yaml": {"substrate-node": 5, "dscp-ipfs-node": 1},
}
#: sample -> (line, word) of each obstacle that must be told
REFUSED = {
    "hyperledger-besu/network-besu-new-memberorg.yaml": [(76, "joins a network that runs")],
    "hyperledger-besu/network-besu-new-validatornode.yaml": [(92, "--as-new"), (74, "joins")],
    "hyperledger-besu/network-besu-new-validatororg.yaml": [(74, "joins")],
    "hyperledger-fabric/network-fabric-add-cli.yaml": [(244, "--as-new")],
    "hyperledger-fabric/network-fabric-add-new-channel.yaml": [(65, "manufacturer")],
    "hyperledger-fabric/network-fabric-add-ordererorg.yaml": [(149, "--as-new")],
    "hyperledger-fabric/network-fabric-add-organization.yaml": [(166, "--as-new")],
    "hyperledger-fabric/network-fabric-add-peer.yaml": [(119, "--as-new")],
    "hyperledger-fabric/network-fabric-remove-organization.yaml": [(379, "take it out of the preset")],
    "hyperledger-fabric/network-fabricv2-kafka.yaml": [(44, "raft"), (187, "raft"), (30, "configtx")],
    "hyperledger-fabric/network-fabricv2-raft-add-orderer.yaml": [(66, "carrier"), (129, "--as-new")],
    "hyperledger-fabric/network-operator-fabric.yaml": [(14, "2.5.3"), (18, "operator"), (19, "istio")],
    "hyperledger-fabric/network-user-certificate.yaml": [(34, "orderers")],
    "hyperledger-indy/network-indy-newnode-to-baf-network.yaml": [(49, "genesis")],
    "hyperledger-indy/network-indy-newnode-to-non-baf-network.yaml": [(48, "genesis")],
    "quorum/network-minikube.yaml": [(64, "validator")],
    "quorum/network-quorum-newnode.yaml": [(66, "joins")],
    "r3-corda-ent/network-addNotary.yaml": [(201, "notaries")],
}
#: what the samples are known to get wrong (the list that comes with them): (word of the note, line)
DOUBTS = {
    "hyperledger-fabric/network-fabricv2.yaml": [("external_url_suffix of supplychain", 51)],
    "hyperledger-besu/network-besu.yaml": [("port 15020", 262), ("under no external_url_suffix", 83)],
    "hyperledger-indy/network-indyv3.yaml": [("port 9721", 269), ("none of the organization's publicIps", 186)],
    "r3-corda/network-cordav2.yaml": [("port 15010", 204), ("port 15020", 368)],
    "r3-corda/network-minikube.yaml": [("minikube tunnel", 62), ("under no external_url_suffix", 43)],
}


def imported(sample: str, **options: bool) -> Imported:
    return read((FOLDER / sample).read_text(encoding="utf-8"), source=sample, options=Options(**options))


def test_every_sample_is_accounted_for() -> None:
    assert set(SAMPLES) == set(PLANNED) | set(REFUSED)


@pytest.mark.parametrize("sample", PLANNED)
def test_planned_offline(sample: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VAULT_TOKEN", "DOCKER_USERNAME", "DOCKER_PASSWORD", "GETH_PASSPHRASE", "CORDA_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    found = imported(sample)
    charts = [step.chart for step in build(found.network).steps if step.kind == "release"]
    assert {chart: charts.count(chart) for chart in PLANNED[sample]} == PLANNED[sample]
    assert load.parse(dump(found.network)) == found.network
    assert not [
        note for note in found.notes if note.kind == "unknown" and "services" in note.path and "p2p" in note.path
    ]


@pytest.mark.parametrize("sample", PLANNED)
def test_no_secret_is_taken_over(sample: str) -> None:
    found = imported(sample)
    told = dump(found.network) + "\n".join(map(str, found.notes))
    for secret in (
        "vault_root_token",
        "docker_password",
        "12345",
        "git_access_token",
        "p4ssWord",
        "postgres123",
        "trustpass",
    ):
        assert secret not in told
    references = {part["env"] for part in _references(found.network.model_dump())}
    named = " ".join(note.message for note in found.notes if note.kind == "secret")
    assert references <= set(named.split())


def _references(value: object) -> list[dict[str, str]]:
    if isinstance(value, dict):
        if set(value) == {"env", "file"}:
            return [value]
        return [found for item in value.values() for found in _references(item)]
    return [found for item in value for found in _references(item)] if isinstance(value, list | tuple) else []


@pytest.mark.parametrize("sample", REFUSED)
def test_refused_with_reasons(sample: str) -> None:
    with pytest.raises(BevelError) as error:
        imported(sample)
    assert error.value.code is Code.NETWORK_YAML
    assert error.value.exit_code == 2
    for line, word in REFUSED[sample]:
        assert any(str(line) in detail and word in detail for detail in error.value.details), error.value.details


@pytest.mark.parametrize("sample", DOUBTS)
def test_known_faults_are_told(sample: str) -> None:
    notes = [note for note in imported(sample).notes if note.kind == "doubt"]
    for word, line in DOUBTS[sample]:
        assert any(word in note.message and line in note.lines for note in notes), [str(n) for n in notes]


def test_existing_is_taken_for_new_on_request() -> None:
    found = imported("hyperledger-fabric/network-fabric-add-organization.yaml", as_new=True)
    assert [o.name for o in found.network.organizations] == [
        "supplychain",
        "manufacturer",
        "carrier",
        "store",
        "warehouse",
    ]
