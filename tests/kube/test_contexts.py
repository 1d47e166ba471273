"""kubeconfig reading follows kubectl: first file wins, paths are relative to their file, nothing is written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bevel_tui.kube import contexts
from bevel_tui.kube.credentials import load
from bevel_tui.records.errors import BevelError, Code


def config(*names: str, server: str = "https://127.0.0.1:1", **user: object) -> str:
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": names[0] if names else "",
            "clusters": [{"name": n, "cluster": {"server": server, "certificate-authority": "ca.crt"}} for n in names],
            "users": [{"name": n, "user": dict(user)} for n in names],
            "contexts": [{"name": n, "context": {"cluster": n, "user": n}} for n in names],
        }
    )


def test_merge_takes_the_first_definition_and_skips_missing_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "config").write_text(config("east", "shared", server="https://a"))
    (tmp_path / "b" / "config").write_text(config("west", "shared", server="https://b"))
    listed = os.pathsep.join(["", str(tmp_path / "absent"), str(tmp_path / "a/config"), str(tmp_path / "b/config")])
    monkeypatch.setenv("KUBECONFIG", listed)

    merged = contexts.read()

    assert [c.name for c in merged.contexts] == ["east", "shared", "west"]
    assert merged.context("shared").server == "https://a"
    assert merged.context("west").file == tmp_path / "b/config"
    assert merged.current == "east"
    authorities = {c["name"]: c["cluster"]["certificate-authority"] for c in merged.document["clusters"]}
    assert authorities["west"] == str(tmp_path / "b/ca.crt")


def test_an_explicit_file_turns_merging_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one").write_text(config("one"))
    (tmp_path / "two").write_text(config("two"))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "one"))
    assert [c.name for c in contexts.read(str(tmp_path / "two")).contexts] == ["two"]


def test_a_context_that_was_meant_is_named(tmp_path: Path) -> None:
    (tmp_path / "config").write_text(config("bevel-west", "bevel-east"))
    with pytest.raises(BevelError, match=r"did you mean 'bevel-west'\?"):
        contexts.read(str(tmp_path / "config")).context("bevel-wset")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"cluster": "east", "user": "ghost"}, "names the user 'ghost', who is not there"),
        ({"cluster": "ghost", "user": "east"}, "names the cluster 'ghost', which is not there"),
        ({"cluster": "bare", "user": "east"}, "names a cluster without a server address"),
        ({"user": "east"}, "names no cluster"),
    ],
)
async def test_a_context_that_names_what_is_not_there(tmp_path: Path, entry: dict[str, str], words: str) -> None:
    document = yaml.safe_load(config("east"))
    document["clusters"].append({"name": "bare", "cluster": {}})
    document["contexts"] = [{"name": "torn", "context": entry}]
    (tmp_path / "config").write_text(yaml.safe_dump(document))
    with pytest.raises(BevelError, match=words) as caught:
        await load(contexts.read(str(tmp_path / "config")), "torn")
    assert caught.value.code is Code.KUBECONFIG


async def test_a_context_needs_no_user(tmp_path: Path) -> None:
    document = yaml.safe_load(config("proxied", server="http://127.0.0.1:8001"))
    del document["contexts"][0]["context"]["user"], document["clusters"][0]["cluster"]["certificate-authority"]
    (tmp_path / "config").write_text(yaml.safe_dump(document))
    found = await load(contexts.read(str(tmp_path / "config")), "proxied")
    assert (found.server, found.authorization, found.certificate) == ("http://127.0.0.1:8001", None, False)


def test_unknown_context_lists_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "config").write_text(config("west", "east"))
    with pytest.raises(BevelError) as caught:
        contexts.read(str(tmp_path / "config")).context("nort")
    assert caught.value.code is Code.CONTEXT_UNKNOWN
    assert "known contexts: east, west" in caught.value.details


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "does not exist"),
        ("a: [1", "not valid YAML"),
        ("- 1", "holds no mapping"),
        ("contexts: 3", "contexts is no list"),
        ("contexts: [{}]", "without a name"),
        ("users: [{name: a, user: 3}]", "is no mapping"),
        ("\x00\x01", "not valid YAML"),
    ],
)
def test_unusable_files_say_why(tmp_path: Path, content: str | None, words: str) -> None:
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BevelError) as caught:
        contexts.read(str(path))
    assert caught.value.code is Code.KUBECONFIG
    assert words in caught.value.message


def test_no_kubeconfig_at_all_is_an_empty_list() -> None:
    assert contexts.read().contexts == ()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["contexts", "clusters", "users", "name", "cluster", "user", "context", "exec", "server"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_document_is_read_or_refused(tmp_path: Path, document: object) -> None:
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(document))
    try:
        contexts.read(str(path))
    except BevelError as error:
        assert error.code is Code.KUBECONFIG
