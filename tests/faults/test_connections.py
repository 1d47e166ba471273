"""Lines that hang or come to nothing in the middle: to the API servers, and to where the charts are."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bevel_tui.engine.cancel import Cancellation
from bevel_tui.helm.standin import chart_of
from bevel_tui.helm.tree import pack
from bevel_tui.kube import transport
from bevel_tui.plan.build import build
from bevel_tui.plan.manifests import manifests
from bevel_tui.records.steps import ObjectRef, ReleaseStep
from tests.faults.catalogue import fault
from tests.faults.scene import Scene, ended
from tests.faults.tap import Tap
from tests.web import Web

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]

two = pytest.mark.parametrize("scene", ["besu-two-clusters"], indirect=True)
tiny = pytest.mark.parametrize("scene", [str(Path(__file__).parent / "tiny.yaml")], indirect=True)


@contextlib.contextmanager
def tapped(scene: Scene, tmp_path: Path) -> Iterator[dict[str, Tap]]:
    """A tap before each cluster's API server, by the cluster's name in the Network."""
    document: dict[str, Any] = yaml.safe_load(Path(scene.kubeconfig).read_text())
    with contextlib.ExitStack() as stack:
        taps = {}
        for name, server in scene.servers.items():
            taps[name] = Tap(server.port)
            stack.callback(taps[name].close)
            for entry in document["clusters"]:
                if entry["cluster"]["server"] == server.url:
                    entry["cluster"]["server"] = server.url.replace(str(server.port), str(taps[name].port))
        path = tmp_path / "tapped.kubeconfig"
        path.touch(0o600)
        path.write_text(yaml.safe_dump(document))
        scene.kubeconfig = str(path)
        yield taps


async def forget_lease(scene: Scene, cluster: str) -> None:
    """What this process could not give back; it still lives, so time would have to pass."""
    async with await scene.client(cluster) as client:
        await client.delete(
            ObjectRef("coordination.k8s.io/v1", "Lease", f"bevel-tui-{scene.network.name}", "bevel-tui")
        )


@fault("hanging connections", "a line that hangs for a while delays the run, which then succeeds")
async def test_a_line_that_hangs_for_a_while(scene: Scene, tmp_path: Path) -> None:
    with tapped(scene, tmp_path) as taps:
        tap = taps["east"]

        async def hold() -> None:
            tap.hang()
            while tap.held < 4:
                await asyncio.sleep(0.02)
            await asyncio.sleep(1.0)
            tap.mend()

        waiting: list[asyncio.Task[None]] = []

        def when(event: Any) -> None:
            if event.type == "release-applied" and event.release == "validator-1":
                waiting.append(asyncio.create_task(hold()))

        events = await scene.deploy(when=when)
    code, reasons = ended(events)
    assert code == 0, reasons
    assert waiting
    assert tap.held >= 4


@fault("hanging connections", "a cluster that never answers is named with exit code 3; nothing is changed anywhere")
@two
async def test_a_line_that_hangs_from_the_start(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "FIRST_ANSWER", 0.5)
    with tapped(scene, tmp_path) as taps:
        taps["west"].hang()
        before = scene.writes("east")
        code, reasons = ended(await scene.deploy())
        assert code == 3
        assert "bevel-west" in reasons
        assert "no answer in time" in reasons
        assert scene.writes("east") == before


@fault(
    "hanging connections",
    "a cluster that falls silent half-way keeps nobody else; the budget ends the run, and the next start finishes",
)
@two
async def test_a_line_that_hangs_half_way_and_stays_so(scene: Scene, tmp_path: Path) -> None:
    cancel = Cancellation()
    with tapped(scene, tmp_path) as taps:

        def when(event: Any) -> None:
            if event.type == "step-started" and event.step == "west/dns":
                taps["west"].hang()
            if event.type == "step-finished" and event.step == "east/check":
                cancel.expire()  # as the budget of the run does when it is spent

        events = await scene.deploy(when=when, cancel=cancel)
        done = {e.step for e in events if e.type == "step-finished" and e.outcome in {"ok", "unchanged"}}
        assert {"east/supplychain-bes/member-supplychain-1", "east/check"} <= done
        assert "west/carrier-bes/genesis" not in done
        assert ended(events)[0] == 4
        taps["west"].mend()
        await forget_lease(scene, "west")
        assert ended(await scene.deploy())[0] == 0


# ---------------------------------------------------------------- charts


#: what the patch of besu-node looks for; it renders nothing without an Ambassador
WEBSOCKETS = b"""
apiVersion: getambassador.io/v3alpha1
kind: Mapping
metadata:
  name: ws
spec:
  hostname: "{{ .Release.Name }}ws.example.test"
"""


def repository(scene: Scene) -> Web:
    """A Helm repository on loopback with the charts of a network."""
    web = Web()
    entries: dict[str, list[dict[str, Any]]] = {}
    for step in build(scene.network).steps:
        if not isinstance(step, ReleaseStep) or step.chart in entries:
            continue
        tree = dict(chart_of(step.chart, step.chart_version, manifests(step), origin="manifests").tree)
        if step.patches:
            tree["templates/ws.yaml"] = WEBSOCKETS
        data = pack(tree, step.chart)
        web.pages[f"/{step.chart}.tgz"] = data
        entries[step.chart] = [
            {
                "version": step.chart_version,
                "urls": [f"{step.chart}.tgz"],
                "digest": hashlib.sha256(data).hexdigest(),
            }
        ]
    web.pages["/index.yaml"] = yaml.safe_dump({"apiVersion": "v1", "entries": entries}).encode()
    return web


@fault(
    "chart repository gone half-way",
    "gone while charts are fetched: exit code 2 names it, nothing is changed, what was fetched is kept",
)
@fault(
    "chart repository gone half-way", "gone once the plan is carried out: nobody needs it any more; the run succeeds"
)
@tiny
async def test_a_chart_repository_that_goes_away(scene: Scene) -> None:
    charts = repository(scene)
    url = f"http://{charts.host}"
    try:
        before = scene.writes("east")
        charts.answers = 2  # the index and the first chart
        code, reasons = ended(await scene.deploy(charts=url))
        assert code == 2
        assert charts.host in reasons
        assert scene.writes("east") == before
        charts.answers = None

        def when(event: Any) -> None:
            if event.type == "step-started" and charts.answers is None:
                charts.answers = len(charts.asked)
                charts.close()

        events = await scene.deploy(charts=url, when=when)
        code, reasons = ended(events)
        assert code == 0, reasons
        assert charts.answers is not None
        applied = [e for e in events if e.type == "release-applied"]
        assert len(applied) == 2
        assert all(e.chart_source.startswith("repo:") for e in applied)
        fetched = [path for path in charts.paths() if path.endswith(".tgz")]
        assert len(fetched) <= len(set(fetched)) + 1, "the chart that had come is not fetched again"
    finally:
        with contextlib.suppress(OSError):
            charts.server.server_close()
