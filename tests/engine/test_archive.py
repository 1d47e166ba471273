"""The support archive holds what is needed and nothing secret, and says what it has masked."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from bevel_tui import api
from bevel_tui.diagnosis.diagnose import diagnose
from bevel_tui.engine.archive import write
from bevel_tui.engine.redaction import MASK, Redaction
from bevel_tui.network.load import load
from bevel_tui.network.save import dump
from bevel_tui.records.snapshot import ClusterSnapshot, NetworkFacts, Snapshot
from bevel_tui.records.snapshotfile import from_tree

SECRETS = {
    "private key": "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIO\n-----END EC PRIVATE KEY-----",
    "JSON web token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0aaaa.c2lnbmF0dXJl",
    "Vault token": "hvs.CAESIJlGh8wq2Yx0aaaaaaaaaaaa",
    "cloud access key": "AKIAABCDEFGHIJKLMNOP",
    "bearer token": "Authorization: Bearer abcdef0123456789",
    "password in a URL": "https://admin:hunter2x@ca.example.com",
    "named secret": "DB_PASSWORD=hunter2x",
    "hexadecimal key": "node key: 0x" + "ab" * 32,
}


@pytest.mark.parametrize("kind", SECRETS)
def test_known_forms_are_masked_and_counted(kind: str) -> None:
    redaction = Redaction()
    text = redaction.text("a.log", f"before {SECRETS[kind]} after")
    assert MASK in text and text.startswith("before ") and text.endswith(" after")
    assert redaction.account == {("a.log", kind): 1}
    for secret in ("hunter2x", "abab", "MHcCAQ", "AKIAA", "hvs.CAES", "abcdef012345"):
        assert secret not in text


@pytest.mark.parametrize(
    "line",
    [
        'secret "node-keys" not found',
        'MountVolume.SetUp failed for volume "token" : secret "x" not found',
        "Vault token successfully obtained.",
        "block 0x" + "ab" * 32 + " imported",
        "password: null",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert Redaction().text("a", line) == line


def test_the_archive(tmp_path: Path) -> None:
    network = load("besu-one-cluster")
    log = ("starting", "DB_PASSWORD=hunter2x", "known to the preset: s3cr3t-value")
    event = {
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "p"},
        "reason": "Failed",
        "message": "no",
    }
    cluster = ClusterSnapshot("east", 1.0, {"Event": (event,)}, {"org/p/main": log})
    snapshot = Snapshot(1_767_225_600.0, (cluster,), (NetworkFacts(network.name, document=dump(network)),))
    target = tmp_path / "b.tar.gz"
    names = write(snapshot, diagnose(snapshot), target, secrets=("s3cr3t-value",))
    assert target.stat().st_mode & 0o077 == 0
    with tarfile.open(target) as archive:
        content = {
            member.name.removeprefix("bevel-tui-bundle/"): archive.extractfile(member).read().decode()  # type: ignore[union-attr]
            for member in archive.getmembers()
        }
    assert tuple(content) == names
    assert {"snapshot.json", "findings.json", "checks.json", "versions.json", "REDACTED.txt"} <= set(content)
    assert "clusters/east/logs/org_p_main.log" in content
    assert "besu-one-cluster" in content[f"networks/{network.name}/plan.txt"]
    everything = "".join(content.values())
    assert "hunter2x" not in everything and "s3cr3t-value" not in everything
    assert "clusters/east/logs/org_p_main.log: named secret, 1" in content["REDACTED.txt"]
    again = from_tree(json.loads(content["snapshot.json"]))
    assert api.diagnose(again) == api.diagnose(snapshot)
