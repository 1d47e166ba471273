"""From a broken network to its repair: one root over two clusters, its remedy applied, nothing wrong afterwards.

Real Helm, simulated clusters. While the second deployment is at work the network is watched all the time: what is only
slow is never called wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
from itertools import dropwhile
from pathlib import Path
from typing import Any, cast

import pytest

from bevel_tui import api
from bevel_tui.diagnosis.pending import at_work
from bevel_tui.engine.options import RunOptions
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.findings import Diagnosis
from bevel_tui.records.snapshotfile import load, save
from bevel_tui.sandbox.conductor import Conductor
from bevel_tui.sandbox.process import ClusterSpec, serve

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(170)]

FAULT = "crash:*genesis*"


async def deploy(network: Any, kubeconfig: str) -> Any:
    last = None
    async for event in api.deploy(network, RunOptions(kubeconfig=kubeconfig, journal=False, timeout=120)):
        last = event
    return last


async def test_a_broken_network_is_told_from_its_root_and_mended(tmp_path: Path) -> None:
    network = api.load("besu-two-clusters")
    contexts = [cluster.context for cluster in network.clusters]
    specs = [ClusterSpec(context) for context in contexts]
    async with serve(specs, speed=30, state_dir=tmp_path / "state", faults=[FAULT]) as running:
        kubeconfig = str(running.kubeconfig)
        ended = await deploy(network, kubeconfig)
        assert ended.outcome == "failed" and "unknown option --frobnicate" in ended.error

        # one context is enough: the inventory in it brings the other cluster along
        snapshot = await api.snapshot(contexts=contexts[:1], kubeconfig=kubeconfig, probe=True)
        diagnosis = api.diagnose(snapshot)
        assert [cluster.cluster for cluster in snapshot.clusters] == ["east", "west"]
        assert [(f.code, f.cluster, f.kind) for f in diagnosis.roots] == [("JOB-BACKOFF", "east", "Job")]
        root = diagnosis.roots[0]
        assert "BackoffLimitExceeded" in root.evidence[0]
        west = next(f for f in diagnosis.findings if f.cluster == "west" and f.code == "HELM-MISSING")
        assert diagnosis.chain(west)[-1] == root
        assert {f.code for f in diagnosis.findings} >= {"HELM-MISSING", "NET-ANSWER"}

        save(snapshot, tmp_path / "s.json.gz")
        assert api.diagnose(load(tmp_path / "s.json.gz")) == diagnosis

        rerun = next(action for action in api.actions(snapshot, root) if action.kind == "rerun-job")
        assert f"--context {contexts[0]}" in rerun.command
        with pytest.raises(BevelError) as refused:
            await api.act(rerun, kubeconfig=kubeconfig, readonly=True)
        assert refused.value.code is Code.READONLY
        cast("Conductor", running.conductor).world.troubles.heal(FAULT)
        done = await api.act(rerun, kubeconfig=kubeconfig)
        assert done.ok, done.message

        async with api.watch(contexts=contexts[:1], kubeconfig=kubeconfig) as watching:
            async for seen in watching.snapshots():
                if root.id not in {finding.id for finding in api.diagnose(seen).findings}:
                    break

        moments: list[tuple[bool, Diagnosis]] = []

        async def look() -> None:
            async with api.watch(contexts=contexts[:1], kubeconfig=kubeconfig, probe=2.0) as watching:
                async for seen in watching.snapshots():
                    moments.append((at_work(seen, network.name), api.diagnose(seen)))

        looking = asyncio.create_task(look())
        ended = await deploy(network, kubeconfig)
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking
        assert ended.outcome == "ok", ended.error
        begun = [diagnosis for _, diagnosis in dropwhile(lambda moment: not moment[0], moments)]
        assert {(f.code, f.name, f.cause) for moment in begun for f in moment.findings} == set()
        assert len(begun) > 10

        final = await api.snapshot(contexts=contexts[:1], kubeconfig=kubeconfig, probe=True)
        assert api.diagnose(final).findings == ()
        assert {figures.cluster for figures in final.ledgers} == {"east", "west"}
