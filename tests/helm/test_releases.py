"""Release records: read back from what Helm writes, damaged ones told as such."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from bevel_tui.helm.releases import decode, newest, objects
from bevel_tui.records.steps import ObjectRef

MANIFEST = """---
# Source: demo/templates/a.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: b, namespace: other}
---
# nothing
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: c}}
"""


def secret(name: str = "demo", revision: int = 1, **more: Any) -> dict[str, Any]:
    release = {
        "name": name,
        "namespace": "ns",
        "version": revision,
        "info": {"status": "deployed", "description": "Install complete", "last_deployed": "2026-01-01T00:00:00Z"},
        "chart": {"metadata": {"name": "besu-node", "version": "1.1.0"}, "values": {"password": "chart default"}},
        "config": {"password": "s3cret"},
        "manifest": MANIFEST,
        "hooks": [
            {
                "name": "demo-hook",
                "kind": "Job",
                "manifest": "apiVersion: batch/v1\nkind: Job\nmetadata: {name: demo-hook}\n",
                "events": ["pre-install", "pre-upgrade"],
                "weight": -5,
                "delete_policies": ["before-hook-creation"],
                "last_run": {"phase": "Failed"},
            }
        ],
        **more,
    }
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(release).encode()))).decode()
    labels = {"name": name, "owner": "helm", "status": "deployed", "version": str(revision), "team": "x"}
    return {
        "metadata": {"name": f"sh.helm.release.v1.{name}.v{revision}", "namespace": "ns", "labels": labels},
        "data": {"release": packed},
    }


def test_decode() -> None:
    record = decode(secret(revision=3))
    assert (record.name, record.namespace, record.revision, record.status) == ("demo", "ns", 3, "deployed")
    assert (record.chart, record.chart_version) == ("besu-node", "1.1.0")
    assert record.labels == {"team": "x"}
    assert record.refs() == (
        ObjectRef("v1", "ConfigMap", "a"),
        ObjectRef("apps/v1", "StatefulSet", "b", "other"),
        ObjectRef("v1", "Service", "c"),
    )
    (hook,) = record.hooks
    assert (hook.kind, hook.name, hook.events, hook.weight, hook.phase) == (
        "Job",
        "demo-hook",
        ("pre-install", "pre-upgrade"),
        -5,
        "Failed",
    )
    assert hook.manifest["metadata"]["name"] == "demo-hook"
    assert not record.pending
    assert record.secret == "sh.helm.release.v1.demo.v3"


def test_values_are_not_kept() -> None:
    assert "s3cret" not in repr(decode(secret())) and "chart default" not in repr(decode(secret()))


@pytest.mark.parametrize("status", ["pending-install", "pending-upgrade", "pending-rollback", "uninstalling"])
def test_pending(status: str) -> None:
    assert decode(secret(info={"status": status})).pending


def test_a_record_of_a_release_that_never_rendered() -> None:
    record = decode(secret(manifest="", hooks=None, chart=None))
    assert (record.objects, record.hooks, record.chart) == ((), (), "")


def test_newest_by_number_not_by_text() -> None:
    found = newest(
        [
            secret(revision=9),
            secret(revision=10),
            secret("other.v2", revision=1),
            {"metadata": {"name": "sh.helm.release.v1.demo.vX", "namespace": "ns"}},
            {"metadata": {"name": "something.v11", "namespace": "ns"}},
            {"metadata": {}},
        ]
    )
    assert {key: record.revision for key, record in found.items()} == {("ns", "demo"): 10, ("ns", "other.v2"): 1}


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"release": ""},
        {"release": "!!"},
        {"release": base64.b64encode(base64.b64encode(b"\x1f\x8bbroken")).decode()},
        {"release": base64.b64encode(base64.b64encode(b"[]")).decode()},
        {"release": base64.b64encode(base64.b64encode(b'{"name": "x"}')).decode()},
    ],
)
def test_damaged(data: Any) -> None:
    broken = {**secret(), "data": data}
    with pytest.raises(ValueError, match=r"sh\.helm\.release\.v1\.demo\.v1"):
        decode(broken)


def test_a_manifest_that_is_no_yaml() -> None:
    with pytest.raises(ValueError, match="not YAML"):
        objects("a: [")
