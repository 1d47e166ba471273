"""Whatever stands in a preset, only BevelError comes out, and every problem has a place."""

from __future__ import annotations

import re
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bevel_tui.network.load import load_document, parse
from bevel_tui.records.errors import BevelError, Code, ExitCode
from tests.network.documents import BESU, FABRIC, Json
from tests.network.strategies import TEXTS, documents

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
KEYS = st.sampled_from(
    sorted(
        {
            *BESU,
            *["dns", "charts", "registry", "vault", "placement", "probe", "type", "env", "file", "context", "domain"],
            *["storage", "class", "besu", "fabric", "channels", "participants", "validators", "rfc2136", "ledger"],
        }
    )
)
DETAIL = re.compile(r"\S.* \(line \d+\): \S.*", re.DOTALL)


def attempt(text: str) -> None:
    """Parse; anything but a Network or a proper BevelError fails the test."""
    try:
        parse(text)
    except BevelError as error:
        assert error.code in (Code.PRESET_SYNTAX, Code.PRESET_INVALID)
        assert error.exit_code == ExitCode.USAGE
        assert error.message.isprintable()
        for line in error.details:
            assert line.startswith("... and ") or DETAIL.fullmatch(line)
            assert line.isprintable()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text(text: str) -> None:
    attempt(text)


@given(st.text("ab:- \n\t{}[],&*!|>'\"#%@?<0.", max_size=60))
def test_any_punctuation(text: str) -> None:
    attempt(text)


@given(st.text())
def test_even_surrogates(text: str) -> None:
    attempt(text)


@given(data=st.binary())
def test_any_bytes(data: bytes, tmp_path_factory: Any) -> None:
    file = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    file.write_bytes(data)
    try:
        load_document(str(file))
    except BevelError as error:
        assert error.exit_code == ExitCode.USAGE


def paths(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All places in a document."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(p for key, child in children for p in paths(child, (*path, key)))]


@st.composite
def spoiled(draw: st.DrawFn) -> Json:
    """A good document with a few values replaced, keys added or removed."""
    document: Any = yaml.safe_load(yaml.safe_dump(draw(st.one_of(st.just(BESU), st.just(FABRIC), documents()))))
    for _ in range(draw(st.integers(1, 4))):
        *parents, last = draw(st.sampled_from(paths(document)[1:] or [("x",)]))
        node = document
        for part in parents:
            node = node[part]
        action = draw(st.sampled_from(["replace", "remove", "add"]))
        if action == "replace":
            node[last] = draw(VALUES)
        elif action == "remove":
            del node[last]
        elif isinstance(node, dict):
            node[draw(st.one_of(KEYS, TEXTS))] = draw(VALUES)
        if not document:
            break
    return document  # type: ignore[no-any-return]


@settings(max_examples=300)
@given(spoiled())
def test_spoiled_documents(document: Json) -> None:
    attempt(yaml.safe_dump(document, allow_unicode=True))


@given(documents(), st.data())
def test_cut_documents(document: Json, data: st.DataObject) -> None:
    text = yaml.safe_dump(document, allow_unicode=True)
    attempt(text[: data.draw(st.integers(0, len(text)))])
