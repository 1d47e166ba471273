"""Chaincodes: who needs whom, what Jobs are given, and packages that are the same everywhere (chart READMEs)."""

from __future__ import annotations

import base64
import gzip
import io
import json
import tarfile
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bevel_tui.network.model import Network
from bevel_tui.platforms.fabric import manifests, steps
from bevel_tui.platforms.fabric_package import external
from bevel_tui.records.steps import HandoffStep, ObjectRef, ReleaseStep, SecretStep, SecretValue
from tests.platforms.networks import fabric

FOUNDER, OTHER = "east/supplychain-net", "west/carrier-net"
SERVER: dict[str, Any] = {
    "name": "asset",
    "external": {"image": "registry.example.test/asset:1"},
    "init": ["Init", "a"],
}
SOURCE: dict[str, Any] = {
    "name": "bond",
    "version": "1.0",
    "endorsement": "OR('supplychainMSP.peer','carrierMSP.peer')",
    "repository": {"url": "git.example.test:8443/a/b.git", "username": "reader", "password": {"env": "GIT"}},
}


def network(*chaincodes: dict[str, Any], **more: Any) -> Network:
    return fabric(platform={"chaincodes": list(chaincodes)}, **more)


def releases(network: Network) -> dict[str, ReleaseStep]:
    return {s.id: s for s in steps(network) if isinstance(s, ReleaseStep)}


def environment(step: ReleaseStep) -> dict[str, str]:
    job = next(m for m in manifests(step) if m["kind"] == "Job")
    return {e["name"]: e["value"] for e in job["spec"]["template"]["spec"]["containers"][0]["env"]}


def test_order() -> None:
    """Installed before approved, approved by all before committed, committed and served before called."""
    found = releases(network(SERVER))
    approvals = {f"{FOUNDER}/approve-asset", f"{OTHER}/approve-asset"}
    assert set(found[f"{FOUNDER}/approve-asset"].needs) == {
        f"{FOUNDER}/install-peer0-asset",
        f"{FOUNDER}/install-peer1-asset",
        f"{FOUNDER}/peer0-allchannel",
    }
    commit = found[f"{FOUNDER}/commit-asset"]
    assert approvals <= set(commit.needs)
    assert f"{OTHER}/commit-asset" not in found
    assert set(found[f"{FOUNDER}/invoke-asset"].needs) == {commit.id, f"{FOUNDER}/cc-asset", f"{OTHER}/cc-asset"}
    assert f"{FOUNDER}/invoke-bond" not in releases(network(SOURCE))


def test_the_first_peer_builds_and_others_fetch() -> None:
    """[fabric-chaincode-install/templates/install_chaincode.yaml: PEER_NAME, PEER0_ADDRESS]"""
    found = releases(network(SOURCE))
    assert f"{FOUNDER}/install-peer0-bond" in found[f"{FOUNDER}/install-peer1-bond"].needs
    assert f"{FOUNDER}/install-peer0-asset" not in releases(network(SERVER))[f"{FOUNDER}/install-peer1-asset"].needs


def test_the_repositorys_password_stays_a_reference() -> None:
    planned = steps(network(SOURCE))
    secrets = [s for s in planned if isinstance(s, SecretStep)]
    assert [(s.name, s.namespace) for s in secrets] == [
        ("chaincode-bond-git", "supplychain-net"),
        ("chaincode-bond-git", "carrier-net"),
    ]
    assert dict(secrets[0].data) == {"git_password": SecretValue(env="GIT", url=True)}
    install = releases(network(SOURCE))[f"{FOUNDER}/install-peer0-bond"]
    assert secrets[0].id in install.needs
    assert {"secret": {"name": "chaincode-bond-git", "items": [{"key": "git_password", "path": "user_cred"}]}} in (
        install.values["global"]["material"]
    )
    assert install.values["chaincode"]["repository"]["hostname"] == "git.example.test"


def test_jobs_read_secrets_and_not_vault() -> None:
    """The charts of 1.0.0 read Vault under paths that no chart of v1.3.0 writes, and nothing without Vault."""
    for step in releases(network(SERVER, SOURCE)).values():
        if step.chart in ("fabric-external-chaincode", "fabric-operations-console"):
            continue
        job = "chaincode" in step.chart
        assert ("fabric-chaincode-material" in step.patches) == job
        if job:
            sources = step.values["global"]["material"]
            assert sources[0]["secret"]["name"] == "admin-msp"
            orderers = "orderer-tls-cacert" if step.cluster == "east" else "peer0-orderer-tls-cacert"
            assert sources[1]["configMap"]["name"] == orderers


def test_endorsers_are_known_by_their_public_ca() -> None:
    planned = steps(network(SERVER, SOURCE))
    handed = [s for s in planned if isinstance(s, HandoffStep) and "endorser" in s.id]
    assert len(handed) == 1, "one for both chaincodes"
    assert handed[0].target_object == ObjectRef("v1", "ConfigMap", "carrier-endorser-ca", "supplychain-net")
    assert handed[0].keep == ("tlscacerts",)
    found = releases(network(SERVER, SOURCE))
    for name in ("commit-asset", "commit-bond"):
        step = found[f"{FOUNDER}/{name}"]
        assert handed[0].id in step.needs
        assert step.values["endorsers"]["name"] == "supplychain carrier"
        assert step.values["endorsers"]["corepeeraddress"].split() == [
            "peer0.supplychain-net.east.example.test:443",
            "peer0.carrier-net.west.example.test:443",
        ]


def test_a_policy_survives_the_scripts_evaluation() -> None:
    """In quotes of its own: a shell would stumble over the parentheses."""
    found = releases(network(SOURCE))
    for name in ("approve-bond", "commit-bond"):
        assert environment(found[f"{FOUNDER}/{name}"])["ENDORSEMENT_POLICIES"] == f'"{SOURCE["endorsement"]}"'
    assert environment(releases(network(SERVER))[f"{FOUNDER}/commit-asset"])["ENDORSEMENT_POLICIES"] == ""


def test_the_first_call_names_its_arguments() -> None:
    """And no policy: the command that the script would make of one does not exist."""
    call = releases(network(SERVER))[f"{FOUNDER}/invoke-asset"]
    assert call.values["chaincode"]["invokearguments"] == '"Init","a"'
    assert "endorsementpolicies" not in call.values["chaincode"]


def test_a_server_is_told_the_id_of_the_package_that_peers_install() -> None:
    found = releases(network(SERVER))
    for organization in (FOUNDER, OTHER):
        package = external("asset", "1", f"cc-asset.{organization.partition('/')[2]}.svc.cluster.local:7052")
        install = found[f"{organization}/install-peer0-asset"]
        assert base64.b64decode(install.values["global"]["package"]) == package.content
        assert found[f"{organization}/cc-asset"].values["chaincode"]["ccid"] == package.id
        assert "fabric-ccaas-builder" in found[f"{organization}/peer0"].patches
    assert "fabric-ccaas-builder" not in releases(network(SOURCE))[f"{FOUNDER}/peer0"].patches


def test_a_server_that_is_there_already_is_not_installed() -> None:
    there = {"name": "asset", "external": {"address": "asset.example.test:7052"}}
    found = releases(network(there))
    assert not [s for s in found.values() if s.chart == "fabric-external-chaincode"]
    contents = {s.values["global"]["package"] for s in found.values() if s.chart == "fabric-external-chaincode-install"}
    assert contents == {base64.b64encode(external("asset", "1", "asset.example.test:7052").content).decode()}


def test_some_organizations_only() -> None:
    organizations = [
        {"name": "supplychain", "cluster": "east", "fabric": {"orderers": 1, "peers": 1}},
        {"name": "carrier", "cluster": "west", "fabric": {"peers": 1}},
        {"name": "store", "cluster": "west", "fabric": {"peers": 1}},
    ]
    one = {**SERVER, "organizations": ["store", "carrier"]}
    found = releases(network(one, organizations=organizations))
    assert not [i for i in found if "asset" in i and i.startswith("east/")]
    assert "west/store-net/commit-asset" in found


@given(
    st.from_regex(r"[a-z][a-z0-9-]{0,19}", fullmatch=True), st.from_regex(r"[a-z0-9.-]{1,200}:[0-9]{4}", fullmatch=True)
)
def test_a_package_is_what_fabric_reads(name: str, address: str) -> None:
    """Archive and compression are those of the standard library's readers; the same input gives the same bytes."""
    package = external(name, "1", address)
    assert package == external(name, "1", address)

    def entries(data: bytes) -> dict[str, bytes]:
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as archive:
            return {m.name: (archive.extractfile(m) or io.BytesIO()).read() for m in archive.getmembers()}

    outer = entries(package.content)
    assert json.loads(outer["metadata.json"]) == {"type": "ccaas", "label": f"{name}_1"}
    connection = json.loads(entries(outer["code.tar.gz"])["connection.json"])
    assert connection == {"address": address, "dial_timeout": "10s", "tls_required": False}


def test_a_packages_id_never_changes() -> None:
    """Approvals and servers of a running network name it."""
    assert external("asset", "1", "cc-asset.a-net.svc.cluster.local:7052").id == (
        "asset_1:5cae4bedd7b75deb272c422b8085f2c2d43c3760fc16ee1d6c8760f0a1036e72"
    )
