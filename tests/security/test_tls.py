"""Certificates of API servers are verified; a kubeconfig that says not to is obeyed, warned about and recorded."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from bevel_tui import api
from bevel_tui.engine.options import RunOptions
from bevel_tui.locations import runs
from bevel_tui.sandbox.process import ClusterSpec, serve

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]


def changed(source: Path, target: Path, **cluster: Any) -> str:
    """The kubeconfig with other words about its servers' certificates."""
    document = yaml.safe_load(source.read_text())
    for entry in document["clusters"]:
        entry["cluster"].pop("certificate-authority-data")
        entry["cluster"].update({name.replace("_", "-"): value for name, value in cluster.items()})
    target.write_text(yaml.safe_dump(document))
    return str(target)


async def run(kubeconfig: str, **options: Any) -> list[Any]:
    network = api.load("substrate-one-cluster")
    return [event async for event in api.deploy(network, RunOptions(kubeconfig=kubeconfig, **options))]


async def test_a_wrong_certificate_ends_it_and_a_kubeconfig_that_does_not_care_is_obeyed_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    (cluster,) = api.load("substrate-one-cluster").clusters
    specs = [ClusterSpec(cluster.context)]
    domains = [cluster.domain] if cluster.domain else []
    async with serve(specs, speed=50, state_dir=tmp_path / "state", domains=domains) as running:
        other = base64.b64encode(trustme.CA().cert_pem.bytes()).decode()
        wrong = changed(running.kubeconfig, tmp_path / "wrong", certificate_authority_data=other)
        (*_, ended) = await run(wrong)
        assert ended.exit_code == 3
        assert "not trusted" in ended.error

        events = await run(changed(running.kubeconfig, tmp_path / "any", insecure_skip_tls_verify=True))
        assert events[-1].exit_code == 0, events[-1].error  # Helm has read the same
        told = [event for event in events if event.type == "notice" and "insecure-skip-tls-verify" in event.text]
        assert [(event.level, event.cluster) for event in told] == [("warning", cluster.name)]
        (journal,) = [path for path in runs().rglob("*.jsonl") if events[0].run in str(path)]
        assert "insecure-skip-tls-verify" in journal.read_text()
