"""Charts in memory: reading, packing, digests, dependencies one level deep."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bevel_tui.helm.tree import digest, metadata, pack, read_archive, read_folder
from bevel_tui.helm.vendor import Dependency, dependencies, gather, normalise

V1 = b"apiVersion: v1\nname: node\nversion: 1.1.0\nappVersion: 1.10\n"
REQUIREMENTS = b"""dependencies:
  - name: store
    alias: storage
    repository: "file://../../../shared/charts/store"
    version: ~1.0.0
  - name: tm
    repository: "file://../tm"
    version: ~1.1.0
    condition: tm.enabled
  - name: remote
    repository: https://example.com/charts
    version: 4.x.x
"""
TM = {
    "Chart.yaml": b"apiVersion: v1\nname: tm\nversion: 1.1.0\n",
    "requirements.yaml": b"dependencies: [{name: store, repository: 'file://../store', version: ~1.0.0}]\n",
    "templates/tm.yaml": b"# tm\n",
}
STORE = {"Chart.yaml": b"apiVersion: v1\nname: store\nversion: 1.0.0\n", "templates/class.yaml": b"# class\n"}


def find(dependency: Dependency) -> dict[str, bytes]:
    return {"store": STORE, "tm": TM}[dependency.name]


paths = st.lists(st.text("abz09-_", min_size=1, max_size=4), min_size=1, max_size=3).map("/".join)


@given(st.dictionaries(paths.map(lambda p: f"files/{p}"), st.binary(max_size=50), max_size=5))
def test_packing_is_deterministic_and_reading_gives_it_back(extra: dict[str, bytes]) -> None:
    tree = {"Chart.yaml": V1, **extra}
    # A path cannot be a file and a folder at once.
    if any(other.startswith(f"{path}/") for path in tree for other in tree):
        return
    packed = pack(tree, "node")
    assert packed == pack(dict(reversed(tree.items())), "node")
    assert read_archive(packed) == tree
    assert digest(read_archive(packed)) == digest(tree)


def test_digest_tells_names_and_contents_apart() -> None:
    trees = [{"a": b"bc"}, {"ab": b"c"}, {"a": b"b", "c": b""}, {"a": b"", "bc": b""}, {}]
    assert len({digest(tree) for tree in trees}) == len(trees)


def archive(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


@pytest.mark.parametrize("name", ["/etc/passwd", "node/../../x", "loose-file", "../node/x"])
def test_an_archive_that_names_files_outside_of_its_folder(name: str) -> None:
    with pytest.raises(ValueError, match="outside of the chart's folder"):
        read_archive(archive(("node/Chart.yaml", V1), (name, b"x")))


@pytest.mark.parametrize(
    "data",
    [b"", b"no archive", archive(("node/values.yaml", b""))],
    ids=["empty", "text", "no Chart.yaml"],  # gzip writes the time into its header, so the bytes are no name
)
def test_what_is_no_chart_archive(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"no gzipped tar archive|no Chart\.yaml"):
        read_archive(data)


def test_an_archive_cut_off() -> None:
    whole = pack({"Chart.yaml": V1, "big": bytes(range(256)) * 400}, "node")
    with pytest.raises(ValueError):
        read_archive(whole[: len(whole) // 2])


def test_links_stay_inside_the_source(tmp_path: Path) -> None:
    chart = tmp_path / "source" / "chart"
    chart.mkdir(parents=True)
    (chart / "Chart.yaml").write_bytes(V1)
    (tmp_path / "source" / "shared").write_text("shared")
    (chart / "inside").symlink_to("../shared")
    assert read_folder(chart, root=tmp_path / "source")["inside"] == b"shared"
    (tmp_path / "secret").write_text("private")
    (chart / "outside").symlink_to("../../secret")
    with pytest.raises(ValueError, match="leads out"):
        read_folder(chart, root=tmp_path / "source")


@pytest.mark.parametrize("text", [b"- a list", b"name: x", b"version: '1'", b"{", b""])
def test_chart_yaml_that_is_none(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"Chart\.yaml"):
        metadata({"Chart.yaml": text})


def test_dependencies_are_vendored_one_level_deep() -> None:
    tree = {"Chart.yaml": V1, "requirements.yaml": REQUIREMENTS, "Chart.lock": b"lock", "templates/a.yaml": b"a"}
    whole = gather(tree, find)
    assert whole["charts/tm/requirements.yaml"] == TM["requirements.yaml"], (
        "unchanged, so that the digest is the source's"
    )
    flat = normalise(whole)
    assert sorted(flat) == [
        "Chart.yaml",
        "charts/store/Chart.yaml",
        "charts/store/templates/class.yaml",
        "charts/tm/Chart.yaml",
        "charts/tm/templates/tm.yaml",
        "requirements.yaml",
        "templates/a.yaml",
    ]
    kept = yaml.safe_load(flat["requirements.yaml"])["dependencies"]
    assert [d["name"] for d in kept] == ["store", "tm"]
    assert kept[0]["alias"] == "storage" and kept[1]["condition"] == "tm.enabled"
    assert flat["Chart.yaml"] == V1


def test_a_packaged_chart_loses_its_deeper_levels_too() -> None:
    """What chart-releaser publishes may hold the sub-chart's own dependencies (facts 0.2: six StorageClasses)."""
    nested = {f"charts/store/{path}": content for path, content in STORE.items()}
    sub = {f"charts/tm/{path}": content for path, content in {**TM, **nested}.items()}
    v2 = (
        b"apiVersion: v2\nname: node\nversion: 1.1.0\nappVersion: 1.10\ndependencies:\n"
        + REQUIREMENTS.partition(b"\n")[2]
    )
    sub["charts/tm/Chart.yaml"] = (
        b"apiVersion: v2\nname: tm\nversion: 1.1.0\ndependencies: [{name: store, repository: ''}]\n"
    )
    tree = {"Chart.yaml": v2, **sub, "charts/store-1.0.0.tgz": pack(STORE, "store")}

    def none(dependency: Dependency) -> dict[str, bytes]:
        raise LookupError(dependency.name)

    flat = normalise(gather(tree, none))
    assert sorted(path for path in flat if path.startswith("charts/")) == [
        "charts/store/Chart.yaml",
        "charts/store/templates/class.yaml",
        "charts/tm/Chart.yaml",
        "charts/tm/templates/tm.yaml",
    ]
    assert "dependencies" not in yaml.safe_load(flat["charts/tm/Chart.yaml"])
    about = yaml.safe_load(flat["Chart.yaml"])
    assert [d["name"] for d in about["dependencies"]] == ["store", "tm"]
    assert about["appVersion"] == "1.10", "not the number 1.1"


def test_a_v2_chart_with_requirements_is_made_one_file() -> None:
    """quorum-genesis and others (facts 0.1); Helm would warn at every install."""
    tree = {
        "Chart.yaml": b"apiVersion: v2\nname: node\nversion: 1.1.0\n",
        "requirements.yaml": b"dependencies: [{name: store, repository: 'file://../store', version: ~1.0.0}]\n",
    }
    flat = normalise(gather(tree, find))
    assert "requirements.yaml" not in flat
    assert [d.name for d in dependencies(flat)] == ["store"]


def test_sub_charts_of_a_remote_chart_keep_theirs() -> None:
    tree = {
        "Chart.yaml": b"apiVersion: v2\nname: edge\nversion: 8.7.2\n"
        b"dependencies: [{name: emissary, repository: 'https://example.com', version: 8.x}]\n",
        "charts/emissary/Chart.yaml": b"apiVersion: v2\nname: emissary\nversion: 8.7.2\n",
        "charts/emissary/charts/redis/Chart.yaml": b"apiVersion: v2\nname: redis\nversion: 1.0.0\n",
    }
    assert normalise(gather(tree, find)) == tree


def test_a_missing_local_dependency_is_told() -> None:
    def none(dependency: Dependency) -> dict[str, bytes]:
        raise LookupError(f"{dependency.name} is not there")

    with pytest.raises(LookupError, match="store is not there"):
        gather({"Chart.yaml": V1, "requirements.yaml": REQUIREMENTS}, none)
