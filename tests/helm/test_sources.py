"""Where charts are found: folders, Helm repositories and OCI registries, each a real one on loopback."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from bevel_tui.helm import sources
from bevel_tui.helm.fetch import Cache, FetchError, get
from bevel_tui.helm.sources import ChartLocator, choose, parse
from bevel_tui.helm.tree import pack
from bevel_tui.network.model import ChartSource
from bevel_tui.records.errors import BevelError, Code, ExitCode
from tests.web import Answer, Web


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    yield server
    server.close()


@pytest.fixture
def locator(tmp_path: Path) -> ChartLocator:
    return ChartLocator(cache=tmp_path / "cache")


def tree(name: str, version: str = "1.1.0", **files: str) -> dict[str, bytes]:
    about = f"apiVersion: v1\nname: {name}\nversion: {version}\n"
    return {"Chart.yaml": about.encode(), **{path: text.encode() for path, text in files.items()}}


def write(folder: Path, chart: dict[str, bytes]) -> None:
    for path, content in chart.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# ---------------------------------------------------------------- which source


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("/srv/bevel", "path"),
        ("charts", "path"),
        ("./a b", "path"),
        ("~/bevel", "path"),
        ("https://example.com/charts", "repository"),
        ("http://127.0.0.1:8080", "repository"),
        ("http://[::1]:8080/x", "repository"),
        ("oci://ghcr.io/org", "oci"),
    ],
)
def test_charts_value(value: str, field: str) -> None:
    assert parse(value) == ChartSource(**{field: value})


@pytest.mark.parametrize(
    "value",
    ["http://example.com", "ftp://x/y", "https://user:hunter2@example.com", "oci://u:hunter2@ghcr.io/x", "https://"],
)
def test_charts_value_refused(value: str) -> None:
    with pytest.raises(BevelError) as caught:
        parse(value)
    assert caught.value.exit_code is ExitCode.USAGE
    assert "hunter2" not in caught.value.message


def test_precedence() -> None:
    line, preset = ChartSource(path="/line"), ChartSource(path="/preset")
    assert choose(override=line, preset=preset, simulated=True) is line
    assert choose(override=None, preset=preset, simulated=True) is preset
    assert choose(override=None, preset=None, simulated=True) == "stand-in"
    assert choose(override=None, preset=None, simulated=False) == "public"


def test_public_sources() -> None:
    assert sources.public("besu-node")[0].repository == "https://hyperledger-bevel.github.io/bevel"
    assert [s.repository for s in sources.public("haproxy-ingress")] == ["https://haproxy-ingress.github.io/charts"]
    assert all(s.oci for s in sources.public("emissary-ingress"))
    assert sources.public("edge-stack-crds") == ()


# ---------------------------------------------------------------- folders


async def test_a_bevel_checkout(tmp_path: Path, locator: ChartLocator) -> None:
    besu, shared = tmp_path / "platforms/hyperledger-besu/charts", tmp_path / "platforms/shared/charts"
    requirements = "dependencies: [{name: store, repository: 'file://../../../shared/charts/store', version: ~1.0.0}]\n"
    write(besu / "besu-node", tree("besu-node", **{"requirements.yaml": requirements, "templates/a.yaml": "a"}))
    write(tmp_path / "platforms/quorum/charts/quorum-tlscert-gen", tree("quorum-tls-gen"))
    write(shared / "store", tree("store", "1.0.0"))
    (shared / "haproxy-ingress").mkdir()
    (shared / "haproxy-ingress/haproxy-ingress-0.14.6.tgz").write_bytes(
        pack(tree("haproxy-ingress", "0.14.6"), "haproxy-ingress")
    )
    where = parse(str(tmp_path))
    node = await locator.find("besu-node", "1.1.0", where)
    assert node.source == f"path:{tmp_path}"
    assert "charts/store/Chart.yaml" in node.tree
    assert (await locator.find("haproxy-ingress", "0.14.6", where)).version == "0.14.6"
    assert (await locator.find("quorum-tls-gen", "1.1.0", where)).tree, "by the name in Chart.yaml, not the folder's"
    assert await locator.find("besu-node", "1.1.0", where) is node, "read once"


async def test_a_folder_of_charts_and_one_of_archives(tmp_path: Path, locator: ChartLocator) -> None:
    write(tmp_path / "a" / "one", tree("one"))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two-1.1.0.tgz").write_bytes(pack(tree("two"), "two"))
    (tmp_path / "b" / "two-three-1.1.0.tgz").write_bytes(pack(tree("two-three"), "two-three"))
    assert (await locator.find("one", "1.1.0", parse(str(tmp_path / "a")))).name == "one"
    assert (await locator.find("one", "1.1.0", parse(str(tmp_path / "a" / "one")))).name == "one"
    assert (await locator.find("two", "1.1.0", parse(str(tmp_path / "b")))).name == "two"


async def missing(locator: ChartLocator, name: str, version: str, where: ChartSource) -> BevelError:
    with pytest.raises(BevelError) as caught:
        await locator.find(name, version, where)
    assert caught.value.code is Code.CHART_MISSING
    assert caught.value.exit_code is ExitCode.USAGE
    assert f"{name} {version}" in caught.value.message
    return caught.value


@pytest.mark.parametrize(("name", "flag"), [("haproxy-ingress", "--gateway-charts"), ("besu-node", "with --charts")])
async def test_a_source_that_is_not_reached_can_be_replaced_by_a_folder(
    locator: ChartLocator, name: str, flag: str
) -> None:
    error = await missing(locator, name, "1.1.0", ChartSource(repository="http://127.0.0.1:1"))
    assert error.remedy.endswith(f"{flag}.")


async def test_missing_in_folders(tmp_path: Path, locator: ChartLocator) -> None:
    write(tmp_path / "one", tree("one", "1.0.9"))
    write(tmp_path / "bad", {"Chart.yaml": b"name: bad\nversion: '1.1.0'\n x"})
    write(
        tmp_path / "alone",
        tree("alone", **{"requirements.yaml": "dependencies: [{name: x, repository: 'file://../x'}]"}),
    )
    where = parse(str(tmp_path))
    assert "1.0.9" in (await missing(locator, "one", "1.1.0", where)).details[0]
    assert str(tmp_path) in (await missing(locator, "none", "1.1.0", where)).details[0]
    assert "no YAML" in (await missing(locator, "bad", "1.1.0", where)).details[0]
    assert "dependency x" in (await missing(locator, "alone", "1.1.0", where)).details[0]
    assert "not a folder" in (await missing(locator, "x", "1", parse(str(tmp_path / "nowhere")))).details[0]


async def test_dependencies_stay_inside_the_source(tmp_path: Path, locator: ChartLocator) -> None:
    write(tmp_path / "outside", tree("outside"))
    dependency = "dependencies: [{name: outside, repository: 'file://../../outside'}]"
    write(tmp_path / "in" / "one", tree("one", **{"requirements.yaml": dependency}))
    error = await missing(locator, "one", "1.1.0", parse(str(tmp_path / "in")))
    assert "outside of" in error.details[0]


async def test_pins(tmp_path: Path, locator: ChartLocator) -> None:
    write(tmp_path / "one", tree("one"))
    found = await locator.find("one", "1.1.0", parse(str(tmp_path)))
    assert found.digest.startswith("sha256:")
    await locator.find("one", "1.1.0", ChartSource(path=str(tmp_path), digests={"one": found.digest}))
    with pytest.raises(BevelError) as caught:
        await locator.find("one", "1.1.0", ChartSource(path=str(tmp_path), digests={"one": "sha256:" + "0" * 64}))
    assert caught.value.code is Code.CHART_DIFFERS
    assert found.digest in caught.value.message


async def test_edge_stacks_crds_are_a_file_of_manifests(tmp_path: Path, locator: ChartLocator) -> None:
    file = tmp_path / "platforms/shared/configuration/roles/setup/edge-stack/templates/aes-crds.yaml"
    file.parent.mkdir(parents=True)
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "mappings.getambassador.io", "annotations": {"a": "text with {{ braces }}"}},
        "spec": {"group": "getambassador.io"},
    }
    file.write_text(yaml.safe_dump(crd))
    found = await locator.find("edge-stack-crds", "3.7.2", parse(str(tmp_path)))
    (path,) = [path for path in found.tree if path.startswith("templates/")]
    assert b'{{ "{{" }} braces }}' in found.tree[path]
    assert not found.stand_in
    error = await missing(locator, "edge-stack-crds", "3.7.2", parse(str(tmp_path / "platforms")))
    assert "aes-crds.yaml" in error.details[0]


# ---------------------------------------------------------------- Helm repositories


def repository(web: Web, chart: bytes, **entry: object) -> ChartSource:
    listed = {"version": "1.1.0", "urls": ["files/one-1.1.0.tgz"], "digest": sha(chart), **entry}
    older = {"version": "1.0.0", "urls": ["files/old.tgz"]}
    index = {"apiVersion": "v1", "entries": {"one": [listed, older]}}
    web.pages["/charts/index.yaml"] = yaml.safe_dump(index).encode()
    web.pages["/charts/files/one-1.1.0.tgz"] = chart
    return ChartSource(repository=f"http://{web.host}/charts")


async def test_a_helm_repository(web: Web, tmp_path: Path) -> None:
    chart = pack(tree("one"), "one")
    where = repository(web, chart)
    found = await ChartLocator(cache=tmp_path).find("one", "1.1.0", where)
    assert found.tree == tree("one")
    assert found.source == f"repo:http://{web.host}/charts"
    again = await ChartLocator(cache=tmp_path).find("one", "1.1.0", where)
    assert again.digest == found.digest
    assert web.paths().count("/charts/files/one-1.1.0.tgz") == 1, "the archive is kept by its digest"
    for kept in tmp_path.glob("sha256-*"):
        kept.write_bytes(b"damaged")
    await ChartLocator(cache=tmp_path).find("one", "1.1.0", where)
    assert web.paths().count("/charts/files/one-1.1.0.tgz") == 2, "a damaged file is not used"


async def test_repository_without_digests(web: Web, locator: ChartLocator) -> None:
    where = repository(web, pack(tree("one"), "one"), digest=None)
    assert (await locator.find("one", "1.1.0", where)).tree == tree("one")


async def test_repository_refusals(web: Web, tmp_path: Path, locator: ChartLocator) -> None:
    chart = pack(tree("one"), "one")
    where = repository(web, chart)
    assert "1.1.0, 1.0.0" in (await missing(locator, "one", "9.9.9", where)).details[0]
    assert "no chart two" in (await missing(locator, "two", "1.1.0", where)).details[0]
    altered = repository(web, chart, digest="0" * 64)
    error = await missing(ChartLocator(cache=tmp_path), "one", "1.1.0", altered)
    assert sha(chart) in error.details[0] and "0" * 64 in error.details[0]
    web.pages["/charts/index.yaml"] = b"<html>"
    assert "no index" in (await missing(ChartLocator(cache=tmp_path), "one", "1.1.0", where)).details[0]
    del web.pages["/charts/index.yaml"]
    down = ChartLocator(cache=tmp_path)
    before = len(web.asked)
    for name in ("one", "two"):
        assert "404" in (await missing(down, name, "1.1.0", where)).details[0]
    assert len(web.asked) == before + 1, "a repository that does not answer is asked once"


async def test_unreachable(locator: ChartLocator) -> None:
    error = await missing(locator, "one", "1.1.0", ChartSource(repository="http://127.0.0.1:9/charts"))
    assert "cannot be reached" in error.details[0]


async def test_public_sources_are_tried_in_order(
    web: Web, locator: ChartLocator, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository(web, pack(tree("one"), "one"))
    monkeypatch.setattr(sources, "BEVEL_REPOSITORIES", (f"http://{web.host}/gone", f"http://{web.host}/charts"))
    assert (await locator.find("one", "1.1.0", "public")).source.endswith("/charts")
    with pytest.raises(BevelError) as caught:
        await locator.find("two", "1.1.0", "public")
    assert len(caught.value.details) == 2, "every place that was looked in is named"


async def test_unpublished_charts_say_what_to_do(locator: ChartLocator) -> None:
    with pytest.raises(BevelError) as caught:
        await locator.find("edge-stack-crds", "3.7.2", "public")
    assert "--gateway-charts" in caught.value.remedy


# ---------------------------------------------------------------- OCI


def registry(web: Web, chart: bytes, *, digest: str | None = None) -> ChartSource:
    """A registry that wants an anonymous token, and stores blobs elsewhere."""
    realm = f"http://{web.host}/token"
    layer = {
        "mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
        "digest": digest or f"sha256:{sha(chart)}",
    }
    manifest = json.dumps(
        {"schemaVersion": 2, "layers": [{"mediaType": "other", "digest": "sha256:x"}, layer]}
    ).encode()

    def guarded(body: bytes | None) -> Callable[[dict[str, str]], Answer]:
        def answer(headers: dict[str, str]) -> Answer:
            if headers.get("authorization") != "Bearer anonymous":
                challenge = f'Bearer realm="{realm}",service="reg",scope="repository:org/one:pull"'
                return 401, {"WWW-Authenticate": challenge}, b""
            if body is None:
                return 307, {"Location": f"http://{web.host}/store"}, b""
            return 200, {}, body

        return answer

    web.pages["/v2/org/one/manifests/1.1.0_build"] = guarded(manifest)
    web.pages[f"/v2/org/one/blobs/{layer['digest']}"] = guarded(None)
    web.pages["/token"] = b'{"token": "anonymous"}'
    web.pages["/store"] = chart
    return ChartSource(oci=f"oci://{web.host}/org")


async def test_an_oci_registry(web: Web, locator: ChartLocator) -> None:
    chart = pack(tree("one", "1.1.0+build"), "one")
    where = registry(web, chart)
    found = await locator.find("one", "1.1.0+build", where)
    assert found.tree == tree("one", "1.1.0+build")
    assert found.source == f"oci://{web.host}/org"
    (token,) = [path for path, _ in web.asked if path.startswith("/token")]
    assert parse_qs(urlsplit(token).query) == {"service": ["reg"], "scope": ["repository:org/one:pull"]}
    (store,) = [headers for path, headers in web.asked if path == "/store"]
    assert "authorization" not in store, "the token is not carried on to the storage service"


async def test_oci_refusals(web: Web, locator: ChartLocator, tmp_path: Path) -> None:
    chart = pack(tree("one"), "one")
    where = registry(web, chart, digest="sha256:" + "1" * 64)
    error = await missing(locator, "one", "1.1.0+build", where)
    assert sha(chart) in error.details[0]
    assert "404" in (await missing(locator, "one", "3.0.0", where)).details[0]
    web.pages["/token"] = b"{}"
    error = await missing(ChartLocator(cache=tmp_path / "other"), "one", "1.1.0+build", where)
    assert "not public" in error.details[0]


# ---------------------------------------------------------------- downloads


def test_plain_http_is_for_this_machine_only() -> None:
    with pytest.raises(FetchError, match="not HTTPS"):
        get("http://192.0.2.1/index.yaml")


def test_redirects_do_not_leave_https(web: Web) -> None:
    web.pages["/a"] = lambda _: (302, {"Location": "http://192.0.2.1/b?token=secret"}, b"")
    with pytest.raises(FetchError, match=r"redirects to http://192\.0\.2\.1/b, which") as caught:
        get(f"http://{web.host}/a")
    assert "secret" not in str(caught.value)


def test_what_is_too_large(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bevel_tui.helm.fetch.MAX_BYTES", 1000)
    web.pages["/a"] = b"x" * 1001
    with pytest.raises(FetchError, match="more than"):
        get(f"http://{web.host}/a")


def test_a_proxy_is_not_asked_for_this_machine(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    web.pages["/a"] = b"here"
    assert get(f"http://{web.host}/a") == b"here"


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "below")
    data = gzip.compress(b"x")
    cache.put(sha(data), data)
    assert cache.get(sha(data)) is None
