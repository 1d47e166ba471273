"""Patches of the GoQuorum charts: on a few lines of theirs, on what they refuse, and on Bevel's own charts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from bevel_tui.helm import patches, quorum_patches
from bevel_tui.helm.driver import Operation
from bevel_tui.helm.drivers import choose
from bevel_tui.helm.prepare import prepare
from bevel_tui.helm.releases import objects
from bevel_tui.helm.sources import ChartLocator, parse
from bevel_tui.records.errors import BevelError, Code

ABOUT = b"apiVersion: v1\nname: quorum-node\nversion: 1.1.0\n"
TESSERA = "charts/quorum-tessera-node/templates/statefulset.yaml"
CONDITION = '{{- if eq .Values.global.vault.type "hashicorp" }}\n  - name: part\n{{- end }}\n'
LINES: dict[str, tuple[str, str, str]] = {
    quorum_patches.WS_UPGRADE: (
        "templates/a.yaml",
        "  hostname: '{{ .Release.Name }}ws.{{ .Values.suffix }}'\n",
        "  hostname: '{{ .Release.Name }}ws.{{ .Values.suffix }}'\n  allow_upgrade:\n  - websocket\n",
    ),
    quorum_patches.TLS_HOST: (
        "charts/quorum-tls-gen/templates/job.yaml",
        '  value: "{{ include "quorum-tlscert-gen.name" . }}.{{ .Values.global.proxy.externalUrlSuffix }}"\n',
        '  value: "{{ .Release.Name }}.{{ .Values.global.proxy.externalUrlSuffix }}"\n',
    ),
    quorum_patches.TESSERA_SCRIPT: (TESSERA, "a: b\n" + CONDITION * 3, "a: b\n" + "  - name: part\n" * 3),
    quorum_patches.DATA_VOLUME: (
        "templates/a.yaml",
        "  - name: static-nodes\n    mountPath: /staticNode/\n",
        "  - name: data\n    mountPath: /{{ .Release.Name }}/data\n"
        "  - name: static-nodes\n    mountPath: /staticNode/\n",
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_lines(name: str) -> None:
    path, before, after = LINES[name]
    tree = {"Chart.yaml": ABOUT, path: before.encode(), "README.md": before.encode()}
    assert patches.apply(tree, [name]) == {**tree, path: after.encode()}


@pytest.mark.parametrize("name", [*LINES, quorum_patches.PTM_URL])
@pytest.mark.parametrize("times", [0, 2])
def test_a_chart_that_is_not_as_expected(name: str, times: int) -> None:
    path, before, _ = LINES.get(
        name, ("templates/a.yaml", "  --networkid {{ .Values.node.quorum.networkId }} \\\n", "")
    )
    with pytest.raises(BevelError) as caught:
        patches.apply({"Chart.yaml": ABOUT, path: (before * times).encode()}, [name])
    assert caught.value.code is Code.CHART_RENDER
    assert name in caught.value.message


async def render(folder: Path, names: list[str], **values: Any) -> dict[tuple[str, str], dict[str, Any]]:
    found = await ChartLocator().find("quorum-node", "1.1.0", parse(os.environ["BEVEL_CHARTS"]))
    prepared = prepare(found, folder, patches=names)
    proxy = {"provider": "ambassador", "externalUrlSuffix": "example.com", "p2p": 15010, "tmport": 443}
    operation = Operation(
        verb="install",
        release="member-x-0",
        namespace="ns",
        kubeconfig=folder / "none",
        context="none",
        chart=prepared.path,
        values={
            "global": {
                "serviceAccountName": "acc",
                "vault": {"type": values.pop("vault", "kubernetes")},
                "proxy": proxy,
                "cluster": {"provider": "gcp", "cloudNativeServices": False},
            },
            **values,
        },
    )
    rendered = objects(await (await choose("sdk")).render(operation))
    return {(o["kind"], o["metadata"]["name"]): o for o in rendered}


def pod(found: dict[tuple[str, str], dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    spec: dict[str, Any] = found[kind, name]["spec"]["template"]["spec"]
    return spec


@pytest.mark.bevel_charts
@pytest.mark.skipif("BEVEL_CHARTS" not in os.environ, reason="BEVEL_CHARTS names no Bevel v1.3.0")
async def test_node_with_its_tessera(tmp_path: Path) -> None:
    names = [*LINES, quorum_patches.PTM_URL]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    tessera = {"enabled": True, "tessera": {"tlsMode": "OFF"}, "storage": {"enabled": False}}
    found = await render(tmp_path / "a", names, tessera=tessera)
    (node,) = pod(found, "StatefulSet", "quorum-node-member-x-0")["containers"]
    assert {"name": "data", "mountPath": "/member-x-0/data"} in node["volumeMounts"]
    assert "--networkid 10 \\\n--ptm.url http://tessera-member-x-0.ns:9101 \\\n--port 30303" in "\n".join(
        line.strip() for line in node["args"][0].splitlines()
    )
    assert found["Mapping", "quorum-node-member-x-0-json-ws"]["spec"]["allow_upgrade"] == ["websocket"]
    manager = pod(found, "StatefulSet", "tessera-member-x-0")
    init = next(c for c in manager["initContainers"] if c["name"] == "certificates-init")
    assert "/scripts/bevel-vault.sh" in {mount["mountPath"] for mount in init["volumeMounts"]}
    assert {"name": "VAULT_TYPE", "value": "kubernetes"} in init["env"], "so that its functions do nothing"
    without = await render(tmp_path / "b", names)
    (node,) = pod(without, "StatefulSet", "quorum-node-member-x-0")["containers"]
    assert "--ptm" not in node["args"][0]


@pytest.mark.bevel_charts
@pytest.mark.skipif("BEVEL_CHARTS" not in os.environ, reason="BEVEL_CHARTS names no Bevel v1.3.0")
async def test_certificate(tmp_path: Path) -> None:
    found = await render(
        tmp_path, [quorum_patches.TLS_HOST], vault="hashicorp", tls={"enabled": True, "nameOverride": "tls"}
    )
    (job,) = pod(found, "Job", "tls")["containers"]
    assert {"name": "EXTERNAL_URL", "value": "member-x-0.example.com"} in job["env"]
    assert "tls-tls-certs" in job["args"][0]
