"""Each patch on a small chart, on what it must refuse, and on Bevel's own charts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bevel_tui.helm import patches
from bevel_tui.helm.driver import Operation
from bevel_tui.helm.drivers import choose
from bevel_tui.helm.prepare import prepare
from bevel_tui.helm.releases import objects
from bevel_tui.helm.sources import ChartLocator, SourceChart, parse
from bevel_tui.helm.tree import digest
from bevel_tui.records.errors import BevelError, Code

ABOUT = b"apiVersion: v1\nname: node\nversion: 1.1.0\n"
SERVICE = """---
apiVersion: v1
kind: Service
metadata: {name: node}
spec: {ports: [{port: 8546}]}
{{- if eq .Values.global.proxy.provider "ambassador" }}
---
apiVersion: getambassador.io/v3alpha1
kind: Mapping
metadata: {name: rpc}
spec:
  hostname: '{{ .Release.Name }}rpc.{{ .Values.global.proxy.externalUrlSuffix }}'
{{- end }}
## Mapping for ws
---
apiVersion: getambassador.io/v3alpha1
kind: Mapping
metadata: {name: ws}
spec:
  hostname: '{{ .Release.Name }}ws.{{ .Values.global.proxy.externalUrlSuffix }}'
"""
POD = """apiVersion: batch/v1
kind: Job
metadata: {name: work}
spec:
  template:
    spec:
      serviceAccountName: {{ $.Values.global.serviceAccountName }}
      restartPolicy: Never
      containers: [{name: a, image: b}]
"""
PLACEMENT = {
    "nodeSelector": {"disk": "fast"},
    "tolerations": [{"key": "ledger", "operator": "Exists", "effect": "NoSchedule"}],
}


async def render(
    tree: dict[str, bytes], values: dict[str, object], folder: Path
) -> dict[tuple[str, str], dict[str, object]]:
    """What the installed Helm makes of a chart."""
    chart = prepare(SourceChart("node", "1.1.0", tree, "test", digest(tree)), folder)
    operation = Operation(
        verb="install",
        release="demo",
        namespace="ns",
        kubeconfig=folder / "none",
        context="none",
        chart=chart.path,
        values=values,
    )
    text = await (await choose("sdk")).render(operation)
    return {(o["kind"], o["metadata"]["name"]): o for o in objects(text)}


def proxy(provider: str) -> dict[str, object]:
    return {"global": {"proxy": {"provider": provider, "externalUrlSuffix": "example.com"}}}


async def test_drop_ws_mapping(tmp_path: Path) -> None:
    tree = {
        "Chart.yaml": ABOUT,
        "templates/node-service.yaml": SERVICE.encode(),
        "templates/_helpers.tpl": b"{{/* */}}",
    }
    assert ("Mapping", "ws") in await render(tree, proxy("none"), tmp_path), "the defect"
    patched = patches.apply(tree, ["drop-ws-mapping"])
    for provider in ("none", "haproxy"):
        assert set(await render(patched, proxy(provider), tmp_path)) == {("Service", "node")}
    assert set(await render(patched, proxy("ambassador"), tmp_path)) == {
        ("Service", "node"),
        ("Mapping", "rpc"),
        ("Mapping", "ws"),
    }
    assert tree["templates/node-service.yaml"] == SERVICE.encode(), "the source stays as it is"


async def test_drop_ws_mapping_with_documents_behind_it(tmp_path: Path) -> None:
    more = SERVICE + "## more\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: last}\n"
    tree = patches.apply({"Chart.yaml": ABOUT, "templates/a.yaml": more.encode()}, ["drop-ws-mapping"])
    assert set(await render(tree, proxy("none"), tmp_path)) == {("Service", "node"), ("ConfigMap", "last")}


async def test_pod_placement_reaches_sub_charts(tmp_path: Path) -> None:
    tree = {
        "Chart.yaml": ABOUT,
        "requirements.yaml": b"dependencies: [{name: sub, repository: 'file://../sub', version: ~1.0.0}]\n",
        "templates/job.yaml": POD.encode(),
        "charts/sub/Chart.yaml": b"apiVersion: v1\nname: sub\nversion: 1.0.0\n",
        "charts/sub/templates/job.yaml": POD.replace("name: work", "name: sub").encode(),
    }
    patched = patches.apply(tree, ["pod-placement"])
    found = await render(patched, {"global": {"serviceAccountName": "acc", "placement": PLACEMENT}}, tmp_path)
    for name in ("work", "sub"):
        spec = found["Job", name]["spec"]["template"]["spec"]  # type: ignore[index]
        assert spec["nodeSelector"] == PLACEMENT["nodeSelector"]
        assert spec["tolerations"] == PLACEMENT["tolerations"]
        assert spec["serviceAccountName"] == "acc"
    found = await render(patched, {"global": {"serviceAccountName": "acc"}}, tmp_path)
    assert set(found["Job", "sub"]["spec"]["template"]["spec"]) == {"serviceAccountName", "restartPolicy", "containers"}  # type: ignore[index]


@pytest.mark.parametrize(
    ("patch", "template"),
    [
        ("drop-ws-mapping", "apiVersion: v1\nkind: Service\n"),
        ("drop-ws-mapping", SERVICE + SERVICE),
        ("drop-ws-mapping", SERVICE.replace("## Mapping for ws", "{{- if .Values.ws }}") + "{{- end }}\n"),
        ("pod-placement", "apiVersion: v1\nkind: Service\n"),
        ("pod-placement", POD + "      nodeSelector: {a: b}\n"),
    ],
    ids=["no Mapping", "two Mappings", "conditional already", "no pod", "placed already"],
)
def test_what_a_patch_does_not_expect(patch: str, template: str) -> None:
    with pytest.raises(BevelError) as caught:
        patches.apply({"Chart.yaml": ABOUT, "templates/a.yaml": template.encode()}, [patch])
    assert caught.value.code is Code.CHART_RENDER
    assert patch in caught.value.message and "node 1.1.0" in caught.value.message


def test_unknown_patch() -> None:
    with pytest.raises(KeyError):
        patches.apply({"Chart.yaml": ABOUT}, ["make-it-nice"])


@pytest.mark.bevel_charts
@pytest.mark.skipif("BEVEL_CHARTS" not in os.environ, reason="BEVEL_CHARTS names no Bevel v1.3.0")
@pytest.mark.parametrize(
    ("chart", "patch"),
    [
        ("besu-node", "drop-ws-mapping"),
        ("quorum-node", "drop-ws-mapping"),
        *[
            (chart, "pod-placement")
            for chart in (
                *("besu-genesis", "besu-node", "quorum-node", "fabric-ca-server", "fabric-orderernode"),
                *("fabric-peernode", "fabric-genesis", "fabric-osnadmin-channel-create", "fabric-channel-join"),
            )
        ],
    ],
)
async def test_bevels_own_charts(chart: str, patch: str, tmp_path: Path) -> None:
    found = await ChartLocator().find(chart, "1.1.0", parse(os.environ["BEVEL_CHARTS"]))
    before = len(found.tree)
    prepared = prepare(found, tmp_path, patches=[patch])
    assert prepared.digest == found.digest and len(found.tree) == before
    operation = Operation(
        verb="install",
        release="rel",
        namespace="ns",
        kubeconfig=tmp_path / "none",
        context="none",
        chart=prepared.path,
        values={
            "global": {
                "serviceAccountName": "acc",
                "vault": {"type": "kubernetes"},
                "proxy": {"provider": "none", "externalUrlSuffix": "example.com"},
                "cluster": {"provider": "aws"},
                "placement": PLACEMENT,
            }
        },
    )
    rendered = objects(await (await choose("sdk")).render(operation))
    assert rendered
    if patch == "drop-ws-mapping":
        assert not [o for o in rendered if o["kind"] == "Mapping"]
        return
    specs = [o["spec"]["template"]["spec"] for o in rendered if o["kind"] in {"Job", "StatefulSet", "Deployment"}]
    assert specs
    for spec in specs:
        assert spec["nodeSelector"] == PLACEMENT["nodeSelector"]
        assert spec["tolerations"] == PLACEMENT["tolerations"]


PROPOSE = """apiVersion: batch/v1
kind: Job
spec: {args: |
    curl --data '{"method":"$CONSENSUS_METHOD","params":["'"$propose_val_addr"'",{{ .Values.validators.auth }}]}' "$url"
}
"""


def test_votes_name_their_method_and_an_address_with_one_0x() -> None:
    tree = {"Chart.yaml": ABOUT, "templates/job.yaml": PROPOSE.encode()}
    text = patches.apply(tree, ["vote-method", "vote-address"])["templates/job.yaml"].decode()
    assert """"method":"'"$CONSENSUS_METHOD"'",""" in text
    assert """["0x'"${propose_val_addr#0x}"'",""" in text
    with pytest.raises(BevelError, match="vote-method"):
        patches.apply(patches.apply(tree, ["vote-method"]), ["vote-method"])


@pytest.mark.bevel_charts
@pytest.mark.skipif("BEVEL_CHARTS" not in os.environ, reason="needs Bevel's charts")
def test_the_real_charts_that_propose_validators_are_as_the_patches_expect() -> None:
    root = Path(os.environ["BEVEL_CHARTS"]) / "platforms"
    for chart, names in (
        ("hyperledger-besu/charts/besu-propose-validator", ["vote-method", "vote-address"]),
        ("quorum/charts/quorum-propose-validator", ["vote-address"]),
    ):
        folder = root / chart
        tree = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
        assert patches.apply(tree, names) != tree
