"""Private copies, stand-ins, and which chart a release gets."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bevel_tui.helm.charts import ReleaseCharts
from bevel_tui.helm.driver import HelmDriver, Operation
from bevel_tui.helm.prepare import prepare
from bevel_tui.helm.releases import objects
from bevel_tui.helm.sources import SourceChart
from bevel_tui.helm.standin import STAND_IN_ANNOTATION, chart_of, template
from bevel_tui.helm.tree import digest, metadata, read_archive
from bevel_tui.network.model import Charts, ChartSource
from bevel_tui.platforms.behaviour import ChartFile
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import ReleaseStep

TREE = {"Chart.yaml": b"apiVersion: v1\nname: node\nversion: 1.1.0\n", "templates/a.yaml": b"# a\n"}
NODE = SourceChart("node", "1.1.0", TREE, "path:/x", digest(TREE))


def config(name: str = "c", **data: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_a_copy_of_its_own_for_every_installation(tmp_path: Path) -> None:
    prepared = prepare(NODE, tmp_path, files={"files/genesis.json": b"{}"})
    assert stat.S_IMODE(prepared.path.stat().st_mode) == 0o600
    assert read_archive(prepared.path.read_bytes())["files/genesis.json"] == b"{}"
    assert prepared.digest == digest(TREE), "handed-off files do not count"
    assert (prepared.name, prepared.version, prepared.source) == ("node", "1.1.0", "path:/x")
    assert "files/genesis.json" not in read_archive(prepare(NODE, tmp_path).path.read_bytes())
    assert "files/genesis.json" not in TREE


@pytest.mark.parametrize("path", ["../x", "/x", "templates/x.yaml", "charts/x", "crds/x.yaml", "", "files/../../x"])
def test_handed_off_files_have_their_place(path: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no place"):
        prepare(NODE, tmp_path, files={path: b""})


async def rendered(driver: HelmDriver, chart: SourceChart, folder: Path, **files: bytes) -> list[dict[str, Any]]:
    prepared = prepare(chart, folder, files={f"files/{name}": content for name, content in files.items()})
    operation = Operation(
        verb="install",
        release="r",
        namespace="n",
        kubeconfig=folder / "none",
        context="none",
        chart=prepared.path,
        values={"any": {"value": 1}},
    )
    return list(objects(await driver.render(operation)))


ODD = 'q " b \\ n \n t \t {{ .Values }} }} {{/* x */}} {{"{{"}} ünïcode ✓ 😀 \x7f \x85 \u2028 \ufeff # : - @ ~ null 0x1 | >'


async def test_a_stand_in_renders_its_manifests_and_nothing_else(driver: HelmDriver, tmp_path: Path) -> None:
    manifests = [
        config(**{"odd": ODD, "empty": "", "genesis": ChartFile("files/genesis"), "none": ChartFile("files/missing")}),
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "a", "annotations": {"helm.sh/hook": "pre-install"}},
        },
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"number": "1e3", "yes": "no"}},
    ]
    chart = chart_of("besu-node", "1.1.0", manifests)
    content = '{"a": "<&> {{ no }} \\n", "b": [1]}\n'
    found = await rendered(driver, chart, tmp_path, genesis=content.encode())
    by_kind = {o["kind"]: o for o in found}
    assert by_kind["ConfigMap"]["data"] == {"odd": ODD, "empty": "", "genesis": content, "none": ""}
    assert by_kind["ServiceAccount"] == manifests[1]
    assert by_kind["Secret"] == manifests[2]
    assert len(found) == 3
    about = metadata(chart.tree)
    assert (about["name"], about["version"]) == ("besu-node", "1.1.0")
    # as text: Helm wants strings in annotations
    assert yaml.safe_load(chart.tree["Chart.yaml"])["annotations"] == {STAND_IN_ANNOTATION: "true"}
    assert chart.stand_in and chart.source == "stand-in"


text = st.text(st.characters(codec="utf-8", exclude_characters="\ue000"), max_size=30)
trees = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | text,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(text, children, max_size=3),
    max_leaves=8,
)


@given(trees)
@hypothesis_settings(max_examples=300)
def test_templates_are_yaml_of_the_same_content(content: Any) -> None:
    """Undoing the one escape gives YAML that reads as the manifest, for any content."""
    manifest = {"apiVersion": "v1", "kind": "X", "metadata": {"name": "x"}, "spec": content}
    written = template(manifest)
    bare = written.replace('{{ "{{" }}', "\0")
    assert "{{" not in bare, "no action but the escape"
    unescaped = bare.replace("\0", "{{")
    assert json.loads(unescaped) == manifest
    assert yaml.safe_load(unescaped) == manifest


def test_crds_come_first_only_where_the_chart_uses_them() -> None:
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {"group": "example.com", "note": "{{ as it is }}"},
    }
    thing = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"}}
    alone = chart_of("crds", "1.0.0", [crd, config()], origin="own")
    assert [path for path in alone.tree if path.startswith("crds/")] == []
    mixed = chart_of("both", "1.0.0", [crd, thing], origin="own")
    (path,) = [path for path in mixed.tree if path.startswith("crds/")]
    assert json.loads(mixed.tree[path]) == crd, "crds/ holds no templates"
    assert not mixed.stand_in and mixed.source == "own"
    assert b"stand-in" not in mixed.tree["Chart.yaml"]


def test_stand_ins_are_deterministic_and_pinned_by_content() -> None:
    one, two = chart_of("a", "1.0.0", [config(x="1")]), chart_of("a", "1.0.0", [config(x="2")])
    assert one == chart_of("a", "1.0.0", [config(x="1")])
    assert one.digest != two.digest


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError):
        chart_of("a", "1.0.0", [config(x=object())])


# ---------------------------------------------------------------- which chart a release gets


def step(origin: Any = "ledger", cluster: str = "east", **more: Any) -> ReleaseStep:
    return ReleaseStep(
        id=f"{cluster}/ns/rel",
        cluster=cluster,
        namespace="ns",
        release="rel",
        chart="node",
        chart_version="1.1.0",
        origin=origin,
        **more,
    )


def charts(**more: Any) -> ReleaseCharts:
    return ReleaseCharts(manifests=lambda step: [config(step.release)], simulated={"east": True}, **more)


@pytest.fixture
def source(tmp_path: Path) -> ChartSource:
    for path, content in TREE.items():
        file = tmp_path / "charts" / "node" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return ChartSource(path=str(tmp_path / "charts"))


async def test_simulated_clusters_get_stand_ins(tmp_path: Path) -> None:
    some = charts()
    located = await some.locate(step())
    assert located.stand_in and located.source == "stand-in"
    archive = await some.prepare(step(patches=("drop-ws-mapping",)), tmp_path, {"files/a": b"1"})
    assert "templates/000-configmap-rel.yaml" in read_archive(archive.read_bytes())


async def test_with_charts_no_ledger_release_uses_a_stand_in(source: ChartSource) -> None:
    some = charts(ledger=source)
    assert (await some.locate(step())).source == f"path:{source.path}"
    assert (await some.locate(step("gateways"))).stand_in, "each of the two sources on its own"


async def test_the_presets_sources_hold_too(source: ChartSource) -> None:
    some = charts(preset=Charts(gateways=source))
    assert (await some.locate(step("gateways"))).source.startswith("path:")
    assert (await some.locate(step())).stand_in


async def test_our_own_charts_are_no_stand_ins() -> None:
    some = charts()
    for cluster in ("east", "real"):
        located = await some.locate(step("own", cluster))
        assert (located.stand_in, located.source) == (False, "own")


async def test_stand_ins_are_refused_where_clusters_are_real() -> None:
    with pytest.raises(BevelError) as caught:
        await charts(stand_ins=True).locate(step(cluster="real"))
    assert caught.value.code is Code.STAND_IN_REFUSED
    assert "real" in caught.value.message


async def test_a_real_chart_is_patched(source: ChartSource, tmp_path: Path) -> None:
    with pytest.raises(BevelError) as caught:
        await charts(ledger=source).prepare(step(patches=("drop-ws-mapping",)), tmp_path, {})
    assert caught.value.code is Code.CHART_RENDER
